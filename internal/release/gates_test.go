package release_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

func TestAGateThatDoesNotPassBeginsNothing(t *testing.T) {
	for _, status := range []gate.Status{gate.Fail, gate.Unknown} {
		w := upgrade(t)
		w.gates = []gate.Gate{&shut{status: status, reason: "nobody knows"}}
		before := w.clock.Now()
		out, err := w.engine("a", nil).Ship(t.Context(), request(good))
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) || out.Result != release.Unchanged {
			t.Errorf("%s: %s, %v", status, out.Result, err)
		}
		if w.writes != 0 || len(w.records(t)) != 0 || !w.clock.Now().Equal(before) {
			t.Errorf("%s: %d writes, %d records, waited %s; a refusal changes and waits for nothing",
				status, w.writes, len(w.records(t)), w.clock.Now().Sub(before))
		}
	}
}

// A gate that closes in mid-rollout stops it before the next step, at the weight
// where it stands, and it goes on when the gate opens.
func TestAGateThatClosesInMidRollout(t *testing.T) {
	for name, status := range map[string]gate.Status{"fails": gate.Fail, "does not know": gate.Unknown} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			hold := &shut{status: gate.Pass}
			w.gates = []gate.Gate{hold}
			w.clock.after(30*time.Second, func() { hold.status, hold.reason = status, "incident 7" })
			w.clock.after(10*time.Minute, func() {
				wantPath(t, w, "preparing", "stepping", "paused gate")
				if r := fold(t, w).Open(); !strings.Contains(r.Reason, "incident 7") {
					t.Errorf("the reason is %q", r.Reason)
				}
				if got := w.share(good); got != 10 {
					t.Errorf("it waits at %g %%", got)
				}
				hold.status = gate.Pass
			})
			out, err := w.engine("a", nil).Ship(t.Context(), patient(good))
			wantEnd(t, out, err, release.Shipped)
			wantPath(t, w, "preparing", "stepping", "paused gate", "stepping", "baking", "completing", "succeeded")
		})
	}
}

// Harm goes back whatever a hold says, also while the rollout waits for it.
func TestAHoldDelaysNoRollback(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Pass}
	w.gates = []gate.Gate{hold}
	w.clock.after(30*time.Second, func() { hold.status, hold.reason = gate.Fail, "incident 7" })
	w.clock.after(3*time.Minute, func() {
		wantPath(t, w, "preparing", "stepping", "paused gate")
		w.mu.Lock()
		defer w.mu.Unlock()
		w.count()
		w.failing[good.Key()] = 0.5
	})
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.WentBack)
	wantPath(t, w, "preparing", "stepping", "paused gate", "reverting harm", "rolled_back harm")
	wantServing(t, w, old)
	if d := took(t, w); d > 4*time.Minute {
		t.Errorf("it took %s", d)
	}
}

// A weight that is tried again asks the gates anew, since time has passed.
func TestAGateThatClosesWhileAWeightIsTried(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Pass}
	w.gates = []gate.Gate{hold}
	closed := false
	e := w.engine("a", func(op, phase string) error {
		if op == "apply" && phase == "before" && !closed {
			closed, hold.status = true, gate.Fail
			w.down["any"] = away
			w.clock.after(30*time.Second, func() { delete(w.down, "any") })
			w.clock.after(5*time.Minute, func() { hold.status = gate.Pass })
			return away
		}
		return nil
	})
	out, err := e.Ship(t.Context(), patient(good))
	wantEnd(t, out, err, release.Shipped)
	wantPath(t, w, "preparing", "stepping", "paused gate", "stepping", "baking", "completing", "succeeded")
}

// Whom a gate keeps from a first release is sent to a plan, since the ledger has nothing to
// ask the gates about; with the next one it has.
func TestABlockedReleaseSaysWhereToAskAgain(t *testing.T) {
	w := upgrade(t)
	hold := &shut{status: gate.Fail, reason: "closed"}
	w.gates = []gate.Gate{hold}
	says := func(want, never string) {
		t.Helper()
		_, err := w.engine("a", nil).Ship(t.Context(), request(good))
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) {
			t.Fatal(err)
		}
		if _, detail := release.Explain(err, key, good); !strings.Contains(detail, want) || strings.Contains(detail, never) {
			t.Errorf("it says %s", detail)
		}
	}
	says("sluice gates --plan -", "sluice gates checkout/production")
	hold.status = gate.Pass
	if _, err := w.engine("a", nil).Ship(t.Context(), request(bad)); err == nil {
		t.Fatal("the bad artifact was released")
	}
	hold.status = gate.Fail
	says("sluice gates checkout/production", "--plan")
}
