//go:build unix

package e2e

import (
	"fmt"
	"os"
	"testing"
)

// fewPoints is how many points a driver dies at on each ledger, spread over its life,
// where the proof is not the full one.
const fewPoints = 2

// mostPoints bounds the full proof: no life has as many.
const mostPoints = 400

// TestADriverThatDiesAtEachPoint has a driver's process die before or after its n-th
// record, change of the lease or call of the target, for each n of its life, and wants
// the next process to bring the rollout to the end that it has without.
func TestADriverThatDiesAtEachPoint(t *testing.T) {
	together(t)
	for i, b := range killedOn {
		for _, tl := range tales {
			if !*full && tl.name != b.dies {
				continue
			}
			t.Run(b.name+" "+tl.name, func(t *testing.T) {
				together(t)
				died := tl.dieAtEach(t, b.url(t), i)
				if *full && !t.Failed() {
					_, _ = fmt.Fprintf(os.Stdout, "proof_%s_points_died_at_%s %d count\n", b.name, tl.ends, died)
				}
			})
		}
	}
}

// dieAtEach plays a tale with a death at each point, or at a few of them: others for
// each shift. It gives at how many.
func (tl tale) dieAtEach(t *testing.T, url string, shift int) (died int) {
	s := tl.begin(t, url)
	whole := s.rollout(0)
	if whole.points == 0 {
		t.Fatal("the driver that nobody killed counted no points")
	}
	between := 1
	if !*full {
		between = max(whole.points/fewPoints, 1)
	}
	for at := 1 + (between/2+shift)%between; at < mostPoints && !t.Failed() && (*full || died < fewPoints); at += between {
		s.left = 1
		s.draw = func() moment { return moment{point: at} }
		got := s.rollout(1)
		if got.how != whole.how {
			t.Errorf("rollout %d, whose driver died at its point %d, ended otherwise than the one without a death:\n%s\nnot\n%s", got.number, at, got.how, whole.how)
		}
		if s.left > 0 {
			break // It came to its end before.
		}
		died++
	}
	if least := min(fewPoints, whole.points/between) - 1; died < least {
		t.Errorf("a driver died at %d points, and one has %d", died, whole.points)
	}
	s.verify()
	return died
}
