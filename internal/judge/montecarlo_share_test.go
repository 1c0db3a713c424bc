package judge

import "testing"

// sessions is traffic that comes in sessions of ten requests, each of which stays
// in one arm, through 5, 25 and 50 %. The odds of the canary are so many times the
// configured ones.
type sessions struct{ odds float64 }

func (s sessions) next(w *world, n int, counts []Counts) (float64, int) {
	const size = 10
	weight, step, perMinute := ramp(n)
	total := perMinute / 60 * tickSeconds / size
	share := s.odds * weight / (s.odds*weight + 100 - weight)
	c := &counts[0]
	c.TotalCanary = size * w.poisson(total*share)
	c.TotalBaseline = size * w.poisson(total*(1-share))
	return weight, step
}

// pauses is the share of an hour's rollouts that were paused for their split.
func pauses(t *testing.T, name string, sim simulated, runs int) float64 {
	t.Helper()
	fresh := start(t, Defaults())
	paused := 0
	for _, found := range parallel(runs, func(run int) bool {
		w, s := seeded(name, run), fresh.clone()
		counts := []Counts{{Metric: "errors"}}
		for n := range hourTicks {
			weight, step := sim.next(w, n, counts)
			if s.look(Tick{At: float64(n + 1), Weight: weight, Step: step, Counts: counts}).share {
				return true
			}
		}
		return false
	}) {
		if found {
			paused++
		}
	}
	return float64(paused) / float64(runs)
}

// TestTrafficShareInSessions holds the guard to its chance of a false pause, 0.1 %
// a step, where requests are no independent draws, and shows that it finds a split
// that is wrong.
func TestTrafficShareInSessions(t *testing.T) {
	for _, test := range []struct {
		name      string
		odds      float64
		low, high float64
	}{
		{"as configured", 1, 0, 0.005},
		{"at the edge of the tolerance", 1.25, 0, 0.005},
		{"twice the odds", 2, 0.99, 1},
		{"half of the odds", 0.5, 0.99, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			const runs = 1000
			share := pauses(t, test.name, sessions{test.odds}, runs)
			t.Logf("paused %.4f, standard error %.4f", share, standardError(share, runs))
			if share < test.low || share > test.high {
				t.Errorf("paused %.4f of the rollouts, want %v to %v", share, test.low, test.high)
			}
		})
	}
}
