package s3

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// leaseDoc is the object of a lease. One that was read or written is never changed.
type leaseDoc struct {
	Format int          `json:"format"`
	Ledger string       `json:"ledger"`
	Lease  ledger.Lease `json:"lease"`
	// Check is ledger.LeaseHash, since a lease is in no chain.
	Check string `json:"check"`
	// Writes are the nonces of the last writes, the newest first, so that one whose
	// answer was lost is found even when others followed.
	Writes []string `json:"writes"`
	// Guards are the streams whose heads hold a fence of this lease, or are about to.
	Guards []string `json:"guards,omitempty"`
	// Moving is true while the fence is on its way to the guarded streams.
	Moving bool `json:"moving,omitempty"`

	etag string
}

// maxWrites is how many nonces a lease keeps.
const maxWrites = 8

func (d *leaseDoc) with(write string, lease ledger.Lease) *leaseDoc {
	next := *d
	next.Lease = lease
	next.Check = hex.EncodeToString(ledger.LeaseHash(lease))
	next.Writes = append([]string{write}, d.Writes[:min(len(d.Writes), maxWrites-1)]...)
	return &next
}

// Lease implements ledger.Ledger. One that is on its way to another fence is brought
// there first, so that no append under the old one follows the answer; a handle that
// may not write cannot, and says where it goes.
func (l *Ledger) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	if err := ledger.ValidateName(name); err != nil {
		return ledger.Lease{}, err
	}
	if err := ctx.Err(); err != nil {
		return ledger.Lease{}, err
	}
	d, err := l.loadLease(ctx, name)
	if err != nil {
		return ledger.Lease{}, err
	}
	if d.Moving && !l.opts.ReadOnly {
		err := l.writable(ctx) // It may be the first write of this process.
		moved := d
		if err == nil {
			moved, err = l.settle(ctx, d)
		}
		switch {
		case errors.Is(err, ledger.ErrReadOnly):
		case err != nil:
			return ledger.Lease{}, err
		default:
			d = moved
		}
	}
	return d.Lease, nil
}

// SwapLease implements ledger.Ledger. The comparison is with what was read, and the
// store writes only where that is still there.
func (l *Ledger) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	if err := ledger.ValidateSwap(current, next); err != nil {
		return err
	}
	if err := l.writable(ctx); err != nil {
		return err
	}
	write := nonce()
	d := l.cache.leaseOf(next.Name)
	if d == nil && current == (ledger.Lease{Name: current.Name}) {
		d = l.nobody(next.Name)
	}
	// sent is true once a write may have taken effect.
	sent := false
	for range appendTries {
		fresh := d == nil
		if fresh {
			var err error
			if d, err = l.settled(ctx, next.Name); err != nil {
				return unless(sent, err)
			}
		}
		switch {
		case fresh && slices.Contains(d.Writes, write):
			return nil // An earlier attempt took effect, and its answer was lost.
		case d.Moving || d.Lease != current && !fresh:
			d = nil
			continue
		case d.Lease != current:
			return &ledger.LeaseConflictError{Lease: d.Lease}
		}
		swapped := d.with(write, next)
		swapped.Moving = next.Fence != d.Lease.Fence && len(d.Guards) > 0
		err := l.putLease(ctx, d, swapped)
		if err == nil && swapped.Moving {
			// It has moved, for all who look, whether we bring it there or they.
			if _, err = l.settle(ctx, swapped); err != nil {
				return uncertain(err)
			}
		}
		if !errors.Is(err, errCondition) {
			return unless(sent, err)
		}
		d, sent = nil, sent || errors.Is(err, errOwnCondition)
	}
	// The last write may be the one that was there when it was repeated.
	if now, err := l.settled(ctx, next.Name); err != nil {
		return unless(sent, err)
	} else if slices.Contains(now.Writes, write) {
		return nil
	}
	return fmt.Errorf("%s: %w: the lease %s was written by others each time", l.place, ledger.ErrBusy, next.Name)
}

// nobody is a lease that nobody ever took.
func (l *Ledger) nobody(name string) *leaseDoc {
	return &leaseDoc{Format: format, Ledger: l.id, Lease: ledger.Lease{Name: name}}
}

// loadLease reads a lease's object.
func (l *Ledger) loadLease(ctx context.Context, name string) (*leaseDoc, error) {
	got, err := l.store.get(ctx, leaseKey(name), "")
	if err != nil {
		return nil, err
	}
	if got.etag == "" {
		return l.nobody(name), nil
	}
	d := &leaseDoc{etag: got.etag}
	damaged := func(why string, err error) error {
		return &ledger.CorruptError{Reason: fmt.Sprintf("the lease %s is not what was written: %s", name, why), Err: err}
	}
	switch err := unseal(got.data, d); {
	case errors.Is(err, ledger.ErrNewer):
		return nil, fmt.Errorf("the lease %s: %w", name, err)
	case err != nil:
		return nil, damaged("it cannot be read", err)
	case d.Lease.Name != name || d.Ledger != l.id:
		return nil, damaged("it belongs elsewhere", nil)
	case d.Check != hex.EncodeToString(ledger.LeaseHash(d.Lease)):
		return nil, damaged("wrong hash", nil)
	}
	return d, nil
}

func (l *Ledger) putLease(ctx context.Context, d, next *leaseDoc) error {
	data, err := seal(next)
	if err == nil {
		next.etag, err = l.store.put(ctx, leaseKey(next.Lease.Name), data, d.etag)
	}
	if err != nil {
		l.cache.keepLease(next.Lease.Name, nil)
		return forWriting(err)
	}
	l.cache.keepLease(next.Lease.Name, next)
	return nil
}
