package main

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// decisions counts verdicts a second: one tick of a rollout that has run for a
// while, with ten metrics and bad events in both arms, interval and words
// included.
func decisions(_ context.Context, b *bench) error {
	metrics := make([]judge.Metric, 10)
	for i := range metrics {
		metrics[i] = judge.Metric{Name: fmt.Sprintf("m%d", i), Critical: i == 0, Dispersion: 1}
	}
	s, err := judge.New(judge.Defaults(), metrics)
	if err != nil {
		return err
	}
	w, traffic := newWorld(1), traffic{canary: 600, baseline: 600, rate: 0.01, factor: 1}
	tick := func(n int) judge.Tick { return traffic.tick(w, n, metrics) }
	for n := range 100 {
		s, _ = s.Observe(tick(n))
	}
	next, n := tick(100), 0
	began, limit := time.Now(), time.Duration(b.rounds(2000, 300))*time.Millisecond
	for ; time.Since(began) < limit; n++ {
		s.Observe(next)
	}
	b.add("judge_decisions_10_metrics", float64(n)/time.Since(began).Seconds(), "per_s")
	return nil
}

// scenario is a harmful canary that must be found, or an ordinary one that must
// be proved safe.
type scenario struct {
	name string
	traffic
	wanted judge.Kind
}

func scenarios() []scenario {
	return []scenario{
		{"detect_x5_from_0.1pct_600rpm", traffic{600, 600, 0.001, 5}, judge.Harm},
		{"detect_x20_from_0.1pct_60rpm", traffic{60, 60, 0.001, 20}, judge.Harm},
		{"detect_x2_from_1pct_600rpm", traffic{600, 600, 0.01, 2}, judge.Harm},
		{"safe_0.1pct_300rpm_at_5pct", traffic{300, 5700, 0.001, 1}, judge.Safe},
		{"safe_0.1pct_300rpm_at_50pct", traffic{300, 300, 0.001, 1}, judge.Safe},
	}
}

// guard prints what it costs not to know the dispersion: the median minutes to a
// verdict when it is known to be 1, and when it is not.
func guard(_ context.Context, b *bench) error {
	runs := b.rounds(200, 40)
	for _, s := range scenarios() {
		known, err := minutes(s, 1, runs)
		if err != nil {
			return err
		}
		unknown, err := minutes(s, 0, runs)
		if err != nil {
			return err
		}
		b.add(s.name+"_dispersion_known", known, "min")
		b.add(s.name+"_dispersion_unknown", unknown, "min")
		b.add(s.name+"_cost_of_unknown", unknown/known, "x")
	}
	return nil
}

// minutes is the median time to the wanted verdict, with an hour as the limit. A
// run without it counts as endless.
func minutes(s scenario, dispersion float64, runs int) (float64, error) {
	metrics := []judge.Metric{{Name: "errors", Critical: true, Dispersion: dispersion}}
	fresh, err := judge.New(judge.Defaults(), metrics)
	if err != nil {
		return 0, err
	}
	found := make([]float64, runs)
	var all sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for worker := range workers {
		all.Go(func() {
			for run := worker; run < runs; run += workers {
				found[run] = s.until(fresh, metrics, newWorld(uint64(run)+1))
			}
		})
	}
	all.Wait()
	return median(found), nil
}

func (s scenario) until(state judge.State, metrics []judge.Metric, w *world) float64 {
	for n := range 3600 / tickSeconds {
		var verdict judge.Verdict
		if state, verdict = state.Observe(s.tick(w, n, metrics)); verdict.Kind == s.wanted {
			return float64((n+1)*tickSeconds) / 60
		}
	}
	return math.Inf(1)
}
