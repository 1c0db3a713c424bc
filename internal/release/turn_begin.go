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

// lookToBegin looks at the target of a rollout that is to begin, once its turn has come,
// and keeps the turn for what is asked next. Whoever called leaves the line.
func (d *driver) lookToBegin(ctx context.Context, spec Spec) (serving *target.Observation, err error) {
	const unread = "the target could not be read: %w"
	t, err := d.e.Targets.Open(ctx, spec.Target, d.e.targetDepsOf(spec.Key()))
	if err != nil {
		return nil, &targetFault{fmt.Errorf(unread, err)}
	}
	if err := d.toBegin(ctx, t); err != nil {
		return nil, err
	}
	d.first = t
	err = d.untilAnswered(ctx, func(ctx context.Context) (err error) {
		serving, err = d.e.lookAt(ctx, t)
		return err
	})
	if err != nil {
		return nil, &targetFault{fmt.Errorf(unread, err)}
	}
	return serving, nil
}

// lookAtOnce is lookToBegin for what goes back.
func (d *driver) lookAtOnce(ctx context.Context, spec Spec) (*target.Observation, error) {
	serving, err := d.e.look(ctx, spec.Target)
	if err != nil {
		return nil, fmt.Errorf("the target could not be read: %w", err)
	}
	return serving, nil
}

// toBegin waits until a rollout may begin at its target, and calls nobody until then. The
// lease is renewed meanwhile. Whoever called leaves the line.
func (d *driver) toBegin(ctx context.Context, t target.Target) error {
	if !d.join(t, queue.Begin) {
		return nil
	}
	if err := d.waitInLine(ctx); err != nil {
		return err
	}
	if waited := d.e.Clock.Now().Sub(d.line.since); waited >= time.Minute {
		d.warn(fmt.Sprintf("it waited %s for its turn in %s, where others made calls", waited.Round(time.Second), d.line.place.Where()))
	}
	return nil
}

// comeBack waits for the turn that was given back.
func (d *driver) comeBack(ctx context.Context) error {
	if !d.line.aside {
		return nil
	}
	d.join(d.first, queue.Begin)
	return d.waitInLine(ctx)
}

// waitInLine waits until the turn has come. Whoever gives up has left the line.
func (d *driver) waitInLine(ctx context.Context) error {
	for !d.line.place.Has() {
		d.noteAhead()
		if err := d.gaveUp(); err != nil {
			d.leaveLine()
			return err
		}
		if err := d.standInLine(ctx); err != nil {
			err = fmt.Errorf("nothing was begun: it waited for its turn in %s, with %d before it: %w", d.line.place.Where(), d.line.ahead, err)
			d.leaveLine()
			return err
		}
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
	var cause error
	switch {
	case d.e.stopping():
		return errHandOver
	case d.stay.asked(), d.late(now):
		why, cause = "this run's time is over", d.noTime()
	case now.Sub(d.line.movedAt) >= busyPatience:
		why = fmt.Sprintf("the queue has not moved for %s", busyPatience)
	default:
		return nil
	}
	return &targetFault{&target.Error{Code: target.CodeUnavailable, Busy: true, Err: cause,
		Message: fmt.Sprintf("nothing was begun: it waited %s for its turn in %s, with %d before it, and %s", now.Sub(d.line.since).Round(time.Second), d.line.place.Where(), d.line.ahead, why),
		Remedy:  "apply again, with more time (wait_at_most) or fewer rollouts at once"}}
}

// untilAnswered asks again while the target is busy. Nothing is open meanwhile, so nobody waits but
// who wants to begin.
func (d *driver) untilAnswered(ctx context.Context, ask func(context.Context) error) error {
	until := d.e.Clock.Now().Add(busyPatience)
	if left, _ := d.ends(); !left.IsZero() && left.Before(until) {
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
