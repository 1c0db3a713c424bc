package judge

import (
	"fmt"
	"math"
	"slices"
)

// Params are the judge's settings for one rollout. They are frozen with the
// rollout, and travel inside the State. Start from Defaults and change fields.
type Params struct {
	// AlphaHarm bounds the chance of a false verdict of harm in a whole rollout,
	// in (0, 0.5].
	AlphaHarm float64 `json:"alpha_harm"`
	// AlphaSafe bounds the chance of a false verdict of safe in one step, in
	// (0, 0.5]. Each of the two tests of safety has half of it.
	AlphaSafe float64 `json:"alpha_safe"`
	// Margin is d: a canary whose rate is up to 1 + d times the baseline's is not
	// harmful. In [0, 10].
	Margin float64 `json:"margin"`
	// HarmGrid lists the alternatives of the test for harm as multiples of the
	// null, each above 1.
	HarmGrid []float64 `json:"harm_grid"`
	// SafeGrid lists the alternatives of the relative test of safety as absolute
	// rate ratios, each above 0 and below both safe ratios.
	SafeGrid []float64 `json:"safe_grid"`
	// CeilingGrid lists the alternatives of the one-arm test of safety as
	// fractions of the ceiling, each in (0, 1). The smallest stands for a service
	// that never fails; it is above 0 so that one bad event is not the end.
	CeilingGrid []float64 `json:"ceiling_grid"`
	// SafeRatio is D, the rate ratio that must be ruled out at weights up to
	// LateWeight; above 1.
	SafeRatio float64 `json:"safe_ratio"`
	// SafeRatioLate is D at weights above LateWeight, and at an unknown weight;
	// above 1.
	SafeRatioLate float64 `json:"safe_ratio_late"`
	// LateWeight is the last weight, in percent, at which SafeRatio holds.
	LateWeight float64 `json:"late_weight"`
	// MinAbs is the least difference of rates (a share, 0 to 1) that matters:
	// below it no metric counts as harmed. 0 switches the guard off.
	MinAbs float64 `json:"min_abs"`
	// OneArmStake is the part of a metric's evidence for harm that is kept for
	// ticks without a baseline arm, in (0, 1). The rest is for ticks with both
	// arms. Without it, the evidence that good ticks cost at small weights would
	// leave nothing to bet with during the bake.
	OneArmStake float64 `json:"one_arm_stake"`
	// UnknownDispersion stands in for a dispersion that nobody measured; at least 1.
	UnknownDispersion float64 `json:"unknown_dispersion"`
	// NoExposureTicks is how many ticks in a row a critical metric may lack canary
	// exposure at a weight above 0 before the verdict asks for a pause; at least 1.
	NoExposureTicks int `json:"no_exposure_ticks"`
	// FastLane is the rule that needs no statistics.
	FastLane FastLane `json:"fast_lane"`
	// Traffic is the test that the observed split is the configured one.
	Traffic Traffic `json:"traffic"`
}

// FastLane says when one tick alone is enough for a rollback. It does not fire
// when the baseline's bad share in the same tick is at least half of BadShare,
// since an outage that both arms share is not the canary's fault.
type FastLane struct {
	// MinRequests is the least canary exposure in the tick; at least 1.
	MinRequests float64 `json:"min_requests"`
	// BadShare is the share of it that must be bad, in (0, 1].
	BadShare float64 `json:"bad_share"`
}

// Traffic sets the e-test of the traffic share, which starts afresh in each step.
type Traffic struct {
	// Alpha bounds the chance of a false pause per step, in (0, 0.5].
	Alpha float64 `json:"alpha"`
	// Tolerance is how far the odds of the arms may be off, as a ratio less 1:
	// 0.25 allows 4 to 6.25 % where 5 % is configured. Above 0.
	Tolerance float64 `json:"tolerance"`
	// Dispersion divides the requests, since they come in connections and
	// sessions, not one by one; at least 1.
	Dispersion float64 `json:"dispersion"`
	// Grid lists the alternatives as multiples of the tolerated odds, each above 1.
	Grid []float64 `json:"grid"`
}

