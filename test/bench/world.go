package main

import (
	"math"
	"math/rand/v2"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// tickSeconds is the time between two looks of a simulated rollout.
const tickSeconds = 10

// traffic is a rollout at one weight with constant rates: requests a minute by
// arm, the share of bad ones, and by what factor the first metric is worse on the
// canary.
type traffic struct {
	canary, baseline float64
	rate, factor     float64
}

// tick makes the counts of look n, from 0.
func (t traffic) tick(w *world, n int, metrics []judge.Metric) judge.Tick {
	nc, nb := w.poisson(t.canary/60*tickSeconds), w.poisson(t.baseline/60*tickSeconds)
	tick := judge.Tick{At: float64((n + 1) * tickSeconds), Weight: 100 * t.canary / (t.canary + t.baseline)}
	for i, m := range metrics {
		factor := 1.0
		if i == 0 {
			factor = t.factor
		}
		tick.Counts = append(tick.Counts, judge.Counts{
			Metric:    m.Name,
			BadCanary: w.binomial(nc, t.rate*factor), TotalCanary: nc,
			BadBaseline: w.binomial(nb, t.rate), TotalBaseline: nb,
		})
	}
	return tick
}

// world draws the counts of simulated users; the same seed gives the same ones.
type world struct{ *rand.Rand }

func newWorld(seed uint64) *world { return &world{rand.New(rand.NewPCG(seed, 7))} }

// poisson is by inversion up to a mean of 60, and beyond it the rounded normal
// distribution.
func (w *world) poisson(mean float64) float64 {
	if mean > 60 {
		return math.Max(0, math.Round(mean+w.NormFloat64()*math.Sqrt(mean)))
	}
	chance := math.Exp(-mean)
	u, x := w.Float64(), 0.0
	for u > chance && x < 1000 {
		u -= chance
		x++
		chance *= mean / x
	}
	return x
}

// binomial asks each of n.
func (w *world) binomial(n, p float64) float64 {
	x := 0.0
	for range int(n) {
		if w.Float64() < p {
			x++
		}
	}
	return x
}
