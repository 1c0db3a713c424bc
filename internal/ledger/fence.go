package ledger

import (
	"context"
	"errors"
	"time"
)

// NextFence is the fence of whoever takes the lease next, in a ledger of that FenceFloor:
// the smallest even number above both. Leases give even fences alone: the odd ones between
// are for whoever writes to a target without a ledger (OutOfBand), so that the next driver
// is above them, and knows a fence of another lease from theirs.
func NextFence(now Lease, floor uint64) uint64 { return (max(now.Fence, floor)/2 + 1) * 2 }

// OutOfBand is the fence of who writes to a target without a lease, where the target has
// seen the fence given: above every driver that there is, and below the next.
func OutOfBand(seen uint64) uint64 { return seen | 1 }

// FenceFloor is what every fence of l is greater than. Targets refuse a fence that
// is smaller than one they have seen, so a ledger that stands in for a lost one
// must not count from 1 again: nobody could go forward, nor back. Nobody knows how
// far the lost one had come, but a fence grows only when a lease changes hands,
// and that is less often than once a second over any ledger's life. So the floor is
// the second, since 1970, of the last binding. A ledger that was moved here has such a
// floor too, since the sealed one goes on giving leases to whoever goes back.
//
// A chain that does not hold is not this function's to report, and must not keep
// anybody from going back: the worst of too low a floor is that the target refuses.
func FenceFloor(ctx context.Context, l Ledger) (uint64, error) {
	floor, _, err := bindings(ctx, l)
	return floor, err
}

// bindings reads FenceFloor, and when l was last bound in place of a lost ledger; the zero
// time where it never was.
func bindings(ctx context.Context, l Ledger) (floor uint64, rebound time.Time, err error) {
	records, err := l.Read(ctx, LedgerStream, 1)
	var corrupt *CorruptError
	if err != nil && !errors.As(err, &corrupt) {
		return 0, time.Time{}, err
	}
	for _, r := range records {
		if (r.Kind == KindRebound || r.Kind == KindMoved) && r.At.Unix() > 0 {
			floor = max(floor, uint64(r.At.Unix()))
		}
		if r.Kind == KindRebound {
			rebound = r.At
		}
	}
	return floor, rebound, nil
}

// floor is FenceFloor, and remembers when the ledger was bound.
func (l *Leaser) floor(ctx context.Context) (uint64, error) {
	floor, rebound, err := bindings(ctx, l.Ledger)
	if err == nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.rebound = rebound
	}
	return floor, err
}

// Rebound is when the ledger had last been bound in place of a lost one, as Acquire or Take
// found it; the zero time where it never was. Records of before may be missing.
func (l *Leaser) Rebound() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rebound
}

// Raise lets this holder go on under a fence above the one given. It is for a target that
// was driven under another lease of the same ledger. *FencedError as Renew.
func (l *Leaser) Raise(ctx context.Context, held Lease, above uint64) (Lease, error) {
	start := l.Clock.Now()
	next := held
	next.Fence, next.Beat = NextFence(held, above), held.Beat+1
	err := l.Ledger.SwapLease(ctx, held, next)
	if conflict := conflicting(err); conflict != nil {
		if conflict.Lease != next {
			return Lease{}, &FencedError{Lease: conflict.Lease, Fence: held.Fence}
		}
		err = nil // An earlier try took effect though its reply was lost.
	}
	if err != nil {
		return Lease{}, err
	}
	l.mark(held.Name, start)
	return next, nil
}

// Resumed reports whether the last Acquire found the lease to be this holder's already,
// so that writes under its fence may have been made before.
func (l *Leaser) Resumed(held Lease) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.resumed[held.Name]
}

func (l *Leaser) resumes(name string, resumed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resumed == nil {
		l.resumed = map[string]bool{}
	}
	l.resumed[name] = resumed
}
