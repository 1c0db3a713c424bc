package client

import (
	"context"
	"errors"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// opening is one attempt to open the ledger, which all share who ask meanwhile.
type opening struct {
	done   chan struct{}
	ledger ledger.Ledger
	err    error
}

// Existing opens the ledger, and never creates one: it is what plans and reads
// use. ledger.ErrMissing when there is none. A ledger that may only be read is
// opened so. Whoever asks while it is being opened has the same answer, so that the
// objects of a configuration do not wait one after the other for a ledger that is away.
func (c *Client) Existing(ctx context.Context) (ledger.Ledger, error) {
	o, mine := c.attempt()
	if mine {
		// It goes on for others where whoever asked first does not wait.
		go c.carryOut(context.WithoutCancel(ctx), o)
	}
	select {
	case <-o.done:
		return o.ledger, o.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// attempt gives what is open, as an attempt that is done, or the one that is under way,
// or a new one, which is then the caller's to carry out.
func (c *Client) attempt() (o *opening, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.open
	if l == nil {
		l = c.reading
	}
	switch {
	case l != nil:
		o = &opening{done: make(chan struct{}), ledger: l}
		close(o.done)
		return o, false
	case c.opening != nil:
		return c.opening, false
	}
	c.opening = &opening{done: make(chan struct{})}
	return c.opening, true
}

// carryOut opens the ledger, and keeps it.
func (c *Client) carryOut(ctx context.Context, o *opening) {
	defer close(o.done)
	l, err := c.stillHere(ctx)(ledgers.Open(ctx, c.URL, ledgers.Options{MustExist: true, Clock: c.Clock}))
	reading := errors.Is(err, ledger.ErrReadOnly)
	if reading {
		l, err = c.stillHere(ctx)(ledgers.Open(ctx, c.URL, ledgers.Options{ReadOnly: true, Clock: c.Clock}))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opening = nil
	switch {
	case err != nil:
		o.err = err
	case c.open != nil: // An apply was quicker.
		o.ledger, o.err = c.open, l.Close()
	case reading:
		c.reading = c.upwards(l)
		o.ledger = c.reading
	default:
		c.open = c.upwards(l)
		o.ledger = c.open
	}
}

// opened waits until nothing is being opened any more.
func (c *Client) opened() {
	c.mu.Lock()
	o := c.opening
	c.mu.Unlock()
	if o != nil {
		<-o.done
	}
}
