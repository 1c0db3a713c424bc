package ledger

import (
	"sync/atomic"
	"time"
)

// Clocked is a Ledger whose store has a clock of its own. One whose store is a file has
// this machine's, and is none.
type Clocked interface {
	// StoreClock gives the newest reading of the store's clock, out of an answer that
	// came anyway: it asks nothing and never waits. It is zero before the first.
	StoreClock() Reading
}

// MisleadingSkew is the difference of two clocks from which the times in records mislead.
const MisleadingSkew = time.Minute

// Reading is one look at a store's clock.
type Reading struct {
	// Store is the store's clock, and Asked and Answered are ours around it.
	Store, Asked, Answered time.Time
}

// Skew is by how much the store's clock is ahead of ours, and how uncertain that is,
// with a second for stores that tell no fractions; ok is false where the store's clock
// is not known.
func (r Reading) Skew() (ahead, uncertain time.Duration, ok bool) {
	if r.Store.IsZero() {
		return 0, 0, false
	}
	took := r.Answered.Sub(r.Asked)
	return r.Store.Sub(r.Asked.Add(took / 2)), took/2 + time.Second, true
}

// Readings keeps the newest reading. The zero value is ready, and it is safe for
// concurrent use.
type Readings struct{ last atomic.Pointer[Reading] }

// Keep takes a reading in.
func (r *Readings) Keep(reading Reading) { r.last.Store(&reading) }

// StoreClock implements Clocked.
func (r *Readings) StoreClock() Reading {
	if last := r.last.Load(); last != nil {
		return *last
	}
	return Reading{}
}

// StoreClock gives the newest reading of a ledger's clock, zero where it has none.
func StoreClock(l Ledger) Reading {
	if clocked, ok := As[Clocked](l); ok {
		return clocked.StoreClock()
	}
	return Reading{}
}
