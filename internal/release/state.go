package release

// State is where a rollout stands.
type State string

// The states. The last four are final.
const (
	Opened         State = "opened"
	Preparing      State = "preparing"
	Stepping       State = "stepping"
	Paused         State = "paused"
	Baking         State = "baking"
	Completing     State = "completing"
	Aborting       State = "aborting"
	Reverting      State = "reverting"
	RollbackFailed State = "rollback_failed"
	Succeeded      State = "succeeded"
	RolledBack     State = "rolled_back"
	Aborted        State = "aborted"
	Errored        State = "errored"
)

// States lists all states in the order of a rollout's life.
func States() []State {
	return []State{
		Opened, Preparing, Stepping, Paused, Baking, Completing, Aborting, Reverting,
		RollbackFailed, Succeeded, RolledBack, Aborted, Errored,
	}
}

// Final reports whether nothing follows.
func (s State) Final() bool {
	switch s {
	case Succeeded, RolledBack, Aborted, Errored:
		return true
	default:
		return false
	}
}

// GoingBack reports whether the rollout is on its way to the old artifact, which
// no forward effect may follow.
func (s State) GoingBack() bool {
	switch s {
	case Aborting, Reverting, RollbackFailed:
		return true
	default:
		return false
	}
}

// Cause says why a rollout left the straight way.
type Cause string

// The causes. Harm, Unhealthy, BurnRate and ErrorCeiling say that the artifact is
// bad and quarantine it; the others say nothing about it.
const (
	CauseHarm         Cause = "harm"
	CauseUnhealthy    Cause = "unhealthy"
	CauseInconclusive Cause = "inconclusive"
	CauseOperator     Cause = "operator"
	CauseSuperseded   Cause = "superseded"
	CauseError        Cause = "error"
	CauseDeadMan      Cause = "dead_man_switch"
	CauseGate         Cause = "gate"
	CauseNoData       Cause = "no_data"
	CauseTrafficShare Cause = "traffic_share"
	CauseDiverged     Cause = "diverged"
	CauseManual       Cause = "needs_a_person"
	CauseBurnRate     Cause = "burn_rate"
	CauseErrorCeiling Cause = "error_ceiling"
	CauseExternal     Cause = "external_signal"
	CauseCheck        Cause = "check_failed"
	CausePause        Cause = "awaiting_resume"
	// CauseWaves stops one target because the release over all of them goes back.
	CauseWaves Cause = "waves"
	// CausePartial ends a release over many targets of which some failed, within the
	// failure budget.
	CausePartial Cause = "partial"
)

// Condemns reports whether the cause puts the artifact into quarantine.
func (c Cause) Condemns() bool {
	switch c {
	case CauseHarm, CauseUnhealthy, CauseCheck, CauseBurnRate, CauseErrorCeiling:
		return true
	default:
		return false
	}
}

// causeOf is the cause of a rollout that a trigger with counts turned back.
func causeOf(t Trigger) Cause {
	switch t {
	case TriggerBurnRate:
		return CauseBurnRate
	case TriggerErrorCeiling:
		return CauseErrorCeiling
	default:
		return CauseExternal
	}
}
