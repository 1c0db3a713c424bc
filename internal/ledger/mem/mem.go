// Package mem keeps a ledger in memory, for simulations and tests. It obeys the
// same contract as the others except that it dies with the process, and lets a
// test fail any call before or after its effect.
package mem

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Phase says where in a call a fault strikes.
type Phase string

// A fault before a call means that it has no effect; one after it, that it had
// its effect and the reply is lost.
const (
	Before Phase = "before"
	After  Phase = "after"
)

// Ledger is one handle on a ledger in memory. It implements ledger.Ledger.
type Ledger struct {
	// Fault, if set, is asked before and after each call: "id", "append", "read",
	// "heads", "query", "lease", "swap_lease". An error that it returns is what the
	// call returns. It is set before the handle is used by several goroutines, and
	// runs outside the store's lock, so it may use other handles.
	Fault func(op string, phase Phase) error

	store *store
}

var (
	_ ledger.Ledger    = (*Ledger)(nil)
	_ ledger.Inspector = (*Ledger)(nil)
)

// store is what handles share.
type store struct {
	mu      sync.Mutex
	id      string
	streams map[string][]ledger.Record
	leases  map[string]ledger.Lease
}

// New returns a handle on a new ledger, created at the given instant.
func New(at time.Time) *Ledger {
	s := &store{id: uuid.NewString(), streams: map[string][]ledger.Record{}, leases: map[string]ledger.Lease{}}
	l := &Ledger{store: s}
	entry, err := ledger.FirstEntry(s.id, at)
	if err == nil {
		_, err = l.Append(context.Background(), ledger.LedgerStream, 0, entry)
	}
	if err != nil {
		// An instant outside the years 1 to 9999 is a mistake in the test.
		panic(err)
	}
	return l
}

// Handle returns another handle on the same ledger, as another process would
// have, without a Fault.
func (l *Ledger) Handle() *Ledger { return &Ledger{store: l.store} }

// Tamper changes a record in place, as somebody with an editor would. It says
// whether the record is there.
func (l *Ledger) Tamper(stream string, seq uint64, change func(*ledger.Record)) bool {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	for i := range l.store.streams[stream] {
		if r := &l.store.streams[stream][i]; r.Seq == seq {
			change(r)
			return true
		}
	}
	return false
}

// Cut takes the records of a stream after the number last away, without a trace.
func (l *Ledger) Cut(stream string, last uint64) {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	records := l.store.streams[stream]
	l.store.streams[stream] = records[:min(uint64(len(records)), last)]
}

// Remove takes one record out of a stream and leaves a gap.
func (l *Ledger) Remove(stream string, seq uint64) {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	l.store.streams[stream] = slices.DeleteFunc(l.store.streams[stream], func(r ledger.Record) bool { return r.Seq == seq })
}

// call runs do under the lock, between the faults.
func (l *Ledger) call(ctx context.Context, op string, do func(*store) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if l.Fault != nil {
		if err := l.Fault(op, Before); err != nil {
			return err
		}
	}
	l.store.mu.Lock()
	err := do(l.store)
	l.store.mu.Unlock()
	if err == nil && l.Fault != nil {
		err = l.Fault(op, After)
	}
	return err
}

// ID implements ledger.Ledger.
func (l *Ledger) ID(ctx context.Context) (id string, err error) {
	err = l.call(ctx, "id", func(s *store) error { id = s.id; return nil })
	return id, err
}

// Append implements ledger.Ledger.
func (l *Ledger) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	if err := errors.Join(ledger.ValidateName(stream), entry.Validate()); err != nil {
		return ledger.Record{}, err
	}
	var r ledger.Record
	err := l.call(ctx, "append", func(s *store) (err error) {
		r, err = s.append(stream, after, entry)
		return err
	})
	if err != nil {
		return ledger.Record{}, err
	}
	return clone(r), nil
}

func (s *store) append(stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	records := s.streams[stream]
	var at ledger.Standing
	prev := ledger.ZeroHash
	if n := len(records); n > 0 {
		at.Last, at.Seq = &records[n-1], records[n-1].Seq
		prev = at.Last.Hash
	}
	if i := slices.IndexFunc(records, func(r ledger.Record) bool { return r.ID == entry.ID }); i >= 0 {
		at.There = &records[i]
	}
	repeated, err := ledger.Judge(stream, after, entry, at)
	switch {
	case err != nil:
		return ledger.Record{}, err
	case repeated:
		return *at.There, nil
	}
	if lease := s.lease(entry.Lease); entry.Lease != "" && lease.Fence != entry.Fence {
		return ledger.Record{}, &ledger.FencedError{Lease: lease, Fence: entry.Fence}
	}
	r := clone(ledger.Seal(stream, after+1, prev, entry))
	s.streams[stream] = append(records, r)
	return r, nil
}

