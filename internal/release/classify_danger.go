package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// danger is what sends a rollout back, or to a person.
func (v view) danger() Event {
	tick := v.r.LastTick
	if v.r.Spec.Mode == Observe {
		return ""
	}
	// Before the first weight of this rollout the target may still speak of a
	// switch that fired in an earlier one.
	if v.r.applied >= 0 && (tick != nil && tick.Observation != nil && tick.Observation.Reverted ||
		v.obs.Target != nil && v.obs.Target.Reverted) {
		return EventSwitchFired
	}
	if v.r.Harm == nil && !v.unhealthy() && !v.checkFailed() {
		return ""
	}
	if v.mayGoBack() {
		return EventHarm
	}
	return EventHarmManual
}

func (v view) unhealthy() bool { return v.r.LastTick != nil && v.r.LastTick.Input.Unhealthy != "" }

// mayGoBack is whether the engine may roll back without a person.
func (v view) mayGoBack() bool {
	p := v.r.Spec.Policy
	baking := v.r.State == Baking || v.r.PausedFrom == Baking && v.r.State == Paused
	return p.automatic() && !v.r.Spec.Irreversible && (!baking || p.duringBake()) &&
		v.h.AutomaticRollbacks(v.now.Add(-24*time.Hour)) < p.maxPerDay()
}

// distrust is what makes a rollout wait because nobody can say how it goes.
func (v view) distrust() Event {
	if v.diverged() {
		return EventDiverged
	}
	if v.r.BadTicks >= 2 {
		return EventNoData
	}
	if code := v.pauseCode(); code == judge.CodeTrafficShare {
		return EventTrafficShare
	} else if code != "" {
		return EventNoData
	}
	return ""
}

// diverged is true when the target said that it is not where the rollout put it.
func (v view) diverged() bool {
	tick := v.r.LastTick
	// A look from before the last effect says nothing about what is true since.
	if tick == nil || tick.Observation == nil || !tick.Observation.Known || v.r.tickSeq < v.r.outcomeSeq {
		return false
	}
	return moved(tick.Observation, v.r)
}

// strayed is true when a look before an effect found the canary at a weight that
// is neither where the rollout left it nor where it wants it.
func (v view) strayed() bool {
	c := v.canary()
	if v.r.Intent.traffic().Batch != nil {
		// Its instances are on their way one after the other.
		return false
	}
	return c != nil && c.Weight != v.r.Weight && c.Weight != v.r.Intent.Weight
}

// pauseCode is the judge's reason for asking to pause, or empty.
func (v view) pauseCode() string {
	if v.r.LastTick == nil || v.r.LastTick.Verdict == nil || v.r.LastTick.Verdict.Action != judge.Pause {
		return ""
	}
	for _, reason := range v.r.LastTick.Verdict.Reasons {
		if reason.Code == judge.CodeTrafficShare || reason.Code == judge.CodeNoExposure {
			return reason.Code
		}
	}
	return judge.CodeNoExposure
}
