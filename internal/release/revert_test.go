package release_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// A revert that fails is rollback_failed and is tried until it succeeds, however
// long that takes and whatever the target answers.
func TestARevertThatFailsIsTriedForEver(t *testing.T) {
	for name, answer := range map[string]error{
		"away":          away,
		"no permission": &target.Error{Code: target.CodeUnauthorized, Message: "token expired"},
		"a conflict":    &target.Error{Code: target.CodeConflict, Message: "locked"},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			w.down["revert"] = answer
			w.clock.after(3*time.Hour, func() {
				if r := fold(t, w).Open(); r.State != release.RollbackFailed {
					t.Errorf("it is %s", r.State)
				}
				delete(w.down, "revert")
			})
			out, err := w.engine("a", nil).Ship(t.Context(), request(bad))
			wantEnd(t, out, err, release.WentBack)
			wantServing(t, w, old)
			if got := path(t, w); got[len(got)-1] != "rolled_back harm" || !slices.Contains(got, "rollback_failed") {
				t.Errorf("the way was %v", got)
			}
		})
	}
	t.Run("after an abort", func(t *testing.T) {
		w := upgrade(t)
		w.down["revert"] = away
		w.clock.after(30*time.Second, func() {
			err := w.engine("kim", nil).RequestAbort(context.Background(), key, release.RequestBody{By: "kim", Reason: "no", Cause: release.CauseOperator})
			if err != nil {
				t.Error(err)
			}
		})
		w.clock.after(time.Hour, func() { delete(w.down, "revert") })
		out, err := w.engine("a", nil).Ship(t.Context(), patient(good))
		wantEnd(t, out, err, release.Stopped)
		wantServing(t, w, old)
		wantPath(t, w, "preparing", "stepping", "aborting operator", "rollback_failed", "aborting", "aborted operator")
	})
}

// hanging is a ledger that takes no append: while it hangs a call waits for as long
// as its caller does, and once it has gone a call fails at once.
type hanging struct {
	ledger.Ledger
	hangs, gone func() bool
}

func (h *hanging) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	if h.gone() {
		return ledger.Record{}, ledger.ErrBusy
	}
	if h.hangs() {
		<-ctx.Done()
		return ledger.Record{}, ctx.Err()
	}
	return h.Ledger.Append(ctx, stream, after, e)
}

// Not even the ledger may delay a revert: it is tried for a second, then the
// target is reverted and the records wait beside the process for the next one.
func TestALedgerThatHangsDelaysARevertByASecond(t *testing.T) {
	w := upgrade(t)
	w.onEffect = func(verb string) {
		if verb == "apply" {
			w.health[good.Key()] = target.Unhealthy
		}
	}
	e := w.engine("a", nil)
	e.SpoolDir = t.TempDir()
	var since time.Time
	var reverted time.Duration
	// It hangs from the first look on, which is the one that finds the harm.
	e.Ledger = &hanging{Ledger: w.ledger.Handle(), hangs: func() bool { return !since.IsZero() }, gone: func() bool { return reverted > 0 }}
	release.Watch(e, func(d release.Decision) {
		if d.Event == release.EventTickDue && since.IsZero() {
			since = clock.System{}.Now()
		}
		// The intent stands in the move, so this is what is next at the target.
		if d.Action == release.ActRevert && reverted == 0 {
			reverted = clock.System{}.Now().Sub(since)
		}
	})
	out, err := e.Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
	if reverted == 0 || reverted > 1900*time.Millisecond {
		t.Errorf("the revert came after %s", reverted)
	}
	id, err := w.ledger.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	spooled := filepath.Join(e.SpoolDir, id, "checkout--production.jsonl")
	if _, err := os.Stat(spooled); err != nil {
		t.Fatalf("the spool: %v", err)
	}
	if r := fold(t, w).Open(); r == nil || r.State.GoingBack() {
		t.Errorf("the ledger knows of the revert already: %v", brief(r))
	}
	if len(out.Warnings) == 0 || !strings.Contains(strings.Join(out.Warnings, " "), "the next run appends them") {
		t.Errorf("nothing is said of the spool: %v", out.Warnings)
	}

	next := w.engine("b", nil)
	next.SpoolDir = e.SpoolDir
	again, err := next.Continue(t.Context(), key)
	wantEnd(t, again, err, release.Unchanged)
	if r := fold(t, w).Last(); r.State != release.RolledBack || r.Cause != release.CauseUnhealthy {
		t.Errorf("after the spool came home: %v", brief(r))
	}
	wantQuarantine(t, w, good, true)
	wantChain(t, w)
	if _, err := os.Stat(spooled); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the spool is still there: %v", err)
	}
}

// A rollback makes at most three calls, and the revert comes before anything slow:
// no gate, no signal, no look and no lease between the verdict and it.
func TestARevertComesBeforeAnythingSlow(t *testing.T) {
	w := upgrade(t)
	var calls []string
	e := w.engine("a", func(op, phase string) error {
		if phase == "before" {
			calls = append(calls, op)
		}
		return nil
	})
	out, err := e.Ship(t.Context(), request(bad))
	wantEnd(t, out, err, release.WentBack)
	at := slices.Index(calls, "revert")
	if at < 2 || !slices.Equal(calls[at-2:at], []string{"append", "append"}) {
		t.Fatalf("before the revert: %v", calls[max(at-6, 0):at])
	}
	var toTarget []string
	for _, op := range calls[at:] {
		if slices.Contains([]string{"observe", "prepare", "apply", "renew", "complete", "revert", "finalize"}, op) {
			toTarget = append(toTarget, op)
		}
	}
	if len(toTarget) > 3 || toTarget[0] != "revert" {
		t.Errorf("the calls of the rollback are %v", toTarget)
	}
}

// A look costs the target and the metric source at most five calls.
func TestALookMakesFewCalls(t *testing.T) {
	for _, armed := range []bool{true, false} {
		w := upgrade(t)
		w.caps.RevertAfter = armed
		whole := 100.0
		req := request(good)
		req.Spec.Strategy.MaxUnattendedWeight = &whole
		e := w.engine("a", nil)
		before, most := 0, 0
		release.Watch(e, func(d release.Decision) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if n := len(w.verbs) + w.asked; d.Action == release.ActMeasure {
				before = n
			} else if before > 0 {
				most, before = max(most, n-before), 0
			}
		})
		out, err := e.Ship(t.Context(), req)
		wantEnd(t, out, err, release.Shipped)
		if most == 0 || most > 5 {
			t.Errorf("revert_after %t: a look makes %d calls", armed, most)
		}
	}
}