// Read implements ledger.Ledger.
func (l *Ledger) Read(ctx context.Context, stream string, from uint64) (out []ledger.Record, err error) {
	err = l.call(ctx, "read", func(s *store) error {
		from, out = max(from, 1), nil
		// The record before the first wanted one is read too, for the link between.
		start := max(from-1, 1)
		prev := ledger.Record{Stream: stream, Hash: ledger.ZeroHash}
		for _, r := range s.streams[stream] {
			if r.Seq < start {
				continue
			}
			if prev.Seq == 0 && start > 1 {
				// What stands before this one is not looked at: take its word.
				prev.Seq, prev.Hash = start-1, r.Prev
			}
			if err := ledger.Check(&prev, r); err != nil {
				return err
			}
			prev = r
			if r.Seq >= from {
				out = append(out, clone(r))
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Heads implements ledger.Ledger.
func (l *Ledger) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	return l.collect(ctx, "heads", func(s *store) []ledger.Record {
		var out []ledger.Record
		for name, records := range s.streams {
			if len(records) > 0 && strings.HasPrefix(name, prefix) {
				out = append(out, records[len(records)-1])
			}
		}
		slices.SortFunc(out, func(a, b ledger.Record) int { return cmp.Compare(a.Stream, b.Stream) })
		return out
	})
}

// Query implements ledger.Ledger.
func (l *Ledger) Query(ctx context.Context, f ledger.Filter) ([]ledger.Record, error) {
	return l.collect(ctx, "query", func(s *store) []ledger.Record {
		var out []ledger.Record
		for _, records := range s.streams {
			for _, r := range records {
				if matches(f, r) {
					out = append(out, r)
				}
			}
		}
		slices.SortFunc(out, func(a, b ledger.Record) int {
			return -cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Stream, b.Stream), cmp.Compare(a.Seq, b.Seq))
		})
		if f.Limit > 0 && len(out) > f.Limit {
			out = out[:f.Limit]
		}
		return out
	})
}

func matches(f ledger.Filter, r ledger.Record) bool {
	return strings.HasPrefix(r.Stream, f.StreamPrefix) &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, r.Kind)) &&
		(f.Service == "" || f.Service == r.Service) &&
		(f.Environment == "" || f.Environment == r.Environment) &&
		(f.Since.IsZero() || !r.At.Before(f.Since)) &&
		(f.Until.IsZero() || r.At.Before(f.Until))
}

// collect returns copies of the records that pick selects, each checked alone.
func (l *Ledger) collect(ctx context.Context, op string, pick func(*store) []ledger.Record) ([]ledger.Record, error) {
	var out []ledger.Record
	err := l.call(ctx, op, func(s *store) error {
		for _, r := range pick(s) {
			if err := ledger.CheckHash(r); err != nil {
				return err
			}
			out = append(out, clone(r))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return out, nil
}

// Lease implements ledger.Ledger.
func (l *Ledger) Lease(ctx context.Context, name string) (lease ledger.Lease, err error) {
	if err := ledger.ValidateName(name); err != nil {
		return ledger.Lease{}, err
	}
	err = l.call(ctx, "lease", func(s *store) error { lease = s.lease(name); return nil })
	return lease, err
}

// Leases implements ledger.LeaseLister.
func (l *Ledger) Leases(ctx context.Context, prefix string) (held []ledger.Lease, err error) {
	all, err := l.EveryLease(ctx, prefix)
	return slices.DeleteFunc(all, func(lease ledger.Lease) bool { return lease.Holder == "" }), err
}

// EveryLease implements ledger.LeaseReader.
func (l *Ledger) EveryLease(ctx context.Context, prefix string) (all []ledger.Lease, err error) {
	err = l.call(ctx, "lease", func(s *store) error {
		for name, lease := range s.leases {
			if strings.HasPrefix(name, prefix) {
				all = append(all, lease)
			}
		}
		return nil
	})
	return all, err
}

func (s *store) lease(name string) ledger.Lease {
	if lease, ok := s.leases[name]; ok {
		return lease
	}
	return ledger.Lease{Name: name}
}

// SwapLease implements ledger.Ledger.
func (l *Ledger) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	if err := ledger.ValidateSwap(current, next); err != nil {
		return err
	}
	return l.call(ctx, "swap_lease", func(s *store) error {
		if now := s.lease(next.Name); now != current {
			return &ledger.LeaseConflictError{Lease: now}
		}
		s.leases[next.Name] = next
		return nil
	})
}

// Inspect implements ledger.Inspector. There is nothing below the records.
func (l *Ledger) Inspect(ctx context.Context) ([]*ledger.CorruptError, error) { return nil, ctx.Err() }

// Streams implements ledger.Inspector.
func (l *Ledger) Streams(ctx context.Context) ([]string, error) {
	l.store.mu.Lock()
	defer l.store.mu.Unlock()
	return slices.Sorted(maps.Keys(l.store.streams)), ctx.Err()
}

// Close implements ledger.Ledger. The ledger lives on in its other handles.
func (l *Ledger) Close() error { return nil }

// clone keeps callers' hands off the stored bytes.
func clone(r ledger.Record) ledger.Record {
	r.Body = slices.Clone(r.Body)
	return r
}
