package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// Continue drives the open rollout of a release to its end, or takes up a
// rollback that somebody asked for. Without either it returns the release as it
// is.
func (e *Engine) Continue(ctx context.Context, key Key) (Outcome, error) {
	return e.ContinueFor(ctx, key, Stay{})
}

// ContinueFor is Continue, for as long as the Stay says. A run that left the rollout
// open says Underway without an error.
func (e *Engine) ContinueFor(ctx context.Context, key Key, stay Stay) (Outcome, error) {
	if _, err := e.Load(ctx, key); err != nil {
		return Outcome{Key: key}, err
	}
	return e.DriveFor(ctx, key, stay)
}

// DriveFor is ContinueFor for a release that the caller knows to be in the ledger,
// without the look whether it is.
func (e *Engine) DriveFor(ctx context.Context, key Key, stay Stay) (out Outcome, err error) {
	d, err := e.takeOrRecall(ctx, key)
	if err != nil {
		return Outcome{Key: key}, err
	}
	defer d.release(ctx)
	defer func() { e.Memory.keep(d, err) }()
	d.stay.Stay = stay
	if d.h.Open() == nil {
		if out, done, err := d.takeUpRequest(ctx); done {
			return out, err
		}
		return d.outcome(Unchanged, nil), nil
	}
	return d.finish(ctx)
}

// finish drives the open rollout to its end, or for as long as the run stays.
func (d *driver) finish(ctx context.Context) (Outcome, error) {
	switch err := d.drive(ctx); {
	case errors.Is(err, errLeft):
		return d.stayed(), nil
	case err != nil:
		return d.outcome(Underway, d.obs.Target), err
	}
	return d.ended(ctx)
}

func (e *Engine) takeKnown(ctx context.Context, key Key, force bool) (*driver, error) {
	if _, err := e.Load(ctx, key); err != nil {
		return nil, err
	}
	return e.take(ctx, key, force)
}

// RequestAbort appends the word of somebody who has no access to the target.
// Whoever drives the rollout reverts.
func (e *Engine) RequestAbort(ctx context.Context, key Key, req RequestBody) error {
	h, err := e.Load(ctx, key)
	if err != nil {
		return err
	}
	open := h.Open()
	if open == nil {
		return fmt.Errorf("no rollout of %s is open, so there is nothing to abort", key)
	}
	if open.Waves != nil && open.Kind == BackOut {
		return fmt.Errorf("rollout %d of %s goes back already, so there is nothing to abort; to see it to its end: sluice continue %s", open.Number, key, key)
	}
	return e.note(ctx, key, KindAbortRequested, open.Number, req)
}

// Abort stops the open rollout and brings all traffic back. The request is
// recorded first; then the fence is taken from whoever drives, at once.
func (e *Engine) Abort(ctx context.Context, key Key, req RequestBody) (Outcome, error) {
	if req.Cause == "" {
		req.Cause = CauseOperator
	}
	if err := e.RequestAbort(ctx, key, req); err != nil {
		return Outcome{Key: key}, err
	}
	d, err := e.take(ctx, key, true)
	if err != nil {
		return Outcome{Key: key}, err
	}
	defer d.release(ctx)
	out, err := d.finish(ctx)
	var ended *EndedError
	if errors.As(err, &ended) && out.Result == Stopped {
		return out, nil
	}
	return out, err
}

// opened opens and drives a rollout that no wish of a state asked for. The reason is
// a person's, empty for a repair. What is to be recorded before is left, nil for nothing,
// and not before the rollout may be opened.
func (d *driver) opened(ctx context.Context, spec Spec, kind Kind, reason string, left *Quarantined) (Outcome, error) {
	if spec.Waved() {
		return d.backWaves(ctx, spec, reason, left)
	}
	d.forgetTarget()
	defer d.leaveLine()
	look := d.lookToBegin
	if kind == BackOut {
		// It waits for nobody.
		look = d.lookAtOnce
	}
	serving, err := look(ctx, spec)
	if err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	if err := d.mayDrive(ctx, serving, !d.h.drove); err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	opening, err := d.opening(ctx, ShipRequest{Spec: spec.Normalize(), Within: d.within}, kind, serving)
	d.leaveLine()
	if err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	opening.Reason = reason
	if err := d.condemn(ctx, left); err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	if err := d.append(ctx, KindOpened, opening); err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	return d.finish(ctx)
}

