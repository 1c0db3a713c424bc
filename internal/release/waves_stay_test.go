package release_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// However often runs over many targets return, the end is that of one run alone, and
// no run leaves anything running.
func TestWavesReturningLeadsToTheSameEnd(t *testing.T) {
	waits := map[string]func(now time.Time) release.Stay{
		"step by step":            func(time.Time) release.Stay { return release.Stay{Wait: release.WaitStep} },
		"started":                 func(time.Time) release.Stay { return release.Stay{Wait: release.WaitStarted} },
		"by credentials that end": nil,
		"by a limit":              func(now time.Time) release.Stay { return release.Stay{Deadline: now.Add(25 * time.Second)} },
	}
	for name, stay := range waits {
		for _, s := range wavesStories[:3] {
			t.Run(name+", "+s.name, func(t *testing.T) {
				inFleet(t, 3, func(t *testing.T, f *fleet) {
					if stay == nil {
						s.visit(t, f, func(now time.Time) release.Stay {
							f.set(func() { f.ends = now.Add(25 * time.Second) })
							return release.Stay{}
						})
						return
					}
					s.visit(t, f, stay)
				})
			})
		}
	}
}

// visit makes runs that return, until one ends the rollout.
func (s wavesStory) visit(t *testing.T, f *fleet, stay func(time.Time) release.Stay) {
	for _, name := range s.sick {
		f.sick[name] = good
	}
	system := clock.System{}
	req := f.request(good, s.waves)
	req.Spec.ContinuedBy = &release.ContinuedBy{Every: field.Duration(10 * time.Second)}
	req.Stay = stay(system.Now())
	began := system.Now()
	out, err := f.engine("first", nil).Ship(t.Context(), req)
	runs := 1
	for ; err == nil && out.Result == release.Underway && runs < 200; runs++ {
		if !f.ends.IsZero() && out.LeftFor.At != f.ends {
			t.Fatalf("run %d was left for %s, want for credentials that end at %s", runs, out.LeftFor, f.ends)
		}
		if took := system.Now().Sub(began); took > 5*time.Minute {
			t.Errorf("run %d took %s", runs, took)
		}
		for _, name := range append([]string{""}, f.names...) {
			k := key
			if name != "" {
				k = key.Part(name)
			}
			if lease, err := f.ledger.Lease(t.Context(), k.LeaseName()); err != nil || lease.Holder != "" {
				t.Fatalf("after run %d the lease of %s is held by %q (%v)", runs, k, lease.Holder, err)
			}
		}
		if err := system.Sleep(t.Context(), 5*time.Second); err != nil {
			t.Fatal(err)
		}
		began = system.Now()
		out, err = f.engine("job", nil).ContinueFor(t.Context(), key, stay(began))
	}
	var ended *release.EndedError
	if err != nil && !errors.As(err, &ended) || runs < 2 {
		t.Fatalf("%d runs, %s, %v", runs, out.Result, err)
	}
	f.wantServing(s.serves, s.but...)
	if h := f.history(); len(h.Rollouts) != 1 || h.Last().State != s.result {
		t.Errorf("%d rollouts, the last one %s: %s", len(h.Rollouts), h.Last().State, h.Last().Reason)
	}
}
