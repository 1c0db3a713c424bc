package judge

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// observe runs all ticks and returns the last verdict.
func observe(s State, ticks ...Tick) (v Verdict) {
	for _, tick := range ticks {
		s, v = s.Observe(tick)
	}
	return v
}

// repeat makes ticks of the same counts, with growing times.
func repeat(times int, like Tick) []Tick {
	all := make([]Tick, times)
	for i := range all {
		all[i] = like
		all[i].At = float64(10 * (i + 1))
	}
	return all
}

func codes(v Verdict) []string {
	var all []string
	for _, reason := range v.Reasons {
		all = append(all, reason.Code)
	}
	return all
}

func TestGuards(t *testing.T) {
	unhealthy := tick(1, 5, 0, 10, 0, 190)
	unhealthy.Unhealthy = "3 restarts in a minute"
	minAbs := Defaults()
	minAbs.MinAbs = 0.01
	doubled := repeat(200, tick(0, 50, 4, 1000, 1, 1000))
	other := tick(100, 5, 0, 10, 0, 190)
	other.Counts = append(other.Counts, Counts{Metric: "latency"})
	twice := tick(100, 5, 0, 10, 0, 190)
	twice.Counts = append(slices.Clone(twice.Counts), twice.Counts...)
	proved := repeat(99, tick(0, 5, 0, 10, 0, 190))
	for _, test := range []struct {
		name   string
		params Params
		ticks  []Tick
		kind   Kind
		action Action
		code   string
	}{
		{"harm by evidence", Defaults(), doubled, Harm, Rollback, CodeEvidence},
		{"no harm below min_abs", minAbs, doubled, Safe, None, CodeSafe},
		{"harm above min_abs", minAbs, repeat(200, tick(0, 50, 40, 1000, 10, 1000)), Harm, Rollback, CodeEvidence},
		{"fast lane", Defaults(), []Tick{tick(1, 5, 10, 20, 0, 380)}, Harm, Rollback, CodeFastLane},
		{"fast lane needs requests", Defaults(), []Tick{tick(1, 50, 10, 19, 4, 19)}, Inconclusive, None, CodeMore},
		{"fast lane needs half of them bad", Defaults(), []Tick{tick(1, 5, 9, 20, 90, 380)}, Inconclusive, None, CodeMore},
		{"no fast lane in a shared outage", Defaults(), []Tick{tick(1, 50, 20, 20, 19, 20)}, Inconclusive, None, CodeMore},
		{"fast lane without a baseline", Defaults(), []Tick{tick(1, 100, 10, 20, 0, 0)}, Harm, Rollback, CodeFastLane},
		{"unhealthy", Defaults(), []Tick{unhealthy}, Harm, Rollback, CodeUnhealthy},
		{"split is wrong", Defaults(), repeat(60, tick(0, 5, 0, 100, 0, 100)), Inconclusive, Pause, CodeTrafficShare},
		{"split is the other way wrong", Defaults(), repeat(60, tick(0, 50, 0, 10, 0, 190)), Inconclusive, Pause, CodeTrafficShare},
		{"baseline serves at 100 %", Defaults(), repeat(60, tick(0, 100, 0, 100, 0, 100)), Inconclusive, Pause, CodeTrafficShare},
		{"connections drain at 100 %", Defaults(), repeat(60, tick(0, 100, 0, 1000, 0, 5)), Safe, None, CodeSafe},
		{"split within the tolerance", Defaults(), repeat(99, tick(0, 5, 0, 55, 0, 945)), Safe, None, CodeSafe},
		{"unknown weight is not tested", Defaults(), repeat(60, tick(0, UnknownWeight, 0, 100, 0, 100)), Safe, None, CodeSafe},
		{"one tick without exposure", Defaults(), []Tick{tick(1, 5, 0, 0, 0, 190)}, Inconclusive, None, CodeMissing},
		{"two ticks without exposure", Defaults(), repeat(2, tick(0, 5, 0, 0, 0, 190)), Inconclusive, Pause, CodeNoExposure},
		{"no entry is no exposure", Defaults(), []Tick{{At: 1, Weight: 5}, {At: 2, Weight: 5}}, Inconclusive, Pause, CodeNoExposure},
		{"no exposure at an unknown weight", Defaults(), repeat(2, tick(0, UnknownWeight, 0, 0, 0, 9)), Inconclusive, Pause, CodeNoExposure},
		{"a tick without exposure after the proof", Defaults(), append(proved, tick(100, 5, 0, 0, 0, 190)), Inconclusive, None, CodeMissing},
		{"all traffic on the canary at 100 %", Defaults(), repeat(99, tick(0, 100, 0, 1e6, 0, 0)), Safe, None, CodeSafe},
		{"no exposure is due at weight 0", Defaults(), repeat(9, tick(0, 0, 0, 0, 0, 190)), Inconclusive, None, CodeMissing},
		{"harm without a baseline", Defaults(), repeat(99, tick(0, 100, 3, 100, 0, 0)), Harm, Rollback, CodeEvidence},
		{"safe without a baseline", Defaults(), repeat(99, tick(0, 100, 0, 100, 0, 0)), Safe, None, CodeSafe},
		{"safe by the ceiling", Defaults(), proved, Safe, None, CodeSafe},
		{"safe relative above the ceiling", Defaults(), repeat(99, tick(0, 50, 3, 100, 3, 100)), Safe, None, CodeSafe},
		{"time stands still", Defaults(), append(proved, proved[98]), Inconclusive, None, CodeInvalid},
		{"time goes back", Defaults(), append(proved, proved[3]), Inconclusive, None, CodeInvalid},
		{"undeclared metric", Defaults(), append(proved, other), Inconclusive, None, CodeInvalid},
		{"metric twice in a tick", Defaults(), append(proved, twice), Inconclusive, None, CodeInvalid},
		{"negative after a reset", Defaults(), append(proved, tick(100, 5, 0, -10, 0, 190)), Inconclusive, None, CodeInvalid},
		{"NaN", Defaults(), append(proved, tick(100, 5, math.NaN(), 10, 0, 190)), Inconclusive, None, CodeInvalid},
		{"infinite", Defaults(), append(proved, tick(100, 5, 0, 10, 0, math.Inf(1))), Inconclusive, None, CodeInvalid},
		{"more bad than all", Defaults(), append(proved, tick(100, 5, 0, 10, 191, 190)), Inconclusive, None, CodeInvalid},
		{"weight beyond 100", Defaults(), append(proved, tick(100, 101, 0, 10, 0, 190)), Inconclusive, None, CodeInvalid},
		{"weight is NaN", Defaults(), append(proved, tick(100, math.NaN(), 0, 10, 0, 190)), Inconclusive, None, CodeInvalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			v := observe(start(t, test.params), test.ticks...)
			if v.Kind != test.kind || v.Action != test.action || !slices.Contains(codes(v), test.code) {
				t.Errorf("got %s, %s, %+v; want %s, %s, %s", v.Kind, v.Action, v.Reasons, test.kind, test.action, test.code)
			}
			for _, reason := range v.Reasons {
				if reason.Text == "" {
					t.Errorf("reason %s has no text", reason.Code)
				}
			}
		})
	}
}