// Defaults returns the design's parameters. The slices are fresh in each call.
func Defaults() Params {
	return Params{
		AlphaHarm:         0.01,
		AlphaSafe:         0.05,
		Margin:            0.10,
		HarmGrid:          []float64{1.25, 1.5, 2, 3, 5, 10, 30, 100},
		SafeGrid:          []float64{1, 0.9, 0.75, 0.5, 0.25},
		CeilingGrid:       []float64{0.01, 0.1, 0.25, 0.5, 0.75},
		SafeRatio:         2,
		SafeRatioLate:     1.5,
		LateWeight:        25,
		OneArmStake:       0.1,
		UnknownDispersion: 2,
		NoExposureTicks:   2,
		FastLane:          FastLane{MinRequests: 20, BadShare: 0.5},
		Traffic: Traffic{
			Alpha: 0.001, Tolerance: 0.25, Dispersion: 10,
			Grid: []float64{1.25, 1.5, 2, 4, 10},
		},
	}
}

// SafeRatioAt returns D, the rate ratio that a verdict of safe must rule out at
// this weight in percent. An unknown weight gets the stricter of the two.
func (p Params) SafeRatioAt(weight float64) float64 {
	if weight < 0 {
		return math.Min(p.SafeRatio, p.SafeRatioLate)
	}
	if weight <= p.LateWeight {
		return p.SafeRatio
	}
	return p.SafeRatioLate
}

// Validate returns what is wrong with the parameters, each with its path, and
// nothing when they are sound.
func (p Params) Validate() []FieldError {
	var c checker
	c.within("alpha_harm", p.AlphaHarm, 1e-9, 0.5, "0.01")
	c.within("alpha_safe", p.AlphaSafe, 1e-9, 0.5, "0.05")
	c.within("margin", p.Margin, 0, 10, "0.1")
	c.grid("harm_grid", p.HarmGrid, 1, 1e6, "[1.25, 1.5, 2, 3, 5, 10, 30, 100]")
	c.within("safe_ratio", p.SafeRatio, 1.0001, 100, "2")
	c.within("safe_ratio_late", p.SafeRatioLate, 1.0001, 100, "1.5")
	c.grid("safe_grid", p.SafeGrid, 0, math.Min(p.SafeRatio, p.SafeRatioLate), "[1, 0.9, 0.75, 0.5, 0.25]")
	c.grid("ceiling_grid", p.CeilingGrid, 0, 1, "[0.01, 0.1, 0.25, 0.5, 0.75]")
	c.within("late_weight", p.LateWeight, 0, 100, "25")
	c.within("min_abs", p.MinAbs, 0, 1, "0.001")
	c.within("one_arm_stake", p.OneArmStake, 0.001, 0.999, "0.1")
	c.within("unknown_dispersion", p.UnknownDispersion, 1, 1e6, "2")
	c.within("no_exposure_ticks", float64(p.NoExposureTicks), 1, 1e6, "2")
	c.within("fast_lane.min_requests", p.FastLane.MinRequests, 1, 1e9, "20")
	c.within("fast_lane.bad_share", p.FastLane.BadShare, 1e-6, 1, "0.5")
	c.within("traffic.alpha", p.Traffic.Alpha, 1e-9, 0.5, "0.001")
	c.within("traffic.tolerance", p.Traffic.Tolerance, 1e-6, 100, "0.25")
	c.within("traffic.dispersion", p.Traffic.Dispersion, 1, 1e6, "10")
	c.grid("traffic.grid", p.Traffic.Grid, 1, 1e6, "[1.25, 1.5, 2, 4, 10]")
	return c.found
}

// checker collects errors of fields, so that an author sees them all at once.
type checker struct{ found []FieldError }

func (c *checker) add(path, format string, args ...any) {
	c.found = append(c.found, FieldError{Path: path, Msg: fmt.Sprintf(format, args...)})
}

// within refuses a value outside [low, high]. NaN fails both comparisons.
func (c *checker) within(path string, value, low, high float64, example string) {
	if value >= low && value <= high {
		return
	}
	c.add(path, "is %v; allowed is a number from %v to %v, for example %s", value, low, high, example)
}

// grid refuses an empty list, and members that are not strictly inside (low, high).
func (c *checker) grid(path string, values []float64, low, high float64, example string) {
	if len(values) == 0 || len(values) > 64 {
		c.add(path, "has %d members; allowed are 1 to 64 numbers between %v and %v, for example %s",
			len(values), low, high, example)
		return
	}
	for i, value := range values {
		if !(value > low && value < high) || slices.Contains(values[:i], value) {
			c.add(fmt.Sprintf("%s[%d]", path, i),
				"is %v; allowed are different numbers above %v and below %v, for example %s",
				value, low, high, example)
		}
	}
}
