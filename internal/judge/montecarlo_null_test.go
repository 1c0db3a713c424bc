package judge

import (
	"flag"
	"math"
	"testing"
)

// noise says how one metric's rate in one arm moves from minute to minute.
type noise int

const (
	calm           noise = iota // The rate stays.
	autocorrelated              // AR(1) of the log rate, correlation 0.8 a minute, standard deviation 0.3.
	bursty                      // The rate is multiplied by a gamma number of shape 1, mean 1.
)

// The autocorrelated noise: correlation between minutes, and standard deviation.
const autoRho, autoDeviation = 0.8, 0.3

// before is an arm's log in the minute before the first, drawn from what the noise
// settles to, so that a rollout does not begin with arms that are alike.
func (k noise) before(w *world) float64 {
	if k == autocorrelated {
		return autoDeviation * w.normal()
	}
	return 0
}

// factor is the multiplier of the next minute, given the arm's log before.
func (k noise) factor(w *world, last *float64) float64 {
	switch k {
	case autocorrelated:
		*last = w.autocorrelated(*last, autoRho, autoDeviation)
		return math.Exp(*last)
	case bursty:
		return w.exponential()
	}
	return 1
}

// null is a rollout without a true difference. Its weight and its common rate
// may change with time, and each arm of each metric may have its own noise.
type null struct {
	rate  float64
	noise noise
	// together says that an arm's noise is that of all its metrics, as when one bad
	// host fails requests and makes them slow.
	together bool
	// schedule gives the weight, step and requests a minute in both arms together.
	schedule func(n int) (weight float64, step int, perMinute float64)
	// common multiplies the rate of both arms.
	common func(w *world, n int) float64
	// Factors and logs of the current minute by metric and arm.
	factors, logs [10][2]float64
	shared        float64
}

func (s *null) next(w *world, n int, counts []Counts) (float64, int) {
	weight, step, perMinute := s.schedule(n)
	tick := perMinute / 60 * tickSeconds
	nc, nb := w.poisson(tick*weight/100), 0.0
	if weight < 100 {
		nb = w.poisson(tick * (1 - weight/100))
	}
	minute := n%(60/tickSeconds) == 0
	if minute {
		s.shared = s.common(w, n)
	}
	for i := range counts {
		switch {
		case minute && s.together && i > 0:
			s.factors[i] = s.factors[0]
		case minute:
			for arm := range 2 {
				if n == 0 {
					s.logs[i][arm] = s.noise.before(w)
				}
				s.factors[i][arm] = s.noise.factor(w, &s.logs[i][arm])
			}
		}
		rate := s.rate * s.shared
		c := &counts[i]
		c.TotalCanary, c.TotalBaseline = nc, nb
		c.BadCanary = math.Min(nc, w.poisson(nc*rate*s.factors[i][0]))
		c.BadBaseline = math.Min(nb, w.poisson(nb*rate*s.factors[i][1]))
	}
	return weight, step
}

// history is a day of a baseline with the same noise, cut into blocks.
func (s *null) history(w *world, perMinute float64) []Block {
	var samples []Sample
	last := s.noise.before(w)
	for minute := range 24 * 60 {
		total := w.poisson(perMinute)
		bad := math.Min(total, w.poisson(total*s.rate*s.noise.factor(w, &last)))
		samples = append(samples, Sample{float64(60 * minute), bad, total})
	}
	return Blocks(samples)
}

// at is a schedule of one weight, for so many requests a minute in both arms.
func at(weight, perMinute float64) func(int) (float64, int, float64) {
	return func(int) (float64, int, float64) { return weight, 0, perMinute }
}

// ramp goes through 5, 25 and 50 % in an hour.
func ramp(n int) (float64, int, float64) {
	step := min(3*n/hourTicks, 2)
	return []float64{5, 25, 50}[step], step, 1200
}

func constant(*world, int) float64 { return 1 }

