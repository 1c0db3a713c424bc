package judge

import (
	"math"
	"testing"
)

// detection is the power within the hour and the median minutes of a scenario;
// a run without a verdict of harm counts as endless.
func detection(t testing.TB, name string, sim simulated, metrics []Metric, runs int) (power, minutes float64) {
	t.Helper()
	s := start(t, Defaults(), metrics...)
	ticks := parallel(runs, func(run int) float64 {
		if n := firstHarm(s, sim, seeded(name, run), hourTicks); n > 0 {
			return float64(n*tickSeconds) / 60
		}
		return math.Inf(1)
	})
	found := 0
	for _, m := range ticks {
		if !math.IsInf(m, 1) {
			found++
		}
	}
	return float64(found) / float64(runs), median(ticks)
}

func TestDetection(t *testing.T) {
	for _, test := range []struct {
		name    string
		sim     steady
		minutes float64
	}{
		{"x5 from 0.1 % at 600 a minute", steady{600, 600, 0.001, 5}, 8},
		{"x20 from 0.1 % at 60 a minute", steady{60, 60, 0.001, 20}, 10},
		{"x2 from 1 % at 600 a minute", steady{600, 600, 0.01, 2}, 9},
	} {
		t.Run(test.name, func(t *testing.T) {
			runs := *runsFlag
			one := []Metric{{Name: "m0", Critical: true, Dispersion: 1}}
			power, minutes := detection(t, test.name, test.sim, one, runs)
			if power < 0.99 || minutes > test.minutes {
				t.Errorf("one metric: power %.3f in a median of %.1f min, want at least 0.99 in %.0f", power, minutes, test.minutes)
			}
			powerTen, ten := detection(t, test.name, test.sim, tenMetrics(1), runs)
			if powerTen < 0.99 || ten > 1.5*minutes {
				t.Errorf("ten metrics: power %.3f in a median of %.1f min, want at least 0.99 in %.1f", powerTen, ten, 1.5*minutes)
			}
			one[0].Dispersion = 0
			powerUnknown, unknown := detection(t, test.name, test.sim, one, runs)
			t.Logf("median minutes (power): one metric %.2f (%.3f), ten %.2f (%.3f), one of unknown dispersion %.2f (%.3f)",
				minutes, power, ten, powerTen, unknown, powerUnknown)
		})
	}
}
