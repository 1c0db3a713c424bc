package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// BackPlan is what a person's rollback would do.
type BackPlan struct {
	Key Key `json:"key"`
	// From is what would be left and quarantined, To where it would go.
	From *artifact.Payload `json:"from,omitempty"`
	To   *artifact.Payload `json:"to,omitempty"`
	// Open is the rollout that is open, nil when none is. It would be aborted, unless
	// it is a rollback itself: that one would be taken over and brought to its end.
	Open    *Rollout            `json:"-"`
	Steps   []string            `json:"steps"`
	Serving *target.Observation `json:"serving,omitempty"`
	// Parts is what the targets of a release over many say; Serving is nil then.
	Parts []PartLook `json:"-"`
	// Effects are what the target would be asked for, in order.
	Effects []string `json:"effects"`
	// Rehearsal is what was found of this very way back now.
	Rehearsal Rehearsal `json:"rehearsal"`
}

// Refused is why Back would open nothing, nil where it would.
func (p BackPlan) Refused() error {
	if p.Rehearsal.Behind == nil {
		return nil
	}
	return &BehindError{Key: p.Key, BehindBody: *p.Rehearsal.Behind}
}

// PlanBack says what Back would do, and changes nothing. ErrNothingBefore when
// there is nowhere to go.
func (e *Engine) PlanBack(ctx context.Context, key Key) (BackPlan, error) {
	status, err := e.Describe(ctx, key, true)
	if err != nil {
		return BackPlan{}, err
	}
	if h := status.History; h.Spec != nil && h.Spec.Waved() {
		return e.planBackWaves(ctx, status)
	}
	plan := BackPlan{Key: key, Open: status.History.Open(), Serving: status.Serving}
	alone := plan.Open != nil && plan.Open.Kind == Forward && servesAlone(plan.Serving, plan.Open)
	switch open := plan.Open; {
	case alone && status.History.Serving() != nil:
		// It goes back by a rollout of its own, as planned below.
	case open != nil && open.Kind == Forward:
		plan.From, plan.To = &open.Spec.Payload, open.Baseline
		plan.Steps = []string{
			fmt.Sprintf("abort rollout %d, which stands at %.4g %%", open.Number, open.Weight),
			"send all traffic to " + labelOf(open.Baseline),
			"quarantine " + open.Spec.Payload.Label(),
		}
		plan.Effects = revertEffects(open)
		plan.Rehearsal = e.rehearse(ctx, open.Spec, status.History, status.Serving, status.LookErr)
		plan.Rehearsal.byPerson()
		return plan, nil
	case open != nil && open.Kind == BackOut:
		return e.planOnBack(ctx, plan, status), nil
	}
	plan.From, plan.To = status.History.leaving()
	if alone {
		plan.From, plan.To = &plan.Open.Spec.Payload, status.History.Serving()
	}
	if plan.To == nil {
		return plan, ErrNothingBefore
	}
	if open := plan.Open; alone {
		plan.Steps = []string{fmt.Sprintf("end rollout %d, whose artifact serves alone", open.Number)}
	} else if open != nil {
		plan.Steps = []string{fmt.Sprintf("abort rollout %d, the repair of %s, which stands at %.4g %%", open.Number, open.Spec.Payload.Label(), open.Weight)}
	}
	plan.Steps = append(plan.Steps,
		"quarantine "+plan.From.Label(),
		fmt.Sprintf("bring up %s beside it and wait until it is healthy", plan.To.Label()),
		fmt.Sprintf("send all traffic to %s, at once and without a gate", plan.To.Label()),
		"take "+plan.From.Label()+" away")
	plan.Effects = bringUpEffects(plan.To)
	plan.Rehearsal = e.rehearseBack(ctx, status, *plan.To)
	return plan, nil
}

// planOnBack is about a rollback that is open already: Back takes it over and brings
// it to its end, which is where it came from when it was stopped meanwhile.
func (e *Engine) planOnBack(ctx context.Context, plan BackPlan, status Status) BackPlan {
	open := plan.Open
	takeOver := fmt.Sprintf("take over rollout %d, a rollback to %s that is open already, at %.4g %% (%s)", open.Number, open.Spec.Payload.Label(), open.Weight, open.State)
	if open.turnsBack() {
		plan.From, plan.To = &open.Spec.Payload, open.Baseline
		plan.Steps = []string{takeOver + " and was stopped", "send all traffic to " + labelOf(open.Baseline)}
		plan.Effects = revertEffects(open)
		plan.Rehearsal = e.rehearse(ctx, open.Spec, status.History, status.Serving, status.LookErr)
		plan.Rehearsal.byPerson()
		return plan
	}
	plan.From, plan.To = open.Baseline, &open.Spec.Payload
	plan.Steps = []string{
		takeOver,
		fmt.Sprintf("send all traffic to %s, at once and without a gate", plan.To.Label()),
		"take " + labelOf(plan.From) + " away",
	}
	plan.Effects = bringUpEffects(plan.To)
	plan.Rehearsal = e.rehearseBack(ctx, status, *plan.To)
	return plan
}

