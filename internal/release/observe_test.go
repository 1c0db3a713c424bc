package release_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// watching asks for a release whose mode is observe.
func watching(w *world) release.ShipRequest {
	req := request(good)
	req.Spec.Mode = release.Observe
	// Somebody else has begun to move traffic.
	w.machine.State.Canary = nil
	return req
}

// In mode observe the judge and the gates advise and record, and nothing is
// written to the target, whatever they say.
func TestModeObserveWritesNothing(t *testing.T) {
	cases := []struct {
		name   string
		rate   float64
		status gate.Status
		advice string
	}{
		{"a good artifact", 0, gate.Pass, ""},
		{"a harmful artifact", 0.3, gate.Pass, `mode is "observe", so nothing was changed; the judge would have gone back`},
		{"a closed gate", 0, gate.Fail, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.failing[good.Key()] = c.rate
			w.gates = []gate.Gate{&shut{status: c.status, reason: "freeze"}}
			w.clock.after(20*time.Second, func() { w.deploy(t, 10) })
			w.clock.after(90*time.Second, func() { w.deploy(t, 50) })
			w.clock.after(150*time.Second, func() { w.takeOver() })
			out, err := w.engine("a", nil).Ship(t.Context(), watching(w))
			wantEnd(t, out, err, release.Shipped)
			wantPath(t, w, "baking", "completing", "succeeded")
			if w.writes != 0 {
				t.Errorf("the target was written to %d times: %v", w.writes, w.verbs)
			}
			if got := out.Rollout.Advice(); !strings.HasPrefix(got, c.advice) || (got == "") != (c.advice == "") {
				t.Errorf("the advice is %q", got)
			}
			if verdicts, err := release.Replay(w.records(t)); err != nil || verdicts.Verdicts == 0 || len(verdicts.Differences) > 0 {
				t.Errorf("replayed: %+v, %v", verdicts, err)
			}
			var opening release.OpenedBody
			if err := json.Unmarshal(w.records(t)[0].Body, &opening); err != nil {
				t.Fatal(err)
			}
			if blocked := len(gate.Blocked(opening.Gates)) > 0; blocked != (c.status == gate.Fail) {
				t.Errorf("the ledger says of the gates: %+v", opening.Gates)
			}
		})
	}
}

// What nobody deployed is not what serves, and the rollout says so.
func TestModeObserveOfWhatNeverCame(t *testing.T) {
	w := upgrade(t)
	out, err := w.engine("a", nil).Ship(t.Context(), watching(w))
	wantEnd(t, out, err, release.Broke)
	wantPath(t, w, "baking", "completing", "errored error")
	if !strings.Contains(out.Rollout.Reason, "the target does not serve 1.0.1 alone") || w.writes != 0 {
		t.Errorf("%d writes, %s", w.writes, out.Rollout.Reason)
	}
}

func TestModeObserveRefusesToGoBack(t *testing.T) {
	w := upgrade(t)
	w.clock.after(20*time.Second, func() { w.takeOver() })
	out, err := w.engine("a", nil).Ship(t.Context(), watching(w))
	wantEnd(t, out, err, release.Shipped)
	e := w.engine("kim", nil)
	if _, err := e.Back(t.Context(), key, release.BackRequest{Reason: "no"}); !errors.Is(err, release.ErrObserving) {
		t.Errorf("a rollback: %v", err)
	}
	if _, err := e.Repair(t.Context(), key); !errors.Is(err, release.ErrObserving) {
		t.Errorf("a repair: %v", err)
	}
	if w.writes != 0 {
		t.Errorf("%d writes", w.writes)
	}
}

func TestAnAbortOfWhatOnlyWatches(t *testing.T) {
	w := upgrade(t)
	w.clock.after(20*time.Second, func() { w.deploy(t, 10) })
	if _, err := w.engine("a", nil).Ship(until(w, time.Minute), watching(w)); err == nil {
		t.Fatal("it was not interrupted")
	}
	out, err := w.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "enough"})
	if err != nil || out.Result != release.Stopped || w.writes != 0 || w.share(good) != 10 {
		t.Errorf("%s, %v, %d writes, at %g %%", out.Result, err, w.writes, w.share(good))
	}
}
