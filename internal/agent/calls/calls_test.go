package calls_test

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/calls"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

func entry(id string) ledger.Entry {
	return ledger.Entry{ID: id, Kind: "x.y", At: time.Unix(1, 0), Actor: "a", Body: json.RawMessage(`{}`)}
}

// slow is a ledger whose reads wait at a gate.
type slow struct {
	*mem.Ledger
	gate  chan struct{}
	heads atomic.Int64
}

func (s *slow) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	s.heads.Add(1)
	records, err := s.Ledger.Heads(ctx, prefix)
	<-s.gate
	return records, err
}

func TestEqualReadsAreOneAndNobodyGetsAnOldAnswer(t *testing.T) {
	t.Parallel()
	l := &slow{Ledger: mem.New(time.Unix(1, 0)), gate: make(chan struct{})}
	j := calls.Join(l)
	var first, later sync.WaitGroup
	first.Go(func() {
		if records, err := j.Heads(t.Context(), "object/"); err != nil || len(records) != 0 {
			t.Errorf("%d records, %v", len(records), err)
		}
	})
	for l.heads.Load() != 1 {
		_ = clock.System{}.Sleep(t.Context(), time.Millisecond)
	}
	// The read under way has seen nothing; what is written now must be in the next.
	if _, err := l.Append(t.Context(), "object/hold/x", 0, entry("1")); err != nil {
		t.Fatal(err)
	}
	const asking = 20
	var asked atomic.Int64
	for range asking {
		later.Go(func() {
			asked.Add(1)
			if records, err := j.Heads(t.Context(), "object/"); err != nil || len(records) != 1 {
				t.Errorf("%d records, %v: an answer from before the question", len(records), err)
			}
		})
	}
	for asked.Load() != asking {
		_ = clock.System{}.Sleep(t.Context(), time.Millisecond)
	}
	l.gate <- struct{}{}
	first.Wait()
	close(l.gate)
	later.Wait()
	if n := l.heads.Load(); n > 3 {
		t.Errorf("%d reads for %d questions", n, asking+1)
	}
}

// A thousand that ask a ledger above at a thousand instants are a few reads, and each is
// answered by one that began after its question.
func TestReadsArePacedWithoutAnOldAnswer(t *testing.T) {
	t.Parallel()
	const every, asking = 50 * time.Millisecond, 1000
	l := &slow{Ledger: mem.New(time.Unix(1, 0)), gate: make(chan struct{})}
	close(l.gate)
	j := calls.Pace(l, clock.System{}, every)
	begun := clock.System{}.Now()
	var all sync.WaitGroup
	for n := range asking {
		if n%10 == 0 {
			_ = clock.System{}.Sleep(t.Context(), time.Millisecond)
		}
		if n == asking/2 {
			if _, err := l.Append(t.Context(), "object/hold/x", 0, entry("1")); err != nil {
				t.Fatal(err)
			}
		}
		all.Go(func() {
			records, err := j.Heads(t.Context(), "object/")
			if err != nil || n >= asking/2 && len(records) != 1 {
				t.Errorf("question %d: %d records, %v", n, len(records), err)
			}
		})
	}
	all.Wait()
	if most := int64(clock.System{}.Now().Sub(begun)/every) + 2; l.heads.Load() > most {
		t.Errorf("%d reads for %d questions, at most %d wanted", l.heads.Load(), asking, most)
	}
}

func TestWhoGivesUpTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	l := &slow{Ledger: mem.New(time.Unix(1, 0)), gate: make(chan struct{})}
	j := calls.Join(l)
	ctx, cancel := context.WithCancel(t.Context())
	var gone, stays sync.WaitGroup
	gone.Go(func() {
		if _, err := j.Heads(ctx, "object/"); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	for l.heads.Load() != 1 {
		_ = clock.System{}.Sleep(t.Context(), time.Millisecond)
	}
	stays.Go(func() {
		if _, err := j.Heads(t.Context(), "object/"); err != nil {
			t.Error(err)
		}
	})
	cancel()
	gone.Wait()
	close(l.gate)
	stays.Wait()
}

func TestEachCallIsMeasuredAndALostRaceIsNoFailure(t *testing.T) {
	t.Parallel()
	inner := mem.New(time.Unix(1, 0))
	ops, failures := map[string]int{}, map[string]int{}
	m := calls.Join(calls.Measure(inner, clock.NewFake(time.Unix(1, 0)), func(op string, _ time.Duration, failed bool) {
		ops[op]++
		if failed {
			failures[op]++
		}
	}))
	ctx := t.Context()
	_, err := m.Append(ctx, "s", 0, entry("1"))
	_, conflict := m.Append(ctx, "s", 0, entry("2"))
	_, read := m.Read(ctx, "s", 1)
	_, heads := m.Heads(ctx, "s")
	_, query := m.Query(ctx, ledger.Filter{})
	_, lease := m.Lease(ctx, "l")
	swap := m.SwapLease(ctx, ledger.Lease{Name: "l"}, ledger.Lease{Name: "l", Holder: "h", Fence: 1, TTL: time.Second})
	free := m.SwapLease(ctx, ledger.Lease{Name: "f"}, ledger.Lease{Name: "f", Beat: 1})
	leases, listed := ledger.Leases(ctx, m, "")
	every, all := ledger.EveryLease(ctx, m, "")
	if err := errors.Join(err, read, heads, query, lease, swap, free, listed, all); err != nil || conflict == nil || len(leases) != 1 || len(every) != 2 {
		t.Fatalf("%v, %v, %v, %v", err, conflict, leases, every)
	}
	for _, op := range []string{"append", "read", "heads", "query", "lease", "swap_lease", "leases"} {
		if ops[op] == 0 || failures[op] != 0 {
			t.Errorf("%s: %d calls, %d failures", op, ops[op], failures[op])
		}
	}
	inner.Fault = func(string, mem.Phase) error { return errors.New("away") }
	if _, err := m.Read(ctx, "s", 1); err == nil || failures["read"] != 1 {
		t.Errorf("%v, %d failures", err, failures["read"])
	}
}
