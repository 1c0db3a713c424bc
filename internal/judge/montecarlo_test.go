package judge

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
)

// tickSeconds and hourTicks are the looks of the simulations: every 10 s for an
// hour, as the judge is used.
const (
	tickSeconds = 10
	hourTicks   = 3600 / tickSeconds
)

// simulated makes the counts of every metric for tick n.
type simulated interface {
	next(w *world, n int, counts []Counts) (weight float64, step int)
}

// look advances s by one tick of a simulation without putting the verdict into
// words, which would take most of the time. TestLookIsObserve holds it to Observe.
func (s *State) look(tick Tick) decision {
	return s.decide(tick, s.advance(tick))
}

// firstHarm is the tick, from 1, at which a simulated rollout is judged harmful,
// or 0.
func firstHarm(s State, sim simulated, w *world, ticks int) int {
	s = s.clone()
	counts := make([]Counts, len(s.Metrics))
	for i, metric := range s.Metrics {
		counts[i].Metric = metric.Name
	}
	for n := range ticks {
		weight, step := sim.next(w, n, counts)
		d := s.look(Tick{At: float64((n + 1) * tickSeconds), Weight: weight, Step: step, Counts: counts})
		if d.kind == Harm {
			return n + 1
		}
	}
	return 0
}

// parallel runs f for 0 to runs-1 on all processors, and returns its results in
// order, so that they do not depend on the scheduler.
func parallel[T any](runs int, f func(run int) T) []T {
	results := make([]T, runs)
	var wg sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for run := range next {
				results[run] = f(run)
			}
		})
	}
	for run := range runs {
		next <- run
	}
	close(next)
	wg.Wait()
	return results
}

// seeded is the source of one run of one scenario.
func seeded(scenario string, run int) *world {
	w := &world{random{uint64(run) + 1}}
	for _, r := range scenario {
		w.state = w.next() ^ uint64(r)
	}
	return w
}

// median of numbers, of which there is at least one.
func median(values []float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sorted[len(sorted)/2]
}

// standardError of a share seen in so many runs.
func standardError(share float64, runs int) float64 {
	return math.Sqrt(share * (1 - share) / float64(runs))
}

// atMost is the chance that so many trials with this chance each succeed at most
// k times.
func atMost(k, trials int, chance float64) float64 {
	term := math.Exp(float64(trials) * math.Log1p(-chance))
	sum := term
	for i := range k {
		term *= float64(trials-i) / float64(i+1) * chance / (1 - chance)
		sum += term
	}
	return sum
}

// tenMetrics are ten of them, of which the first is critical.
func tenMetrics(dispersion float64) []Metric {
	metrics := make([]Metric, 10)
	for i := range metrics {
		metrics[i] = Metric{Name: fmt.Sprintf("m%d", i), Critical: i == 0, Dispersion: dispersion}
	}
	return metrics
}

// steady is a rollout at one weight with constant rates: requests a minute by
// arm, the base rate, and the factor by which the first metric's canary is worse.
type steady struct {
	canary, baseline float64
	rate, factor     float64
}

func (s steady) next(w *world, _ int, counts []Counts) (float64, int) {
	nc := w.poisson(s.canary / 60 * tickSeconds)
	nb := w.poisson(s.baseline / 60 * tickSeconds)
	for i := range counts {
		factor := 1.0
		if i == 0 {
			factor = s.factor
		}
		c := &counts[i]
		c.TotalCanary, c.TotalBaseline = nc, nb
		c.BadCanary = w.binomial(nc, s.rate*factor)
		c.BadBaseline = w.binomial(nb, s.rate)
	}
	return 100 * s.canary / (s.canary + s.baseline), 0
}
