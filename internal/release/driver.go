package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// driver drives one release while it holds the lease. It is used by one
// goroutine.
type driver struct {
	e      *Engine
	key    Key
	leaser *ledger.Leaser
	lease  ledger.Lease
	h      *History
	obs    Observations
	limits Limits
	// tgt is opened from the specification of the open rollout, and sources too. first is
	// the target of one that is to begin.
	tgt     target.Target
	first   target.Target
	caps    target.Capabilities
	capsOK  bool
	sources map[string]signal.Source
	// keeping is the time for which the signals of the last look vouch.
	keeping keeping
	// told is the time that the counts of the last look are of.
	told  telling
	spool spool
	judge judging
	// within is the rollout over many targets that what is opened is a part of.
	within *Within
	// tries counts attempts to fix the analysis before the first step.
	tries int
	// stale is true when the stream is known to have grown, and fresh when the record of
	// a look has just shown where it ends: whoever only waits after it need not read.
	stale, fresh bool
	// adrift is true while the history was folded from records that the ledger may
	// have put into another order.
	adrift bool
	// seenRevert is the number of the outcome that Observations.RevertSeen is about.
	seenRevert uint64
	// due is until when the driver last decided to wait.
	due time.Time
	// graceEnd is until when an interrupted driver goes on with a revert, zero while
	// nobody has interrupted it.
	graceEnd time.Time
	// line is the driver's place among those who share the target's calls.
	line lining
	// stay says when this run may return though the rollout is open.
	stay     staying
	warnings []string
	// trouble is the last error of a ledger that is away, isAlone whether the driver goes on
	// without it, and lookedAlone when it last looked so.
	trouble error
	isAlone bool
	// sealed is true once the ledger took no record because it is moved.
	sealed      bool
	lookedAlone time.Time
	// unrecorded is set during a look that the ledger cannot take, unless it finds harm.
	unrecorded error
	// used is whether the fence is known to be above all that the target had seen, or writes
	// may have been made under it.
	used bool
	// clockTold is true once the run has said that a clock is wrong.
	clockTold bool
}

// errAgain means that the stream grew while the driver was about to append: it
// must decide anew.
var errAgain = errors.New("the stream has grown")

// take gets the lease and the history. With force it takes the lease from
// whoever has it, which only a person's abort or rollback does.
func (e *Engine) take(ctx context.Context, key Key, force bool) (*driver, error) {
	d := &driver{
		e: e, key: key,
		leaser: e.Leaser,
		limits: Limits{CallTimeout: e.callTimeout()},
		spool:  spool{dir: e.SpoolDir, key: key},
	}
	if d.leaser == nil {
		d.leaser = &ledger.Leaser{Ledger: e.Ledger, Clock: e.Clock, Holder: e.Holder}
	}
	var err error
	var nameless error
	if e.SpoolDir != "" {
		d.spool.ledger, nameless = e.ledgerID(ctx)
	}
	if force {
		d.lease, err = d.leaser.Take(ctx, key.LeaseName(), e.leaseTTL())
	} else {
		d.lease, err = e.acquire(ctx, d.leaser, key)
	}
	if err != nil {
		return nil, err
	}
	if err := d.reload(ctx); err != nil {
		d.release(ctx)
		return nil, err
	}
	if nameless != nil && !force && !d.returning() {
		// A spool may hold what was done already, and nobody can tell where it lies.
		d.release(ctx)
		return nil, nameless
	}
	d.used = !force && d.leaser.Resumed(d.lease)
	d.warnOfClock()
	if e.Hooks.Taken != nil {
		e.Hooks.Taken(key, d.lease)
	}
	return d, nil
}

// release gives the lease back, even when the caller's context has ended, so that
// whoever comes next need not wait.
func (d *driver) release(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revertPatience)
	defer cancel()
	// A lease that cannot be given back expires by itself.
	_ = d.leaser.Release(ctx, d.lease)
}

// reload brings spooled records home and folds the stream anew.
func (d *driver) reload(ctx context.Context) error {
	if err := d.spool.flush(ctx, d.e.Ledger); err != nil {
		return err
	}
	h, err := d.e.load(ctx, d.key)
	if err != nil {
		return err
	}
	h.Rebound = d.leaser.Rebound()
	d.h, d.stale, d.adrift = h, false, false
	return nil
}

