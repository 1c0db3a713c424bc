package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// shut is a gate that blocks everything, and counts how often it was asked.
type shut struct {
	status gate.Status
	asked  int
	reason string
}

func (*shut) Name() string { return "hold" }

func (g *shut) Check(context.Context, gate.Subject, time.Time) gate.Result {
	g.asked++
	return gate.Result{Gate: "hold", Status: g.status, Reason: g.reason, Remedy: "lift it"}
}

// generations ships several artifacts one after the other.
func generations(t *testing.T, payloads ...artifact.Payload) *world {
	t.Helper()
	w := newWorld(t)
	for _, p := range payloads {
		ship(t, w, p)
	}
	return w
}

// A person's rollback passes no gate, no hold and no metric store, and takes the
// lease from whoever has it.
func TestAPersonsRollbackIsHeldUpByNothing(t *testing.T) {
	w := generations(t, old, good)
	closed := &shut{status: gate.Fail, reason: "freeze"}
	w.gates, w.silent = []gate.Gate{closed}, true
	other := &ledger.Leaser{Ledger: w.ledger, Clock: w.clock, Holder: "an apply that lives"}
	if _, err := other.Acquire(t.Context(), key.LeaseName(), time.Hour); err != nil {
		t.Fatal(err)
	}
	began := w.clock.Now()
	out, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "customers complain"})
	wantEnd(t, out, err, release.Shipped)
	wantServing(t, w, old)
	wantQuarantine(t, w, good, true)
	if closed.asked != 0 {
		t.Errorf("a gate was asked %d times", closed.asked)
	}
	if d := w.clock.Now().Sub(began); d > 15*time.Second {
		t.Errorf("it took %s", d)
	}
	if q := fold(t, w).Quarantine[good.Key()]; q.Reason != "customers complain" || q.By != "kim" {
		t.Errorf("the quarantine says %+v", q)
	}
	if r := fold(t, w).Last(); r.Kind != release.BackOut || r.Why() != "customers complain" {
		t.Errorf("the rollout is of kind %s, because of %q", r.Kind, r.Why())
	}
}

func TestAPersonsRollbackSkipsWhatIsQuarantined(t *testing.T) {
	third := payload("1.0.3")
	w := generations(t, old, good, third)
	if err := w.engine("kim", nil).Quarantine(t.Context(), key, good, "leaks"); err != nil {
		t.Fatal(err)
	}
	e := w.engine("kim", nil)
	plan, err := e.PlanBack(t.Context(), key)
	if err != nil || !plan.From.Same(third) || !plan.To.Same(old) {
		t.Fatalf("the plan is %+v, %v", plan, err)
	}
	writes, records := w.writes, len(w.records(t))
	if _, err := e.PlanBack(t.Context(), key); err != nil || w.writes != writes || len(w.records(t)) != records {
		t.Errorf("planning changed something: %v", err)
	}
	out, err := e.Back(t.Context(), key, release.BackRequest{Reason: "slow"})
	wantEnd(t, out, err, release.Shipped)
	wantServing(t, w, old)
	if _, err := e.Back(t.Context(), key, release.BackRequest{Reason: "again"}); !errors.Is(err, release.ErrNothingBefore) {
		t.Errorf("a second one: %v", err)
	}
}

func TestARollbackOfWhatIsOpenAbortsAndCondemnsIt(t *testing.T) {
	w := generations(t, old)
	if _, err := w.engine("a", nil).Ship(until(w, 30*time.Second), patient(good)); err == nil {
		t.Fatal("the rollout was not interrupted")
	}
	plan, err := w.engine("kim", nil).PlanBack(t.Context(), key)
	if err != nil || plan.Open == nil || !plan.To.Same(old) || !slices.Contains(plan.Steps, "quarantine 1.0.1") {
		t.Errorf("the plan is %+v, %v", plan, err)
	}
	out, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "no"})
	if err != nil || out.Result != release.Stopped {
		t.Errorf("%s, %v", out.Result, err)
	}
	wantServing(t, w, old)
	wantQuarantine(t, w, good, true)
}

// Somebody without access to the target asks; the next driver goes back.
func TestARollbackThatWasAskedForIsTakenUp(t *testing.T) {
	w := generations(t, old, good)
	if err := w.engine("far", nil).RequestBack(t.Context(), key, release.RequestBody{By: "far", Reason: "errors"}); err != nil {
		t.Fatal(err)
	}
	out, err := w.engine("agent", nil).Continue(t.Context(), key)
	wantEnd(t, out, err, release.Shipped)
	wantServing(t, w, old)
	wantQuarantine(t, w, good, true)
	if fold(t, w).BackRequest != nil {
		t.Error("the request is still open")
	}
}

