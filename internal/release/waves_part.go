package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

// part is the work on one target of a rollout over many. It may be done again by
// another driver: everything it finds out is in the part's own stream.
type part struct {
	e       *Engine
	stay    Stay
	whole   Key
	number  int
	started time.Time
	owner   Owner
	// before is the key that the whole release had, nil when it was never renamed.
	before *Key
	spec   Spec
	// reason is why the whole goes back, and back what the part goes back to.
	reason string
	back   TargetProgress
}

// partEnd is what became of it: how the target's rollout ended, or that it went back.
type partEnd struct {
	ended *TargetEndedBody
	back  *TargetBackBody
	// left is true where the target's rollout was left open, as the run's stay says.
	left bool
	// leftFor are the credentials for whose end it was left.
	leftFor credential.End
}

func (p part) run(ctx context.Context, kind PartJob) (partEnd, error) {
	switch kind {
	case JobShip:
		return p.ship(ctx)
	case JobStop:
		return p.stop(ctx)
	default:
		return p.takeBack(ctx)
	}
}

// ship brings the artifact to the target, or finds that this was done.
func (p part) ship(ctx context.Context) (partEnd, error) {
	h, err := p.e.load(ctx, p.spec.Key())
	if err != nil {
		return partEnd{}, err
	}
	if r := p.own(h); r != nil && r.State.Final() && r.Cause != CauseDeadMan {
		return p.endedAs(h, ""), nil
	}
	req := ShipRequest{Spec: p.spec, Owner: p.owner, TakeOver: true, Stay: p.stay, Within: &Within{Rollout: p.number, Started: p.started}}
	if p.before != nil {
		from := p.before.Part(p.spec.TargetName)
		req.PreviousName = &from
	}
	out, err := p.e.Ship(ctx, req)
	var ended *EndedError
	switch {
	case errors.Is(err, ErrNoTime), err == nil && out.Result == Underway:
		if short := (*ShortCredentialsError)(nil); errors.As(err, &short) {
			out.LeftFor = short.End
		}
		return partEnd{left: true, leftFor: out.LeftFor}, nil
	case err != nil && !errors.As(err, &ended):
		return partEnd{}, err
	}
	return p.endedAs(out.History, out.Result), nil
}

// own is the part's rollout that belongs to this rollout over many, or nil.
func (p part) own(h *History) *Rollout {
	if r := h.Last(); r != nil && r.Within != nil && r.Within.Rollout == p.number && r.Kind == Forward {
		return r
	}
	return nil
}

// endedAs reads the end out of the part's own history. The result is for a part
// that opened no rollout.
func (p part) endedAs(h *History, result Result) partEnd {
	body := TargetEndedBody{Target: p.spec.TargetName, Result: result}
	if r := p.own(h); r != nil && r.State.Final() {
		body.Result, body.Cause, body.Reason, body.Rollout = closedAs(r.State), r.Cause, r.Reason, r.Number
		body.Changed, body.Before = r.State == Succeeded, r.Baseline
	}
	if body.Changed {
		body.Cause, body.Reason = "", ""
	}
	return partEnd{ended: &body}
}

// stop aborts the target's open rollout. One that has just succeeded has ended as
// such, and goes back like those before it.
func (p part) stop(ctx context.Context) (partEnd, error) {
	key := p.spec.Key()
	h, err := p.e.load(ctx, key)
	if err != nil {
		return partEnd{}, err
	}
	if open := h.Open(); open != nil && open.Kind == Forward {
		reason := fmt.Sprintf("%s goes back: %s", p.whole, p.reason)
		out, err := p.e.Abort(ctx, key, RequestBody{By: p.e.Actor, Reason: reason, Cause: CauseWaves})
		var ended *EndedError
		if err != nil && !errors.As(err, &ended) {
			return partEnd{}, err
		}
		h = out.History
	}
	end := p.endedAs(h, Stopped)
	if end.ended.Result == Stopped {
		end.ended.Cause = CauseWaves
	}
	return end, nil
}

// takeBack brings back what served before, by a rollout of kind rollback: no gate
// is asked. It quarantines nothing; that is for the whole release to do, once.
func (p part) takeBack(ctx context.Context) (partEnd, error) {
	name, to := p.spec.TargetName, p.back.Before
	if to == nil {
		return p.wentBack(TargetBackBody{Target: name, Kept: true, Reason: "nothing served there before"}), nil
	}
	d, err := p.e.takeKnown(ctx, p.spec.Key(), true)
	if err != nil {
		return partEnd{}, err
	}
	defer d.release(ctx)
	if d.h.Open() != nil {
		var ended *EndedError
		if _, err := d.finish(ctx); err != nil && !errors.As(err, &ended) {
			return partEnd{}, err
		}
	}
	if samePayload(d.h.Serving(), *to) {
		return p.wentBack(TargetBackBody{Target: name}), nil
	}
	spec := p.spec
	spec.Payload, spec.Strategy, spec.Evidence = *to, immediate(spec.Strategy), nil
	d.within = &Within{Rollout: p.number, Started: p.started}
	if _, err := d.opened(ctx, spec, BackOut, fmt.Sprintf("%s goes back: %s", p.whole, p.reason), nil); err != nil {
		return partEnd{}, err
	}
	return p.wentBack(TargetBackBody{Target: name}), nil
}

// wentBack says so in both ways: for a target that had ended, and for one of which
// going back is all that was asked for.
func (p part) wentBack(body TargetBackBody) partEnd {
	end := partEnd{back: &body}
	if !p.back.Ended() {
		end.ended = &TargetEndedBody{Target: body.Target, Result: Shipped, Before: (*artifact.Payload)(nil)}
		if body.Kept {
			end.ended.Result = Unchanged
		}
	}
	return end
}
