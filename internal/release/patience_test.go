package release_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// mute is a ledger whose connection is cut without anybody being told: from then on each
// call waits for as long as its caller does.
type mute struct {
	ledger.Ledger
	cut atomic.Bool
}

func (l *mute) waits(ctx context.Context) error {
	if !l.cut.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

func (l *mute) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	if err := l.waits(ctx); err != nil {
		return ledger.Record{}, err
	}
	return l.Ledger.Append(ctx, stream, after, e)
}

func (l *mute) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	if err := l.waits(ctx); err != nil {
		return nil, err
	}
	return l.Ledger.Read(ctx, stream, from)
}

func (l *mute) SwapLease(ctx context.Context, before, after ledger.Lease) error {
	if err := l.waits(ctx); err != nil {
		return err
	}
	return l.Ledger.SwapLease(ctx, before, after)
}

// deafened cuts the ledger off in the first look, which finds nothing and is not taken;
// the new artifact falls ill only after that.
func deafened(w *world, e *release.Engine) *mute {
	l := &mute{Ledger: w.ledger.Handle()}
	e.Ledger, e.CallTimeout = l, 100*time.Millisecond
	began := false
	release.Watch(e, func(d release.Decision) {
		if d.Event == release.EventTickDue && !began {
			began = true
			l.cut.Store(true)
			w.clock.after(5*time.Second, func() { w.health[good.Key()] = target.Unhealthy })
		}
	})
	return l
}

// An agent that waits for an answer of its ledger sees nothing, so it does not wait: it
// looks on, and goes back by itself.
func TestALedgerThatNeverAnswersDelaysNoLookForLong(t *testing.T) {
	t.Parallel()
	w := upgrade(t)
	e := w.engine("agent", nil)
	begin(t, e, patient(good))
	l := deafened(w, e)
	// It is there again once the traffic is back, so that nothing was done by its word.
	w.onEffect = func(verb string) {
		if verb == "revert" {
			l.cut.Store(false)
		}
	}
	e.Steady, e.SpoolDir, e.Memory = true, t.TempDir(), &release.Memory{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = e.DriveFor(t.Context(), key, release.Stay{})
	}()
	select {
	case <-done:
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for its ledger, and nobody looks")
	}
	wantServing(t, w, old)
	if r := fold(t, w).Last(); l.cut.Load() || r.State != release.RolledBack || r.Cause != release.CauseUnhealthy {
		t.Errorf("cut still: %v; %v", l.cut.Load(), brief(r))
	}
}

// An apply ends with what is known, while its target still has its dead-man switch.
func TestAnApplyDoesNotWaitForALedgerThatNeverAnswers(t *testing.T) {
	t.Parallel()
	w := upgrade(t)
	e := w.engine("apply", nil)
	deafened(w, e)
	type end struct {
		out release.Outcome
		err error
	}
	done := make(chan end)
	go func() {
		out, err := e.Ship(t.Context(), patient(good))
		done <- end{out, err}
	}()
	select {
	case got := <-done:
		var silent *release.NoAnswerError
		var stopped *release.InterruptedError
		if !errors.As(got.err, &silent) || !errors.As(got.err, &stopped) || silent.Within != 300*time.Millisecond {
			t.Fatalf("%s, %v", got.out.Result, got.err)
		}
		if _, detail := release.Explain(got.err, key, good); !strings.Contains(strings.Join(strings.Fields(detail), " "), "the ledger gave no answer within 300ms, so nobody knows whether it took what was sent") {
			t.Errorf("what is said: %s", detail)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("it waits for its ledger, and nobody looks")
	}
}

// A gate that asks such a ledger does not pass.
func TestAGateThatGetsNoAnswerDoesNotPass(t *testing.T) {
	w := upgrade(t)
	e := w.engine("apply", nil)
	e.CallTimeout = 20 * time.Millisecond
	e.Gates = []gate.Gate{silentGate{}}
	out, err := e.Ship(t.Context(), request(good))
	var blocked *release.BlockedError
	if !errors.As(err, &blocked) || out.Result != release.Unchanged {
		t.Errorf("%s, %v", out.Result, err)
	}
}

// silentGate waits for as long as it may.
type silentGate struct{}

func (silentGate) Name() string { return "silent" }

func (silentGate) Check(ctx context.Context, _ gate.Subject, _ time.Time) gate.Result {
	<-ctx.Done()
	return gate.Result{Gate: "silent", Status: gate.Unknown, Reason: ctx.Err().Error()}
}
