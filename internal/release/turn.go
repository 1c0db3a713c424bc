package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	// busyPatience is how long a rollout that is to begin waits at one place in the
	// queue, and for a target that is asked too much though its turn has come. busyPause
	// is the time between two tries of that.
	busyPatience = 15 * time.Minute
	busyPause    = 5 * time.Second
)

// lining is a driver's place among those who share the calls of a target's runtime, and
// then its turn. The zero value has none.
type lining struct {
	place *queue.Place
	// ahead is how many were before it when it last changed, at movedAt.
	ahead          int
	since, movedAt time.Time
}

// join takes a place, where there is a queue and none is taken.
func (d *driver) join(t target.Target, begun bool) bool {
	if d.line.place != nil {
		return true
	}
	s, shares := t.(target.Sharer)
	if !shares {
		return false
	}
	now := d.e.Clock.Now()
	d.line = lining{place: s.Join(begun), since: now, movedAt: now, ahead: -1}
	return d.line.place != nil
}

// leaveLine gives the turn back, or the place up. It may be called at any time.
func (d *driver) leaveLine() {
	d.line.place.Leave()
	d.line = lining{}
}

// inTurn marks the calls of a driver that has its turn.
func (d *driver) inTurn(ctx context.Context) context.Context {
	if d.line.place == nil {
		return ctx
	}
	return target.WithTurn(ctx)
}

// lookToBegin looks at the target of a rollout that is to begin, once its turn has come,
// and keeps the turn for what is asked next. Whoever called leaves the line.
func (d *driver) lookToBegin(ctx context.Context, spec Spec) (serving *target.Observation, err error) {
	t, err := d.e.Targets.Open(ctx, spec.Target, d.e.targetDepsOf(spec.Key()))
	if err != nil {
		return nil, err
	}
	if err := d.toBegin(ctx, t); err != nil {
		return nil, err
	}
	d.first = t
	err = d.untilAnswered(ctx, func(ctx context.Context) (err error) {
		serving, err = d.e.lookAt(ctx, t)
		return err
	})
	return serving, err
}

// toBegin waits until a rollout may begin at its target, and calls nobody until then. The
// lease is renewed meanwhile. Whoever called leaves the line.
func (d *driver) toBegin(ctx context.Context, t target.Target) error {
	if !d.join(t, false) {
		return nil
	}
	for !d.line.place.Has() {
		d.noteAhead()
		if err := d.gaveUp(); err != nil {
			d.leaveLine()
			return err
		}
		if err := d.standInLine(ctx); err != nil {
			d.leaveLine()
			return err
		}
	}
	if waited := d.e.Clock.Now().Sub(d.line.since); waited >= time.Minute {
		d.warn(fmt.Sprintf("it waited %s for its turn in %s, where others made calls", waited.Round(time.Second), d.line.place.Where()))
	}
	return nil
}

// noteAhead notes, and tells, that others before this driver have had their turn.
func (d *driver) noteAhead() {
	ahead := d.line.place.Ahead()
	if ahead == d.line.ahead {
		return
	}
	now := d.e.Clock.Now()
	d.line.ahead, d.line.movedAt = ahead, now
	if d.e.Hooks.Waiting != nil {
		d.e.Hooks.Waiting(Waiting{Key: d.key, Ahead: ahead, Where: d.line.place.Where(), Since: d.line.since})
	}
}

// gaveUp says why a rollout that is to begin waits no longer: the queue stands still, or
// the run's time is over. Nothing was begun.
func (d *driver) gaveUp() error {
	now := d.e.Clock.Now()
	var why string
	switch {
	case d.e.stopping():
		return errHandOver
	case d.stay.asked(), d.stay.late(now, d.e.callTimeout()):
		why = "this run's time is over"
	case now.Sub(d.line.movedAt) >= busyPatience:
		why = fmt.Sprintf("the queue has not moved for %s", busyPatience)
	default:
		return nil
	}
	return &target.Error{Code: target.CodeUnavailable, Busy: true,
		Message: fmt.Sprintf("it waited %s for its turn in %s, with %d before it, and %s", now.Sub(d.line.since).Round(time.Second), d.line.place.Where(), d.line.ahead, why),
		Remedy:  "apply again, with more time (wait_at_most) or fewer rollouts at once"}
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
		// Whoever has the turn keeps it: the effect comes next.
		return true, nil
	case !d.calls(decision):
		d.leaveLine()
		return true, nil
	case !d.join(d.tgt, true), d.line.place.Has():
		return true, nil
	}
	err := d.standInLine(ctx)
	if r := d.h.Open(); d.line.place.Has() && !within(d.e.Clock.Now(), d.obs.GatesAt, r.Spec.Strategy.Analysis.Interval.Std()) {
		// What they said before the wait is not what they say now.
		d.obs.Asked = false
	}
	return false, err
}

// calls is whether a decision is carried out by calls to the target.
func (d *driver) calls(decision Decision) bool {
	switch decision.Action {
	case ActLook, ActMeasure, ActPrepare, ActApply, ActComplete, ActFinalize:
		return true
	case ActPrepareAnalysis:
		return d.obs.Target == nil
	default:
		return false
	}
}

// untilAnswered asks again while the target is busy. Nothing is open meanwhile, so nobody waits but
// who wants to begin.
func (d *driver) untilAnswered(ctx context.Context, ask func(context.Context) error) error {
	until := d.e.Clock.Now().Add(busyPatience)
	if left := d.stay.Deadline; !left.IsZero() && left.Before(until) {
		until = left
	}
	for {
		err := ask(d.inTurn(ctx))
		if !target.IsBusy(err) || d.stay.asked() || !d.e.Clock.Now().Add(busyPause).Before(until) {
			return err
		}
		if err := d.pauseFor(ctx, busyPause); err != nil {
			return err
		}
		if err := d.renew(ctx); err != nil {
			return d.interrupted(err)
		}
	}
}

// lookInTurn is look for one of many: it waits for its turn, though for no longer than
// for the answer.
func (e *Engine) lookInTurn(ctx context.Context, c target.Config) (*target.Observation, error) {
	t, err := e.Targets.Open(ctx, c, e.targetDeps())
	if err != nil {
		return nil, err
	}
	s, shares := t.(target.Sharer)
	if !shares || target.HasTurn(ctx) {
		return e.lookAt(ctx, t)
	}
	place := s.Join(true)
	defer place.Leave()
	if place == nil {
		return e.lookAt(ctx, t)
	}
	short, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	select {
	case <-place.Ready():
		return e.lookAt(target.WithTurn(ctx), t)
	case <-short.Done():
		return nil, &target.Error{Code: target.CodeUnavailable, Busy: true, Err: short.Err(),
			Message: fmt.Sprintf("its turn in %s did not come in %s, with %d before it", place.Where(), e.callTimeout(), place.Ahead())}
	}
}
