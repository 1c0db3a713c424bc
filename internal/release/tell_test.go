package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// away is what a target answers that cannot be reached.
var away = &target.Error{Code: target.CodeUnavailable, Message: "connection refused"}

// upgrade is a world where the old artifact serves.
func upgrade(t testing.TB) *world {
	t.Helper()
	w := newWorld(t)
	w.serve(t, old)
	return w
}

// path tells a rollout by its moves, each with its cause: "paused no_data".
func path(t testing.TB, w *world) []string {
	t.Helper()
	var out []string
	for _, rec := range w.records(t) {
		state, ok := strings.CutPrefix(rec.Kind, "rollout.")
		if !ok || rec.Kind == release.KindOpened {
			continue
		}
		var b release.MoveBody
		if err := json.Unmarshal(rec.Body, &b); err != nil {
			t.Fatal(err)
		}
		if b.Cause != "" {
			state += " " + string(b.Cause)
		}
		out = append(out, state)
	}
	return out
}

// wantPath compares the moves of the whole stream.
func wantPath(t testing.TB, w *world, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, path(t, w)); diff != "" {
		t.Errorf("the way of the rollout (-want +got):\n%s", diff)
	}
}

// wantServing wants one artifact to take all traffic, with nothing beside it. A
// zero payload means that nothing serves.
func wantServing(t testing.TB, w *world, p artifact.Payload) {
	t.Helper()
	obs := w.observe()
	if p.IsZero() {
		if obs.Baseline != nil || obs.Canary != nil {
			t.Errorf("serving %s; want nothing at all", release.ServesText(&obs, time.Time{}))
		}
		return
	}
	if !release.ServesOnly(obs, p) || obs.Canary != nil {
		t.Errorf("serving %s, canary %+v; want %s alone", release.ServesText(&obs, time.Time{}), obs.Canary, p.Label())
	}
}

// wantEnd wants a call of the engine to have ended as told, with the error that
// belongs to it.
func wantEnd(t testing.TB, out release.Outcome, err error, want release.Result) {
	t.Helper()
	if out.Result != want {
		t.Errorf("result %q (%v), want %q", out.Result, err, want)
	}
	var ended *release.EndedError
	switch want {
	case release.Shipped, release.Unchanged, release.Adopted:
		if err != nil {
			t.Errorf("error %v, want none", err)
		}
	case release.Underway:
		var stopped *release.InterruptedError
		if !errors.As(err, &stopped) {
			t.Errorf("error %v, want an InterruptedError", err)
		}
	default:
		if !errors.As(err, &ended) {
			t.Errorf("error %v, want an EndedError", err)
		}
	}
}

// wantQuarantine wants a payload to be quarantined, or not.
func wantQuarantine(t testing.TB, w *world, p artifact.Payload, want bool) {
	t.Helper()
	if _, got := fold(t, w).Quarantine[p.Key()]; got != want {
		t.Errorf("%s quarantined: %t, want %t", p.Label(), got, want)
	}
}

// wantChain wants the whole ledger to be proved.
func wantChain(t testing.TB, w *world) {
	t.Helper()
	report, err := ledger.Verify(t.Context(), w.ledger, ledger.VerifyOptions{})
	if err != nil || len(report.Problems) > 0 {
		t.Errorf("the ledger is not whole: %v, %v", report.Problems, err)
	}
}

func fold(t testing.TB, w *world) *release.History {
	t.Helper()
	h, err := release.Fold(key, w.records(t))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// until gives a context that an interrupt ends after so much simulated time.
func until(w *world, d time.Duration) context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	w.clock.after(d, func() { cancel(errors.New("interrupt")) })
	return ctx
}

// took is how long the last rollout was open.
func took(t testing.TB, w *world) time.Duration {
	t.Helper()
	r := fold(t, w).Last()
	return r.ClosedAt.Sub(r.OpenedAt)
}
