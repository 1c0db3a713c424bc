package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// errTooLong is what a driver gets that goes on and on.
var errTooLong = errors.New("a driver that was to end made too many calls")

// A ledger that lost its tail in the middle of a rollout, and was bound anew, is driven on
// from wherever it ends: what was done already is found, or done again, and where the target
// is somewhere else the rollout waits for a person. It never spins, and never errs for
// what the lost records had done.
func TestARestoredLedgerIsDrivenOnFromWhereItEnds(t *testing.T) {
	stories := map[string]func(t *testing.T, w *world){
		"a success": func(t *testing.T, w *world) { ship(t, w, good) },
		"harm": func(t *testing.T, w *world) {
			if _, err := w.engine("lost", nil).Ship(t.Context(), request(bad)); err == nil {
				t.Fatal("the bad artifact was shipped")
			}
		},
		"an abort": func(t *testing.T, w *world) {
			begun(t, w)
			if _, err := w.engine("lost", nil).Abort(t.Context(), key, release.RequestBody{By: "kim", Reason: "no"}); err != nil {
				t.Fatal(err)
			}
		},
		"a rollback": func(t *testing.T, w *world) {
			ship(t, w, good)
			if _, err := w.engine("lost", nil).Back(t.Context(), key, release.BackRequest{Reason: "slow"}); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			told := func() *world {
				w := upgrade(t)
				ship(t, w, old)
				tell(t, w)
				return w
			}
			all := told().records(t)
			for last := len(all) - 1; last > 0 && all[last].Kind != release.KindOpened; last-- {
				restored(t, told(), last)
			}
		})
	}
}

// begun leaves a rollout open at its first weight.
func begun(t *testing.T, w *world) {
	t.Helper()
	e := w.engine("lost", nil)
	ctx, leave := context.WithCancel(t.Context())
	e.Hooks.Recorded = func(r release.Recorded) {
		if r.Kind == release.KindTick {
			leave()
		}
	}
	if out, _ := e.Ship(ctx, patient(good)); out.Result != release.Underway {
		t.Fatal(out.Result)
	}
}

// restored cuts the stream behind a record and drives on.
func restored(t *testing.T, w *world, last int) {
	t.Helper()
	cut := w.records(t)[last]
	w.ledger.Cut(key.Stream(), uint64(last))
	w.clock.Advance(time.Second)
	if fold(t, w).Open() == nil {
		return // Nothing is to be driven on; sluice drift tells.
	}
	if err := ledger.Rebind(t.Context(), w.ledger, "", "restored", "kim", w.clock.Now()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(t.Context())
	defer stop(nil)
	calls := 0
	e := w.engine("next", func(string, string) error {
		if calls++; calls > 20000 {
			stop(errTooLong)
			return errTooLong
		}
		return nil
	})
	where := fmt.Sprintf("without record %d (%s) and what followed", cut.Seq, cut.Kind)
	out, err := e.ContinueFor(ctx, key, release.Stay{Deadline: w.clock.Now().Add(time.Hour)})
	if ctx.Err() != nil || errors.Is(err, errTooLong) {
		t.Fatalf("%s: it does not end: %v", where, err)
	}
	h := fold(t, w)
	r := h.Last()
	switch {
	case r.State == release.Errored && strings.HasPrefix(r.Reason, "the target does not serve"):
		// The lost records took it back when it was through, and that is what it says.
	case r.State == release.Errored:
		t.Errorf("%s: the rollout erred: %s", where, r.Reason)
	case r.State.Final():
		wantAlone(t, w, where, h.Serving())
	case out.Result != release.Underway || r.State != release.Paused:
		t.Errorf("%s: %s in state %s, %v", where, out.Result, r.State, err)
	case release.ServesOnly(w.observe(), r.Spec.Payload) && !strings.Contains(r.Reason, "serves alone"):
		t.Errorf("%s: it waits for somebody who is not told that all is done: %s", where, r.Reason)
	}
}

// wantAlone wants the target to serve what the record says, and nothing else.
func wantAlone(t *testing.T, w *world, where string, p *artifact.Payload) {
	t.Helper()
	obs := w.observe()
	if p == nil || !release.ServesOnly(obs, *p) {
		t.Errorf("%s: %s, want %v", where, release.ServesText(&obs, time.Time{}), p)
	}
}
