package serve

import (
	"context"
	"sync/atomic"
	"time"
)

// lentContext behaves as its parent does until it is given back, and then knows
// nothing of it. Whoever still holds it afterwards keeps a few hundred bytes
// alive instead of the whole request.
type lentContext struct {
	// own is what children hang on. It is one of the standard library's, so that a
	// child needs no goroutine to hear of its end.
	own    context.Context
	cancel context.CancelFunc
	parent atomic.Pointer[context.Context]
	stop   func() bool
}

// lend makes a context for one call. The caller gives it back when the call has
// returned.
func lend(parent context.Context) *lentContext {
	own, cancel := context.WithCancel(context.Background())
	c := &lentContext{own: own, cancel: cancel}
	c.parent.Store(&parent)
	c.stop = context.AfterFunc(parent, cancel)
	return c
}

// giveBack ends the context and lets go of the parent.
func (c *lentContext) giveBack() {
	c.stop()
	c.cancel()
	c.stop = nil
	c.parent.Store(nil)
}

// Deadline implements context.Context.
func (c *lentContext) Deadline() (time.Time, bool) {
	if p := c.parent.Load(); p != nil {
		return (*p).Deadline()
	}
	return time.Time{}, false
}

// Done implements context.Context.
func (c *lentContext) Done() <-chan struct{} { return c.own.Done() }

// Err implements context.Context. It is the parent's, so that a deadline is told
// from a cancellation.
func (c *lentContext) Err() error {
	if c.own.Err() == nil {
		return nil
	}
	if p := c.parent.Load(); p != nil && (*p).Err() != nil {
		return (*p).Err()
	}
	return c.own.Err()
}

// Value implements context.Context.
func (c *lentContext) Value(key any) any {
	if v := c.own.Value(key); v != nil {
		return v
	}
	if p := c.parent.Load(); p != nil {
		return (*p).Value(key)
	}
	return nil
}
