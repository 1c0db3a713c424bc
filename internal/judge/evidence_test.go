package judge

import (
	"math"
	"testing"
)

// expectation is the mean of f over the canary's share of m bad events, which is
// binomial with p(R) = R*nc/(R*nc + nb).
func expectation(m int, ratio, nc, nb float64, f func(xc float64) float64) float64 {
	p := ratio * nc / (ratio*nc + nb)
	sum := 0.0
	for k := range m + 1 {
		x := float64(k)
		choose, _ := math.Lgamma(float64(m) + 1)
		a, _ := math.Lgamma(x + 1)
		b, _ := math.Lgamma(float64(m-k) + 1)
		sum += math.Exp(choose-a-b+x*math.Log(p)+float64(m-k)*math.Log1p(-p)) * f(x)
	}
	return sum
}

// TestOneTickIsAFairBet is the heart of the bound: under the null hypothesis no
// tick, whatever its exposures, multiplies the evidence by more than 1 on average.
func TestOneTickIsAFairBet(t *testing.T) {
	p := Defaults()
	metric := errorsMetric().WithDefaults()
	for _, split := range [][2]float64{{100, 100}, {5, 95}, {1, 999}, {900, 100}} {
		for _, m := range []int{1, 3, 20} {
			tick := func(xc float64) *Sums {
				u := &Sums{Harm: zeros(8), OneArm: zeros(8), Safe: zeros(5), Ceiling: zeros(5)}
				u.add(&p, &metric, &Counts{"errors", xc, split[0], float64(m) - xc, split[1]}, p.SafeRatio)
				return u
			}
			harm := func(ratio float64) float64 {
				return expectation(m, ratio, split[0], split[1], func(xc float64) float64 {
					return math.Exp(logMeanExp(tick(xc).Harm))
				})
			}
			safe := func(ratio float64) float64 {
				return expectation(m, ratio, split[0], split[1], func(xc float64) float64 {
					return math.Exp(logMeanExp(tick(xc).Safe))
				})
			}
			for _, ratio := range []float64{0.1, 0.5, 1, 1.1} {
				if e := harm(ratio); e > 1+1e-9 {
					t.Errorf("harm, split %v, %d events, ratio %v: expectation %v, want at most 1", split, m, ratio, e)
				}
			}
			for _, ratio := range []float64{2, 3, 10} {
				if e := safe(ratio); e > 1+1e-9 {
					t.Errorf("safe, split %v, %d events, ratio %v: expectation %v, want at most 1", split, m, ratio, e)
				}
			}
			if harm(3) <= 1 || safe(0.5) <= 1 {
				t.Errorf("split %v, %d events: no evidence grows against a false null", split, m)
			}
		}
	}
}

// TestOneArmIsAFairBet is the same for a single arm, under binomial counts.
func TestOneArmIsAFairBet(t *testing.T) {
	p := Defaults()
	mean := func(n int, rate float64, alts []float64) float64 {
		return expectation(n, rate/(1-rate), 1, 1, func(x float64) float64 {
			logs := zeros(len(alts))
			addOneArm(logs, x, float64(n), 0.01, alts)
			return math.Exp(logMeanExp(logs))
		})
	}
	for _, n := range []int{1, 10, 100} {
		for _, rate := range []float64{0.0001, 0.005, 0.01} {
			if e := mean(n, rate, p.HarmGrid); e > 1+1e-9 {
				t.Errorf("harm, %d requests at %v: expectation %v, want at most 1", n, rate, e)
			}
		}
		for _, rate := range []float64{0.01, 0.02, 0.5} {
			if e := mean(n, rate, p.CeilingGrid); e > 1+1e-9 {
				t.Errorf("safe, %d requests at %v: expectation %v, want at most 1", n, rate, e)
			}
		}
	}
}

// TestOptionalStopping lets an adversary stop wherever the evidence looks best:
// the mean of what he stops with is still at most 1, at a ratio of 1 + margin.
func TestOptionalStopping(t *testing.T) {
	const runs = 4000
	fresh := start(t, Defaults())
	for name, stop := range map[string]func(e float64, n int) bool{
		"at 2":                 func(e float64, _ int) bool { return e >= 2 },
		"at 10":                func(e float64, _ int) bool { return e >= 10 },
		"late, when above one": func(e float64, n int) bool { return n > 30 && e > 1 },
	} {
		t.Run(name, func(t *testing.T) {
			ends := parallel(runs, func(run int) float64 {
				w := seeded(name, run)
				s := fresh.clone()
				sim := steady{600, 600, 0.01, 1.1}
				counts := []Counts{{Metric: "errors"}}
				e := 1.0
				for n := 1; n <= 120 && !stop(e, n); n++ {
					sim.next(w, n, counts)
					s.advance(Tick{At: float64(n), Weight: 50, Counts: counts})
					e = math.Exp(s.harm())
				}
				return e
			})
			sum, squares := 0.0, 0.0
			for _, e := range ends {
				sum += e
				squares += e * e
			}
			mean := sum / runs
			se := math.Sqrt((squares/runs - mean*mean) / runs)
			t.Logf("mean evidence %.3f, standard error %.3f", mean, se)
			if mean > 1+4*se {
				t.Errorf("mean evidence %.3f where the adversary stops, want at most 1 (standard error %.3f)", mean, se)
			}
		})
	}
}

func TestLogarithmsDoNotOverflow(t *testing.T) {
	if got, want := logMeanExp([]float64{5000, 5000 + math.Log(3)}), 5000+math.Log(2); math.Abs(got-want) > 1e-9 {
		t.Errorf("logMeanExp is %v, want %v", got, want)
	}
	if got, want := logMix(0.25, math.Log(8), math.Log(4)), math.Log(5); math.Abs(got-want) > 1e-12 {
		t.Errorf("logMix is %v, want %v", got, want)
	}
	if got := evidence(5000); got != maxEvidence {
		t.Errorf("evidence is %v, want the cap", got)
	}
	if got := shown(math.Inf(1)); got != maxEvidence {
		t.Errorf("shown is %v, want the cap", got)
	}
	if got := shown(1.23456789); got != 1.23457 {
		t.Errorf("shown is %v, want 1.23457", got)
	}
}

// TestLookIsObserve holds the simulations' short cut to the real thing.
func TestLookIsObserve(t *testing.T) {
	for seed := range uint64(20) {
		s := start(t, Defaults(), scriptMetrics()...)
		short := s.clone()
		for n, tick := range script(seed, 60) {
			d := short.look(tick)
			var v Verdict
			s, v = s.Observe(tick)
			if d.kind != v.Kind || d.action != v.Action {
				t.Fatalf("seed %d, tick %d: look says %s, %s and Observe %s, %s", seed, n, d.kind, d.action, v.Kind, v.Action)
			}
		}
	}
}
