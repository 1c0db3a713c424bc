package history_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// flaw is one way in which a ledger can be wrong.
type flaw string

const (
	none               flaw = "none"
	losesRecords       flaw = "loses what it acknowledged"
	forgetsLater       flaw = "loses its last record when another comes"
	doubles            flaw = "keeps a repeated append twice"
	reorders           flaw = "puts a record before the one that was there"
	readsStale         flaw = "answers reads with what was"
	readsUncommitted   flaw = "shows what it then refuses"
	ignoresFences      flaw = "takes appends under a fence that has gone"
	fencesWrongly      flaw = "refuses appends under the fence that holds"
	conflictsWrongly   flaw = "says that a stream ends elsewhere"
	writesWhatRefused  flaw = "writes what it says it refused"
	takesUsedIDs       flaw = "takes an id a second time with other content"
	losesLeases        flaw = "loses a lease that it granted"
	grantsTwice        flaw = "grants a lease to two"
	looksStale         flaw = "shows leases as they were"
	commitsMuchLater   flaw = "has a record visible only some calls after its acknowledgement"
	otherContent       flaw = "stores other content than it was given"
	anotherStreamsTurn flaw = "appends to another stream"
)

// flawed is a small ledger that is right but for its flaw, each few calls. It also
// loses replies, which is no flaw.
type flawed struct {
	ledger.Ledger
	flaw  flaw
	every int

	mu      sync.Mutex
	n       int
	streams map[string][]ledger.Record
	leases  map[string]ledger.Lease
	before  map[string]ledger.Lease
	late    []func()
}

var errLost = errors.New("the connection was cut")

func newFlawed(f flaw) *flawed {
	return &flawed{flaw: f, every: 4, streams: map[string][]ledger.Record{}, leases: map[string]ledger.Lease{}, before: map[string]ledger.Lease{}}
}

// begin says whether the flaw shows in this call, and whether its reply is lost.
func (l *flawed) begin() (wrong func(flaw) bool, lost bool) {
	l.n++
	if l.n%7 == 0 {
		for _, f := range l.late {
			f()
		}
		l.late = nil
	}
	now := l.n%l.every == 0
	return func(f flaw) bool { return now && l.flaw == f }, l.n%11 == 0
}

func (l *flawed) Append(_ context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wrong, lost := l.begin()
	if wrong(otherContent) {
		e.Body = []byte(`{}`)
	}
	r, err := l.append(wrong, stream, after, e)
	if lost {
		return ledger.Record{}, errLost
	}
	return r, err
}

func (l *flawed) append(wrong func(flaw) bool, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	if wrong(anotherStreamsTurn) {
		stream = "release/0/eu"
	}
	records := l.streams[stream]
	last := uint64(len(records))
	if i := slices.IndexFunc(records, func(r ledger.Record) bool { return r.ID == e.ID }); i >= 0 {
		same := ledger.Same(records[i], e)
		switch {
		case same && l.flaw == doubles, !same && l.flaw == takesUsedIDs:
			return l.put(stream, last, e), nil
		case same:
			return records[i], nil
		}
		return ledger.Record{}, &ledger.ConflictError{Stream: stream, After: after, Last: last, Reused: true}
	}
	if wrong(conflictsWrongly) {
		return ledger.Record{}, &ledger.ConflictError{Stream: stream, After: after, Last: last + 1}
	}
	if last != after {
		return ledger.Record{}, &ledger.ConflictError{Stream: stream, After: after, Last: last}
	}
	lease := l.lease(e.Lease)
	stale := e.Lease != "" && lease.Fence != e.Fence
	if stale && l.flaw != ignoresFences || !stale && e.Lease != "" && wrong(fencesWrongly) {
		return ledger.Record{}, &ledger.FencedError{Lease: lease, Fence: e.Fence}
	}
	switch {
	case wrong(losesRecords):
		return ledger.Seal(stream, last+1, hashOf(records), e), nil
	case wrong(commitsMuchLater):
		r := ledger.Seal(stream, last+1, hashOf(records), e)
		l.late = append(l.late, func() {
			if len(l.streams[stream]) == int(last) {
				l.streams[stream] = append(l.streams[stream], r)
			}
		})
		return r, nil
	case wrong(forgetsLater) && last > 0:
		l.streams[stream] = records[:last-1]
		return l.put(stream, last-1, e), nil
	}
	r := l.put(stream, last, e)
	switch {
	case wrong(writesWhatRefused):
		return ledger.Record{}, ledger.ErrBusy
	case wrong(readsUncommitted):
		l.late = append(l.late, func() { l.streams[stream] = records })
		return ledger.Record{}, ledger.ErrBusy
	case wrong(reorders) && last > 0:
		l.reorder(stream)
	}
	return r, nil
}

func hashOf(records []ledger.Record) string {
	if len(records) == 0 {
		return ledger.ZeroHash
	}
	return records[len(records)-1].Hash
}

func (l *flawed) put(stream string, after uint64, e ledger.Entry) ledger.Record {
	r := ledger.Seal(stream, after+1, hashOf(l.streams[stream]), e)
	l.streams[stream] = append(slices.Clone(l.streams[stream]), r)
	return r
}

// reorder swaps the last two records and makes a whole chain of them.
func (l *flawed) reorder(stream string) {
	records := slices.Clone(l.streams[stream])
	n := len(records)
	records[n-2], records[n-1] = records[n-1], records[n-2]
	prev := hashOf(records[:n-2])
	for i := n - 2; i < n; i++ {
		records[i].Seq, records[i].Prev = uint64(i+1), prev
		records[i].Hash = ledger.HashOf(records[i])
		prev = records[i].Hash
	}
	l.streams[stream] = records
}

func (l *flawed) Read(_ context.Context, stream string, from uint64) ([]ledger.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	wrong, _ := l.begin()
	records := l.streams[stream]
	if wrong(readsStale) && len(records) > 0 {
		records = records[:len(records)-1]
	}
	from = max(from, 1)
	if from > uint64(len(records)) {
		return nil, nil
	}
	return slices.Clone(records[from-1:]), nil
}

func (l *flawed) lease(name string) ledger.Lease {
	if lease, ok := l.leases[name]; ok {
		return lease
	}
	return ledger.Lease{Name: name}
}

func (l *flawed) Lease(_ context.Context, name string) (ledger.Lease, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if was, ok := l.before[name]; ok && l.flaw == looksStale {
		return was, nil
	}
	return l.lease(name), nil
}

func (l *flawed) SwapLease(_ context.Context, current, next ledger.Lease) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	wrong, lost := l.begin()
	now := l.lease(next.Name)
	switch {
	case now != current && l.flaw != grantsTwice:
		return &ledger.LeaseConflictError{Lease: now}
	case wrong(losesLeases):
		return nil
	}
	l.before[next.Name], l.leases[next.Name] = now, next
	if lost {
		return errLost
	}
	return nil
}
