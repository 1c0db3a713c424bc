package release_test

import (
	"context"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
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

func (t *worldTarget) write(ctx context.Context, verb string, req target.WriteRequest, do func(now time.Time) (target.Progress, error)) (target.Progress, error) {
	if err := ctx.Err(); err != nil {
		return target.Progress{}, err
	}
	limit := budget(ctx)
	t.w.mu.Lock()
	t.w.budgets[verb] = max(t.w.budgets[verb], limit)
	t.w.mu.Unlock()
	sent := t.w.clock.Now()
	if err := t.fault(verb, "before"); err != nil {
		return target.Progress{}, err
	}
	if !t.w.lateCallsLand && t.w.clock.Now().Sub(sent) >= limit {
		return target.Progress{}, &target.Error{Code: target.CodeUnavailable, Message: "the call took too long", MaybeDone: true}
	}
	if err := t.w.note(verb); err != nil {
		return target.Progress{}, err
	}
	p, err := t.w.change(verb, req, do)
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

// budget is how long a call may take. Its deadline is on the machine's clock,
// since a context has no other, so it is rounded.
func budget(ctx context.Context) time.Duration {
	deadline, ok := ctx.Deadline()
	if !ok {
		return time.Hour
	}
	return deadline.Sub(clock.System{}.Now()).Round(100 * time.Millisecond)
}

// change carries a verb out. A target without conditional writes forgets which
// fences it has seen.
func (w *world) change(verb string, req target.WriteRequest, do func(now time.Time) (target.Progress, error)) (target.Progress, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	w.calls[req.Key]++
	w.writes++
	if !w.caps.ConditionalWrite {
		w.machine.State.Fence = 0
	}
	before := w.machine.State.Generation
	p, err := do(w.clock.Now())
	if s := w.machine.State; s.Generation != before {
		w.changes = append(w.changes, change{verb: verb, key: req.Key, weight: s.Weight, fence: req.Fence})
	}
	return p, err
}

func (t *worldTarget) Prepare(ctx context.Context, r target.PrepareRequest) (target.Progress, error) {
	return t.write(ctx, "prepare", r.WriteRequest, func(now time.Time) (target.Progress, error) { return t.w.machine.Prepare(now, r) })
}

func (t *worldTarget) Apply(ctx context.Context, r target.ApplyRequest) (target.Progress, error) {
	verb := "apply"
	if strings.Contains(r.Key, "/renew/") {
		verb = "renew"
	}
	return t.write(ctx, verb, r.WriteRequest, func(now time.Time) (target.Progress, error) { return t.w.machine.Apply(now, r) })
}

func (t *worldTarget) Complete(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return t.write(ctx, "complete", r, func(now time.Time) (target.Progress, error) { return t.w.machine.Complete(now, r) })
}

func (t *worldTarget) Revert(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return t.write(ctx, "revert", r, func(now time.Time) (target.Progress, error) { return t.w.machine.Revert(now, r) })
}

func (t *worldTarget) Finalize(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return t.write(ctx, "finalize", r, func(now time.Time) (target.Progress, error) { return t.w.machine.Finalize(now, r) })
}
