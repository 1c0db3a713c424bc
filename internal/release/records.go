package release

import (
	"encoding/json"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The kinds of records in a release's stream. A move of a rollout's state has
// the kind "rollout." and the state.
const (
	KindAdopted        = "release.adopted"
	KindOwned          = "release.owned"
	KindSpecified      = "release.specified"
	KindReleased       = "release.released"
	KindRenamed        = "release.renamed"
	KindBehind         = "release.behind"
	KindOpened         = "rollout.opened"
	KindAnalysis       = "analysis.prepared"
	KindGates          = "gates.checked"
	KindIntent         = "effect.intended"
	KindOutcome        = "effect.observed"
	KindFailure        = "effect.failed"
	KindTick           = "tick.judged"
	KindStepPassed     = "step.passed"
	KindStepExtended   = "step.extended"
	KindChecked        = "check.made"
	KindResumed        = "pause.resumed"
	KindAbortRequested = "abort.requested"
	KindBackRequested  = "rollback.requested"
	KindQuarantined    = "artifact.quarantined"
	KindLifted         = "quarantine.lifted"
	KindDependencies   = "dependencies.checked"

	movePrefix = "rollout."
)

// Owner is the Terraform state that manages a release.
type Owner struct {
	// ID is a UUID that the state keeps.
	ID string `json:"id"`
	// Label tells people which state it is: an actor and a workspace.
	Label string `json:"label"`
}

// AdoptedBody is the body of KindAdopted: what served was what was wished for.
type AdoptedBody struct {
	Spec  Spec  `json:"spec"`
	Owner Owner `json:"owner"`
}

// SpecifiedBody is the body of KindSpecified: an edit that opens no rollout and
// holds from the next one on.
type SpecifiedBody struct {
	Spec Spec `json:"spec"`
}

// OwnedBody is the body of KindOwned: the release moved to another state.
type OwnedBody struct {
	Owner Owner `json:"owner"`
}

// BehindBody is the body of KindBehind: the target has seen a fence that this ledger has
// not given yet, so the ledger lacks records, or another one drives the target.
type BehindBody struct {
	// Seen is the fence that the target had seen, Given the one that this ledger gave.
	Seen  uint64 `json:"seen"`
	Given uint64 `json:"given"`
}

// ReleasedBody is the body of KindReleased: nobody manages the release now.
type ReleasedBody struct {
	Reason string `json:"reason"`
}

// RenamedBody is the body of KindRenamed. It carries over what must not be lost.
type RenamedBody struct {
	From Key `json:"from"`
	// Seq is the newest record of the former name that was carried over.
	Seq        uint64             `json:"seq,omitempty"`
	Succeeded  []artifact.Payload `json:"succeeded,omitempty"`
	Quarantine []Quarantined      `json:"quarantine,omitempty"`
}

// OpenedBody is the body of KindOpened, the first record of a rollout.
type OpenedBody struct {
	Number int   `json:"number"`
	Kind   Kind  `json:"kind"`
	Spec   Spec  `json:"spec"`
	Owner  Owner `json:"owner,omitzero"`
	// Baseline is what served before, nil when nothing did.
	Baseline *artifact.Payload `json:"baseline,omitempty"`
	// Skipped lists the indexes of steps that are not walked: a canary of nothing
	// would send users nowhere.
	Skipped []int `json:"skipped,omitempty"`
	// SkipReason says why, where it is not that nothing served.
	SkipReason string `json:"skip_reason,omitempty"`
	// Rehearsal is what was found of the way back before anything began; nil for a
	// rollout that needs none.
	Rehearsal *Rehearsal `json:"rehearsal,omitempty"`
	// Observation is what the target said before anything changed.
	Observation target.Observation `json:"observation"`
	// Gates is what they said when the rollout was let in.
	Gates []gate.Result `json:"gates,omitempty"`
	// Reason is why a person asked for it; empty where a configuration did.
	Reason string `json:"reason,omitempty"`
	// Waves is the order of a rollout over many targets, nil for all others.
	Waves *WavesOpening `json:"waves,omitempty"`
	// Within is the rollout over many targets that this one is a part of.
	Within *Within `json:"within,omitempty"`
}

// AnalysisBody is the body of KindAnalysis: what is fixed before the first step.
type AnalysisBody struct {
	Params  judge.Params   `json:"params"`
	Metrics []judge.Metric `json:"metrics"`
	// Queries by signal.
	Queries map[string][]signal.Query `json:"queries,omitempty"`
	// Watches names, by signal, the metrics that only triggers need.
	Watches  map[string][]string `json:"watches,omitempty"`
	Warnings []string            `json:"warnings,omitempty"`
}

// MoveBody is the body of a move: "rollout.paused" and its siblings.
type MoveBody struct {
	From   State  `json:"from"`
	Event  Event  `json:"event"`
	Step   int    `json:"step"`
	Cause  Cause  `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Trigger names what turned the rollout back, or paused it for a person.
	Trigger string `json:"trigger,omitempty"`
	// Quarantine is true when the rollout's payload is quarantined by this move.
	Quarantine bool `json:"quarantine,omitempty"`
	// Intent is that of the revert, in the move that turns a rollout back: one
	// record instead of two stands between the decision and the revert.
	Intent *Effect `json:"intent,omitempty"`
	// Serving is what the target said, in final records.
	Serving *target.Observation `json:"serving,omitempty"`
}

// GatesBody is the body of KindGates.
type GatesBody struct {
	Step    int           `json:"step"`
	Results []gate.Result `json:"results"`
}

// DependenciesBody is the body of KindDependencies, which stands behind the last record
// of a rollout that succeeded: what the checks said that are asked afterwards.
type DependenciesBody struct {
	Results []gate.Result `json:"results"`
}

// EffectKind is a verb of the target.
type EffectKind string

// The effects.
const (
	EffectPrepare  EffectKind = "prepare"
	EffectApply    EffectKind = "apply"
	EffectComplete EffectKind = "complete"
	EffectRevert   EffectKind = "revert"
	EffectFinalize EffectKind = "finalize"
	// EffectLower gives the canary less traffic on the way back, and never more.
	EffectLower EffectKind = "lower"
)

// Effect is a wish that the engine carries to the target.
type Effect struct {
	Kind    EffectKind `json:"effect"`
	Key     string     `json:"key"`
	Attempt int        `json:"attempt"`
	Step    int        `json:"step"`
	// Weight is the canary's share that the effect leads to. Traffic is the whole
	// state, where it says more than the weight.
	Weight      float64              `json:"weight"`
	Traffic     *target.TrafficState `json:"traffic,omitempty"`
	RevertAfter field.Duration       `json:"revert_after,omitempty"`
	// Fingerprint is that of the target before a batch. It changes with every
	// instance, and a key always asks for the same thing.
	Fingerprint string `json:"fingerprint,omitempty"`
}

// OutcomeBody is the body of KindOutcome.
type OutcomeBody struct {
	Effect
	Done      bool           `json:"done"`
	LookAgain field.Duration `json:"look_again,omitempty"`
	// Resolved is true when the outcome of an earlier intent was found by looking.
	Resolved    bool               `json:"resolved,omitempty"`
	Observation target.Observation `json:"observation"`
	// Advised is true in mode observe, when nothing was written.
	Advised bool `json:"advised,omitempty"`
}

// FailureBody is the body of KindFailure.
type FailureBody struct {
	Effect
	Code      target.Code `json:"code"`
	Message   string      `json:"message"`
	Remedy    string      `json:"remedy,omitempty"`
	MaybeDone bool        `json:"maybe_done,omitempty"`
}

// TickBody is the body of KindTick: one look.
type TickBody struct {
	Step     int            `json:"step"`
	Weight   float64        `json:"weight"`
	Interval field.Duration `json:"interval"`
	// Input is what the judge was given, and Verdict what it said.
	Input   judge.Tick     `json:"input"`
	Verdict *judge.Verdict `json:"verdict,omitempty"`
	// Watched is what was counted for triggers alone, and Fired which of them found
	// their condition met.
	Watched []Watched `json:"watched,omitempty"`
	Fired   []Fired   `json:"fired,omitempty"`
	// Observed is true when both target and signals could be read, so that the time
	// since the tick before counts as soak.
	Observed bool `json:"observed"`
	// Soak is how much observed time the tick added. Late is what it will add once
	// the counts of its time have come, where a signal had no news yet.
	Soak field.Duration `json:"soak"`
	Late field.Duration `json:"late,omitempty"`
	// Missed is time in which nobody looked and of which no counts have come yet; Kept
	// is what of such time the stores have vouched for with this look, in its Soak.
	Missed      []signal.Span               `json:"missed,omitempty"`
	Kept        []signal.Span               `json:"kept,omitempty"`
	Observation *target.Observation         `json:"observation,omitempty"`
	Cursors     map[string]json.RawMessage  `json:"cursors,omitempty"`
	Missing     map[string][]signal.Missing `json:"missing,omitempty"`
	// Problems says what could not be read.
	Problems []string `json:"problems,omitempty"`
	// Away says which gates that are asked while a step lasts did not pass.
	Away []string `json:"away,omitempty"`
}

// StepPassedBody is the body of KindStepPassed.
type StepPassedBody struct {
	Step   int    `json:"step"`
	Reason string `json:"reason"`
}

// StepExtendedBody is the body of KindStepExtended.
type StepExtendedBody struct {
	Step int            `json:"step"`
	By   field.Duration `json:"by"`
}

// CheckedBody is the body of KindChecked: one attempt of a step's check.
type CheckedBody struct {
	Step int `json:"step"`
	// Attempt counts from 1, of Attempts.
	Attempt  int          `json:"attempt"`
	Attempts int          `json:"attempts"`
	Result   check.Result `json:"result"`
}

// ResumedBody is the body of KindResumed: a person's word that a rollout which
// waits in a step may go on to the next one. It means that step and no other.
type ResumedBody struct {
	Step   int    `json:"step"`
	By     string `json:"by"`
	Reason string `json:"reason"`
}

// RequestBody is the body of KindAbortRequested and KindBackRequested.
type RequestBody struct {
	By     string `json:"by"`
	Reason string `json:"reason"`
	Cause  Cause  `json:"cause"`
	// Quarantine is true when whoever asks says that the artifact is bad.
	Quarantine bool `json:"quarantine,omitempty"`
}

// Quarantined is the body of KindQuarantined, and an entry of the history.
type Quarantined struct {
	Payload artifact.Payload `json:"payload"`
	Reason  string           `json:"reason"`
	By      string           `json:"by"`
	At      time.Time        `json:"at"`
	Rollout int              `json:"rollout,omitempty"`
}

// LiftedBody is the body of KindLifted.
type LiftedBody struct {
	// Key is the payload's.
	Key    string `json:"key"`
	Reason string `json:"reason"`
	By     string `json:"by"`
}
