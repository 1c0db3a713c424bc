package main

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

func TestTheSimulatedWorldIsAsDeclared(t *testing.T) {
	w, tr := newWorld(1), traffic{canary: 600, baseline: 1800, rate: 0.01, factor: 5}
	metrics := []judge.Metric{{Name: "harmed"}, {Name: "calm"}}
	var sums [2]judge.Counts
	const ticks = 2000
	for n := range ticks {
		tick := tr.tick(w, n, metrics)
		if tick.At != float64(10*(n+1)) || tick.Weight != 25 {
			t.Fatalf("tick %d is at %v with a weight of %v", n, tick.At, tick.Weight)
		}
		for i, c := range tick.Counts {
			sums[i].BadCanary += c.BadCanary
			sums[i].TotalCanary += c.TotalCanary
			sums[i].BadBaseline += c.BadBaseline
			sums[i].TotalBaseline += c.TotalBaseline
		}
	}
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.05*want {
			t.Errorf("%s is %v, want about %v", name, got, want)
		}
	}
	near("the canary's traffic", sums[0].TotalCanary/ticks, 100)
	near("the baseline's traffic", sums[0].TotalBaseline/ticks, 300)
	near("the harmed canary's rate", sums[0].BadCanary/sums[0].TotalCanary, 0.05)
	near("the baseline's rate", sums[0].BadBaseline/sums[0].TotalBaseline, 0.01)
	near("the calm metric's rate", sums[1].BadCanary/sums[1].TotalCanary, 0.01)
}

func TestTheSameSeedIsTheSameWorld(t *testing.T) {
	metrics := []judge.Metric{{Name: "errors"}}
	draw := func(seed uint64) judge.Tick {
		return traffic{600, 600, 0.1, 1}.tick(newWorld(seed), 0, metrics)
	}
	if diff := cmp.Diff(draw(3), draw(3)); diff != "" {
		t.Errorf("two worlds of one seed differ:\n%s", diff)
	}
	if cmp.Equal(draw(3), draw(4)) {
		t.Error("two worlds of different seeds are the same")
	}
}

func TestMinutesSayWhenAVerdictCame(t *testing.T) {
	harmed := scenario{"", traffic{600, 600, 0.001, 50}, judge.Harm}
	got, err := minutes(harmed, 1, 5)
	if err != nil || got <= 0 || got > 5 {
		t.Errorf("an error rate fifty times as high was found after %v min, %v", got, err)
	}
	calm := scenario{"", traffic{600, 600, 0, 1}, judge.Harm}
	if got, err := minutes(calm, 1, 3); err != nil || !math.IsInf(got, 1) {
		t.Errorf("a service without errors was found harmful after %v min, %v; want never", got, err)
	}
}
