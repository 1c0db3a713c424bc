package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// lining is a driver's place among those who share the calls of a target's runtime, and
// then its turn. The zero value has none.
type lining struct {
	place *queue.Place
	// aside is true where the turn was given back for a while, and waited where it did not
	// come at once and nothing was made of it yet.
	aside, waited bool
	// ahead is how many were before it when it last changed, at movedAt.
	ahead          int
	since, movedAt time.Time
}

// join takes a place, where there is a queue and none is taken.
func (d *driver) join(t target.Target, line queue.Line) bool {
	if d.line.aside {
		d.line.place, d.line.aside = d.line.place.Rejoin(), false
	}
	if d.line.place != nil {
		return true
	}
	s, shares := t.(target.Sharer)
	if !shares {
		return false
	}
	now := d.e.Clock.Now()
	d.line = lining{place: s.Join(line), since: now, movedAt: now, ahead: -1}
	return d.line.place != nil
}

// leaveLine gives the turn back, or the place up. It may be called at any time.
func (d *driver) leaveLine() {
	d.line.place.Leave()
	d.line = lining{}
}

// stepAside gives a turn back while others are asked, who may not answer soon. The next
// join is in front of the line. A place without a turn is kept.
func (d *driver) stepAside() {
	if d.line.place != nil && d.line.place.Has() {
		d.line.place.Leave()
		d.line.aside = true
	}
}

// inTurn marks the calls of a driver that has its turn.
func (d *driver) inTurn(ctx context.Context) context.Context {
	if d.line.place == nil {
		return ctx
	}
	return target.WithTurn(ctx)
}

// standInLine waits for the turn, though never past the next renewal of the lease, and
// renews it.
func (d *driver) standInLine(ctx context.Context) error {
	short, cancel := d.e.untilHandOver(ctx)
	defer cancel()
	short, stop := context.WithCancel(short)
	defer stop()
	ready := d.line.place.Ready()
	go func() {
		select {
		case <-ready:
			stop()
		case <-short.Done():
		}
	}()
	if err := d.pauseFor(short, d.lease.TTL/4); err != nil && ctx.Err() != nil {
		return err
	}
	return d.renew(ctx)
}

// itsTurn is whether a decision may be carried out now, as far as others who share the
// target's calls are concerned. What leads back never waits. Where it is false the driver
// has waited for a while, and decides anew.
func (d *driver) itsTurn(ctx context.Context, decision Decision) (bool, error) {
	switch {
	case decision.back(), d.h.Open().Kind == BackOut:
		d.leaveLine()
		return true, nil
	case decision.Action == ActAskGates:
		d.stepAside()
		return true, nil
	case !d.calls(decision):
		d.leaveLine()
		return true, nil
	case !d.join(d.tgt, decision.line()):
		return true, nil
	case !d.line.place.Has():
		d.line.waited = true
		return false, d.standInLine(ctx)
	case d.line.waited:
		// The turn may have come just behind a wait that had ended without it.
		d.line.waited = false
		if r := d.h.Open(); !within(d.e.Clock.Now(), d.obs.GatesAt, r.Spec.Strategy.Analysis.Interval.Std()) {
			// What they said before the wait is not what they say now.
			d.obs.Asked = false
			return false, nil
		}
	}
	return true, nil
}

// line is where a decision waits for its turn.
func (d Decision) line() queue.Line {
	switch d.Action {
	case ActLook, ActMeasure:
		return queue.Watch
	default:
		return queue.Move
	}
}

// calls is whether a decision is carried out by calls to the target.
func (d *driver) calls(decision Decision) bool {
	switch decision.Action {
	case ActLook:
		return true
	case ActPrepareAnalysis:
		return d.obs.Target == nil
	default:
		return decision.Action.writes()
	}
}

// lookInTurn is look for one of many, in its turn.
func (e *Engine) lookInTurn(ctx context.Context, c target.Config) (*target.Observation, error) {
	t, err := e.Targets.Open(ctx, c, e.targetDeps())
	if err != nil {
		return nil, err
	}
	ctx, leave, err := e.takeTurn(ctx, t, queue.Watch)
	if err != nil {
		return nil, err
	}
	defer leave()
	return e.lookAt(ctx, t)
}

// preflightInTurn asks a target what would stop a rollout that is planned, in its turn.
func (e *Engine) preflightInTurn(ctx context.Context, t target.Target, p artifact.Payload, plan target.Plan) ([]target.Obstacle, error) {
	ctx, leave, err := e.takeTurn(ctx, t, queue.Begin)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	return ready(ctx, t, p, plan)
}

// takeTurn waits for a turn of somebody who has no lease to keep, for no longer than one
// call may last, and marks the calls that are made in it.
func (e *Engine) takeTurn(ctx context.Context, t target.Target, line queue.Line) (marked context.Context, leave func(), err error) {
	s, shares := t.(target.Sharer)
	if !shares || target.HasTurn(ctx) {
		return ctx, func() {}, nil
	}
	place := s.Join(line)
	if place == nil {
		return ctx, func() {}, nil
	}
	short, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	select {
	case <-place.Ready():
		return target.WithTurn(ctx), place.Leave, nil
	case <-short.Done():
		defer place.Leave()
		return ctx, nil, &target.Error{Code: target.CodeUnavailable, Busy: true, Err: short.Err(),
			Message: fmt.Sprintf("its turn in %s did not come in %s, with %d before it", place.Where(), e.callTimeout(), place.Ahead())}
	}
}
