package s3

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// How a fence is checked atomically with an append, though a store checks no two
// objects at once: a stream's head holds the fence of each lease under which it was
// appended to, and the head is what the append's condition is about. Therefore
//
//   - the first append to a stream under a lease enters the stream into the lease's
//     guards before it writes the head (guard);
//   - a change of fence marks the lease as moving, in the write that changes it, then
//     puts the new fence into the head of each guarded stream, and takes the mark away
//     (settle). Each such head has another ETag then, so an append that was judged
//     before fails, and one that is judged after finds the new fence;
//   - whoever reads a lease that is moving finishes that first, before it answers
//     anything. So a process that dies in the middle leaves nothing undecided.

// maxGuards is how many streams a lease goes on guarding when its fence changes. With
// more, their heads forget the lease, and are entered again when they are appended to:
// so a change of fence costs what was used since the last one, not ever.
const maxGuards = 16

// guard says whether an entry's fence is its lease's, and has the lease guard the
// stream. Nothing is asked where the head holds the fence already.
func (l *Ledger) guard(ctx context.Context, h *head, entry ledger.Entry) error {
	if h.Fences[entry.Lease] == entry.Fence {
		return nil
	}
	for range appendTries {
		d, err := l.settled(ctx, entry.Lease)
		switch {
		case err != nil:
			return err
		case d.Lease.Fence != entry.Fence || h.Fences[entry.Lease] > entry.Fence:
			return &ledger.FencedError{Lease: d.Lease, Fence: entry.Fence}
		case slices.Contains(d.Guards, h.Stream):
			return nil
		}
		next := d.with(nonce(), d.Lease)
		next.Guards = append(slices.Clip(d.Guards), h.Stream)
		if err := l.putLease(ctx, d, next); !errors.Is(err, errCondition) {
			return err
		}
	}
	return fmt.Errorf("%s: %w: the lease %s was written by others each time", l.place, ledger.ErrBusy, entry.Lease)
}

// settled reads a lease and brings it to rest.
func (l *Ledger) settled(ctx context.Context, name string) (*leaseDoc, error) {
	d, err := l.loadLease(ctx, name)
	if err != nil || !d.Moving {
		return d, err
	}
	return l.settle(ctx, d)
}

// settle brings the fence of a moving lease to the streams that it guards. Any number
// may do it at once. It returns the lease at rest.
func (l *Ledger) settle(ctx context.Context, d *leaseDoc) (*leaseDoc, error) {
	for range appendTries {
		if !d.Moving {
			return d, nil
		}
		keep := len(d.Guards) <= maxGuards
		all, each := errgroup.WithContext(ctx)
		all.SetLimit(fetchers)
		for _, stream := range d.Guards {
			all.Go(func() error { return l.bar(each, stream, d.Lease, keep) })
		}
		if err := all.Wait(); err != nil {
			return nil, err
		}
		next := d.with(nonce(), d.Lease)
		next.Moving = false
		if !keep {
			next.Guards = nil
		}
		err := l.putLease(ctx, d, next)
		if err == nil {
			return next, nil
		}
		if !errors.Is(err, errCondition) {
			return nil, err
		}
		// Somebody else did it, or did more.
		if d, err = l.loadLease(ctx, d.Lease.Name); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: %w: the lease %s was written by others each time", l.place, ledger.ErrBusy, d.Lease.Name)
}

// bar keeps appends under a smaller fence out of a stream. A stream that is not there
// yet gets a head without records, or its first append would meet no condition.
func (l *Ledger) bar(ctx context.Context, stream string, lease ledger.Lease, keep bool) error {
	for range 4 * appendTries {
		h, err := l.load(ctx, stream)
		if err != nil {
			return err
		}
		if h.Fences[lease.Name] >= lease.Fence {
			return nil
		}
		next := *h
		next.Write = nonce()
		next.Fences = maps.Clone(h.Fences)
		if next.Fences == nil {
			next.Fences = map[string]uint64{}
		}
		delete(next.Fences, lease.Name)
		if keep {
			next.Fences[lease.Name] = lease.Fence
		}
		if err := l.putHead(ctx, h, &next); !errors.Is(err, errCondition) {
			return err
		}
	}
	return fmt.Errorf("%s: %w: the stream %s was written by others each time", l.place, ledger.ErrBusy, stream)
}
