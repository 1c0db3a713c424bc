package judge

// Kind is what the judge says of the counts so far.
type Kind string

// The three verdicts. The zero Kind is none of them.
const (
	// Harm says that users are being hurt by the canary.
	Harm Kind = "harm"
	// Safe says that every critical metric is proved safe in this step.
	Safe Kind = "safe"
	// Inconclusive says neither, for lack of evidence or of trust in the counts.
	Inconclusive Kind = "inconclusive"
)

// Action is what the judge asks of the engine beside its verdict.
type Action string

// The actions. What an inconclusive step does at its deadline is not the judge's
// business.
const (
	// None asks for nothing: go on by the strategy.
	None Action = "none"
	// Pause asks to stop where the rollout is, since the counts cannot be trusted.
	Pause Action = "pause"
	// Rollback asks to go back at once.
	Rollback Action = "rollback"
)

// Codes of reasons.
const (
	CodeEvidence     = "evidence"      // The evidence for harm reached 1/alpha_harm.
	CodeFastLane     = "fast_lane"     // One tick was bad enough.
	CodeUnhealthy    = "unhealthy"     // The tick said that the canary is down.
	CodeTrafficShare = "traffic_share" // The split is not the configured one.
	CodeNoExposure   = "no_exposure"   // A critical metric had no canary exposure.
	CodeInvalid      = "invalid"       // Counts, time or weight cannot be right.
	CodeMissing      = "missing"       // A critical metric lacked exposure in this tick.
	CodeSafe         = "safe"          // Every critical metric is proved safe.
	CodeMore         = "more_evidence" // Neither harm nor safety is proved yet.
)

// Reason is one ground for a verdict.
type Reason struct {
	// Code is one of the constants, for programs.
	Code string `json:"code"`
	// Metric is empty when the reason is about all of them.
	Metric string `json:"metric,omitempty"`
	// Text is a clause for people, with numbers.
	Text string `json:"text"`
}

// Verdict is what the judge says after a tick. It marshals to the same bytes
// whenever the same ticks are replayed, and holds only finite numbers.
type Verdict struct {
	Version string  `json:"version"`
	At      float64 `json:"t"`
	Weight  float64 `json:"weight"`
	Step    int     `json:"step"`
	Kind    Kind    `json:"verdict"`
	Action  Action  `json:"action"`
	// Reasons are in order of gravity and never empty.
	Reasons []Reason `json:"reasons"`
	// EHarm is the importance-weighted mean of the metrics' evidence for harm, and
	// HarmAt the value at which it means harm.
	EHarm  float64 `json:"e_harm"`
	HarmAt float64 `json:"harm_at"`
	// SafeAt is the value at which either test of a metric means safe.
	SafeAt float64 `json:"safe_at"`
	// EShare is the evidence in this step against the configured traffic share.
	EShare float64 `json:"e_share"`
	// Metrics has the evidence of each metric, in their declared order.
	Metrics []Evidence `json:"metrics"`
	// Warnings do not change the verdict by themselves.
	Warnings []string `json:"warnings,omitempty"`
}

// Evidence is what is known of one metric. E-values are capped at 1e300 and
// numbers rounded to six digits.
type Evidence struct {
	Metric   string `json:"metric"`
	Critical bool   `json:"critical"`
	// Safe says that either test reached SafeAt in this step, and SafeBy which
	// one: "relative", "ceiling" or empty.
	Safe   bool   `json:"safe"`
	SafeBy string `json:"safe_by,omitempty"`
	// EHarm is the evidence over the rollout that the canary is worse than 1 +
	// margin times the baseline, or without a baseline than the tolerated rate.
	EHarm float64 `json:"e_harm"`
	// ESafeRelative is the evidence in this step that the ratio is below D, and
	// ESafeCeiling that the canary's rate is below the ceiling.
	ESafeRelative float64 `json:"e_safe_relative"`
	ESafeCeiling  float64 `json:"e_safe_ceiling"`
	// Ratio is the plain ratio of the rates, null while the baseline has no bad
	// event. RatioLow and RatioHigh enclose the true ratio at every look with
	// probability 1 - 2*alpha_harm; RatioHigh is null while it has no bound.
	Ratio     *float64 `json:"ratio"`
	RatioLow  float64  `json:"ratio_low"`
	RatioHigh *float64 `json:"ratio_high"`
	// The counts of the rollout so far.
	BadCanary     float64 `json:"bad_canary"`
	TotalCanary   float64 `json:"total_canary"`
	BadBaseline   float64 `json:"bad_baseline"`
	TotalBaseline float64 `json:"total_baseline"`
	// Dispersion is what the counts were divided by.
	Dispersion float64 `json:"dispersion"`
}