func TestInvalidCountsAreNotAdded(t *testing.T) {
	s, _ := start(t, Defaults()).Observe(tick(1, 5, 1, 10, 1, 190))
	next, v := s.Observe(tick(2, 5, 5, 3, 0, 190))
	if got, want := next.Sums[0].TotalCanary, s.Sums[0].TotalCanary; got != want {
		t.Errorf("canary total is %v after counts that cannot be right, want %v", got, want)
	}
	if !slices.ContainsFunc(v.Warnings, func(w string) bool { return strings.Contains(w, "left out") }) {
		t.Errorf("no warning of counts that were left out: %q", v.Warnings)
	}
}

func TestSafetyStartsAfreshInEachStepAndHarmDoesNot(t *testing.T) {
	s := start(t, Defaults())
	var v Verdict
	for _, tick := range repeat(99, tick(0, 5, 0, 10, 0, 190)) {
		s, v = s.Observe(tick)
	}
	if v.Kind != Safe {
		t.Fatalf("got %s, want safe before the step changes", v.Kind)
	}
	next := tick(100, 25, 0, 10, 0, 30)
	next.Step = 1
	if _, v = s.Observe(next); v.Kind != Inconclusive {
		t.Errorf("got %s in a step's first tick, want inconclusive", v.Kind)
	}
	bad := start(t, Defaults())
	bad, before := bad.Observe(tick(1, 50, 20, 1000, 5, 1000))
	after := tick(2, 50, 0, 1, 0, 1)
	after.Step = 1
	if _, v = bad.Observe(after); v.EHarm < before.EHarm {
		t.Errorf("evidence for harm fell from %v to %v when the step changed", before.EHarm, v.EHarm)
	}
}

func TestEveryCriticalMetricMustBeSafe(t *testing.T) {
	metrics := []Metric{{Name: "errors", Critical: true, Dispersion: 1}, {Name: "slow", Critical: true, Dispersion: 1}}
	s := start(t, Defaults(), metrics...)
	var ticks []Tick
	for _, tick := range repeat(99, tick(0, 5, 0, 10, 0, 190)) {
		tick.Counts = append(slices.Clone(tick.Counts), Counts{"slow", 1, 10, 0, 190})
		ticks = append(ticks, tick)
	}
	v := observe(s, ticks[:20]...)
	if v.Kind == Safe || v.Metrics[1].Safe {
		t.Errorf("got %s with one critical metric that is not safe", v.Kind)
	}
	metrics[1].Critical = false
	if v = observe(start(t, Defaults(), metrics...), harmless(ticks)...); v.Kind != Safe || v.Metrics[1].Safe {
		t.Errorf("got %s, want safe although a metric that is not critical is not proved: %+v", v.Kind, v.Reasons)
	}
	doubt := append(harmless(ticks), tick(100, 5, 0, 10, 0, 190))
	doubt[99].Counts = append(doubt[99].Counts, Counts{"slow", -1, 10, 0, 190})
	if v = observe(start(t, Defaults(), metrics...), doubt...); v.Kind != Inconclusive {
		t.Errorf("got %s with counts that cannot be right, want inconclusive", v.Kind)
	}
}

