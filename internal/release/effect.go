package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// effect makes one wish true: intent, effect, outcome. An intent that is open for
// the same wish is carried on under its own key.
func (d *driver) effect(ctx context.Context, kind EffectKind) error {
	eff, err := d.intend(ctx, kind)
	if err != nil {
		return err
	}
	bounded, cancel := d.bound(ctx)
	progress, err := d.call(bounded, eff)
	cancel()
	d.leaveLine()
	d.obs.IntentKey, d.obs.LookAgain = "", time.Time{}
	if err != nil {
		return d.failed(ctx, eff, err)
	}
	d.saw(&progress.Observation)
	if !progress.Done {
		// Its own answer is as good as a look: the wish is not true yet.
		d.obs.IntentKey = eff.Key
		d.obs.LookAgain = d.e.Clock.Now().Add(min(max(progress.LookAgain, 50*time.Millisecond), 10*time.Second))
		return nil
	}
	last, cancel := lastWord(ctx)
	defer cancel()
	return d.append(last, KindOutcome, OutcomeBody{Effect: eff, Done: true, Observation: progress.Observation})
}

// lastWord gives the context for the record of an effect that has happened: an
// interrupt that came meanwhile does not keep it from the ledger, though for a
// few seconds only.
func lastWord(ctx context.Context) (context.Context, context.CancelFunc) {
	if ctx.Err() == nil {
		return ctx, func() {}
	}
	return context.WithTimeout(context.WithoutCancel(ctx), 5*revertPatience)
}

// intend appends the intent of an effect, unless the very wish is open already.
func (d *driver) intend(ctx context.Context, kind EffectKind) (Effect, error) {
	r := d.h.Open()
	if open := r.Intent; open != nil && open.Kind == kind && (kind != EffectApply || open.Step == r.Step) && !d.wornOut(r) {
		return *open, nil
	}
	eff := newEffect(d.h, r, kind)
	switch kind {
	case EffectApply:
		eff.RevertAfter = d.revertAfter(r)
		if eff.traffic().Batch != nil {
			eff.Fingerprint = d.fingerprint()
		}
	case EffectLower:
		// From what is there: a weight that somebody lowered is not raised again.
		eff.Weight, eff.RevertAfter = r.lower(d.obs.Target.Canary.Weight), d.revertAfter(r)
	}
	return eff, d.append(ctx, KindIntent, eff)
}

// wornOut is true when the key of the open intent is of no more use. A target
// carries a key out once, so a wish that it carried out and that somebody undid
// since needs a new one: at once for a revert, and for a weight after so long
// that the target cannot still be at it.
func (d *driver) wornOut(r *Rollout) bool {
	if d.h.Rebound.After(r.intentAt) {
		// What was lost may have come after it.
		return true
	}
	if d.obs.IntentKey != r.Intent.Key {
		return false
	}
	switch r.Intent.Kind {
	case EffectRevert:
		return true
	case EffectApply:
		// Instances are replaced for as long as that takes, so a batch does not wear out.
		return r.Intent.traffic().Batch == nil && !within(d.e.Clock.Now(), r.intentAt, 3*d.e.callTimeout()) && d.obs.Target.Canary != nil && d.obs.Target.Canary.Weight == r.Weight
	default:
		return false
	}
}

// newEffect states a wish under a key of its own.
func newEffect(h *History, r *Rollout, kind EffectKind) Effect {
	eff := Effect{Kind: kind, Attempt: r.attempts + 1, Step: r.Step, Weight: r.Weight}
	switch kind {
	case EffectApply:
		traffic := r.CurrentStep().Traffic
		eff.Weight, eff.Traffic = traffic.Weight, beyondWeight(traffic)
	case EffectRevert:
		eff.Weight = 0
	case EffectComplete:
		eff.Weight = 100
	}
	eff.Key = fmt.Sprintf("%s/%s/%d/%d", h.effectKey(r), kind, eff.Step, eff.Attempt)
	return eff
}

// revertAfter is the time of the dead-man switch, 0 where none is armed.
func (d *driver) revertAfter(r *Rollout) field.Duration {
	// There is nothing to take back from a step that sends nobody, so one that waits
	// there for a person may wait without a driver.
	if r.CurrentStep().SendsNobody() || r.Spec.Irreversible || !d.caps.RevertAfter || r.Baseline == nil {
		return 0
	}
	return r.Spec.Strategy.RevertAfter
}

