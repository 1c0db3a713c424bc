package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// view is what one decision looks at.
type view struct {
	h      *History
	r      *Rollout
	obs    Observations
	limits Limits
	now    time.Time
}

// classify names the one event that matters most now. The order of the
// questions in each state is the precedence: an abort before everything, harm
// before progress.
func (v view) classify() Event {
	switch {
	case v.r.State.Final():
		return EventClosed
	case v.r.State.GoingBack():
		return v.goingBack()
	case v.r.Abort != nil && !v.completed() && !v.mayBeComplete():
		return EventAbortRequested
	case v.r.Spec.Format > SpecFormat:
		return EventFormatTooRecent
	}
	switch v.r.State {
	case Opened:
		return v.opened()
	case Preparing:
		return v.preparing()
	case Stepping:
		return v.stepping()
	case Paused:
		return v.paused()
	case Baking:
		return v.baking()
	default:
		return v.completing()
	}
}

// completed is true from the moment at which going back needs a rollout of its
// own, because the old arm is no longer the baseline.
func (v view) completed() bool { return v.r.State == Completing && v.r.done[EffectComplete] }

// mayBeComplete is true while nobody has looked whether a completion that was
// begun came true. An abort waits for that look: a revert would find no canary
// and wrongly be taken for a way back.
func (v view) mayBeComplete() bool {
	return v.r.State == Completing && v.r.Intent != nil && v.r.Intent.Kind == EffectComplete &&
		v.obs.IntentKey != v.r.Intent.Key
}

func (v view) opened() Event {
	switch {
	case v.r.Spec.Mode == Observe && v.r.Analysis != nil:
		return EventWatchOnly
	case v.r.Kind == Repair && v.r.Baseline != nil && v.r.Baseline.Same(v.r.Spec.Payload):
		return EventRepairable
	case v.r.Analysis == nil:
		return EventUnprepared
	default:
		return EventReady
	}
}

func (v view) preparing() Event {
	if v.r.done[EffectPrepare] {
		return EventArmReady
	}
	if v.inTheWay() {
		return EventUnrepaired
	}
	late := v.overdue(v.r.MovedAt, v.r.Spec.Strategy.PrepareTimeout.Std())
	if v.r.Intent == nil && !late {
		return EventArmMissing
	}
	e := EventBackingOff
	if v.r.Intent != nil {
		e = v.intent()
	}
	// Whoever takes an old intent up looks before it gives up: the arm may have
	// become ready while nobody drove.
	if e == EventRefused || e == EventIntentOpen || !late {
		return e
	}
	if c := v.canary(); c != nil && c.Health == target.Unhealthy {
		return EventArmUnhealthy
	}
	return EventTimedOut
}

// inTheWay is true for a rollback or a repair that finds somebody else's canary
// with traffic, which must lose it before another can be prepared.
func (v view) inTheWay() bool {
	c := v.r.Opening.Observation.Canary
	return v.r.Kind != Forward && c != nil && v.r.Opening.Observation.Exposed() && !c.Payload.Same(v.r.Spec.Payload) && !v.r.done[EffectRevert] &&
		!v.backingOff() && !v.now.Before(v.obs.LookAgain)
}

// intent is about an effect that was begun and has no outcome yet.
func (v view) intent() Event {
	f := v.r.Failure
	switch {
	case f != nil && refused(*f):
		return EventRefused
	case v.backingOff():
		return EventBackingOff
	case v.obs.LookFailed && v.now.Before(v.obs.LookAgain):
		return EventBackingOff
	case v.obs.IntentKey != v.r.Intent.Key:
		return EventIntentOpen
	case v.now.Before(v.obs.LookAgain):
		return EventBackingOff
	default:
		return EventIntentUnmet
	}
}

// retried is intent for a rollout that only a person may turn back: what the
// target refuses is tried again, with backoff, until it is mended or aborted.
func (v view) retried() Event {
	if f := v.r.Failure; f == nil || !refused(*f) {
		return v.intent()
	}
	switch {
	case v.backingOff():
		return EventBackingOff
	case v.obs.IntentKey != v.r.Intent.Key:
		return EventIntentOpen
	default:
		return EventIntentUnmet
	}
}