// harmless gives slow 1 % on both arms, where its ceiling is 1 %, so that nothing
// can be proved of it.
func harmless(ticks []Tick) []Tick {
	all := slices.Clone(ticks)
	for i := range all {
		bad := float64(i%2) * 0.2
		all[i].Counts = []Counts{all[i].Counts[0], {"slow", bad, 10, 1.9, 190}}
	}
	return all
}

// TestSafeMeansTheThreshold holds each test to half of alpha_safe.
func TestSafeMeansTheThreshold(t *testing.T) {
	for name, like := range map[string]Tick{"ceiling": tick(0, 5, 0, 10, 0, 190), "relative": tick(0, 50, 3, 100, 3, 100)} {
		s := start(t, Defaults())
		var last, v Verdict
		for _, tick := range repeat(99, like) {
			last = v
			if s, v = s.Observe(tick); v.Kind == Safe {
				break
			}
		}
		before, after := last.Metrics[0], v.Metrics[0]
		if after.SafeBy != name || v.SafeAt != 40 || max(before.ESafeRelative, before.ESafeCeiling) >= 40 ||
			max(after.ESafeRelative, after.ESafeCeiling) < 40 {
			t.Errorf("%s: safe by %q, from %+v to %+v", name, after.SafeBy, before, after)
		}
	}
}

func TestUnknownDispersionIsTwoWithAWarning(t *testing.T) {
	v := observe(start(t, Defaults(), Metric{Name: "errors", Critical: true}), tick(1, 5, 0, 10, 0, 190))
	if v.Metrics[0].Dispersion != 2 || len(v.Warnings) != 1 || !strings.Contains(v.Warnings[0], "unknown") {
		t.Errorf("dispersion %v, warnings %q; want 2 and one warning", v.Metrics[0].Dispersion, v.Warnings)
	}
	v = observe(start(t, Defaults()), tick(1, 5, 0, 10, 0, 190))
	if v.Metrics[0].Dispersion != 1 || len(v.Warnings) != 0 {
		t.Errorf("dispersion %v, warnings %q; want 1 and none", v.Metrics[0].Dispersion, v.Warnings)
	}
}

func TestServiceAlreadyAboveItsCeilingIsNotBlamedInTheBake(t *testing.T) {
	ticks := repeat(60, tick(0, 50, 30, 600, 30, 600))
	for n := range 60 {
		bake := tick(61+n, 100, 60, 1200, 0, 0)
		bake.Step = 1
		ticks = append(ticks, bake)
	}
	if v := observe(start(t, Defaults()), ticks...); v.Kind == Harm {
		t.Errorf("rolled back at the baseline's own rate: %+v", v.Reasons)
	}
}

// TestAnotherWeightStartsAfresh holds what a replay without numbered steps needs:
// what ruled out the early safe ratio must not count for the late one.
func TestAnotherWeightStartsAfresh(t *testing.T) {
	ticks := append(repeat(99, tick(0, 5, 0, 10, 0, 190)), tick(100, 50, 0, 10, 0, 10))
	if v := observe(start(t, Defaults()), ticks...); v.Kind != Inconclusive || v.Metrics[0].Safe {
		t.Errorf("got %s in the first tick at another weight, want inconclusive", v.Kind)
	}
}

// TestFirstTickOfAStepMayStraddle leaves out the tick in which the weight moved.
func TestFirstTickOfAStepMayStraddle(t *testing.T) {
	wrong := tick(1, 5, 0, 1000, 0, 1000)
	if v := observe(start(t, Defaults()), wrong); v.EShare != 1 {
		t.Errorf("evidence of %v against the split after the first tick, want 1", v.EShare)
	}
	if v := observe(start(t, Defaults()), wrong, tick(2, 5, 0, 1000, 0, 1000)); v.Action != Pause {
		t.Errorf("got %s after the second tick, want pause", v.Action)
	}
}

// TestAnotherStepStartsAfresh is the same for a step at the same weight, and for
// either test of safety.
func TestAnotherStepStartsAfresh(t *testing.T) {
	for name, like := range map[string]Tick{"ceiling": tick(0, 5, 0, 10, 0, 190), "relative": tick(0, 50, 3, 100, 3, 100)} {
		ticks := repeat(100, like)
		ticks[99].Step = 1
		if v := observe(start(t, Defaults()), ticks...); v.Kind != Inconclusive || v.Metrics[0].Safe {
			t.Errorf("%s: got %s in the first tick of a step, want inconclusive", name, v.Kind)
		}
	}
}