// sync folds what others appended since.
func (d *driver) sync(ctx context.Context) error {
	if d.adrift || d.spool.pending() {
		return d.reload(ctx)
	}
	records, err := d.e.Ledger.Read(ctx, d.key.Stream(), d.h.Seq+1)
	if err != nil {
		return err
	}
	for _, r := range records {
		if err := d.fold(r, false); err != nil {
			return err
		}
	}
	d.stale = false
	return nil
}

// drive decides and acts until the open rollout is closed, the context ends or
// the lease is lost. It returns nil when the rollout is closed, by whomever.
//
// An interrupt does not stop a revert: it goes on for interruptGrace, so that
// users are not left hurt by whoever got impatient.
func (d *driver) drive(ctx context.Context) error {
	defer d.bringHome(ctx)
	defer d.leaveLine()
	open := d.h.Open()
	loop := d.loop
	if open != nil && open.Waves != nil {
		loop = d.waves
	}
	err := loop(ctx)
	var fenced *ledger.FencedError
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errLeft):
		return errLeft
	case errors.As(err, &fenced) && d.closedByAnother(ctx, open):
		return nil
	default:
		return d.interrupted(err)
	}
}

// loop is drive, with the cause alone as its error.
func (d *driver) loop(ctx context.Context) error {
	for d.h.Open() != nil {
		d.obs.Interrupted = ctx.Err() != nil
		decision := d.decide()
		if ctx.Err() != nil && (!decision.back() || d.graceOver()) {
			return context.Cause(ctx)
		}
		if err := d.stops(decision.back()); err != nil {
			return err
		}
		if d.stale || !d.hurried(decision) {
			d.fresh = d.fresh && decision.Action == ActWait
			err := d.refresh(unlessBack(ctx, decision))
			switch alone := d.alone(ctx, err); {
			case alone && !decision.back():
				if err := d.lookAlone(ctx, decision, err); err != nil && ctx.Err() == nil {
					return err
				}
				continue
			case err != nil && !alone:
				return err
			}
			if d.h.Open() == nil {
				return nil
			}
			decision = d.decide()
		}
		if d.leaves(decision) {
			return d.leave(ctx)
		}
		if d.e.onDecide != nil {
			d.e.onDecide(decision)
		}
		switch err := d.turn(unlessBack(ctx, decision), decision); {
		case errors.Is(err, errAgain):
			d.stale = true
		case err != nil && ctx.Err() != nil && !decision.back():
			return context.Cause(ctx)
		case d.alone(ctx, err):
			if err := d.lookAlone(ctx, decision, err); err != nil && ctx.Err() == nil {
				return err
			}
		case err != nil && !(decision.Action == ActWait && ctx.Err() != nil):
			return err
		}
	}
	return nil
}

// closedByAnother reads what whoever took the lease over has made of the rollout.
// Where they have closed it, its end is this driver's answer too.
func (d *driver) closedByAnother(ctx context.Context, r *Rollout) bool {
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), revertPatience)
	defer cancel()
	return d.sync(short) == nil && d.h.Open() == nil && d.h.Last().Number == r.Number
}

// unlessBack gives the context under which a decision is carried out: what leads
// back outlives an interrupt, except for a wait, which the interrupt cuts short.
func unlessBack(ctx context.Context, decision Decision) context.Context {
	if !decision.back() || decision.Action == ActWait && ctx.Err() == nil {
		return ctx
	}
	return context.WithoutCancel(ctx)
}

// turn carries one decision out.
func (d *driver) turn(ctx context.Context, decision Decision) error {
	d.fresh = false
	if err := d.openTarget(ctx, decision); err != nil {
		return err
	}
	if decision.Action == ActStop {
		return d.stopReason()
	}
	if its, err := d.itsTurn(ctx, decision); !its || err != nil {
		return err
	}
	if d.calls(decision) {
		// It is left as soon as the target has answered, too.
		defer d.leaveLine()
	}
	if err := d.takesUp(ctx, decision); err != nil {
		return err
	}
	return d.act(ctx, decision)
}

// decide asks Decide, with what this driver knows by now.
func (d *driver) decide() Decision {
	if r := d.h.Open(); r.revertSeq != d.seenRevert {
		d.seenRevert, d.obs.RevertSeen = r.revertSeq, d.e.Clock.Now()
	}
	d.limits.WrongClock = d.e.clockWrong()
	return Decide(d.h, d.obs, d.limits, d.e.Clock.Now())
}