// refused reports whether trying again cannot help. A conflict is the target's
// word that it is not in the state the effect needs.
func refused(f FailureBody) bool {
	return f.Code == target.CodeConflict || target.IsPermanent(&target.Error{Code: f.Code})
}

// leftToPerson is whether the engine may not turn the rollout back by itself
// whatever happens.
func (v view) leftToPerson() bool {
	return v.r.Spec.Irreversible || !v.r.Spec.Policy.automatic()
}

func (v view) stepping() Event {
	step := v.r.CurrentStep()
	if e := v.danger(); e != "" {
		return e
	}
	if v.r.Intent != nil {
		return v.applying(step)
	}
	if v.r.applied < v.r.Step {
		switch {
		case v.blind():
			return EventNoData
		case v.r.applied >= 0 && v.diverged():
			// Somebody moved it while a gate was shut. The looks since know its fingerprint, so
			// the target would not refuse the step that overwrites that.
			return EventDiverged
		}
		return v.beforeStep()
	}
	if step.Traffic.Weight >= 100 {
		return EventAllTraffic
	}
	if e := v.distrust(); e != "" {
		return e
	}
	if e := v.standingStill(step); e != "" {
		return e
	}
	if v.passed(step.AtLeast) {
		return EventStepPassed
	}
	if e := v.deadline(step.AtMost); e != "" {
		return e
	}
	return v.tick()
}

// applying is about a step's weight that was intended and is not confirmed. Time
// may have passed since the gates were asked, so they are asked again before the
// target is.
func (v view) applying(step strategy.Step) Event {
	e := v.intent()
	if e == EventRefused && v.r.Failure.Code != target.CodeConflict && v.leftToPerson() {
		e = v.retried()
	}
	interval := v.r.Spec.Strategy.Analysis.Interval.Std()
	switch {
	case e == EventRefused && v.r.Failure.Code == target.CodeConflict, e == EventIntentUnmet && v.strayed():
		return EventDiverged
	case e == EventRefused || e == EventIntentOpen:
		return e
	case v.overdue(v.r.intentAt, step.AtMost) && !v.leftToPerson():
		return EventTimedOut
	case e == EventIntentUnmet && v.asksGates(step) && !within(v.now, v.obs.GatesAt, interval):
		return EventGatesUnasked
	case e == EventIntentUnmet && v.asksGates(step) && len(gate.Blocked(v.obs.Gates)) > 0:
		return EventGatesBlocked
	default:
		return e
	}
}

// blind is whether nobody sees what the traffic that the new artifact has already does
// to users, so that it must not get more: a gate may have held the rollout up for long.
func (v view) blind() bool {
	return v.r.Kind != BackOut && v.r.applied >= 0 && v.r.BadTicks >= 2
}

// beforeStep asks the gates of a forward rollout before each step that moves
// traffic.
func (v view) beforeStep() Event {
	switch {
	case !v.asksGates(v.r.CurrentStep()):
		return EventStepUnapplied
	case !v.obs.Asked || v.obs.GatesStep != v.r.Step || v.gatesStale():
		return EventGatesUnasked
	case len(gate.Blocked(v.obs.Gates)) > 0:
		return EventGatesBlocked
	default:
		return EventStepUnapplied
	}
}

// gatesStale is whether the rollout has waited, for something else, since the gates were
// asked: what they said then is not what they say now.
func (v view) gatesStale() bool {
	return v.obs.GatesSeq < v.r.movedSeq && !within(v.now, v.obs.GatesAt, v.r.Spec.Strategy.Analysis.Interval.Std())
}

// safe is true when the judge has proved the present step safe, or when there is
// nothing to judge.
func (v view) safe() bool {
	if !v.r.judging() {
		return true
	}
	tick := v.r.LastTick
	return tick != nil && tick.Step == v.r.Step && tick.Verdict != nil && tick.Verdict.Kind == judge.Safe
}

func (v view) passed(atLeast time.Duration) bool {
	return v.r.Soak >= atLeast && v.r.BadTicks == 0 && v.safe()
}

func (v view) tick() Event {
	if v.nextTick().After(v.now) {
		return EventBetweenTicks
	}
	return EventTickDue
}

func (v view) canary() *target.ArmState {
	if v.obs.Target == nil || !v.obs.Target.Known {
		return nil
	}
	return v.obs.Target.Canary
}
