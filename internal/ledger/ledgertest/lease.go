package ledgertest

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func lease(holder string, fence, beat uint64) ledger.Lease {
	return ledger.Lease{Name: stream, Holder: holder, Fence: fence, Beat: beat, TTL: 30 * time.Second}
}

func (s *suite) swap(current, next ledger.Lease) {
	s.Helper()
	s.ok("SwapLease", s.l.SwapLease(s.Context(), current, next))
}

func (s *suite) lease(name string) ledger.Lease {
	s.Helper()
	got, err := s.l.Lease(s.Context(), name)
	s.ok("Lease", err)
	return got
}

var leaseTests = []test{
	{"nobody has taken it", func(s *suite) {
		if got := s.lease(stream); got != (ledger.Lease{Name: stream}) {
			s.Errorf("got %+v", got)
		}
	}},
	{"taking, renewing and giving back", func(s *suite) {
		steps := []ledger.Lease{{Name: stream}, lease("a", 1, 1), lease("a", 1, 2), {Name: stream, Fence: 1, Beat: 3}, lease("ü 日本", 2, 4), lease("b", math.MaxUint64, math.MaxUint64)}
		for i := 1; i < len(steps); i++ {
			s.swap(steps[i-1], steps[i])
			if got := s.lease(stream); got != steps[i] {
				s.Errorf("step %d: got %+v, want %+v", i, got, steps[i])
			}
		}
		if got := s.lease("other"); got.Fence != 0 {
			s.Errorf("another lease changed: %+v", got)
		}
	}},
	{"listing those that are held", func(s *suite) {
		lister, ok := s.l.(ledger.LeaseLister)
		if !ok {
			return
		}
		for _, name := range []string{"x/a", "x/b", "x/ü", "y"} {
			s.swap(ledger.Lease{Name: name}, ledger.Lease{Name: name, Holder: "h", Fence: 1, Beat: 1, TTL: time.Second})
		}
		s.swap(ledger.Lease{Name: "x/a", Holder: "h", Fence: 1, Beat: 1, TTL: time.Second}, ledger.Lease{Name: "x/a", Fence: 1, Beat: 2})
		got, err := lister.Leases(s.Context(), "x/")
		s.ok("Leases", err)
		slices.SortFunc(got, func(a, b ledger.Lease) int { return strings.Compare(a.Name, b.Name) })
		if len(got) != 2 || got[0] != (ledger.Lease{Name: "x/b", Holder: "h", Fence: 1, Beat: 1, TTL: time.Second}) || got[1].Name != "x/ü" {
			s.Errorf("got %+v", got)
		}
	}},
	{"reading those of a prefix, held or not", func(s *suite) {
		reader, ok := s.l.(ledger.LeaseReader)
		if !ok {
			return
		}
		for _, name := range []string{"x/a", "x/b/" + strings.Repeat("é", 150), "x0", "w"} {
			s.swap(ledger.Lease{Name: name}, ledger.Lease{Name: name, Beat: 7})
		}
		s.swap(ledger.Lease{Name: "x/a", Beat: 7}, ledger.Lease{Name: "x/a", Holder: "h", Fence: 1, Beat: 8, TTL: time.Second})
		got, err := reader.EveryLease(s.Context(), "x/")
		s.ok("EveryLease", err)
		slices.SortFunc(got, func(a, b ledger.Lease) int { return strings.Compare(a.Name, b.Name) })
		if len(got) != 2 || got[0] != (ledger.Lease{Name: "x/a", Holder: "h", Fence: 1, Beat: 8, TTL: time.Second}) || got[1] != (ledger.Lease{Name: "x/b/" + strings.Repeat("é", 150), Beat: 7}) {
			s.Errorf("got %+v", got)
		}
		if all, err := reader.EveryLease(s.Context(), ""); err != nil || len(all) != 4 {
			s.Errorf("%v: of all, got %+v", err, all)
		}
	}},
	{"a swap of what it is not changes nothing", func(s *suite) {
		now := lease("a", 3, 7)
		s.swap(ledger.Lease{Name: stream}, now)
		for what, stale := range map[string]ledger.Lease{
			"never taken": {Name: stream}, "holder": lease("b", 3, 7), "fence": lease("a", 2, 7), "beat": lease("a", 3, 6),
			"term": {Name: stream, Holder: "a", Fence: 3, Beat: 7, TTL: time.Second},
		} {
			err := s.l.SwapLease(s.Context(), stale, lease("c", 4, 8))
			if c := as[*ledger.LeaseConflictError](s, what, err); c.Lease != now {
				s.Errorf("%s: the error says %+v, want %+v", what, c.Lease, now)
			}
		}
		if got := s.lease(stream); got != now {
			s.Errorf("got %+v, want %+v", got, now)
		}
	}},
	{"a fence never shrinks", func(s *suite) {
		s.swap(ledger.Lease{Name: stream}, lease("a", 3, 1))
		s.is("swap", s.l.SwapLease(s.Context(), lease("a", 3, 1), lease("b", 2, 2)), ledger.ErrInvalid)
		s.is("swap of another name", s.l.SwapLease(s.Context(), ledger.Lease{Name: "x"}, lease("b", 4, 2)), ledger.ErrInvalid)
	}},
	{"an append with the lease's fence passes, with another's it does not", func(s *suite) {
		held := lease("a", 1, 1)
		s.swap(ledger.Lease{Name: stream}, held)
		e := entry(1)
		e.Lease, e.Fence = stream, 1
		if r := s.append(stream, 0, e); r.Fence != 1 {
			s.Errorf("the record has fence %d", r.Fence)
		}
		taken := lease("b", 2, 2)
		s.swap(held, taken)

		// The append that went through is still known when it is repeated.
		s.append(stream, 0, e)
		s.append(stream, 1, e)

		late := entry(2)
		late.Lease, late.Fence = stream, 1
		_, err := s.l.Append(s.Context(), stream, 1, late)
		if f := as[*ledger.FencedError](s, "append", err); f.Lease != taken || f.Fence != 1 {
			s.Errorf("got %+v", f)
		}
		early := entry(3)
		early.Lease, early.Fence = stream, 3
		_, err = s.l.Append(s.Context(), stream, 1, early)
		_ = as[*ledger.FencedError](s, "a fence from the future", err)

		elsewhere := entry(4)
		elsewhere.Lease, elsewhere.Fence = "nobody took this", 1
		_, err = s.l.Append(s.Context(), stream, 1, elsewhere)
		_ = as[*ledger.FencedError](s, "a lease that nobody took", err)

		// An abort names no lease and needs none.
		s.append(stream, 1, entry(5))
		if got := s.read(stream, 1); len(got) != 2 {
			s.Errorf("the stream has %d records, want 2", len(got))
		}
	}},
	{"of many who want it one gets it", func(s *suite) {
		var won atomic.Int64
		var wg sync.WaitGroup
		for i := range 8 {
			h := s.opts.Reopen(s.T, s.l)
			wg.Go(func() {
				err := h.SwapLease(s.Context(), ledger.Lease{Name: stream}, lease(string(rune('a'+i)), 1, 1))
				var conflict *ledger.LeaseConflictError
				switch {
				case err == nil:
					won.Add(1)
				case !errors.As(err, &conflict):
					s.Errorf("swap: %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			s.Errorf("%d won", won.Load())
		}
	}},
	{"fenced appends and a change of hands leave no gap", func(s *suite) {
		// A holder appends as fast as it can while another takes the lease: no record
		// of the first may follow one of the second.
		first, second := lease("a", 1, 1), lease("b", 2, 2)
		s.swap(ledger.Lease{Name: stream}, first)
		other := s.opts.Reopen(s.T, s.l)
		started, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for n := uint64(0); ; n++ {
				e := entry(int(n + 1))
				e.Lease, e.Fence, e.Body = stream, 1, json.RawMessage(`{"by":"a"}`)
				if _, err := s.l.Append(s.Context(), stream, n, e); err != nil {
					return
				}
				if n == 3 {
					close(started)
				}
			}
		}()
		<-started
		s.ok("taking over", other.SwapLease(s.Context(), first, second))
		before, err := other.Read(s.Context(), stream, 1)
		s.ok("read", err)
		<-done
		s.same("what the former holder wrote", before, s.read(stream, 1))
	}},
}
