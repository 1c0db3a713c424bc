package ledger

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// LeaseLister is a Ledger that reads many leases in one call. Where a ledger is none,
// they are read one by one.
type LeaseLister interface {
	// Leases returns the leases that somebody holds and whose name begins with prefix,
	// in no order. It may be errors.ErrUnsupported.
	Leases(ctx context.Context, prefix string) ([]Lease, error)
}

// Leases lists the held leases of a ledger whose names begin with prefix. It is
// errors.ErrUnsupported where the ledger cannot list them.
func Leases(ctx context.Context, l Ledger, prefix string) ([]Lease, error) {
	lister, ok := As[LeaseLister](l)
	if !ok {
		return nil, fmt.Errorf("listing leases: %w", errors.ErrUnsupported)
	}
	return lister.Leases(ctx, prefix)
}

// LeaseReader is a Ledger that reads the leases of a prefix in one call, whether
// somebody holds them or not.
type LeaseReader interface {
	// EveryLease returns the leases that were ever taken and whose name begins with
	// prefix, in no order. It may be errors.ErrUnsupported.
	EveryLease(ctx context.Context, prefix string) ([]Lease, error)
}

// EveryLease reads the leases of a ledger whose names begin with prefix, held or not.
// It is errors.ErrUnsupported where the ledger reads one at a time alone.
func EveryLease(ctx context.Context, l Ledger, prefix string) ([]Lease, error) {
	reader, ok := As[LeaseReader](l)
	if !ok {
		return nil, fmt.Errorf("reading leases: %w", errors.ErrUnsupported)
	}
	return reader.EveryLease(ctx, prefix)
}

// Observe takes in a lease that the caller has read, as Acquire does with what it
// reads itself, and returns how long it must stay unchanged until it can be taken; 0
// means that it can be now, or is this holder's.
func (l *Leaser) Observe(lease Lease) time.Duration {
	if lease.Holder == l.Holder {
		return 0
	}
	return l.observe(lease, l.Clock.Now()).Left
}
