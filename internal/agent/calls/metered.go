package calls

import (
	"context"
	"errors"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Meter is told each call that has come back: its name, as in "append", how long it
// took, and whether it failed. That another was quicker is no failure.
type Meter func(op string, took time.Duration, failed bool)

// Measure tells a Meter of every call.
func Measure(l ledger.Ledger, c clock.Clock, meter Meter) ledger.Ledger {
	return &metered{Ledger: l, clock: c, meter: meter}
}

type metered struct {
	ledger.Ledger

	clock clock.Clock
	meter Meter
}

// Unwrap gives the ledger within, for ledger.As.
func (m *metered) Unwrap() ledger.Ledger { return m.Ledger }

func (m *metered) time(op string, begun time.Time, err error) {
	m.meter(op, m.clock.Now().Sub(begun), failed(err))
}

// failed tells trouble from an answer.
func failed(err error) bool {
	var conflict *ledger.ConflictError
	var fenced *ledger.FencedError
	var lease *ledger.LeaseConflictError
	return err != nil && !errors.As(err, &conflict) && !errors.As(err, &fenced) && !errors.As(err, &lease) &&
		!errors.Is(err, ledger.ErrNotFound) && !errors.Is(err, context.Canceled)
}

// Append implements ledger.Ledger.
func (m *metered) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	begun := m.clock.Now()
	r, err := m.Ledger.Append(ctx, stream, after, entry)
	m.time("append", begun, err)
	return r, err
}

// Read implements ledger.Ledger.
func (m *metered) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	begun := m.clock.Now()
	r, err := m.Ledger.Read(ctx, stream, from)
	m.time("read", begun, err)
	return r, err
}

// Heads implements ledger.Ledger.
func (m *metered) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	begun := m.clock.Now()
	r, err := m.Ledger.Heads(ctx, prefix)
	m.time("heads", begun, err)
	return r, err
}

// Query implements ledger.Ledger.
func (m *metered) Query(ctx context.Context, filter ledger.Filter) ([]ledger.Record, error) {
	begun := m.clock.Now()
	r, err := m.Ledger.Query(ctx, filter)
	m.time("query", begun, err)
	return r, err
}

// Lease implements ledger.Ledger.
func (m *metered) Lease(ctx context.Context, name string) (ledger.Lease, error) {
	begun := m.clock.Now()
	l, err := m.Ledger.Lease(ctx, name)
	m.time("lease", begun, err)
	return l, err
}

// SwapLease implements ledger.Ledger.
func (m *metered) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	begun := m.clock.Now()
	err := m.Ledger.SwapLease(ctx, current, next)
	m.time("swap_lease", begun, err)
	return err
}

// Leases implements ledger.LeaseLister.
func (m *metered) Leases(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	begun := m.clock.Now()
	l, err := ledger.Leases(ctx, m.Ledger, prefix)
	if !errors.Is(err, errors.ErrUnsupported) {
		m.time("leases", begun, err)
	}
	return l, err
}
