package ledger

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// HeldError says that somebody else drives, as far as this observer can see.
type HeldError struct {
	// Lease is what was read.
	Lease Lease
	// Left is how long the observer must go on seeing no change before it may take
	// over: at most the lease's TTL.
	Left time.Duration
	// Lives is whether the holder renewed the lease while the observer looked. Where not,
	// it may be gone.
	Lives bool
}

// Who says in words who holds the lease, how long the observer has seen no renewal, and
// how long it holds without one.
func (e *HeldError) Who() string {
	silent, left := (e.Lease.TTL - e.Left).Round(time.Second), e.Left.Round(time.Second)
	who := fmt.Sprintf("%s holds the lease (fence %d)", e.Lease.Holder, e.Lease.Fence)
	if e.Lives {
		return fmt.Sprintf("%s and renewed it while this run looked, the last time %s ago; without another renewal it ends in %s", who, silent, left)
	}
	if silent == 0 {
		return fmt.Sprintf("%s; this run looked once, and without a renewal it ends in %s", who, left)
	}
	return fmt.Sprintf("%s and did not renew it in the %s in which this run looked; without a renewal it ends in %s", who, silent, left)
}

// GoesOn names who goes on with what the lease is for, as far as the observer has seen.
func (e *HeldError) GoesOn() string {
	if e.Lives {
		return e.Lease.Holder + ", who goes on"
	}
	return fmt.Sprintf("%s, who goes on; where that process is gone, another may in %s", e.Lease.Holder, e.Left.Round(time.Second))
}

// Error implements error.
func (e *HeldError) Error() string {
	return fmt.Sprintf("the lease %s is held by %q at fence %d; it is free after %s without a sign of life", e.Lease.Name, e.Lease.Holder, e.Lease.Fence, e.Left)
}

// Watch is what an observer remembers of one lease: its last form and since when
// the observer has seen it unchanged, on the observer's own clock. The zero value
// has seen nothing.
//
// No instant that another machine wrote is ever compared: a clock that is wrong
// by an hour makes nobody's lease longer or shorter.
type Watch struct {
	last  Lease
	since time.Time
	seen  bool
	// lives is whether the holder was seen to renew it.
	lives bool
}

// Observe takes in what the lease is at now and returns how long it must stay
// unchanged until it has expired; 0 means that it has, or that it is free.
func (w *Watch) Observe(l Lease, now time.Time) time.Duration {
	if l.Holder == "" {
		*w = Watch{}
		return 0
	}
	if !w.seen || w.last != l {
		same := w.seen && w.last.Holder == l.Holder && w.last.Fence == l.Fence
		*w = Watch{last: l, since: now, seen: true, lives: same}
	}
	unchanged := now.Sub(w.since)
	if unchanged < 0 {
		// The clock stepped back and has no monotonic reading: begin again, since
		// waiting too long is safe and too short is not.
		w.since, unchanged = now, 0
	}
	return max(l.TTL-unchanged, 0)
}

// Leaser takes, renews and gives back leases for one driver. It must be kept
// between calls, since it remembers since when another's lease has not changed.
// It is safe for concurrent use.
type Leaser struct {
	Ledger Ledger
	Clock  clock.Clock
	// Holder names this driver and no other: it is unique per process, for example
	// "ci@acme 4711 6f1c...", so that a process that was restarted is another
	// holder and waits for its former self like for anybody else.
	Holder string

	mu      sync.Mutex
	watches map[string]*Watch
	renewed map[string]time.Time
	// resumed has the leases that Acquire found to be this holder's already.
	resumed map[string]bool
	rebound time.Time
}

// Acquire takes the lease when it is free, when it is this holder's already (the
// reply of an earlier Acquire may have been lost), or when it has not changed for
// its TTL while this Leaser looked. Otherwise it is *HeldError, and the caller
// comes back after at most HeldError.Left. The ttl is longer than zero.
func (l *Leaser) Acquire(ctx context.Context, name string, ttl time.Duration) (Lease, error) {
	if err := l.valid(ttl); err != nil {
		return Lease{}, err
	}
	start := l.Clock.Now()
	now, err := l.Ledger.Lease(ctx, name)
	if err != nil {
		return Lease{}, err
	}
	if now.Holder == l.Holder {
		l.resumes(name, true)
		return l.Renew(ctx, now)
	}
	l.resumes(name, false)
	if held := l.observe(now, l.Clock.Now()); held.Left > 0 {
		return Lease{}, held
	}
	floor, err := l.floor(ctx)
	if err != nil {
		return Lease{}, err
	}
	next := l.taken(now, floor, ttl)
	err = l.Ledger.SwapLease(ctx, now, next)
	if err == nil {
		l.mark(name, start)
		return next, nil
	}
	conflict := conflicting(err)
	if conflict == nil {
		return Lease{}, err
	}
	// Somebody was quicker: what they made of it is a lease we now watch.
	return Lease{}, l.observe(conflict.Lease, l.Clock.Now())
}

