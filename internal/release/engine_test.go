package release_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// kinds lists the records of a stream without the ticks between.
func kinds(records []ledger.Record) []string {
	var out []string
	for _, r := range records {
		if r.Kind != release.KindTick {
			out = append(out, r.Kind)
		}
	}
	return out
}

func TestAGoodArtifactIsShippedStepByStep(t *testing.T) {
	w := newWorld(t)
	w.serve(t, old)
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	if err != nil {
		t.Fatal(err)
	}
	if out.Result != release.Shipped || !out.Payload.Same(good) {
		t.Errorf("result %s, payload %s", out.Result, out.Payload.Label())
	}
	if obs := w.observe(); !release.ServesOnly(obs, good) {
		t.Errorf("serving %s", release.ServesText(&obs, time.Time{}))
	}
	want := []string{
		"rollout.opened", "analysis.prepared", "rollout.preparing", "effect.intended", "effect.observed", "rollout.stepping",
		"gates.checked", "effect.intended", "effect.observed", "step.passed",
		"gates.checked", "effect.intended", "effect.observed", "step.passed",
		"gates.checked", "effect.intended", "effect.observed", "rollout.baking", "rollout.completing",
		"effect.intended", "effect.observed", "effect.intended", "effect.observed", "rollout.succeeded",
	}
	if diff := cmp.Diff(want, kinds(w.records(t))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if took := out.Rollout.ClosedAt.Sub(out.Rollout.OpenedAt); took < 3*time.Minute {
		t.Errorf("the rollout took %s, less than its two steps and its bake", took)
	}
}

func TestAHarmfulArtifactGoesBackAndIsQuarantined(t *testing.T) {
	w := newWorld(t)
	w.serve(t, old)
	e := w.engine("a", nil)
	out, err := e.Ship(t.Context(), request(bad))
	var ended *release.EndedError
	if !errors.As(err, &ended) || out.Result != release.WentBack {
		t.Fatalf("result %s, error %v", out.Result, err)
	}
	if out.Rollout.Cause != release.CauseHarm || out.Rollout.Step != 0 {
		t.Errorf("cause %s at step %d", out.Rollout.Cause, out.Rollout.Step)
	}
	if obs := w.observe(); !release.ServesOnly(obs, old) || obs.Canary != nil {
		t.Errorf("serving %s", release.ServesText(&obs, time.Time{}))
	}
	if _, quarantined := out.History.Quarantine[bad.Key()]; !quarantined {
		t.Error("the artifact is not quarantined")
	}
}

func TestWhatServesAlreadyIsAdopted(t *testing.T) {
	w := newWorld(t)
	w.serve(t, good)
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	if err != nil || out.Result != release.Adopted {
		t.Fatalf("result %s, error %v", out.Result, err)
	}
	if diff := cmp.Diff([]string{release.KindAdopted}, kinds(w.records(t))); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
	if len(w.calls) != 0 {
		t.Errorf("the target was changed: %v", w.calls)
	}
	if out.History.Owner == nil || *out.History.Owner != owner {
		t.Errorf("owner %+v", out.History.Owner)
	}
}

func TestTheFirstReleaseSkipsTheCanaryOfNothing(t *testing.T) {
	w := newWorld(t)
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]int{0, 1}, out.Rollout.Skipped); diff != "" {
		t.Errorf("skipped steps (-want +got):\n%s", diff)
	}
	for call := range w.calls {
		if strings.Contains(call, "/apply/0/") {
			t.Error("step 0 was walked")
		}
	}
}

func TestAnotherWishAbortsTheOpenRolloutAndComesNext(t *testing.T) {
	w := newWorld(t)
	w.serve(t, old)
	ctx, stop := contextUntil(t, w, "apply", 1)
	_, err := w.engine("a", nil).Ship(ctx, request(good))
	stop()
	var interrupted *release.InterruptedError
	if !errors.As(err, &interrupted) {
		t.Fatalf("the first run: %v", err)
	}
	third := payload("1.0.3")
	out, err := w.engine("b", nil).Ship(t.Context(), request(third))
	if err != nil || !out.Payload.Same(third) {
		t.Fatalf("result %s, error %v", out.Result, err)
	}
	if got := out.History.Rollouts[0]; got.State != release.Aborted || got.Cause != release.CauseSuperseded {
		t.Errorf("the first rollout is %s for %s", got.State, got.Cause)
	}
	if got := out.Rollout.Baseline; got == nil || !got.Same(old) {
		t.Errorf("the second rollout's baseline is %v", got)
	}
}

func TestGoingBackInTheConfigurationAbortsTheOpenRollout(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	ctx, stop := contextUntil(t, w, "apply", 1)
	_, err := w.engine("a", nil).Ship(ctx, request(good))
	stop()
	if err == nil {
		t.Fatal("the run was not interrupted")
	}
	out, err := w.engine("b", nil).Ship(t.Context(), request(old))
	if err != nil || out.Result != release.Unchanged || !out.Payload.Same(old) {
		t.Fatalf("result %s, error %v", out.Result, err)
	}
	if got := out.History.Last(); got.State != release.Aborted {
		t.Errorf("the rollout is %s", got.State)
	}
	if obs := w.observe(); !release.ServesOnly(obs, old) {
		t.Errorf("serving %s", release.ServesText(&obs, time.Time{}))
	}
}

func TestASecondOwnerIsRefusedAndAnImportMovesTheRelease(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	other := release.Owner{ID: "other", Label: "another workspace"}
	req := request(good)
	req.Owner = other
	_, err := w.engine("b", nil).Ship(t.Context(), req)
	var owned *release.OwnedError
	if !errors.As(err, &owned) || owned.Owner != owner {
		t.Fatalf("a second owner: %v", err)
	}
	req.TakeOver = true
	out, err := w.engine("b", nil).Ship(t.Context(), req)
	if err != nil || *out.History.Owner != other {
		t.Fatalf("after the import: owner %+v, error %v", out.History.Owner, err)
	}
	if _, err := w.engine("a", nil).Ship(t.Context(), request(old)); !errors.As(err, &owned) {
		t.Errorf("the former owner: %v", err)
	}
}

func TestARenamedReleaseKeepsItsHistoryAndQuarantine(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	if _, err := w.engine("a", nil).Ship(t.Context(), request(bad)); err == nil {
		t.Fatal("the bad artifact was shipped")
	}
	if err := w.engine("a", nil).Release(t.Context(), key, owner, "renamed"); err != nil {
		t.Fatal(err)
	}
	req := request(old)
	req.Spec.Service = "basket"
	req.PreviousName = &key
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if _, kept := out.History.Quarantine[bad.Key()]; !kept {
		t.Error("the quarantine was lost")
	}
	if s := out.History.Serving(); s == nil || !s.Same(old) {
		t.Errorf("serving %v", s)
	}
}

// ship releases a payload and fails the test when that fails.
func ship(t *testing.T, w *world, p artifact.Payload) release.Outcome {
	t.Helper()
	out, err := w.engine("setup", nil).Ship(t.Context(), request(p))
	if err != nil {
		t.Fatal(err)
	}
	return out
}
