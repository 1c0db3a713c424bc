package clock

import (
	"context"
	"sync"
	"time"
)

// Fake is a Clock that moves only when it is told to. It is for tests and
// simulations; nothing in a running provider uses it.
type Fake struct {
	mu      sync.Mutex
	now     time.Time
	auto    bool
	waiters map[*waiter]struct{}
}

type waiter struct {
	until time.Time
	done  chan struct{}
}

var _ Clock = (*Fake)(nil)

// NewFake returns a Fake that stands at now and whose sleepers wait for Advance.
func NewFake(now time.Time) *Fake {
	return &Fake{now: now.UTC(), waiters: map[*waiter]struct{}{}}
}

// NewAuto returns a Fake whose Sleep moves the clock by the time asked for and
// returns at once: a simulation then runs as fast as its decisions.
func NewAuto(now time.Time) *Fake {
	f := NewFake(now)
	f.auto = true
	return f
}

// Now implements Clock.
func (f *Fake) Now() time.Time {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.now
}

// Sleep implements Clock.
func (f *Fake) Sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil || d <= 0 {
		return err
	}
	f.mu.Lock()
	if f.auto {
		f.moveTo(f.now.Add(d))
		f.mu.Unlock()
		return nil
	}
	w := &waiter{until: f.now.Add(d), done: make(chan struct{})}
	f.waiters[w] = struct{}{}
	f.mu.Unlock()

	select {
	case <-w.done:
		return nil
	case <-ctx.Done():
		f.mu.Lock()
		delete(f.waiters, w)
		f.mu.Unlock()
		return ctx.Err()
	}
}

// Advance moves the clock forward by d, which may be negative to act out a wall
// clock that was set back, and wakes every sleeper whose time has come.
func (f *Fake) Advance(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moveTo(f.now.Add(d))
}

// Set puts the clock at now, forward or back, and wakes whom Advance would wake.
func (f *Fake) Set(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moveTo(now.UTC())
}

// Sleepers says how many goroutines wait in Sleep, so that a test can wait for
// one to arrive before it advances the clock.
func (f *Fake) Sleepers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.waiters)
}

func (f *Fake) moveTo(now time.Time) {
	f.now = now
	for w := range f.waiters {
		if !w.until.After(now) {
			close(w.done)
			delete(f.waiters, w)
		}
	}
}
