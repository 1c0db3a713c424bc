// Package clock is the only place where Sluice reads the wall clock or sleeps.
//
// Everything that depends on time takes a Clock, so that tests can decide what
// time it is and a replay of the ledger gives the verdict it gave the first time.
package clock

import (
	"context"
	"time"
)

// Clock tells the time and waits.
//
// Implementations are safe for concurrent use.
type Clock interface {
	// Now returns the current instant in UTC. The value carries a monotonic
	// reading where the implementation has one, so that Sub between two values
	// of one Clock is immune to steps of the wall clock.
	Now() time.Time

	// Sleep waits for d, or until ctx is done, whichever comes first. It returns
	// nil after a full wait and the context's error otherwise. A d of zero or
	// less returns at once, with the context's error if it has one.
	Sleep(ctx context.Context, d time.Duration) error
}

// System is the machine's clock. The zero value is ready for use.
type System struct{}

var _ Clock = System{}

// Now implements Clock. The monotonic reading is kept.
func (System) Now() time.Time { return time.Now().UTC() }

// Sleep implements Clock.
func (System) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
