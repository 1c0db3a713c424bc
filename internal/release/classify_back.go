package release

// goingBack names what matters on the way to the old artifact. Nothing here asks
// a gate, a signal or the lease.
func (v view) goingBack() Event {
	if v.r.Spec.Mode == Observe {
		// Nothing was written, so there is nothing to take back.
		return v.backAgain()
	}
	reverted := v.r.done[EffectRevert]
	if e := v.lowering(); e != "" && !reverted {
		return e
	}
	switch {
	case v.r.State == RollbackFailed && reverted && v.r.wentBack == Aborting:
		return EventRevertedAbort
	case v.r.State == RollbackFailed && reverted:
		return EventReverted
	case v.r.State == RollbackFailed && v.waiting():
		return EventBackingOff
	case v.r.State == RollbackFailed:
		return EventRetryDue
	case !reverted && v.revertFailed():
		return EventRevertFailed
	case !reverted && v.answeredLater():
		return EventBackingOff
	case !reverted:
		return EventUnreverted
	}
	if e := v.settle(); e != "" {
		return e
	}
	switch {
	case v.completedAfterAll():
		return EventCompletedAfter
	case !v.r.done[EffectFinalize] && v.waiting():
		return EventBackingOff
	case !v.r.done[EffectFinalize] && v.r.failures < finalizeTries:
		return EventUnfinalized
	default:
		return v.backAgain()
	}
}

// backAgain names the end of a rollout whose traffic is on the old artifact.
func (v view) backAgain() Event {
	switch {
	case v.r.Cause == CauseError || v.r.Cause == CauseDeadMan:
		return EventBackForError
	case v.r.State == Aborting:
		return EventBackForAbort
	default:
		return EventBackForHarm
	}
}

func (v view) revertFailed() bool {
	return v.r.Failure != nil && v.r.Failure.Kind == EffectRevert
}

// answeredLater is true when the target said itself when to ask about the revert
// again. What it said of an effect before must not hold the revert up.
func (v view) answeredLater() bool {
	return v.r.Intent != nil && v.r.Intent.Kind == EffectRevert && v.obs.IntentKey == v.r.Intent.Key &&
		v.now.Before(v.obs.LookAgain)
}

func (v view) waiting() bool { return v.backingOff() || v.now.Before(v.obs.LookAgain) }

// settling is true while a call of a driver that was overtaken could still land
// on a target that does not check fences. The time runs on this driver's own
// clock, from when it first knew of the revert.
func (v view) settling() bool {
	return v.r.State.GoingBack() && v.r.done[EffectRevert] && !v.r.done[EffectFinalize] &&
		!v.limits.ConditionalWrite && within(v.now, v.obs.RevertSeen, v.limits.CallTimeout)
}

// settle waits out the longest call on a target without fences, looks, and
// reverts again when something landed after the revert.
func (v view) settle() Event {
	if v.limits.ConditionalWrite || v.r.done[EffectFinalize] {
		return ""
	}
	switch {
	case v.settling():
		return EventBackingOff
	case v.obs.LookFailed && v.now.Before(v.obs.LookAgain):
		return EventBackingOff
	case v.obs.Target == nil || v.obs.LookFailed || !v.obs.Target.Known || v.lookedTooSoon():
		return EventUnconfirmed
	case v.obs.Target.Exposed():
		return EventUnreverted
	default:
		return ""
	}
}

// lookedTooSoon is true when the last look was within the longest call of the
// revert, or before it.
func (v view) lookedTooSoon() bool {
	return v.obs.TargetSeq < v.r.revertSeq || within(v.obs.TargetAt, v.obs.RevertSeen, v.limits.CallTimeout)
}
