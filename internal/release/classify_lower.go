package release

import "time"

// willLower is whether a rollout that turns back for this cause goes by steps. A
// person's abort never does, and neither does an artifact that serves nobody, nor a
// target that refused or was not driven: the steps are for an old arm that needs
// time, and cost users something. A cohort, a mirror or a batch goes back at once: a
// share below it has no meaning.
func (v view) willLower(next State, cause Cause) bool {
	switch cause {
	case CauseUnhealthy, CauseError, CauseDeadMan, CauseOperator, CauseSuperseded:
		return false
	}
	r := v.r
	return next == Reverting && r.Spec.Policy.How == BySteps && r.Kind == Forward && r.Abort == nil &&
		r.Spec.Mode != Observe && r.Traffic == nil && (r.lower(r.Weight) > 0 || !r.loweredAt.IsZero())
}

// lowering names what matters on a way back by steps, and nothing once the rest of
// the traffic is to go back at once: because a person asks or interrupts, the time
// is up, the target is not as it should be, or no lower step is left.
func (v view) lowering() Event {
	open := v.r.Intent
	switch {
	case v.r.State != Reverting || !v.willLower(Reverting, v.r.Cause):
		return ""
	case open != nil && open.Kind != EffectLower, v.lowerFailed(), !v.r.lowerInTime(v.now):
		return ""
	case v.obs.Interrupted || v.obs.LookFailed:
		return ""
	case open == nil && within(v.now, v.r.loweredAt, v.r.Spec.Policy.backSteps().Each.Std()):
		return EventBetweenLowers
	case open != nil && v.obs.IntentKey == open.Key && v.now.Before(v.obs.LookAgain):
		return EventBetweenLowers
	// A weight must never be raised on the way back, so an old look is no look.
	case v.obs.Target == nil || !within(v.now, v.obs.TargetAt, v.limits.CallTimeout):
		return EventLowerUnseen
	}
	c := v.canary()
	if c == nil || !c.Payload.Same(v.r.Spec.Payload) || v.r.lower(c.Weight) <= 0 || open != nil && c.Weight < open.Weight {
		return ""
	}
	return EventLowerDue
}

// untilLower is when a way back by steps goes on.
func (v view) untilLower() time.Time {
	end := v.r.backAt.Add(v.r.Spec.Policy.backSteps().Within.Std())
	next := v.r.loweredAt.Add(v.r.Spec.Policy.backSteps().Each.Std())
	if v.r.Intent != nil {
		next = v.obs.LookAgain
	}
	if next.After(end) {
		return end
	}
	return next
}

// lowerFailed is true once the target did not lower the weight as it was asked to.
func (v view) lowerFailed() bool {
	return v.r.Failure != nil && (v.r.Failure.Kind == EffectLower || v.r.Failure.Kind == EffectRevert)
}

// lowerInTime is whether the way back may still take its time.
func (r *Rollout) lowerInTime(now time.Time) bool {
	return within(now, r.backAt, r.Spec.Policy.backSteps().Within.Std())
}

// lower is the next weight on the way back from another: the greatest of the
// strategy's steps below it, and 0 where none is left.
func (r *Rollout) lower(weight float64) float64 {
	for _, w := range r.Spec.backWeights() {
		if w < weight {
			return w
		}
	}
	return 0
}