func TestARollbackThatWasAskedForStopsWhatIsOpen(t *testing.T) {
	w := generations(t, old)
	w.clock.after(30*time.Second, func() {
		if err := w.engine("far", nil).RequestBack(context.Background(), key, release.RequestBody{By: "far", Reason: "errors"}); err != nil {
			t.Error(err)
		}
	})
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Stopped)
	wantServing(t, w, old)
	wantQuarantine(t, w, good, true)
	if d := took(t, w); d > 50*time.Second {
		t.Errorf("it took %s", d)
	}
}

// Any other older artifact is an ordinary release, with its gates and its steps.
func TestAnOlderArtifactByWishIsAnOrdinaryRelease(t *testing.T) {
	w := generations(t, old, good)
	w.gates = []gate.Gate{&shut{status: gate.Fail, reason: "freeze"}}
	_, err := w.engine("a", nil).Ship(t.Context(), request(old))
	var blocked *release.BlockedError
	if !errors.As(err, &blocked) {
		t.Fatalf("it was let through: %v", err)
	}
	w.gates = nil
	out, err := w.engine("a", nil).Ship(t.Context(), request(old))
	wantEnd(t, out, err, release.Shipped)
	if out.Rollout.Kind != release.Forward || len(out.Rollout.Steps) != 3 {
		t.Errorf("kind %s with %d steps", out.Rollout.Kind, len(out.Rollout.Steps))
	}
}

// An abort is obeyed in every state that goes forward.
func TestAnAbortInEveryState(t *testing.T) {
	for _, at := range []string{"analysis.prepared", "rollout.preparing", "rollout.stepping", "rollout.baking", "rollout.completing"} {
		t.Run("after "+at, func(t *testing.T) {
			w := upgrade(t)
			asked := false
			e := w.engine("a", func(op, phase string) error {
				if records := w.records(t); op != "read" || phase != "before" || asked || len(records) == 0 || records[len(records)-1].Kind != at {
					return nil
				}
				asked = true
				return w.engine("kim", nil).RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator})
			})
			out, err := e.Ship(t.Context(), request(good))
			wantEnd(t, out, err, release.Stopped)
			wantServing(t, w, old)
			if !asked || out.Rollout.Reason != "no" {
				t.Errorf("asked %t, ended %s: %s", asked, out.Rollout.State, out.Rollout.Reason)
			}
		})
	}
}

func TestRevertWithSpecNeedsNoLedger(t *testing.T) {
	w := upgrade(t)
	w.caps.RevertAfter = false
	whole := 100.0
	req := request(good)
	req.Spec.Strategy.MaxUnattendedWeight = &whole
	if _, err := w.engine("a", nil).Ship(until(w, 30*time.Second), req); err == nil {
		t.Fatal("the rollout was not interrupted")
	}
	e := w.engine("kim", func(op, _ string) error {
		if slices.Contains([]string{"append", "read", "lease", "swap_lease"}, op) {
			return errors.New("the ledger was asked")
		}
		return nil
	})
	obs, err := release.RevertWithSpec(t.Context(), req.Spec, old, e.Targets, target.Deps{Clock: w.clock})
	if err != nil || !release.ServesOnly(obs, old) {
		t.Fatalf("%+v, %v", obs, err)
	}
	wantServing(t, w, old)
	w.clock.Advance(time.Second)
	// What is not the baseline any more is brought up again.
	if _, err := release.RevertWithSpec(t.Context(), req.Spec, good, e.Targets, target.Deps{Clock: w.clock}); err != nil {
		t.Fatal(err)
	}
	wantServing(t, w, good)
}

// Deleting the environment's configuration must not make going back impossible:
// the specification that is frozen in the ledger is enough.
func TestGoingBackNeedsNoConfiguration(t *testing.T) {
	w := generations(t, old, good)
	var frozen release.OpenedBody
	for _, r := range w.records(t) {
		if r.Kind == release.KindOpened {
			if err := json.Unmarshal(r.Body, &frozen); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := worldSpec(good).Normalize()
	if diff := cmp.Diff(want, frozen.Spec); diff != "" {
		t.Errorf("the frozen specification (-want +got):\n%s", diff)
	}
	if !strings.Contains(frozen.Spec.Target.Driver, "world") || frozen.Spec.Format != 1 {
		t.Errorf("frozen: %+v", frozen.Spec)
	}
	e := w.engine("kim", nil)
	e.Signals = signal.NewRegistry()
	out, err := e.Back(t.Context(), key, release.BackRequest{Reason: "no"})
	wantEnd(t, out, err, release.Shipped)
}
