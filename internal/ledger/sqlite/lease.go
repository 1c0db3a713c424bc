package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const selectLease = "SELECT holder, fence, beat, ttl, hash FROM lease WHERE name = ?"

// Lease implements ledger.Ledger.
func (l *Ledger) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	if err := ledger.ValidateName(name); err != nil {
		return ledger.Lease{}, err
	}
	return readLease(l.queries.lease.QueryRowContext(ctx, name), name)
}

// Leases implements ledger.LeaseLister.
func (l *Ledger) Leases(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return l.manyLeases(ctx, someLeases+" AND holder <> ''", prefix)
}

// EveryLease implements ledger.LeaseReader.
func (l *Ledger) EveryLease(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	return l.manyLeases(ctx, someLeases+" ORDER BY name", prefix)
}

// someLeases takes a prefix and what is above it.
const someLeases = "SELECT name, holder, fence, beat, ttl, hash FROM lease WHERE name >= ? AND name < ?"

func (l *Ledger) manyLeases(ctx context.Context, query, prefix string) (leases []ledger.Lease, err error) {
	rows, err := l.readers.QueryContext(ctx, query, prefix, above(prefix))
	if err != nil {
		return nil, mapError(err)
	}
	defer rows.Close() //nolint:errcheck // What it would say, rows.Err says.
	for rows.Next() {
		var name string
		lease, err := scanLease(func(into ...any) error { return rows.Scan(append([]any{&name}, into...)...) }, &name)
		if err != nil {
			return nil, err
		}
		leases = append(leases, lease)
	}
	return leases, mapError(rows.Err())
}

// SwapLease implements ledger.Ledger.
func (l *Ledger) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	if err := ledger.ValidateSwap(current, next); err != nil {
		return err
	}
	return l.write(ctx, func() error {
		now, err := readLease(l.stmts.lease.QueryRow(next.Name), next.Name)
		if err != nil {
			return err
		}
		if now != current {
			return &ledger.LeaseConflictError{Lease: now}
		}
		_, err = l.stmts.putLease.Exec(next.Name, next.Holder, int64(next.Fence), int64(next.Beat), int64(next.TTL), ledger.LeaseHash(next))
		return mapError(err)
	})
}

// readLease reads a row of selectLease. One that is not there is a lease that
// nobody ever took.
func readLease(row *sql.Row, name string) (ledger.Lease, error) {
	lease, err := scanLease(row.Scan, &name)
	if errors.Is(err, sql.ErrNoRows) {
		return ledger.Lease{Name: name}, nil
	}
	return lease, err
}

// scanLease reads what says something of a lease. Its name may be read along.
func scanLease(scan func(...any) error, name *string) (ledger.Lease, error) {
	var (
		lease            ledger.Lease
		fence, beat, ttl int64
		hash             []byte
	)
	err := scan(&lease.Holder, &fence, &beat, &ttl, &hash)
	if err != nil && (damaged(err) || isScan(err)) {
		return ledger.Lease{}, &ledger.CorruptError{Reason: fmt.Sprintf("the lease %s cannot be read", *name), Err: err}
	}
	if err != nil {
		return ledger.Lease{}, mapError(err)
	}
	lease.Name, lease.Fence, lease.Beat, lease.TTL = *name, uint64(fence), uint64(beat), time.Duration(ttl)
	if !bytes.Equal(hash, ledger.LeaseHash(lease)) {
		return ledger.Lease{}, &ledger.CorruptError{Reason: fmt.Sprintf("the lease %s is not what was written: wrong hash", *name)}
	}
	return lease, nil
}
