package release_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// labelSource counts as a store does that tells the arms by what they run: once the new
// artifact serves alone, its counts are the canary's, whatever the arm is called, and the
// old one has none that it could be compared with.
type labelSource struct{ worldSource }

func (s *labelSource) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	out, err := s.worldSource.Counts(ctx, req)
	if err == nil && out.Primed {
		out.Counts = []signal.Count{
			{Metric: "errors", Arm: target.Canary, Bad: 200, Total: 1000},
			{Metric: "errors", Arm: target.Baseline, Bad: 0, Total: 1000},
		}
	}
	return out, err
}

// completedUnseen is a release whose ledger was brought back from a copy of the middle of
// a rollout that has succeeded since, and bound anew.
func completedUnseen(t *testing.T) *world {
	t.Helper()
	w := upgrade(t)
	ship(t, w, old)
	ship(t, w, good)
	last := slices.IndexFunc(w.records(t), func(r ledger.Record) bool { return r.Kind == release.KindTick })
	w.ledger.Cut(key.Stream(), uint64(last+1))
	w.clock.Advance(time.Second)
	if err := ledger.Rebind(t.Context(), w.ledger, "", "restored", "kim", w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	w.source = func() signal.Source { return &labelSource{worldSource{w: w}} }
	return w
}

// waits drives on for an hour, by when the rollout waits for a person.
func waits(t *testing.T, w *world) {
	t.Helper()
	out, err := w.engine("next", nil).ContinueFor(t.Context(), key, release.Stay{Deadline: w.clock.Now().Add(time.Hour)})
	if err != nil || out.Result != release.Underway || out.Rollout.Cause != release.CauseDiverged {
		t.Fatalf("%s, %s %s: %s; %v", out.Result, out.Rollout.State, out.Rollout.Cause, out.Rollout.Reason, err)
	}
	if r := out.Rollout.Reason; !strings.Contains(r, "1.0.1 serves alone") {
		t.Errorf("the reason: %s", r)
	}
}

func TestARolloutWhoseArtifactServesAloneIsNotJudged(t *testing.T) {
	w := completedUnseen(t)
	waits(t, w)
	h := fold(t, w)
	if at := h.Open().Progress().RevertsAt; !at.IsZero() {
		t.Errorf("it is said to go back by itself at %s", at)
	}
	if len(h.Quarantine) != 0 || h.Open().Harm != nil || h.Open().LastTick.Verdict != nil {
		t.Errorf("it was judged: quarantine %v, harm %v", h.Quarantine, h.Open().Harm)
	}
	wantServing(t, w, good)
}

func TestAnAbortLeavesAnArtifactThatServesAlone(t *testing.T) {
	w := completedUnseen(t)
	waits(t, w)
	out, err := w.engine("kim", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "it is through"})
	var ended *release.EndedError
	if !errors.As(err, &ended) || out.Result != release.Broke || out.History.Serving() == nil || !out.History.Serving().Same(good) {
		t.Fatalf("%s, %v", out.Result, err)
	}
	_, detail := release.Explain(err, key, good)
	if !strings.Contains(detail, "sluice rollback") || strings.Contains(detail, "mend what stopped it") {
		t.Errorf("what to do: %s", detail)
	}
	if out, err := w.engine("next", nil).Ship(t.Context(), request(good)); err != nil || out.Result != release.Unchanged {
		t.Errorf("the next apply: %s, %v", out.Result, err)
	}
	wantServing(t, w, good)
	back, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "slow"})
	if err != nil || back.Result != release.Shipped {
		t.Errorf("the rollback: %s, %v", back.Result, err)
	}
	wantServing(t, w, old)
}

func TestARollbackLeavesAnArtifactThatServesAloneByARolloutOfItsOwn(t *testing.T) {
	for name, wait := range map[string]bool{"that waits": true, "that nobody looked at": false} {
		t.Run(name, func(t *testing.T) {
			w := completedUnseen(t)
			if wait {
				waits(t, w)
			}
			plan, err := w.engine("kim", nil).PlanBack(t.Context(), key)
			if err != nil || !plan.From.Same(good) || !plan.To.Same(old) || !plan.Rehearsal.Holds() || !strings.Contains(strings.Join(plan.Steps, "; "), "serves alone; quarantine 1.0.1; bring up 1.0.0") {
				t.Errorf("the dry run: %v to %v: %q, %v", plan.From, plan.To, plan.Steps, err)
			}
			out, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "slow"})
			if err != nil || out.Result != release.Shipped || out.Rollout.Kind != release.BackOut {
				t.Fatalf("%s, %v", out.Result, err)
			}
			wantServing(t, w, old)
			if _, bad := out.History.Quarantine[good.Key()]; !bad {
				t.Error("what was left is not quarantined")
			}
		})
	}
}

// The configuration goes back: an abort and then a rollout, never "unchanged" while the
// other artifact serves.
func TestGoingBackInTheConfigurationFromAnArtifactThatServesAlone(t *testing.T) {
	w := completedUnseen(t)
	w.source = nil
	out, err := w.engine("next", nil).Ship(t.Context(), request(old))
	if err != nil || out.Result != release.Shipped {
		t.Fatalf("%s, %v", out.Result, err)
	}
	wantServing(t, w, old)
}

// What is quarantined is not adopted either: the plan said that it is blocked.
func TestWhatIsQuarantinedIsNotAdoptedThoughItServes(t *testing.T) {
	w := upgrade(t)
	ship(t, w, old)
	if err := w.engine("kim", nil).Quarantine(t.Context(), key, good, "leaks"); err != nil {
		t.Fatal(err)
	}
	w.machine.State.Baseline.Payload = good
	w.gates = []gate.Gate{&shut{status: gate.Fail, reason: "1.0.1 is quarantined"}}
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	var blocked *release.BlockedError
	if !errors.As(err, &blocked) || out.Result != release.Unchanged {
		t.Fatalf("%s, %v", out.Result, err)
	}
	if err := w.engine("kim", nil).Lift(t.Context(), key, good.Key(), "it does not"); err != nil {
		t.Fatal(err)
	}
	// Adopting moves nothing, so no other gate is asked.
	if out, err := w.engine("a", nil).Ship(t.Context(), request(good)); err != nil || out.Result != release.Adopted {
		t.Errorf("%s, %v", out.Result, err)
	}
}
