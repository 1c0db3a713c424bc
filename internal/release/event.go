package release

// Event is what Decide finds when it looks at a rollout: the one thing that
// matters most now. The order of precedence is in classify.go.
type Event string

// The events.
const (
	EventAbortRequested  Event = "abort_requested"
	EventUnprepared      Event = "analysis_unprepared"
	EventReady           Event = "ready"
	EventWatchOnly       Event = "watch_only"
	EventRepairable      Event = "repairable"
	EventIntentOpen      Event = "intent_open"
	EventIntentUnmet     Event = "intent_unmet"
	EventBackingOff      Event = "backing_off"
	EventRefused         Event = "refused"
	EventTimedOut        Event = "timed_out"
	EventArmMissing      Event = "arm_missing"
	EventArmReady        Event = "arm_ready"
	EventArmUnhealthy    Event = "arm_unhealthy"
	EventGatesUnasked    Event = "gates_unasked"
	EventGatesBlocked    Event = "gates_blocked"
	EventStepUnapplied   Event = "step_unapplied"
	EventStepPassed      Event = "step_passed"
	EventCheckDue        Event = "check_due"
	EventPauseReached    Event = "pause_reached"
	EventAllTraffic      Event = "all_traffic"
	EventTickDue         Event = "tick_due"
	EventBetweenTicks    Event = "between_ticks"
	EventHarm            Event = "harm"
	EventHarmManual      Event = "harm_manual"
	EventTriggered       Event = "triggered"
	EventTriggeredManual Event = "triggered_manual"
	EventSwitchFired     Event = "switch_fired"
	EventDiverged        Event = "diverged"
	EventNoData          Event = "no_data"
	EventTrafficShare    Event = "traffic_share"
	EventDeadlineExtend  Event = "deadline_extend"
	EventDeadlinePause   Event = "deadline_pause"
	EventDeadlineRevert  Event = "deadline_rollback"
	EventCleared         Event = "cleared"
	EventClearedBake     Event = "cleared_bake"
	EventBaked           Event = "baked"
	EventUnrepaired      Event = "unrepaired"
	EventUncompleted     Event = "uncompleted"
	EventUnfinalized     Event = "unfinalized"
	EventUnlooked        Event = "unlooked"
	EventServingOurs     Event = "serving_ours"
	EventServingOther    Event = "serving_other"
	EventLowerUnseen     Event = "lower_unseen"
	EventLowerDue        Event = "lower_due"
	EventBetweenLowers   Event = "between_lowers"
	EventUnreverted      Event = "unreverted"
	EventRevertFailed    Event = "revert_failed"
	EventRetryDue        Event = "retry_due"
	EventReverted        Event = "reverted"
	EventRevertedAbort   Event = "reverted_abort"
	EventUnconfirmed     Event = "unconfirmed"
	EventBackForAbort    Event = "back_for_abort"
	EventBackForHarm     Event = "back_for_harm"
	EventBackForError    Event = "back_for_error"
	EventCompletedAfter  Event = "completed_after_all"
	EventClosed          Event = "closed"
	EventFormatTooRecent Event = "format_too_recent"
)

// Action is what Decide commands.
type Action string

// The actions. Each but Move, Wait and Stop is followed by another look.
const (
	// ActMove appends a change of state and does nothing else.
	ActMove Action = "move"
	// ActPrepareAnalysis fixes thresholds and dispersion before the first step.
	ActPrepareAnalysis Action = "prepare_analysis"
	// ActAskGates asks the gates and records what they say.
	ActAskGates Action = "ask_gates"
	// ActLook observes the target.
	ActLook Action = "look"
	// ActMeasure renews the dead-man switch, counts, judges and records.
	ActMeasure Action = "measure"
	// ActCheck makes one attempt of the step's check and records what it found.
	ActCheck Action = "check"
	// ActPassStep records that the step is passed.
	ActPassStep Action = "pass_step"
	// ActExtend records that the step's deadline moves once.
	ActExtend Action = "extend"
	// ActWait waits until Decision.Until.
	ActWait Action = "wait"
	// ActStop ends the run: the rollout is closed, or this binary may not drive it.
	ActStop Action = "stop"
	// The effects.
	ActPrepare  Action = "effect_prepare"
	ActApply    Action = "effect_apply"
	ActComplete Action = "effect_complete"
	ActLower    Action = "effect_lower"
	ActRevert   Action = "effect_revert"
	ActFinalize Action = "effect_finalize"
)
