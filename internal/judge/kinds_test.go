package judge

import (
	"math"
	"strings"
	"testing"
)

// restarts are counted over replica-seconds, of which the arms have equal parts
// whatever the traffic does.
func restarts() Metric {
	return Metric{Name: "restarts", Dispersion: 1, Kind: KindExposure, Ceiling: 0.01}
}

// withRestarts adds a metric of exposure to ticks of errors at 5 %.
func withRestarts(times int, bad float64) []Tick {
	ticks := repeat(times, tick(0, 5, 0, 10, 0, 190))
	for i := range ticks {
		ticks[i].Counts = append([]Counts{{"restarts", bad, 1000, bad, 1000}}, ticks[i].Counts...)
	}
	return ticks
}

func TestExposureTakesNoFastLane(t *testing.T) {
	ticks := withRestarts(1, 0)
	ticks[0].Counts[0] = Counts{"restarts", 30, 50, 0, 0}
	metric := restarts()
	metric.Ceiling = 1
	if v := observe(start(t, Defaults(), errorsMetric(), metric), ticks...); v.Kind == Harm {
		t.Errorf("30 restarts in 50 seconds took the fast lane of requests: %+v", v.Reasons)
	}
}

func TestExposureTellsNothingOfTheTrafficShare(t *testing.T) {
	v := observe(start(t, Defaults(), errorsMetric(), restarts()), withRestarts(99, 1)...)
	if v.Action != None || v.EShare > 1 {
		t.Errorf("got %s with evidence of %v against the split, want none", v.Action, v.EShare)
	}
}

func TestMinAbsWithoutABaseline(t *testing.T) {
	for _, test := range []struct {
		name   string
		minAbs float64
		want   Kind
	}{
		{"off", 0, Harm},
		{"the difference matters", 0.01, Harm},
		{"the difference does not", 0.05, Inconclusive},
	} {
		t.Run(test.name, func(t *testing.T) {
			params := Defaults()
			params.MinAbs = test.minAbs
			if v := observe(start(t, params), repeat(99, tick(0, 100, 3, 100, 0, 0))...); v.Kind != test.want {
				t.Errorf("got %s, want %s", v.Kind, test.want)
			}
		})
	}
}

// TestImportanceWeighsTheMean holds the mean of the design: one metric of ten has
// its share of the importance, and no more.
func TestImportanceWeighsTheMean(t *testing.T) {
	metrics := []Metric{errorsMetric(), {Name: "slow", Dispersion: 1}}
	ticks := repeat(1, tick(0, 50, 30, 1000, 5, 1000))
	ticks[0].Counts = append(ticks[0].Counts, Counts{"slow", 10, 1000, 10, 1000})
	v := observe(start(t, Defaults(), metrics...), ticks...)
	want := (3*v.Metrics[0].EHarm + v.Metrics[1].EHarm) / 4
	if math.Abs(v.EHarm/want-1) > 1e-5 {
		t.Errorf("evidence is %v, want %v", v.EHarm, want)
	}
	if v.Kind != Harm || v.Reasons[0].Metric != "errors" || !strings.Contains(v.Reasons[0].Text, "30 bad of 1000 on the canary (3 %)") {
		t.Errorf("got %s, %+v", v.Kind, v.Reasons)
	}
}

// TestGapInExposureIsForgiven counts ticks in a row, not in all.
func TestGapInExposureIsForgiven(t *testing.T) {
	gap, data := tick(0, 5, 0, 0, 0, 190), tick(0, 5, 0, 10, 0, 190)
	ticks := []Tick{gap, data, gap, data, gap}
	for i := range ticks {
		ticks[i].At = float64(i + 1)
	}
	if v := observe(start(t, Defaults()), ticks...); v.Action != None {
		t.Errorf("got %s after gaps of one tick, want none", v.Action)
	}
}

// TestTrafficShareStartsAfresh finds a wrong split soon after many right ones.
func TestTrafficShareStartsAfresh(t *testing.T) {
	for name, split := range map[string][2]float64{"too little": {100, 1900}, "too much": {1500, 500}} {
		ticks := repeat(200, tick(0, 5, 0, 100, 0, 1900))
		for n := range 3 {
			next := tick(201+n, 50, 0, split[0], 0, split[1])
			next.Step = 1
			ticks = append(ticks, next)
		}
		if v := observe(start(t, Defaults()), ticks...); v.Action != Pause {
			t.Errorf("%s: got %s, want pause", name, v.Action)
		}
	}
}