// call carries an effect to the target.
func (d *driver) call(ctx context.Context, eff Effect) (target.Progress, error) {
	d.used = true
	write := target.WriteRequest{Key: eff.Key, Fence: d.lease.Fence, Rollout: d.h.writeKey(d.h.Open())}
	switch eff.Kind {
	case EffectPrepare:
		r := d.h.Open()
		return d.tgt.Prepare(ctx, target.PrepareRequest{WriteRequest: write, Payload: r.Spec.Payload, Plan: planOf(r.Spec, r.Skipped)})
	case EffectApply, EffectLower:
		fingerprint := d.fingerprint()
		if eff.Fingerprint != "" {
			fingerprint = eff.Fingerprint
		}
		return d.tgt.Apply(ctx, target.ApplyRequest{
			WriteRequest: write, Traffic: eff.traffic(),
			ExpectedFingerprint: fingerprint, RevertAfter: eff.RevertAfter.Std(),
		})
	case EffectComplete:
		return d.tgt.Complete(ctx, write)
	case EffectRevert:
		return d.tgt.Revert(ctx, write)
	default:
		return d.tgt.Finalize(ctx, write)
	}
}

// fingerprint is the one that the target had when this driver last saw it, so
// that a change by somebody else since is noticed and not overwritten.
func (d *driver) fingerprint() string {
	if d.obs.Target != nil {
		return d.obs.Target.Fingerprint
	}
	if o := d.h.Open().Outcome; o != nil {
		return o.Observation.Fingerprint
	}
	return ""
}

// failed records that an effect went wrong. A stale fence is not the effect's
// fault: somebody else drives, and this driver stops.
func (d *driver) failed(ctx context.Context, eff Effect, err error) error {
	code := target.CodeOf(err)
	if code == target.CodeStaleFence {
		return d.refused(ctx, err)
	}
	if ctx.Err() != nil && !d.goingBack() {
		return ctx.Err()
	}
	body := FailureBody{Effect: eff, Code: code, Message: err.Error(), MaybeDone: true}
	var te *target.Error
	if errors.As(err, &te) {
		body.Message, body.Remedy, body.MaybeDone = te.Message, te.Remedy, te.MaybeDone
		d.saw(te.Observation)
	}
	if seen := d.obs.Target; code == target.CodeConflict && te != nil && te.Observation != nil && fulfilled(eff, d.h.Open(), *seen) {
		// An earlier attempt at this wish has landed since the last look.
		return d.append(ctx, KindOutcome, OutcomeBody{Effect: eff, Done: true, Resolved: true, Observation: *seen})
	}
	return d.append(ctx, KindFailure, body)
}

func (d *driver) saw(obs *target.Observation) {
	if obs == nil {
		return
	}
	d.obs.Target, d.obs.TargetAt, d.obs.TargetSeq, d.obs.LookFailed = obs, d.e.Clock.Now(), d.h.Seq, false
}

// look observes the target, and closes an open intent whose wish has come true.
func (d *driver) look(ctx context.Context) error {
	bounded, cancel := d.bound(ctx)
	obs, err := d.tgt.Observe(bounded)
	cancel()
	d.leaveLine()
	// A look that failed is not the end: Decide waits and looks again.
	if unseen := err != nil || !obs.Known; unseen {
		d.obs.LookFailed = true
		d.obs.LookAgain = d.e.Clock.Now().Add(time.Second)
		return ctx.Err()
	}
	d.obs.LookAgain = time.Time{}
	d.saw(&obs)
	r := d.h.Open()
	if r.Intent == nil {
		return nil
	}
	if !fulfilled(*r.Intent, r, obs) {
		d.obs.IntentKey = r.Intent.Key
		return nil
	}
	return d.append(ctx, KindOutcome, OutcomeBody{Effect: *r.Intent, Done: true, Resolved: true, Observation: obs})
}

// fulfilled reports whether the observation is what the effect wished for.
func fulfilled(eff Effect, r *Rollout, obs target.Observation) bool {
	c := obs.Canary
	switch eff.Kind {
	case EffectPrepare:
		return c != nil && c.Payload.Same(r.Spec.Payload) && c.Health == target.Healthy
	case EffectApply:
		return c != nil && c.Payload.Same(r.Spec.Payload) && applied(eff, obs)
	case EffectComplete:
		return ServesOnly(obs, r.Spec.Payload)
	case EffectLower:
		return c == nil || c.Weight <= eff.Weight
	case EffectRevert:
		return c == nil || c.Weight == 0 && told(obs) == nil
	default:
		return c == nil && !obs.Leftover
	}
}
