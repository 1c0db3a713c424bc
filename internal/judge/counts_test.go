package judge

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCountsValidate(t *testing.T) {
	for _, test := range []struct {
		name   string
		kind   string
		counts Counts
		bad    string
	}{
		{"sound", KindRatio, Counts{"m", 1, 10, 2, 20}, ""},
		{"nothing", KindRatio, Counts{"m", 0, 0, 0, 0}, ""},
		{"all bad", KindRatio, Counts{"m", 10, 10, 20, 20}, ""},
		{"negative bad", KindRatio, Counts{"m", -1, 10, 2, 20}, "bad_canary"},
		{"negative total", KindRatio, Counts{"m", 0, 10, 0, -20}, "total_baseline"},
		{"NaN", KindRatio, Counts{"m", 1, math.NaN(), 2, 20}, "total_canary"},
		{"infinite", KindRatio, Counts{"m", 1, 10, math.Inf(1), 20}, "bad_baseline"},
		{"beyond whole numbers", KindRatio, Counts{"m", 1, 1e17, 1, 20}, "total_canary"},
		{"more bad than all on the canary", KindRatio, Counts{"m", 11, 10, 2, 20}, "bad_canary"},
		{"more bad than all on the baseline", KindRatio, Counts{"m", 1, 10, 21, 20}, "bad_baseline"},
		{"more restarts than seconds", KindExposure, Counts{"m", 11, 10, 2, 20}, ""},
		{"restarts in no time", KindExposure, Counts{"m", 1, 0, 2, 20}, "bad_canary"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.counts.Validate(test.kind)
			if test.bad == "" {
				if err != nil {
					t.Errorf("refused: %v", err)
				}
				return
			}
			if !errors.Is(err, ErrCounts) || !strings.Contains(err.Error(), test.bad) ||
				!strings.Contains(err.Error(), "allowed") || !strings.Contains(err.Error(), "for example") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCountSlow(t *testing.T) {
	bad, total, err := CountSlow([]float64{0.1, 0.25, 0.3}, 0.25)
	if bad != 1 || total != 3 || err != nil {
		t.Errorf("got %v of %v, %v; want 1 of 3, since a latency equal to the threshold is not slow", bad, total, err)
	}
	for name, test := range map[string]struct {
		latencies []float64
		threshold float64
	}{
		"NaN latency":        {[]float64{1, math.NaN()}, 1},
		"negative latency":   {[]float64{-1}, 1},
		"infinite latency":   {[]float64{math.Inf(1)}, 1},
		"NaN threshold":      {[]float64{1}, math.NaN()},
		"negative threshold": {[]float64{1}, -1},
		"infinite threshold": {[]float64{1}, math.Inf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, _, err := CountSlow(test.latencies, test.threshold); !errors.Is(err, ErrCounts) {
				t.Errorf("got %v, want ErrCounts", err)
			}
		})
	}
}

// TestVerdictIsTheSameInEveryUnit judges the same latencies from microseconds to
// the millionfold, which changed a third of the verdicts of an older judge.
func TestVerdictIsTheSameInEveryUnit(t *testing.T) {
	judged := func(unit float64) []string {
		w := &world{random{99}}
		s := start(t, Defaults(), Metric{Name: "slow", Critical: true, Dispersion: 1})
		var all []string
		for n := 1; n <= 60; n++ {
			counts := Counts{Metric: "slow"}
			arm := func(scale float64) (float64, float64) {
				latencies := make([]float64, 100)
				for i := range latencies {
					latencies[i] = unit * scale * math.Exp(w.normal())
				}
				bad, total, err := CountSlow(latencies, unit*5)
				if err != nil {
					t.Fatal(err)
				}
				return bad, total
			}
			counts.BadCanary, counts.TotalCanary = arm(1.3)
			counts.BadBaseline, counts.TotalBaseline = arm(1)
			var v Verdict
			s, v = s.Observe(Tick{At: float64(n), Weight: 50, Counts: []Counts{counts}})
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, string(data))
		}
		return all
	}
	want := judged(1)
	for exponent := -6; exponent <= 6; exponent++ {
		t.Run(fmt.Sprintf("1e%d", exponent), func(t *testing.T) {
			if diff := cmp.Diff(want, judged(math.Pow(10, float64(exponent)))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestExposureMayBeInAnyUnit scales replica-seconds, and the ceiling with them.
func TestExposureMayBeInAnyUnit(t *testing.T) {
	judged := func(unit float64) []Kind {
		s := start(t, Defaults(), Metric{
			Name: "restarts", Critical: true, Dispersion: 1, Kind: KindExposure, Ceiling: 0.001 / unit,
		})
		w := &world{random{5}}
		var all []Kind
		for n := 1; n <= 200; n++ {
			var v Verdict
			s, v = s.Observe(Tick{At: float64(n), Weight: 50, Counts: []Counts{{
				"restarts", w.poisson(0.3), 50 * unit, w.poisson(0.03), 50 * unit,
			}}})
			all = append(all, v.Kind)
		}
		return all
	}
	want := judged(1)
	for exponent := -6; exponent <= 6; exponent++ {
		if diff := cmp.Diff(want, judged(math.Pow(10, float64(exponent)))); diff != "" {
			t.Errorf("1e%d: %s", exponent, diff)
		}
	}
	if want[199] != Harm {
		t.Errorf("ten times the restarts are judged %s, want harm", want[199])
	}
}
