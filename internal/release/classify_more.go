package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// finalizeTries is how often the clearing up after a revert is tried before the
// rollout is closed without it: what is left behind carries no traffic.
const finalizeTries = 3

// deadline is what a step without a verdict does when its time is up. Time in
// which nobody looked does not count, so that a driver that comes back looks
// before it gives up.
func (v view) deadline(atMost time.Duration) Event {
	limit := atMost
	if v.r.Extended {
		limit *= 2
	}
	watched := v.now.Sub(v.r.StepAt) - v.r.unwatched
	if gap, missed := unwatched(v.r.lastWatched(), v.now, v.r.Spec.Strategy.Analysis.Interval.Std()); missed {
		watched -= gap
	}
	if watched <= limit {
		return ""
	}
	switch v.r.Spec.Strategy.OnInconclusive {
	case strategy.Rollback:
		if v.mayGoBack() {
			return EventDeadlineRevert
		}
	case strategy.Extend:
		if !v.r.Extended {
			return EventDeadlineExtend
		}
	}
	return EventDeadlinePause
}

func (v view) paused() Event {
	switch e := v.danger(); {
	case e == EventHarm || e == EventTriggered || e == EventSwitchFired:
		return e
	case (e == EventHarmManual || e == EventTriggeredManual) && v.r.Cause == CausePause:
		// It waits for another word now, and says so from where it came.
		return EventCleared
	case e == "" && (v.cleared() || v.elsewhere()):
		if v.r.PausedFrom == Baking {
			return EventClearedBake
		}
		return EventCleared
	case v.r.Cause == CauseGate && !within(v.now, v.obs.GatesAt, v.r.Spec.Strategy.Analysis.Interval.Std()):
		return EventGatesUnasked
	default:
		return v.tick()
	}
}

// cleared is whether what a rollout waits for has come. What needs a person never
// clears by itself.
func (v view) cleared() bool {
	switch v.r.Cause {
	case CauseGate:
		return v.obs.Asked && v.obs.GatesSeq >= v.r.movedSeq && len(gate.Blocked(v.obs.Gates)) == 0
	case CauseNoData:
		return v.seenSincePause() && v.r.BadTicks == 0 && v.pauseCode() == ""
	case CauseDiverged:
		return v.seenSincePause() && v.r.BadTicks == 0 && !v.diverged()
	case CauseInconclusive:
		return v.r.Resumed != nil || v.seenSincePause() && v.passed(v.r.CurrentStep().AtLeast)
	case CausePause:
		return v.r.Resumed != nil
	default:
		return false
	}
}

// elsewhere is whether a rollout that waits for something else has to say that its target
// is not where it left it: the counts of a canary that is gone never come, and who opens a
// gate or says to go on should know. It says so from where it came.
func (v view) elsewhere() bool {
	switch v.r.Cause {
	case CauseGate, CauseNoData, CauseInconclusive, CausePause:
		return v.r.applied >= 0 && v.r.Intent == nil && v.seenSincePause() && v.r.BadTicks == 0 && v.diverged()
	default:
		return false
	}
}

func (v view) seenSincePause() bool { return v.r.tickSeq > v.r.movedSeq }

func (v view) baking() Event {
	if e := v.danger(); e != "" {
		return e
	}
	if v.r.Spec.Mode != Observe {
		if e := v.distrust(); e != "" && e != EventTrafficShare {
			return e
		}
	}
	if v.r.Soak >= v.bakeTime() {
		return EventBaked
	}
	return v.tick()
}

// bakeTime is how long the new artifact is watched at 100 %. A rollout that only
// watches has no steps, so it watches for as long as they would have taken.
func (v view) bakeTime() time.Duration {
	s := v.r.Spec.Strategy
	if v.r.Kind == BackOut {
		return 0
	}
	if v.r.Spec.Mode == Observe {
		return PlannedTime(s)
	}
	return max(v.r.Spec.BakeTime(), v.r.Steps[len(v.r.Steps)-1].AtLeast)
}

// PlannedTime is how long a strategy takes at the least, from the first step to
// the end of the bake.
func PlannedTime(s strategy.Definition) time.Duration {
	total := s.BakeTime()
	for _, step := range s.Steps() {
		total += step.AtLeast
	}
	return total
}

func (v view) completing() Event {
	if v.r.Intent != nil && !v.givenUpClearing() {
		return v.finishing()
	}
	observing := v.r.Spec.Mode == Observe
	switch {
	case !observing && v.repairing() && !v.r.done[EffectRevert]:
		return EventUnrepaired
	case !observing && !v.repairing() && !v.r.done[EffectComplete]:
		return EventUncompleted
	case !observing && !v.r.done[EffectFinalize] && !v.givenUpClearing():
		return EventUnfinalized
	case v.obs.LookFailed && v.now.Before(v.obs.LookAgain):
		return EventBackingOff
	case v.obs.Target == nil || v.obs.TargetSeq < v.r.movedSeq || v.obs.LookFailed || !v.obs.Target.Known:
		return EventUnlooked
	case ServesOnly(*v.obs.Target, v.r.Spec.Payload):
		return EventServingOurs
	default:
		return EventServingOther
	}
}

// finishing is about an effect of the completion that has no outcome yet.
func (v view) finishing() Event {
	e := v.intent()
	clearing := v.r.Intent.Kind == EffectFinalize
	if e == EventRefused && (clearing || v.leftToPerson()) {
		e = v.retried()
	}
	switch {
	case e != EventIntentUnmet:
		return e
	case clearing:
		return EventUnfinalized
	case v.r.Intent.Kind == EffectRevert:
		return EventUnrepaired
	default:
		return EventUncompleted
	}
}

// givenUpClearing is true when clearing up failed too often. What is left behind
// carries no traffic, so it does not make a rollout fail.
func (v view) givenUpClearing() bool {
	f := v.r.Failure
	return f != nil && f.Kind == EffectFinalize && v.r.failures >= finalizeTries
}

// repairing is true for a repair that only has to send traffic back.
func (v view) repairing() bool {
	return v.r.Kind == Repair && v.r.Baseline != nil && v.r.Baseline.Same(v.r.Spec.Payload)
}

// ServesOnly reports whether the observation is that the payload takes all
// traffic and is healthy or at least not known to be unhealthy.
func ServesOnly(obs target.Observation, payload interface{ Key() string }) bool {
	return obs.Known && obs.Baseline != nil && obs.Baseline.Payload.Key() == payload.Key() &&
		payload.Key() != "" && !obs.Exposed()
}