// nullScenarios are all worlds in which a rollback would be a mistake.
func nullScenarios() map[string]func() *null {
	steady := func(rate float64, schedule func(int) (float64, int, float64), noise noise) func() *null {
		return func() *null { return &null{rate: rate, schedule: schedule, noise: noise, common: constant} }
	}
	drifting := func() *null {
		log := 0.0
		return &null{rate: 0.01, schedule: at(50, 1200), common: func(w *world, n int) float64 {
			if n == 0 {
				log = autocorrelated.before(w)
			}
			return autocorrelated.factor(w, &log)
		}}
	}
	tripling := func() *null {
		return &null{rate: 0.005, schedule: ramp, common: func(_ *world, n int) float64 {
			return 1 + 2*float64(n)/hourTicks
		}}
	}
	together := func(noise noise) func() *null {
		return func() *null {
			s := steady(0.01, at(50, 1200), noise)()
			s.together = true
			return s
		}
	}
	return map[string]func() *null{
		"1 % at 600 a minute an arm":              steady(0.01, at(50, 1200), calm),
		"0.1 % at 600 a minute an arm":            steady(0.001, at(50, 1200), calm),
		"1 % at 60 a minute an arm":               steady(0.01, at(50, 120), calm),
		"0.1 % at 60 a minute an arm":             steady(0.001, at(50, 120), calm),
		"1 % split 5/95":                          steady(0.01, at(5, 1200), calm),
		"0.1 % split 5/95":                        steady(0.001, at(5, 1200), calm),
		"a drift that both arms share":            drifting,
		"autocorrelation in each arm":             steady(0.01, at(50, 1200), autocorrelated),
		"gamma bursts in each arm":                steady(0.01, at(50, 1200), bursty),
		"gamma bursts split 5/95":                 steady(0.01, at(5, 1200), bursty),
		"autocorrelation that all metrics share":  together(autocorrelated),
		"gamma bursts that all metrics share":     together(bursty),
		"a ramp while the common rate triples":    tripling,
		"a bake without a baseline, at the limit": steady(0.01, at(100, 1200), calm),
	}
}

// runsFlag is how many rollouts each simulated scenario has at first.
var runsFlag = flag.Int("judge.runs", 500, "simulated rollouts in each scenario, before those that are added where they show too little")

// falseRollbacks counts the rollouts of a scenario that are judged harmful,
// looking at every tick of an hour with ten metrics, from one run to another.
// With measured, noisy scenarios get the dispersion that EstimateDispersion makes
// of a day of history; otherwise the dispersion is 1, as it is in calm ones.
func falseRollbacks(t *testing.T, name string, scenario func() *null, measured bool, from, to int) int {
	t.Helper()
	alarms := parallel(to-from, func(run int) bool {
		w := seeded(name, from+run)
		sim := scenario()
		metrics := tenMetrics(1)
		for i := range metrics {
			if !measured || sim.noise == calm {
				continue
			}
			dispersion, known, err := EstimateDispersion(sim.history(w, 600))
			if err != nil || !known {
				t.Errorf("no dispersion: known %v, error %v", known, err)
			}
			metrics[i].Dispersion = dispersion
		}
		return firstHarm(start(t, Defaults(), metrics...), sim, w, hourTicks) > 0
	})
	count := 0
	for _, alarm := range alarms {
		if alarm {
			count++
		}
	}
	return count
}

// TestNoFalseRollback shows of each scenario that at most 1 % of its rollouts are
// rolled back: not only that no more were seen, but that so few would be seen
// once in twenty times if it were 1 %. Where the first runs show too little there
// are twice as many, and then four times.
func TestNoFalseRollback(t *testing.T) {
	for name, scenario := range nullScenarios() {
		t.Run(name, func(t *testing.T) {
			alarms, runs, chance := 0, 0, 1.0
			for _, until := range []int{1, 2, 4} {
				alarms += falseRollbacks(t, name, scenario, true, runs, until**runsFlag)
				runs = until * *runsFlag
				if chance = atMost(alarms, runs, 0.01); chance <= 0.05 {
					break
				}
			}
			share := float64(alarms) / float64(runs)
			t.Logf("%d false rollbacks of %d: %.4f, standard error %.4f", alarms, runs, share, standardError(share, runs))
			if chance > 0.05 {
				t.Errorf("%d false rollbacks in %d runs do not show that they are at most 1 %%: if they were, so few had a chance of %.3f, want at most 0.05",
					alarms, runs, chance)
			}
		})
	}
}

// TestSimulatedBurstsAreReal shows that the scenarios can fail: the judge that
// takes bursts for calm traffic rolls back far too often.
func TestSimulatedBurstsAreReal(t *testing.T) {
	const name, runs = "gamma bursts in each arm", 100
	alarms := falseRollbacks(t, name, nullScenarios()[name], false, 0, runs)
	t.Logf("false rollbacks without the dispersion: %d of %d", alarms, runs)
	if alarms < 10 {
		t.Errorf("%d false rollbacks of %d without the dispersion, want at least 10", alarms, runs)
	}
}
