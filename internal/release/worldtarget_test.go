package release_test

import (
	"context"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// worldTarget is the runtime as one driver reaches it.
type worldTarget struct {
	w     *world
	fault fault
}

func (t *worldTarget) Capabilities(context.Context) (target.Capabilities, error) {
	return t.w.caps, t.w.note("capabilities")
}

func (t *worldTarget) Observe(ctx context.Context) (target.Observation, error) {
	if err := ctx.Err(); err != nil {
		return target.Observation{}, err
	}
	if err := t.fault("observe", "before"); err != nil {
		return target.Observation{}, err
	}
	if err := t.w.note("observe"); err != nil {
		return target.Observation{}, err
	}
	if t.w.vague {
		return target.Observation{}, nil
	}
	return t.w.observe(), nil
}

func (t *worldTarget) Preflight(context.Context, artifact.Payload) ([]target.Obstacle, error) {
	return t.w.obstacles, t.w.note("preflight")
}

func (t *worldTarget) write(ctx context.Context, verb, id string, do func(now time.Time) (target.Progress, error)) (target.Progress, error) {
	if err := ctx.Err(); err != nil {
		return target.Progress{}, err
	}
	if err := t.fault(verb, "before"); err != nil {
		return target.Progress{}, err
	}
	if err := t.w.note(verb); err != nil {
		return target.Progress{}, err
	}
	t.w.mu.Lock()
	t.w.count()
	t.w.calls[id]++
	t.w.writes++
	p, err := do(t.w.clock.Now())
	t.w.mu.Unlock()
	if t.w.onEffect != nil {
		t.w.onEffect(verb)
	}
	if lost := t.fault(verb, "after"); lost != nil {
		return target.Progress{}, lost
	}
	if t.w.lost[verb] > 0 {
		t.w.lost[verb]--
		return target.Progress{}, &target.Error{Code: target.CodeUnavailable, Message: "the reply was lost", MaybeDone: true}
	}
	return p, err
}

func (t *worldTarget) Prepare(ctx context.Context, r target.PrepareRequest) (target.Progress, error) {
	return t.write(ctx, "prepare", r.Key, func(now time.Time) (target.Progress, error) { return t.w.machine.Prepare(now, r) })
}

func (t *worldTarget) Apply(ctx context.Context, r target.ApplyRequest) (target.Progress, error) {
	verb := "apply"
	if strings.Contains(r.Key, "/renew/") {
		verb = "renew"
	}
	return t.write(ctx, verb, r.Key, func(now time.Time) (target.Progress, error) { return t.w.machine.Apply(now, r) })
}

func (t *worldTarget) Complete(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return t.write(ctx, "complete", r.Key, func(now time.Time) (target.Progress, error) { return t.w.machine.Complete(now, r) })
}

func (t *worldTarget) Revert(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return t.write(ctx, "revert", r.Key, func(now time.Time) (target.Progress, error) { return t.w.machine.Revert(now, r) })
}

func (t *worldTarget) Finalize(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return t.write(ctx, "finalize", r.Key, func(now time.Time) (target.Progress, error) { return t.w.machine.Finalize(now, r) })
}