// hurried is true for the first try of a revert, from the decision on: nothing
// that may be slow stands between, neither a look at what is new in the ledger
// nor a renewal of the lease. An append behind what is new fails anyway.
func (d *driver) hurried(decision Decision) bool {
	r := d.h.Open()
	switch decision.Event {
	case EventLowerUnseen, EventLowerDue, EventBetweenLowers:
		// A way back by steps has the time to hear that a person wants it at once.
		return false
	}
	return decision.Next.GoingBack() && decision.State != RollbackFailed && !r.done[EffectRevert] && !d.revertFailed(r)
}

func (d *driver) revertFailed(r *Rollout) bool {
	return r.Failure != nil && r.Failure.Kind == EffectRevert
}

// graceOver begins the grace with the first call after an interrupt, and says
// whether it has passed.
func (d *driver) graceOver() bool {
	now := d.e.Clock.Now()
	if d.graceEnd.IsZero() {
		d.graceEnd = now.Add(interruptGrace)
	}
	return now.After(d.graceEnd)
}

// openTarget makes the target of the open rollout, and asks once what it can do.
// A revert does not wait for the answer.
func (d *driver) openTarget(ctx context.Context, decision Decision) error {
	if d.tgt == nil {
		t, err := d.e.Targets.Open(ctx, d.h.Open().Spec.Target, d.targetDeps())
		if err != nil {
			return err
		}
		d.tgt = t
	}
	if !d.capsOK && !d.hurried(decision) {
		bounded, cancel := d.bound(ctx)
		defer cancel()
		caps, err := d.tgt.Capabilities(bounded)
		// Without an answer the target is taken for one that can do nothing, which
		// only makes the driver more careful.
		if err == nil {
			d.caps, d.capsOK = caps, true
			d.limits.ConditionalWrite = caps.ConditionalWrite
		}
	}
	return nil
}

// bound limits one call: by the longest call, and while going forward by what is
// left of the lease, so that no call outlives the right to make it.
func (d *driver) bound(ctx context.Context) (context.Context, context.CancelFunc) {
	// A call takes its time, in which others may append.
	d.fresh = false
	limit := d.e.callTimeout()
	// What only looks needs no lease.
	if left := d.leaser.Left(d.lease); !d.goingBack() && d.unrecorded == nil && left < limit {
		limit = left
	}
	return context.WithTimeout(ctx, limit)
}

func (d *driver) stopReason() error {
	r := d.h.Open()
	return fmt.Errorf("the rollout was opened by a newer version of Sluice (format %d, this one knows %d); install that version to go on, or go back with: sluice abort %s --reason \"...\"", r.Spec.Format, SpecFormat, d.key)
}

// interrupted wraps what stopped the driver, with the truth about the rollout.
func (d *driver) interrupted(cause error) error {
	if d.h.Open() == nil {
		return cause
	}
	return &InterruptedError{Outcome: d.outcome(Underway, d.obs.Target), Cause: cause}
}

// outcome is what is true now, with what people should know besides.
func (d *driver) outcome(result Result, serving *target.Observation) Outcome {
	out := outcomeOf(d.h, result, serving)
	out.Warnings = append(out.Warnings, d.warnings...)
	return out
}

// wait sleeps until the decision's time, but never past the next renewal of the
// lease.
func (d *driver) wait(ctx context.Context, until time.Time) error {
	now := d.e.Clock.Now()
	d.due = until
	pause := min(until.Sub(now), d.lease.TTL/4)
	if !d.graceEnd.IsZero() {
		pause = min(pause, d.graceEnd.Sub(now)+shortestWait)
	}
	if d.goingBack() {
		return d.pauseFor(ctx, pause)
	}
	short, cancel := d.e.untilHandOver(ctx)
	defer cancel()
	err := d.pauseFor(short, pause)
	if ctx.Err() == nil && d.e.stopping() {
		// The loop says what follows.
		return nil
	}
	return err
}

// targetDeps names the rollout to whoever keeps a log of our calls.
func (d *driver) targetDeps() target.Deps {
	deps := d.e.targetDepsOf(d.key)
	deps.Subject = fmt.Sprintf("%s/%d", d.key, d.h.Open().Number)
	return deps
}
