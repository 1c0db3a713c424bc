package release_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// sealed is a ledger that is moved elsewhere from some instant on: it can be read, gives
// leases and takes no records.
type sealed struct {
	ledger.Ledger
	is func() bool
}

func (s *sealed) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	if s.is() {
		return ledger.Record{}, &ledger.SealedError{Sealing: ledger.Sealing{To: "postgres://ledger.example/sluice", By: "kim@acme", At: e.At}}
	}
	return s.Ledger.Append(ctx, stream, after, e)
}

// A ledger that is sealed in the middle of a rollout does not hold up the revert, and
// what the revert did comes to wherever the ledger has moved, since that has the same
// UUID; another ledger that is used from the same folder gets nothing of it.
func TestASealedLedgerDoesNotHoldUpARevert(t *testing.T) {
	w := upgrade(t)
	w.onEffect = func(verb string) {
		if verb == "apply" {
			w.health[good.Key()] = target.Unhealthy
		}
	}
	e := w.engine("a", nil)
	e.SpoolDir = t.TempDir()
	var found, reverted time.Time
	e.Ledger = &sealed{Ledger: w.ledger.Handle(), is: func() bool { return !found.IsZero() }}
	release.Watch(e, func(d release.Decision) {
		if d.Event == release.EventTickDue && found.IsZero() {
			found = w.clock.Now()
		}
		if d.Action == release.ActRevert && reverted.IsZero() {
			reverted = w.clock.Now()
		}
	})
	out, err := e.Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
	if reverted.IsZero() || reverted.Sub(found) > time.Second {
		t.Errorf("found at %s and reverted at %s", found, reverted)
	}

	elsewhere := w.engine("b", nil)
	elsewhere.SpoolDir, elsewhere.Ledger = e.SpoolDir, mem.New(w.clock.Now())
	_, _ = elsewhere.Continue(t.Context(), key) // It knows no such release.
	if files, _ := filepath.Glob(filepath.Join(e.SpoolDir, "*", "*.jsonl")); len(files) != 1 {
		t.Fatalf("the spool is %v", files)
	}

	moved := w.engine("c", nil)
	moved.SpoolDir = e.SpoolDir
	again, err := moved.Continue(t.Context(), key)
	wantEnd(t, again, err, release.Unchanged)
	if r := fold(t, w).Last(); r.State != release.RolledBack || r.Cause != release.CauseUnhealthy {
		t.Errorf("after the ledger has moved: %v", brief(r))
	}
	wantChain(t, w)
	if files, _ := filepath.Glob(filepath.Join(e.SpoolDir, "*", "*.jsonl")); len(files) != 0 {
		t.Errorf("it is still spooled: %v", files)
	}
	if _, err := os.Stat(e.SpoolDir); err != nil {
		t.Error(err)
	}
}

// Forward work stops at a sealed ledger, before its next effect, and says where it went.
func TestASealedLedgerStopsForwardWork(t *testing.T) {
	w := upgrade(t)
	e := w.engine("a", nil)
	seal := false
	e.Ledger = &sealed{Ledger: w.ledger.Handle(), is: func() bool { return seal }}
	effects := 0
	w.onEffect = func(verb string) {
		if seal {
			effects++
		}
		seal = verb == "apply"
	}
	_, err := e.Ship(t.Context(), request(good))
	var told *ledger.SealedError
	if !errors.As(err, &told) || told.Sealing.To != "postgres://ledger.example/sluice" || effects != 0 {
		t.Errorf("%v, %d effects behind the seal", err, effects)
	}
}
