package sim

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Capabilities implements target.Target.
func (t *Target) Capabilities(ctx context.Context) (target.Capabilities, error) {
	if err := t.fault(ctx, VerbCapabilities, Before); err != nil {
		return target.Capabilities{}, err
	}
	return *t.opts.Capabilities, t.fault(ctx, VerbCapabilities, After)
}

// Observe implements target.Target.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	if err := t.fault(ctx, VerbObserve, Before); err != nil {
		return target.Observation{}, err
	}
	t.mu.Lock()
	o := t.machine.Observe(t.sync())
	t.mu.Unlock()
	if err := t.fault(ctx, VerbObserve, After); err != nil {
		return target.Observation{}, err
	}
	return o, nil
}

// Preflight implements target.Target.
func (t *Target) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	if err := t.fault(ctx, VerbPreflight, Before); err != nil {
		return nil, err
	}
	if t.opts.Exists != nil && !t.opts.Exists(p) {
		return []target.Obstacle{{What: "there is no artifact " + p.Reference, Remedy: "publish it first"}}, nil
	}
	return nil, t.fault(ctx, VerbPreflight, After)
}

// change asks for faults around a verb of the machine, and remembers the call.
func (t *Target) change(ctx context.Context, verb, key string, do func(now time.Time) (target.Progress, error)) (target.Progress, error) {
	if err := t.fault(ctx, verb, Before); err != nil {
		return target.Progress{}, err
	}
	p, err := t.locked(verb, key, do)
	if lost := t.fault(ctx, verb, After); lost != nil {
		return target.Progress{}, lost
	}
	return p, err
}

func (t *Target) locked(verb, key string, do func(now time.Time) (target.Progress, error)) (target.Progress, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.sync()
	generation := t.machine.State.Generation
	p, err := do(now)
	t.note(now)
	s := t.machine.State
	t.calls = append(t.calls, Call{Verb: verb, Key: key, At: now, Changed: s.Generation != generation, Weight: s.Weight, Traffic: s.Extra, Err: err})
	return p, err
}

// Prepare implements target.Target.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	return t.change(ctx, VerbPrepare, req.Key, func(now time.Time) (target.Progress, error) {
		if req.Payload.Digest() == "" {
			return target.Progress{}, &target.Error{Code: target.CodeInvalid, Message: "the reference does not end in a digest"}
		}
		if t.opts.Exists != nil && !t.opts.Exists(req.Payload) {
			return target.Progress{}, &target.Error{Code: target.CodeNotFound, Message: "there is no artifact " + req.Payload.Reference}
		}
		return t.machine.Prepare(now, req)
	})
}

// Apply implements target.Target.
func (t *Target) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	return t.change(ctx, VerbApply, req.Key, func(now time.Time) (target.Progress, error) { return t.machine.Apply(now, req) })
}

// Complete implements target.Target.
func (t *Target) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, VerbComplete, req.Key, func(now time.Time) (target.Progress, error) { return t.machine.Complete(now, req) })
}

// Revert implements target.Target.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, VerbRevert, req.Key, func(now time.Time) (target.Progress, error) { return t.machine.Revert(now, req) })
}

// Finalize implements target.Target.
func (t *Target) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return t.change(ctx, VerbFinalize, req.Key, func(now time.Time) (target.Progress, error) { return t.machine.Finalize(now, req) })
}
