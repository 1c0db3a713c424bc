// Package copying moves a ledger to another place: every record is copied as it is and
// verified on the way, the old place is sealed so that nothing is appended there any
// more, and the new one goes on under the same UUID. It can be cut short anywhere and
// run again.
//
//	copy while the source is in use -> seal the source -> copy what came meanwhile ->
//	leases -> verify the whole -> make the copy a ledger
package copying

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Copy is one move. Its fields are set before Run and not changed after.
type Copy struct {
	From ledger.Source
	To   ledger.Destination
	// FromPlace and ToPlace name both for people and records, without anything secret.
	FromPlace, ToPlace string
	Actor              string
	Clock              clock.Clock
	// Progress, if set, is called after each batch, by one goroutine at a time.
	Progress func(Progress)
	// BeforeSeal, if set, is asked just before the source is sealed. An error ends the
	// copy there; it goes on when it is run again.
	BeforeSeal func(ctx context.Context) error
	// Batch is how many records are imported at once at most; 0 means 500.
	Batch int
}

// Stage is what a copy is at.
type Stage string

// The stages, in their order.
const (
	// Copying: the source is in use.
	Copying Stage = "copying"
	// Sealing: the source takes no more records from here on.
	Sealing Stage = "sealing"
	// Tail: what was appended meanwhile.
	Tail Stage = "copying the rest"
	// Verifying reads the whole copy.
	Verifying Stage = "verifying"
	// Finished: the copy is a ledger.
	Finished Stage = "finished"
)

// Progress says how far a copy is.
type Progress struct {
	Stage Stage
	// Done and Total count records, and in Verifying streams. Total grows while the
	// source is in use.
	Done, Total uint64
}

// Result says what was done.
type Result struct {
	// Ledger is the UUID of both.
	Ledger string `json:"ledger"`
	From   string `json:"from"`
	To     string `json:"to"`
	// Streams, Records and Leases count what the destination has of the source.
	Streams int    `json:"streams"`
	Records uint64 `json:"records"`
	Leases  int    `json:"leases"`
	// Copied is how many of the records this run has copied; the others were there.
	Copied uint64 `json:"copied"`
	// Sealed is for how long nobody could append: from the seal of this run on.
	Sealed time.Duration `json:"-"`
	// Anchor is the checkpoint over everything, for keeping elsewhere.
	Anchor ledger.Anchor `json:"anchor"`
}

// ErrDifferent: the copy does not hold what the source does.
var ErrDifferent = errors.New("the copy is not what the source is")

// ErrTaken: the destination is a ledger of its own, and nothing was copied to it.
var ErrTaken = errors.New("name a place where nothing is")

// Run moves the ledger. After any error it may be run again, by the same process or
// another, with an unfinished destination of the same UUID; nothing that is there
// already is copied twice.
func (c *Copy) Run(ctx context.Context) (Result, error) {
	res := Result{From: c.FromPlace, To: c.ToPlace}
	if done, err := c.ready(ctx, &res); done || err != nil {
		return res, err
	}
	if err := c.pass(ctx, Copying, &res); err != nil {
		return res, err
	}
	if c.BeforeSeal != nil {
		if err := c.BeforeSeal(ctx); err != nil {
			return res, err
		}
	}
	start := c.Clock.Now()
	sealing, err := c.seal(ctx)
	if err != nil {
		return res, err
	}
	if err := c.pass(ctx, Tail, &res); err != nil {
		return res, err
	}
	if err := c.end(ctx, sealing, &res); err != nil {
		return res, err
	}
	res.Sealed = c.Clock.Now().Sub(start)
	c.tell(Progress{Stage: Finished, Done: res.Records, Total: res.Records})
	return res, nil
}

// ready says whether the two belong together, and whether the copy is done already.
func (c *Copy) ready(ctx context.Context, res *Result) (done bool, err error) {
	if res.Ledger, err = c.From.ID(ctx); err != nil {
		return false, err
	}
	id, err := c.To.ID(ctx)
	if err != nil {
		return false, err
	}
	s, err := c.From.Sealing(ctx)
	switch {
	case err != nil:
		return false, err
	case s != nil && s.To != c.ToPlace:
		return false, &ledger.SealedError{Sealing: *s}
	case s != nil && !c.To.Unfinished() && id == res.Ledger:
		return true, c.again(ctx, *s, res)
	case !c.To.Unfinished():
		return false, fmt.Errorf("%s is a ledger already, %s; %w", c.ToPlace, id, ErrTaken)
	case s != nil && s.Done:
		return false, &ledger.SealedError{Sealing: *s}
	case id != res.Ledger:
		return false, fmt.Errorf("%s: %w, %s, and not of %s; name another place", c.ToPlace, ledger.ErrUnfinished, id, res.Ledger)
	}
	return false, nil
}

// again is for a copy that is whole: a run before this one came so far, though it may
// not have said so in the source.
func (c *Copy) again(ctx context.Context, s ledger.Sealing, res *Result) error {
	leases, err := c.From.EveryLease(ctx, "")
	if err != nil {
		return err
	}
	res.Leases = len(leases)
	heads, err := c.From.Heads(ctx, "")
	if err != nil {
		return err
	}
	for _, h := range heads {
		res.Streams++
		res.Records += h.Seq
	}
	if res.Anchor, err = ledger.LastAnchor(ctx, c.To); err != nil {
		return err
	}
	s.Done = true
	return c.From.SealOff(ctx, s)
}

// seal closes the source, or finds it closed by a run before for the same place, and
// makes sure that this was done to the end.
func (c *Copy) seal(ctx context.Context) (ledger.Sealing, error) {
	c.tell(Progress{Stage: Sealing})
	s, err := c.From.Sealing(ctx)
	if err != nil {
		return ledger.Sealing{}, err
	}
	if s == nil {
		s = &ledger.Sealing{To: c.ToPlace, By: c.Actor, At: ledger.Instant(c.Clock.Now()), Mark: mark()}
	}
	err = c.From.SealOff(ctx, *s)
	var sealed *ledger.SealedError
	if errors.As(err, &sealed) && sealed.Sealing.To == c.ToPlace && !sealed.Sealing.Done {
		// Another run of the same copy was quicker.
		return sealed.Sealing, c.From.SealOff(ctx, sealed.Sealing)
	}
	return *s, err
}

func (c *Copy) tell(p Progress) {
	if c.Progress != nil {
		c.Progress(p)
	}
}
