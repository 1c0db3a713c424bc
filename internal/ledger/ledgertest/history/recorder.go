package history

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Recorder is a ledger that writes down what it is asked and what it answers. It is as
// safe for concurrent use as Note is. The stream ledger.LedgerStream is not recorded,
// since its history begins before any recording.
type Recorder struct {
	ledger.Ledger
	// Client names this handle and no other of the same history.
	Client string
	// Now gives instants on a clock that all clients share and that never goes back.
	Now func() int64
	// Note takes the lines, each call's before the call is made.
	Note func(Line)

	n atomic.Int64
}

// record notes a call, makes it, and notes its reply unless that leaves the outcome
// open.
func (r *Recorder) record(c Call, do func() *Reply) {
	n := r.n.Add(1)
	r.Note(Line{Client: r.Client, N: n, At: r.Now(), Call: &c})
	if reply := do(); reply != nil {
		r.Note(Line{Client: r.Client, N: n, At: r.Now(), Reply: reply})
	}
}

// Append implements ledger.Ledger.
func (r *Recorder) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (rec ledger.Record, err error) {
	if stream == ledger.LedgerStream {
		return r.Ledger.Append(ctx, stream, after, entry)
	}
	r.record(Call{Verb: Append, Stream: stream, After: after, Entry: &entry}, func() *Reply {
		rec, err = r.Ledger.Append(ctx, stream, after, entry)
		if err != nil {
			return refusal(err)
		}
		if bad := ledger.CheckHash(rec); bad != nil || rec.Stream != stream || rec.ID != entry.ID {
			return &Reply{Kind: Broken, Says: "the record returned is not the one that was appended"}
		}
		return &Reply{Kind: OK, Seq: rec.Seq, Hash: rec.Hash}
	})
	return rec, err
}

// Read implements ledger.Ledger.
func (r *Recorder) Read(ctx context.Context, stream string, from uint64) (records []ledger.Record, err error) {
	if stream == ledger.LedgerStream {
		return r.Ledger.Read(ctx, stream, from)
	}
	r.record(Call{Verb: Read, Stream: stream, From: max(from, 1)}, func() *Reply {
		records, err = r.Ledger.Read(ctx, stream, from)
		if err != nil {
			return known(refusal(err), err)
		}
		return readReply(stream, max(from, 1), records)
	})
	return records, err
}

// readReply holds records against their own hashes and links, so that nothing is
// believed which the driver should have noticed.
func readReply(stream string, from uint64, records []ledger.Record) *Reply {
	reply := &Reply{Kind: OK}
	prev := &ledger.Record{Stream: stream, Seq: from - 1}
	for i, rec := range records {
		if i == 0 {
			prev.Hash = rec.Prev
			if from == 1 {
				prev = nil
			}
		}
		if err := ledger.Check(prev, rec); err != nil {
			return &Reply{Kind: Broken, Says: err.Error()}
		}
		prev = &records[i]
		reply.Seq, reply.Hash = rec.Seq, rec.Hash
		reply.IDs = append(reply.IDs, rec.ID)
	}
	return reply
}

// Lease implements ledger.Ledger.
func (r *Recorder) Lease(ctx context.Context, name string) (l ledger.Lease, err error) {
	r.record(Call{Verb: Look, Lease: name}, func() *Reply {
		l, err = r.Ledger.Lease(ctx, name)
		if err != nil {
			return known(refusal(err), err)
		}
		return &Reply{Kind: OK, Lease: l}
	})
	return l, err
}

// SwapLease implements ledger.Ledger.
func (r *Recorder) SwapLease(ctx context.Context, current, next ledger.Lease) (err error) {
	r.record(Call{Verb: Swap, Current: current, Next: next}, func() *Reply {
		if err = r.Ledger.SwapLease(ctx, current, next); err != nil {
			return refusal(err)
		}
		return &Reply{Kind: OK}
	})
	return err
}

// refusal is the reply that an error is, nil where it leaves the outcome open: the
// port says that every error it does not name does.
func refusal(err error) *Reply {
	var (
		conflict *ledger.ConflictError
		fenced   *ledger.FencedError
		moved    *ledger.LeaseConflictError
		corrupt  *ledger.CorruptError
	)
	says := err.Error()
	switch {
	case errors.As(err, &conflict) && conflict.Reused:
		return &Reply{Kind: Reused, Says: says}
	case errors.As(err, &conflict):
		return &Reply{Kind: Conflict, Last: conflict.Last, Says: says}
	case errors.As(err, &fenced):
		return &Reply{Kind: Fenced, Lease: fenced.Lease, Says: says}
	case errors.As(err, &moved):
		return &Reply{Kind: Moved, Lease: moved.Lease, Says: says}
	case errors.As(err, &corrupt):
		return &Reply{Kind: Broken, Says: says}
	}
	for _, nothing := range []error{
		ledger.ErrInvalid, ledger.ErrBusy, ledger.ErrFull, ledger.ErrReadOnly, ledger.ErrMissing, ledger.ErrNewer, ledger.ErrForeign,
	} {
		if errors.Is(err, nothing) {
			return &Reply{Kind: Refused, Says: says}
		}
	}
	return nil
}

// known is for calls that change nothing: no error leaves anything open.
func known(r *Reply, err error) *Reply {
	if r == nil {
		return &Reply{Kind: Refused, Says: err.Error()}
	}
	return r
}
