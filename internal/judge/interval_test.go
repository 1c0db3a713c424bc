package judge

import (
	"math"
	"testing"
)

// TestIntervalInvertsTheTest holds the binned sums to the exact ones: evidence at
// the null of 1 + margin must be the same either way.
func TestIntervalInvertsTheTest(t *testing.T) {
	s := start(t, Defaults(), scriptMetrics()...)
	for n, tick := range script(5, 200) {
		s.advance(tick)
		u := &s.Sums[0]
		exact := logMeanExp(u.Harm)
		binned := u.Events.curve(s.Params.HarmGrid).above(1.1)
		if math.Abs(exact-binned) > 0.01 {
			t.Fatalf("tick %d: exact %v, binned %v", n, exact, binned)
		}
		if low := u.Events.low(&s.Params); (low > 1.1) != (exact > math.Log(100)) && math.Abs(exact-math.Log(100)) > 0.01 {
			t.Fatalf("tick %d: lower end %v against evidence %v", n, low, math.Exp(exact))
		}
	}
	if len(s.Sums[0].Events.Bins) > 60 {
		t.Errorf("%d bins; the state must stay small", len(s.Sums[0].Events.Bins))
	}
}

func TestIntervalWithoutEvents(t *testing.T) {
	for _, test := range []struct {
		name             string
		canary, baseline float64
		low, high, ratio bool
	}{
		{"no events", 0, 0, false, false, false},
		{"only on the canary", 50, 0, true, false, false},
		{"only on the baseline", 0, 50, false, true, true},
		{"on both", 50, 50, true, true, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			e := observe(start(t, Defaults()), tick(1, 50, test.canary, 1000, test.baseline, 1000)).Metrics[0]
			if (e.RatioLow > 0) != test.low || (e.RatioHigh != nil) != test.high || (e.Ratio != nil) != test.ratio {
				t.Errorf("got %v, %v, %v", e.Ratio, e.RatioLow, e.RatioHigh)
			}
		})
	}
}

// TestIntervalCoversAtEveryLook checks the true ratio at every tick of a rollout
// whose weight changes and whose common rate triples.
func TestIntervalCoversAtEveryLook(t *testing.T) {
	const runs, ticks = 400, 60
	for name, ratio := range map[string]float64{"no difference": 1, "double": 2, "half": 0.5} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Defaults())
			missed := parallel(runs, func(run int) bool {
				w, s := seeded(name, run), s.clone()
				for n := range ticks {
					share := []float64{0.05, 0.25, 0.5}[3*n/ticks]
					rate := 0.01 * (1 + 2*float64(n)/ticks)
					nc, nb := w.poisson(4000*share), w.poisson(4000*(1-share))
					s.advance(tick(n+1, 100*share, w.poisson(nc*rate*ratio), nc, w.poisson(nb*rate), nb))
					u := &s.Sums[0].Events
					high := u.high(&s.Params)
					if u.low(&s.Params) > ratio || (high != nil && *high < ratio) {
						return true
					}
				}
				return false
			})
			count := 0
			for _, miss := range missed {
				if miss {
					count++
				}
			}
			share := float64(count) / runs
			t.Logf("missed %.4f, standard error %.4f", share, standardError(share, runs))
			if share > 0.02 {
				t.Errorf("the true ratio was outside in %.4f of the rollouts, want at most 0.02", share)
			}
			v := observe(s, repeat(60, tick(0, 50, math.Round(40*ratio), 2000, 40, 2000))...)
			e := v.Metrics[0]
			if e.RatioHigh == nil || *e.RatioHigh/e.RatioLow > 1.5 {
				t.Errorf("the interval [%v, %v] is no use after 2,400 bad events", e.RatioLow, e.RatioHigh)
			}
		})
	}
}
