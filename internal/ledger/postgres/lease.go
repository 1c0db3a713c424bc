package postgres

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Lease implements ledger.Ledger.
func (l *Ledger) Lease(ctx context.Context, name string) (lease ledger.Lease, err error) {
	if err := ledger.ValidateName(name); err != nil {
		return ledger.Lease{}, err
	}
	err = l.retry(ctx, func() error {
		lease, err = readLease(l.pool.QueryRow(ctx, l.sql.lease, name), name)
		return err
	})
	return lease, l.mapError(err)
}

// Leases implements ledger.LeaseLister.
func (l *Ledger) Leases(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return l.manyLeases(ctx, l.sql.heldLeases, prefix)
}

// EveryLease implements ledger.LeaseReader.
func (l *Ledger) EveryLease(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return l.manyLeases(ctx, l.sql.everyLease, prefix)
}

func (l *Ledger) manyLeases(ctx context.Context, query, prefix string) (leases []ledger.Lease, err error) {
	err = l.retry(ctx, func() error {
		leases = nil
		rows, err := l.pool.Query(ctx, query, prefix, above(prefix))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			lease, err := scanLease(rows, ledger.Lease{})
			if err != nil {
				return err
			}
			leases = append(leases, lease)
		}
		return rows.Err()
	})
	return leases, l.mapError(err)
}

// SwapLease implements ledger.Ledger. The comparison is the statement's own
// condition, so two that swap at once cannot both find what they expect.
func (l *Ledger) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	if err := ledger.ValidateSwap(current, next); err != nil {
		return err
	}
	if l.opts.ReadOnly {
		return ledger.ErrReadOnly
	}
	query := l.sql.updateLease
	args := []any{next.Name, next.Holder, int64(next.Fence), int64(next.Beat), int64(next.TTL), ledger.LeaseHash(next)}
	if current == (ledger.Lease{Name: current.Name}) {
		// Nobody ever took it, so there is no row to update.
		query = l.sql.insertLease
	} else {
		args = append(args, current.Holder, int64(current.Fence), int64(current.Beat), int64(current.TTL))
	}
	err := l.retry(ctx, func() error {
		reading := ledger.Reading{Asked: l.opts.Clock.Now()}
		err := l.pool.QueryRow(ctx, query, args...).Scan(&reading.Store)
		if reading.Answered = l.opts.Clock.Now(); err == nil {
			l.Keep(reading)
		}
		return err
	})
	if !errors.Is(err, pgx.ErrNoRows) {
		return l.mapError(err)
	}
	now, err := l.Lease(ctx, next.Name)
	if err != nil {
		return err
	}
	return &ledger.LeaseConflictError{Lease: now}
}

// readLease reads a row of the lease statement. One that is not there is a lease
// that nobody ever took.
func readLease(row pgx.Row, name string) (ledger.Lease, error) {
	lease, err := scanLease(row, ledger.Lease{Name: name})
	if errors.Is(err, pgx.ErrNoRows) {
		return ledger.Lease{Name: name}, nil
	}
	return lease, err
}

// scanLease reads a row, in which the name comes first where lease has none.
func scanLease(row pgx.Row, lease ledger.Lease) (ledger.Lease, error) {
	var (
		fence, beat, ttl int64
		hash             []byte
	)
	into := []any{&lease.Holder, &fence, &beat, &ttl, &hash}
	if lease.Name == "" {
		into = append([]any{&lease.Name}, into...)
	}
	if err := row.Scan(into...); err != nil {
		return ledger.Lease{}, err
	}
	lease.Fence, lease.Beat, lease.TTL = uint64(fence), uint64(beat), time.Duration(ttl)
	if !bytes.Equal(hash, ledger.LeaseHash(lease)) {
		return ledger.Lease{}, &ledger.CorruptError{Reason: fmt.Sprintf("the lease %s is not what was written: wrong hash", lease.Name)}
	}
	return lease, nil
}