// Renew shows that the holder lives. It fails with *FencedError when the lease
// has gone to somebody else; the caller then stops before its next effect. After
// any other error the caller may try again until Left is used up.
func (l *Leaser) Renew(ctx context.Context, held Lease) (Lease, error) {
	start := l.Clock.Now()
	now := held
	for {
		next := now
		next.Beat++
		err := l.Ledger.SwapLease(ctx, now, next)
		if err == nil {
			l.mark(held.Name, start)
			return next, nil
		}
		conflict := conflicting(err)
		if conflict == nil {
			return Lease{}, err
		}
		if conflict.Lease.Holder != l.Holder || conflict.Lease.Fence != held.Fence {
			return Lease{}, &FencedError{Lease: conflict.Lease, Fence: held.Fence}
		}
		// An earlier renewal of ours took effect though its reply was lost.
		now = conflict.Lease
	}
}

// Release gives the lease back, and it is free at once. A lease that has gone to
// somebody else already is left alone, without error.
func (l *Leaser) Release(ctx context.Context, held Lease) error {
	now := held
	for {
		free := Lease{Name: now.Name, Fence: now.Fence, Beat: now.Beat + 1}
		err := l.Ledger.SwapLease(ctx, now, free)
		conflict := conflicting(err)
		if err == nil || conflict != nil && (conflict.Lease.Holder != l.Holder || conflict.Lease.Fence != held.Fence) {
			l.forget(held.Name)
			return nil
		}
		if conflict == nil {
			return err
		}
		now = conflict.Lease
	}
}

// Take takes the lease at once, whoever has it. It is for a person's abort: the
// former holder's next append or renewal fails with *FencedError. What the
// former holder has under way at the target may still arrive; the caller waits
// for the longest call and looks again.
func (l *Leaser) Take(ctx context.Context, name string, ttl time.Duration) (Lease, error) {
	if err := l.valid(ttl); err != nil {
		return Lease{}, err
	}
	start := l.Clock.Now()
	floor, err := l.floor(ctx)
	if err != nil {
		return Lease{}, err
	}
	now, err := l.Ledger.Lease(ctx, name)
	for err == nil {
		next := l.taken(now, floor, ttl)
		err = l.Ledger.SwapLease(ctx, now, next)
		if err == nil {
			l.mark(name, start)
			l.resumes(name, false)
			return next, nil
		}
		if conflict := conflicting(err); conflict != nil {
			now, err = conflict.Lease, ctx.Err()
		}
	}
	return Lease{}, err
}

// Left says for how long the lease is certainly this Leaser's: its TTL counted
// from when the last successful Acquire, Renew or Take began. A call to the
// target gets a deadline shorter than this. It is 0 for a lease not held.
func (l *Leaser) Left(held Lease) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	at, ok := l.renewed[held.Name]
	if !ok {
		return 0
	}
	return max(held.TTL-l.Clock.Now().Sub(at), 0)
}

// taken is the lease now in this holder's hands.
func (l *Leaser) taken(now Lease, floor uint64, ttl time.Duration) Lease {
	return Lease{Name: now.Name, Holder: l.Holder, Fence: NextFence(now, floor), Beat: now.Beat + 1, TTL: ttl}
}

func (l *Leaser) valid(ttl time.Duration) error {
	if ttl <= 0 {
		return fmt.Errorf("the term %s of a lease is %w: it is longer than zero, for example 30s", ttl, ErrInvalid)
	}
	if l.Holder == "" {
		return fmt.Errorf("the empty holder of a lease is %w: it names one process, for example \"ci@acme 6f1c2d\"", ErrInvalid)
	}
	return nil
}

// observe looks at another's lease. Left of what it returns is 0 where that is free.
func (l *Leaser) observe(lease Lease, now time.Time) *HeldError {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.watches == nil {
		l.watches = map[string]*Watch{}
	}
	w := l.watches[lease.Name]
	if w == nil {
		w = &Watch{}
		l.watches[lease.Name] = w
	}
	left := w.Observe(lease, now)
	return &HeldError{Lease: lease, Left: left, Lives: w.lives}
}

// mark notes that the lease was ours at the instant at, taken before the call.
func (l *Leaser) mark(name string, at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.renewed == nil {
		l.renewed = map[string]time.Time{}
	}
	l.renewed[name] = at
	delete(l.watches, name)
}

func (l *Leaser) forget(name string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.renewed, name)
	delete(l.watches, name)
}

func conflicting(err error) *LeaseConflictError {
	var conflict *LeaseConflictError
	if errors.As(err, &conflict) {
		return conflict
	}
	return nil
}
