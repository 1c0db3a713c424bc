package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var expired = &target.Error{Code: target.CodeUnauthorized, Message: "token expired", Remedy: "renew it"}

// A rollout becomes errored only once the target was seen at 0 or 100 %.
func TestACompletionThatIsRefusedGoesBack(t *testing.T) {
	w := upgrade(t)
	w.down["complete"] = expired
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Broke)
	wantPath(t, w, "preparing", "stepping", "baking", "completing", "reverting error", "errored error")
	wantServing(t, w, old)
	wantQuarantine(t, w, good, false)
	if s := out.Rollout.Final.Serving; s == nil || !release.ServesOnly(*s, old) {
		t.Errorf("the last record says %+v", s)
	}
	delete(w.down, "complete")
	again, err := w.engine("b", nil).Ship(t.Context(), request(good))
	wantEnd(t, again, err, release.Shipped)
}

// A completion that was carried out though the answer was a refusal leaves no way
// back. The rollout says what serves and claims no rollback.
func TestACompletionThatCameTrueThoughItWasRefused(t *testing.T) {
	w := upgrade(t)
	e := w.engine("a", func(op, phase string) error {
		if op == "complete" && phase == "after" {
			return expired
		}
		return nil
	})
	out, err := e.Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Broke)
	wantPath(t, w, "preparing", "stepping", "baking", "completing", "reverting error", "errored error")
	wantServing(t, w, good)
	if !strings.Contains(out.Rollout.Reason, "had become the only artifact before it could be taken back") {
		t.Errorf("the reason is %q", out.Rollout.Reason)
	}
	again, err := w.engine("b", nil).Ship(t.Context(), request(good))
	wantEnd(t, again, err, release.Unchanged)
}

// An abort that comes while nobody knows whether the completion came true waits
// for the look that tells, and then comes too late.
func TestAnAbortDuringACompletionThatCameTrue(t *testing.T) {
	w := upgrade(t)
	asked := false
	e := w.engine("a", func(op, phase string) error {
		if op != "complete" || phase != "after" || asked {
			return nil
		}
		asked = true
		if err := w.engine("kim", nil).RequestAbort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator}); err != nil {
			t.Error(err)
		}
		return away
	})
	out, err := e.Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Shipped)
	wantServing(t, w, good)
}

// Success means that the artifact we started is the one that serves, and not that
// all is quiet.
func TestAnotherArtifactAtTheEndIsNoSuccess(t *testing.T) {
	w := upgrade(t)
	w.onEffect = func(verb string) {
		if verb == "complete" {
			w.onEffect = nil
			w.swap(bad)
		}
	}
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Broke)
	if !strings.Contains(out.Rollout.Reason, "does not serve 1.0.1 alone, but 1.0.2 at 100 %") {
		t.Errorf("the reason is %q", out.Rollout.Reason)
	}
	if h := fold(t, w); h.Serving() != nil {
		t.Errorf("the ledger says that %s succeeded", h.Serving().Label())
	}
}

// A release that cannot be judged is not begun: signals that do not answer before
// the first step end it as an error, with nothing said of the artifact.
func TestSignalsThatDoNotAnswerBeforeTheFirstStep(t *testing.T) {
	w := upgrade(t)
	w.silent = true
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Broke)
	wantPath(t, w, "aborting error", "errored error")
	wantServing(t, w, old)
	wantQuarantine(t, w, good, false)
	if !strings.Contains(out.Rollout.Reason, "the signals could not be read before the first step") {
		t.Errorf("the reason is %q", out.Rollout.Reason)
	}
	if got := w.share(good); got != 0 {
		t.Errorf("the new artifact had %g %%", got)
	}
}

// A target whose arms cannot be cleared away does not make a release fail: what is
// left behind carries no traffic.
func TestWhatCannotBeClearedAwayDoesNotMatter(t *testing.T) {
	for name, wish := range map[string]release.ShipRequest{"forward": request(good), "back": request(bad)} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			w.down["finalize"] = away
			out, err := w.engine("a", nil).Ship(t.Context(), wish)
			want := map[string]release.Result{"forward": release.Shipped, "back": release.WentBack}[name]
			wantEnd(t, out, err, want)
			if d := took(t, w); d > 20*time.Minute {
				t.Errorf("it took %s", d)
			}
		})
	}
}
