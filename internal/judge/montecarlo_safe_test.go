package judge

import (
	"math"
	"testing"
)

// requestsToSafe is how many requests on the canary a service that never fails
// takes to be proved safe, in ticks of ten.
func requestsToSafe(t testing.TB, dispersion float64) float64 {
	t.Helper()
	s := start(t, Defaults(), Metric{Name: "errors", Critical: true, Dispersion: dispersion})
	for n := 1; n <= 1000; n++ {
		var v Verdict
		if s, v = s.Observe(tick(n, 5, 0, 10, 0, 190)); v.Kind == Safe {
			return float64(10 * n)
		}
	}
	return math.Inf(1)
}

func TestServiceThatNeverFailsIsProvedSafe(t *testing.T) {
	known, unknown := requestsToSafe(t, 1), requestsToSafe(t, 0)
	t.Logf("canary requests: %g with a dispersion of 1, %g with an unknown one", known, unknown)
	if known > 600 {
		t.Errorf("proved safe after %g canary requests, want at most 600", known)
	}
	if unknown <= known {
		t.Errorf("an unknown dispersion costs nothing: %g against %g requests", unknown, known)
	}
}

// minutesToSafe are the minutes until the first verdict of safe, per run, with an
// hour as the limit.
func minutesToSafe(t testing.TB, name string, sim steady, dispersion float64, runs int) []float64 {
	t.Helper()
	fresh := start(t, Defaults(), Metric{Name: "errors", Critical: true, Dispersion: dispersion})
	return parallel(runs, func(run int) float64 {
		w := seeded(name, run)
		s := fresh.clone()
		counts := []Counts{{Metric: "errors"}}
		for n := range hourTicks {
			weight, step := sim.next(w, n, counts)
			d := s.look(Tick{At: float64((n + 1) * tickSeconds), Weight: weight, Step: step, Counts: counts})
			if d.kind == Safe {
				return float64((n+1)*tickSeconds) / 60
			}
		}
		return math.Inf(1)
	})
}

func TestOrdinaryServiceIsProvedSafe(t *testing.T) {
	for _, test := range []struct {
		name string
		sim  steady
	}{
		{"at 5 %", steady{300, 5700, 0.001, 1}},
		{"at 25 %", steady{300, 900, 0.001, 1}},
		{"at 50 %", steady{300, 300, 0.001, 1}},
		{"at 100 %", steady{300, 0, 0.001, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			known := median(minutesToSafe(t, test.name, test.sim, 1, 1000))
			unknown := median(minutesToSafe(t, test.name, test.sim, 0, 1000))
			t.Logf("median minutes: %.2f with a dispersion of 1, %.2f with an unknown one", known, unknown)
			if known > 3 {
				t.Errorf("proved safe in a median of %.2f min, want at most 3", known)
			}
		})
	}
}

// TestHarmfulServiceIsNotProvedSafe holds alpha_safe: a canary at the limit of
// both tests is proved safe in at most 5 % of all steps of an hour.
func TestHarmfulServiceIsNotProvedSafe(t *testing.T) {
	for _, test := range []struct {
		name string
		sim  steady
	}{
		{"twice the rate, at the ceiling", steady{600, 600 * 19, 0.005, 2}},
		{"twice the rate, above the ceiling", steady{600, 600 * 19, 0.02, 2}},
		{"at the ceiling without a baseline", steady{600, 0, 0.01, 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			const runs = 1000
			safe := 0
			for _, minutes := range minutesToSafe(t, test.name, test.sim, 1, runs) {
				if !math.IsInf(minutes, 1) {
					safe++
				}
			}
			share := float64(safe) / runs
			t.Logf("proved safe %.4f, standard error %.4f", share, standardError(share, runs))
			if share > 0.05 {
				t.Errorf("proved safe in %.4f of the steps, want at most 0.05", share)
			}
		})
	}
}

// BenchmarkUnknownDispersion prints what the guard for unknown dispersion costs,
// each as name value unit: first with a dispersion known to be 1, then unknown.
func BenchmarkUnknownDispersion(b *testing.B) {
	for b.Loop() {
		for _, test := range []struct {
			name string
			sim  steady
		}{
			{"x5_600", steady{600, 600, 0.001, 5}},
			{"x20_60", steady{60, 60, 0.001, 20}},
			{"x2_600", steady{600, 600, 0.01, 2}},
		} {
			for label, dispersion := range map[string]float64{"known": 1, "unknown": 0} {
				metrics := []Metric{{Name: "m0", Critical: true, Dispersion: dispersion}}
				_, minutes := detection(b, test.name, test.sim, metrics, 200)
				b.ReportMetric(minutes, test.name+"_"+label+"_min")
			}
		}
		b.ReportMetric(requestsToSafe(b, 1), "safe_known_requests")
		b.ReportMetric(requestsToSafe(b, 0), "safe_unknown_requests")
	}
}