// condemn records a quarantine, nil for none.
func (d *driver) condemn(ctx context.Context, q *Quarantined) error {
	if q == nil {
		return nil
	}
	return d.append(ctx, KindQuarantined, *q)
}

// immediate is a strategy without steps, judgement or bake, for going back.
func immediate(s strategy.Definition) strategy.Definition {
	return strategy.Definition{
		Name: s.Name, AllAtOnce: &strategy.AllAtOnce{}, PrepareTimeout: s.PrepareTimeout, RevertAfter: s.RevertAfter,
		Analysis: strategy.Analysis{Interval: s.Analysis.Interval},
	}
}

// Repair brings the target back to what the ledger says should serve, by a
// rollout of kind repair through the same gates as any other. It is refused while
// a rollout is open. Nothing is opened when nothing drifted.
func (e *Engine) Repair(ctx context.Context, key Key) (Outcome, error) {
	d, err := e.takeKnown(ctx, key, false)
	if err != nil {
		return Outcome{Key: key}, err
	}
	defer d.release(ctx)
	if open := d.h.Open(); open != nil {
		return outcomeOf(d.h, Underway, nil), &OpenError{Key: key, Rollout: open.Number, State: open.State}
	}
	payload := d.h.Serving()
	if payload == nil {
		return outcomeOf(d.h, Unchanged, nil), fmt.Errorf("%w: nothing was ever released, so there is nothing to repair towards", ErrUnknown)
	}
	spec := *d.h.Spec
	if spec.Mode == Observe {
		return outcomeOf(d.h, Unchanged, nil), fmt.Errorf("%w: %s", ErrObserving, key)
	}
	if spec.Waved() {
		return outcomeOf(d.h, Unchanged, nil), manyTargets(spec, "repaired")
	}
	serving, err := e.look(ctx, spec.Target)
	if err != nil {
		return outcomeOf(d.h, Unchanged, nil), fmt.Errorf("the target could not be read: %w", err)
	}
	if ServesOnly(*serving, payload) && serving.Canary == nil {
		return outcomeOf(d.h, Unchanged, serving), nil
	}
	spec.Payload, spec.Evidence = *payload, nil
	spec.Strategy = immediate(spec.Strategy)
	return d.opened(ctx, spec, Repair, "", nil)
}

// Release ends the management of a release. The workload is left alone. An owner
// without an ID is a state that imported the release and wrote nothing since: an
// import moves the ownership, so it may end it too.
func (e *Engine) Release(ctx context.Context, key Key, owner Owner, reason string) error {
	h, err := e.Load(ctx, key)
	if err != nil {
		return err
	}
	if open := h.Open(); open != nil {
		return &OpenError{Key: key, Rollout: open.Number, State: open.State}
	}
	if h.Owner != nil && owner.ID != "" && h.Owner.ID != owner.ID {
		return &OwnedError{Key: key, Owner: *h.Owner}
	}
	if h.Spec != nil {
		for _, name := range h.Spec.Names() {
			if err := e.Release(ctx, key.Part(name), Owner{}, reason); err != nil && !errors.Is(err, ErrUnknown) {
				return err
			}
		}
	}
	return e.note(ctx, key, KindReleased, 0, ReleasedBody{Reason: reason})
}

// Quarantine forbids a payload here until somebody lifts it.
func (e *Engine) Quarantine(ctx context.Context, key Key, p artifact.Payload, reason string) error {
	if p.Key() == "" {
		return field.Error{Path: "reference", Msg: "the reference has no digest; it must end in one, for example registry.example/checkout@sha256:<64 hexadecimal digits>"}
	}
	return e.note(ctx, key, KindQuarantined, 0, Quarantined{Payload: p, Reason: reason, By: e.Actor, At: e.Clock.Now()})
}

// Lift allows a quarantined payload again. ledger.ErrNotFound when it is not
// quarantined.
func (e *Engine) Lift(ctx context.Context, key Key, payloadKey, reason string) error {
	h, err := e.Load(ctx, key)
	if err != nil {
		return err
	}
	if _, ok := h.Quarantine[payloadKey]; !ok {
		return fmt.Errorf("%w: %s is not quarantined in %s", ledger.ErrNotFound, artifact.Short(payloadKey), key)
	}
	return e.note(ctx, key, KindLifted, 0, LiftedBody{Key: payloadKey, Reason: reason, By: e.Actor})
}
