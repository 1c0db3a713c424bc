package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Rollout is one attempt to make a release true, folded from its records.
type Rollout struct {
	Number   int               `json:"number"`
	Kind     Kind              `json:"kind"`
	Spec     Spec              `json:"spec"`
	Owner    Owner             `json:"owner,omitzero"`
	Baseline *artifact.Payload `json:"baseline,omitempty"`
	Skipped  []int             `json:"skipped,omitempty"`
	OpenedAt time.Time         `json:"opened_at"`
	OpenedBy string            `json:"opened_by"`
	// Asked is why a person asked for it; empty where a configuration did.
	Asked string `json:"asked,omitempty"`

	State State `json:"state"`
	// Cause and Reason say why it left the straight way, or why it waits.
	Cause  Cause  `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Trigger names what turned it back, or paused it for a person, where that was a
	// trigger of the policy.
	Trigger string `json:"trigger,omitempty"`
	// SkipReason says why steps were skipped, where it is not that nothing served.
	SkipReason string `json:"skip_reason,omitempty"`
	// Rehearsal is what was found of the way back before the rollout began.
	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`
	// RevertTook is the time from the decision to go back to the end of the revert; 0
	// where the rollout did not go back.
	RevertTook time.Duration `json:"revert_took,omitempty"`
	// MovedAt is when it came into its state; ClosedAt is zero while it is open.
	MovedAt  time.Time `json:"moved_at"`
	ClosedAt time.Time `json:"closed_at,omitzero"`
	// PausedFrom is the state that a pause goes back to.
	PausedFrom State `json:"paused_from,omitempty"`
	// Abort is the request to stop, once there is one.
	Abort *RequestBody `json:"abort,omitempty"`

	// Step is the index of the step that is walked now.
	Step int `json:"step"`
	// Weight is the canary's share that was last applied.
	Weight float64 `json:"weight"`
	// Traffic is the whole state that was last applied, where it says more than the
	// weight.
	Traffic *target.TrafficState `json:"traffic,omitempty"`
	// StepAt is when the present step (or the bake) began, zero before.
	StepAt time.Time `json:"step_at,omitzero"`
	// Soak is how much observed time the step (or the bake) has had.
	Soak time.Duration `json:"soak"`
	// Extended is true when the step's deadline was extended once.
	Extended bool `json:"extended,omitempty"`
	// Checked is the last attempt of the check that the present step is, nil before
	// the first and in other steps.
	Checked *CheckedBody `json:"checked,omitempty"`
	// Resumed is a person's word that the present step may end, once there is one.
	Resumed *ResumedBody `json:"resumed,omitempty"`
	// Ticks counts all looks, BadTicks those in a row that could not be read.
	Ticks    int `json:"ticks"`
	BadTicks int `json:"bad_ticks,omitempty"`

	Analysis *AnalysisBody  `json:"analysis,omitempty"`
	Gates    *GatesBody     `json:"gates,omitempty"`
	LastTick *TickBody      `json:"last_tick,omitempty"`
	TickAt   time.Time      `json:"tick_at,omitzero"`
	Harm     *judge.Verdict `json:"harm,omitempty"`
	Final    *MoveBody      `json:"final,omitempty"`
	Intent   *Effect        `json:"intent,omitempty"`
	Outcome  *OutcomeBody   `json:"outcome,omitempty"`
	Failure  *FailureBody   `json:"failure,omitempty"`
	// Dependencies is what was asked once the rollout had succeeded, nil where nothing
	// was.
	Dependencies *DependenciesBody `json:"dependencies,omitempty"`
	Opening      OpenedBody        `json:"-"`
	// Waves is how far a rollout over many targets has come, nil for all others.
	Waves *WaveProgress `json:"waves,omitempty"`
	// Within is the rollout over many targets that this one is a part of, or nil.
	Within *Within         `json:"within,omitempty"`
	Steps  []strategy.Step `json:"-"`

	// judged holds the inputs of all verdicts in order, for whoever goes on judging.
	judged []judge.Tick
	// samples holds what was counted, for triggers that look back.
	samples []sample
	// unwatched is how much of the time since StepAt nobody looked.
	unwatched time.Duration
	// late is the observed time of this step whose counts had not come at the last
	// look.
	late time.Duration
	// missed is time in which nobody looked, until the counts of it come.
	missed []signal.Span
	// The numbers of records: of the last move, tick, outcome and revert. What came
	// first is told by these and never by times, since a clock may be set back.
	movedSeq, tickSeq, outcomeSeq, revertSeq uint64

	// wentBack is the state, aborting or reverting, that a failed revert goes back to.
	wentBack            State
	checkedAt, intentAt time.Time
	// backAt is when it turned back, loweredAt when its weight was last lowered.
	backAt, loweredAt time.Time
	failedAt          time.Time
	failures          int
	attempts          int
	done              map[EffectKind]bool
	// applied is the index of the last step whose weight was applied, -1 before.
	applied int
}

func newRollout(rec ledger.Record, b OpenedBody) *Rollout {
	r := &Rollout{
		Number: b.Number, Kind: b.Kind, Spec: b.Spec, Owner: b.Owner, Baseline: b.Baseline,
		Skipped: b.Skipped, SkipReason: b.SkipReason, Rehearsal: b.Rehearsal, OpenedAt: rec.At, OpenedBy: rec.Actor, Asked: b.Reason, State: Opened, MovedAt: rec.At, movedSeq: rec.Seq,
		Opening: b, Steps: b.Spec.Strategy.Steps(), done: map[EffectKind]bool{}, applied: -1,
	}
	r.Step = r.nextStep(0)
	r.Within = b.Within
	if b.Waves != nil {
		r.Waves = newWaveProgress(b)
	}
	return r
}

// nextStep returns the first step from index on that is not skipped.
func (r *Rollout) nextStep(index int) int {
	for index < len(r.Steps)-1 && contains(r.Skipped, index) {
		index++
	}
	return index
}

func contains(list []int, n int) bool {
	for _, m := range list {
		if m == n {
			return true
		}
	}
	return false
}

// CurrentStep is the step that is walked now.
func (r *Rollout) CurrentStep() strategy.Step { return r.Steps[min(r.Step, len(r.Steps)-1)] }

// forget lets go of what only an open rollout needs, so that a long history
// stays small in memory.
func (r *Rollout) forget() {
	r.judged, r.samples, r.done = nil, nil, nil
	r.Opening = OpenedBody{}
}

// Why says why it left the straight way or waits; else why a person asked for it.
// It is empty for a rollout that went its way as a configuration wished.
func (r *Rollout) Why() string {
	if r.Reason != "" {
		return r.Reason
	}
	return r.Asked
}

// Advice says, for a rollout that only watched, what Sluice would have done. It is
// empty where it would have let the rollout pass, and where it acted itself.
func (r *Rollout) Advice() string {
	if r.Spec.Mode != Observe || r.Harm == nil {
		return ""
	}
	return "mode is \"observe\", so nothing was changed; the judge would have gone back: " + harmText(*r.Harm)
}