// turnsBack is whether the rollout goes back to its baseline, or was asked to.
func (r *Rollout) turnsBack() bool { return r.Abort != nil || r.State.GoingBack() }

// BackTo is the payload that a person's rollback would go to now, nil where there is
// none.
func (h *History) BackTo() *artifact.Payload {
	switch open := h.Open(); {
	case open != nil && (open.Kind == Forward || open.Kind == BackOut && open.turnsBack()):
		return open.Baseline
	case open != nil && open.Kind == BackOut:
		return &open.Spec.Payload
	default:
		_, to := h.leaving()
		return to
	}
}

func revertEffects(open *Rollout) []string {
	return []string{"revert: 0 % on " + open.Spec.Payload.Label() + ", at once", "finalize: take away what has no traffic"}
}

func bringUpEffects(to *artifact.Payload) []string {
	return []string{
		"prepare: " + to.Label() + " at 0 %", "apply: 100 % on " + to.Label(),
		"complete: " + to.Label() + " is the only one", "finalize: take away what has no traffic",
	}
}

func labelOf(p *artifact.Payload) string {
	if p == nil {
		return "nothing, since nothing served before"
	}
	return p.Label()
}

// lookPause is the least time between two looks of RevertWithSpec.
const lookPause = 200 * time.Millisecond

// RevertWithSpec goes back without any ledger: it sends all traffic to the
// payload, by reverting where the target still has it as the baseline and by
// bringing it up otherwise. It repeats itself until the target says so or the
// context ends.
//
// Its fence is above that of whoever drives, who is stopped, and below the one of
// the next driver: the ledger knows nothing of these writes (ledger.OutOfBand).
func RevertWithSpec(ctx context.Context, spec Spec, to artifact.Payload, targets target.Registry, deps target.Deps) (target.Observation, error) {
	if spec.Waved() {
		return target.Observation{}, manyTargets(spec, "taken back without a ledger")
	}
	deps.Release = spec.Key().String()
	t, err := targets.Open(ctx, spec.Target, deps)
	if err != nil {
		return target.Observation{}, err
	}
	started, fence := deps.Clock.Now().UnixNano(), uint64(0)
	for n := 0; ; n++ {
		obs, err := t.Observe(ctx)
		if err != nil {
			return obs, err
		}
		if ServesOnly(obs, to) && obs.Canary == nil {
			return obs, nil
		}
		fence = max(fence, ledger.OutOfBand(obs.Fence))
		write := target.WriteRequest{Key: fmt.Sprintf("%s/spec/%d/%d", spec.Key(), started, n), Fence: fence}
		progress, err := backStep(ctx, t, obs, to, write)
		if err != nil && target.CodeOf(err) != target.CodeUnavailable {
			return obs, err
		}
		if err := pause(ctx, deps.Clock, progress, err); err != nil {
			return obs, err
		}
	}
}

// backStep makes the one change that leads towards the payload.
func backStep(ctx context.Context, t target.Target, obs target.Observation, to artifact.Payload, write target.WriteRequest) (target.Progress, error) {
	atBaseline := obs.Baseline != nil && obs.Baseline.Payload.Same(to)
	canary := obs.Canary
	switch {
	case atBaseline && canary != nil && canary.Weight > 0:
		return t.Revert(ctx, write)
	case atBaseline:
		return t.Finalize(ctx, write)
	case canary != nil && !canary.Payload.Same(to) && canary.Weight > 0:
		return t.Revert(ctx, write)
	case canary == nil || !canary.Payload.Same(to) || canary.Health != target.Healthy:
		return t.Prepare(ctx, target.PrepareRequest{WriteRequest: write, Payload: to})
	case canary.Weight < 100:
		return t.Apply(ctx, target.ApplyRequest{WriteRequest: write, Traffic: target.TrafficState{Weight: 100}})
	default:
		return t.Complete(ctx, write)
	}
}

func pause(ctx context.Context, c clock.Clock, progress target.Progress, err error) error {
	if err == nil && progress.Done {
		return nil
	}
	if slept := c.Sleep(ctx, max(progress.LookAgain, lookPause)); slept != nil {
		return errors.Join(err, slept)
	}
	return nil
}
