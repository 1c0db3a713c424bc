package release_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// lasting is a gate that is asked while a step lasts, too.
type lasting struct {
	shut
	asked int
}

func (*lasting) WhileStanding() {}

func (g *lasting) Check(ctx context.Context, s gate.Subject, at time.Time) gate.Result {
	g.asked++
	return g.shut.Check(ctx, s, at)
}

// A dependency that goes away while a step or the bake lasts pauses the rollout, which
// waits where it stands and goes on by itself. Time in which it was away is not baked.
func TestAGateThatIsAskedWhileAStepLasts(t *testing.T) {
	for name, c := range map[string]struct {
		from, until time.Duration
		status      gate.Status
		path        []string
		weight      float64
	}{
		"a step":              {20 * time.Second, 10 * time.Minute, gate.Fail, []string{"preparing", "stepping", "paused no_data"}, 10},
		"a step, not knowing": {20 * time.Second, 10 * time.Minute, gate.Unknown, []string{"preparing", "stepping", "paused no_data"}, 10},
		"the bake":            {210 * time.Second, 15 * time.Minute, gate.Fail, []string{"preparing", "stepping", "baking", "paused no_data"}, 100},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			psp := &lasting{shut: shut{status: gate.Pass}}
			w.gates = []gate.Gate{psp}
			w.clock.after(c.from, func() { psp.status, psp.reason = c.status, "psp is unwell" })
			w.clock.after(c.until, func() {
				wantPath(t, w, c.path...)
				if r := fold(t, w).Open(); !strings.Contains(r.Reason, "psp is unwell") {
					t.Errorf("the reason is %q", r.Reason)
				}
				if got := w.share(good); got != c.weight {
					t.Errorf("it waits at %g %%", got)
				}
				psp.status = gate.Pass
			})
			out, err := w.engine("a", nil).Ship(t.Context(), patient(good))
			wantEnd(t, out, err, release.Shipped)
			if d := took(t, w); d < c.until {
				t.Errorf("it took %s, less than the dependency was away", d)
			}
		})
	}
}

// Harm goes back whatever a dependency says, also while the rollout waits for it.
func TestADependencyThatIsAwayDelaysNoRollback(t *testing.T) {
	w := upgrade(t)
	psp := &lasting{shut: shut{status: gate.Pass}}
	w.gates = []gate.Gate{psp}
	w.clock.after(20*time.Second, func() { psp.status, psp.reason = gate.Fail, "psp is unwell" })
	w.clock.after(3*time.Minute, func() {
		wantPath(t, w, "preparing", "stepping", "paused no_data")
		w.mu.Lock()
		defer w.mu.Unlock()
		w.count()
		w.failing[good.Key()] = 0.5
	})
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
	if d := took(t, w); d > 4*time.Minute {
		t.Errorf("it took %s", d)
	}
}

// A gate that is asked before each step alone is not asked at each look.
func TestOtherGatesAreAskedBeforeEachStepAlone(t *testing.T) {
	w := upgrade(t)
	hold := &lasting{shut: shut{status: gate.Pass}}
	w.gates = []gate.Gate{struct{ gate.Gate }{hold}}
	out, err := w.engine("a", nil).Ship(t.Context(), patient(good))
	wantEnd(t, out, err, release.Shipped)
	if hold.asked > 1+3 {
		t.Errorf("it was asked %d times for three steps", hold.asked)
	}
}

// What is asked afterwards stands in the record and in a warning, and changes nothing
// about the success; nor does a ledger that does not take it.
func TestWhatIsAskedAfterASuccess(t *testing.T) {
	results := []gate.Result{
		{Gate: "dependency", Status: gate.Pass, Reason: "check \"status\" of sms: status 200"},
		{Gate: "dependency", Status: gate.Unknown, Reason: "psp could not be asked"},
	}
	for name, fault := range map[string]error{"recorded": nil, "not recorded": errors.New("disk on fire")} {
		t.Run(name, func(t *testing.T) {
			w, over := upgrade(t), false
			w.after = func(_ context.Context, s gate.Subject) []gate.Result {
				if s.Service != "checkout" || s.Started.IsZero() {
					t.Errorf("it is asked about %+v", s)
				}
				over = true
				return results
			}
			out, err := w.engine("a", func(op, phase string) error {
				if over && op == "append" && phase == "before" {
					return fault
				}
				return nil
			}).Ship(t.Context(), patient(good))
			wantEnd(t, out, err, release.Shipped)
			said := strings.Join(out.Warnings, "\n")
			if !strings.Contains(said, "1.0.1 serves, but afterwards: psp could not be asked") || strings.Contains(said, "sms") ||
				strings.Contains(said, "disk on fire") != (fault != nil) {
				t.Errorf("the warnings are %q", out.Warnings)
			}
			got := fold(t, w).Last().Dependencies
			if (got == nil) != (fault != nil) || got != nil && len(got.Results) != 2 {
				t.Errorf("the record has %+v", got)
			}
		})
	}
}

// A rollout that went back asks nothing afterwards.
func TestNothingIsAskedAfterARollback(t *testing.T) {
	w := upgrade(t)
	w.after = func(context.Context, gate.Subject) []gate.Result { t.Error("it was asked"); return nil }
	out, err := w.engine("a", nil).Ship(t.Context(), request(bad))
	wantEnd(t, out, err, release.WentBack)
}
