package judge

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// errorsMetric is the usual critical metric with a known dispersion.
func errorsMetric() Metric {
	return Metric{Name: "errors", Critical: true, Dispersion: 1}
}

// start is a fresh State, or the end of the test.
func start(t testing.TB, params Params, metrics ...Metric) State {
	t.Helper()
	if len(metrics) == 0 {
		metrics = []Metric{errorsMetric()}
	}
	s, err := New(params, metrics)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// tick is one of the only metric, n times ten seconds after the start.
func tick(n int, weight float64, badCanary, totalCanary, badBaseline, totalBaseline float64) Tick {
	return Tick{At: float64(10 * n), Weight: weight, Counts: []Counts{{
		"errors", badCanary, totalCanary, badBaseline, totalBaseline,
	}}}
}

// script is a rollout that has a bit of everything.
func script(seed uint64, ticks int) []Tick {
	w := world{random: random{seed}}
	steps := []float64{5, 25, 50, 100}
	var all []Tick
	for n := range ticks {
		step := min(n*len(steps)/ticks, len(steps)-1)
		weight := steps[step]
		nc, nb := w.poisson(10*weight), w.poisson(10*(100-weight))
		all = append(all, Tick{At: float64(10 * (n + 1)), Weight: weight, Step: step, Counts: []Counts{
			{"errors", w.binomial(nc, 0.02), nc, w.binomial(nb, 0.01), nb},
			{"slow", w.binomial(nc, 0.01), nc, w.binomial(nb, 0.01), nb},
		}})
	}
	return all
}

func scriptMetrics() []Metric {
	return []Metric{errorsMetric(), {Name: "slow"}}
}

func TestResumedStateEqualsReplayedState(t *testing.T) {
	ticks := script(7, 80)
	carried := start(t, Defaults(), scriptMetrics()...)
	resumed := carried
	for i, tick := range ticks {
		var want, got Verdict
		carried, want = carried.Observe(tick)
		data, err := json.Marshal(resumed)
		if err != nil {
			t.Fatal(err)
		}
		loaded, err := Load(data)
		if err != nil {
			t.Fatal(err)
		}
		resumed, got = loaded.Observe(tick)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("tick %d: verdict of the resumed state differs (-carried +resumed):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(carried, resumed); diff != "" {
		t.Errorf("states differ (-carried +resumed):\n%s", diff)
	}
	replayed := start(t, Defaults(), scriptMetrics()...)
	for _, tick := range ticks {
		replayed, _ = replayed.Observe(tick)
	}
	if diff := cmp.Diff(carried, replayed); diff != "" {
		t.Errorf("states differ (-carried +replayed):\n%s", diff)
	}
}

func TestObserveLeavesItsStateAlone(t *testing.T) {
	s := start(t, Defaults(), scriptMetrics()...)
	ticks := script(3, 40)
	for _, tick := range ticks[:25] {
		s, _ = s.Observe(tick)
	}
	before, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	_, first := s.Observe(ticks[25])
	_, second := s.Observe(ticks[25])
	after, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(before), string(after)); diff != "" {
		t.Errorf("Observe changed its receiver:\n%s", diff)
	}
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("two looks at one tick differ:\n%s", diff)
	}
}

func TestVerdictIsByteIdenticalOnReplay(t *testing.T) {
	run := func() string {
		s := start(t, Defaults(), scriptMetrics()...)
		var all []byte
		for _, tick := range script(11, 120) {
			var v Verdict
			s, v = s.Observe(tick)
			data, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			all = append(append(all, data...), '\n')
		}
		return string(all)
	}
	if diff := cmp.Diff(run(), run()); diff != "" {
		t.Error(diff)
	}
}

func TestLoadRefuses(t *testing.T) {
	s := start(t, Defaults())
	good, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	change := func(edit func(*State)) []byte {
		bad, err := Load(good)
		if err != nil {
			t.Fatal(err)
		}
		edit(&bad)
		data, err := json.Marshal(bad)
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	invalid := func(err error) bool { var e *InvalidError; return errors.As(err, &e) }
	for _, test := range []struct {
		name string
		data []byte
		want func(error) bool
	}{
		{"no JSON", []byte("{"), func(err error) bool { return err != nil }},
		{"another version", change(func(s *State) { s.Version = "seq-binom/v2" }),
			func(err error) bool { return errors.Is(err, ErrVersion) }},
		{"unsound parameters", change(func(s *State) { s.Params.AlphaHarm = 0 }), invalid},
		{"sums of another metric", change(func(s *State) { s.Sums = nil }), invalid},
		{"sums of another grid", change(func(s *State) { s.Sums[0].Harm = s.Sums[0].Harm[1:] }), invalid},
		{"shares of another grid", change(func(s *State) { s.ShareLess = nil }), invalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := Load(test.data); !test.want(err) {
				t.Errorf("Load gave %v", err)
			}
		})
	}
}

func TestVerdictsHoldOnlyFiniteNumbers(t *testing.T) {
	huge := float64(1 << 50)
	for name, ticks := range map[string][]Tick{
		"overwhelming harm":   {tick(1, 50, huge, huge, 0, huge)},
		"overwhelming safety": {tick(1, 50, 0, huge, huge, huge)},
		"nothing at all":      {tick(1, 50, 0, 0, 0, 0)},
		"time is NaN":         {{At: math.NaN(), Weight: math.Inf(1)}},
		"NaN counts":          {tick(1, 50, math.NaN(), math.Inf(1), -1, 3)},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, Defaults())
			for _, tick := range ticks {
				var v Verdict
				s, v = s.Observe(tick)
				if _, err := json.Marshal(v); err != nil {
					t.Errorf("verdict: %v", err)
				}
				if _, err := json.Marshal(s); err != nil {
					t.Errorf("state: %v", err)
				}
			}
		})
	}
}
