package recommend

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// traffic draws one rollout after another, the same ones each time.
type traffic struct {
	*rand.Rand
	perMinute, rate, factor float64
}

func (r traffic) poisson(mean float64) float64 {
	if mean > 60 {
		return math.Max(0, math.Round(mean+r.NormFloat64()*math.Sqrt(mean)))
	}
	n, product := 0.0, r.Float64()
	for limit := math.Exp(-mean); product > limit; n++ {
		product *= r.Float64()
	}
	return n
}

// tick draws the counts of a time.
func (r traffic) tick(weight, factor float64, length time.Duration) judge.Counts {
	requests := r.perMinute * length.Minutes()
	c := judge.Counts{
		Metric:      "errors",
		TotalCanary: r.poisson(requests * weight / 100), TotalBaseline: r.poisson(requests * (100 - weight) / 100),
	}
	c.BadCanary = math.Min(c.TotalCanary, r.poisson(c.TotalCanary*r.rate*factor))
	c.BadBaseline = math.Min(c.TotalBaseline, r.poisson(c.TotalBaseline*r.rate))
	return c
}

// lengths are the times after which the judge itself gave the verdict in each
// of so many rollouts that look every ten seconds; endless where it had not by the
// limit. The good steps before have stood as long as they are told to.
func lengths(t *testing.T, traffic traffic, ceiling float64, before []Step, weight float64, want judge.Kind, limit time.Duration) []time.Duration {
	t.Helper()
	const runs = 200
	out := make([]time.Duration, runs)
	for run := range runs {
		s, err := judge.New(judge.Defaults(), []judge.Metric{{Name: "errors", Critical: true, Ceiling: ceiling, Dispersion: 1}})
		if err != nil {
			t.Fatal(err)
		}
		at := 0.0
		observe := func(step int, weight, factor float64, length time.Duration) judge.Verdict {
			at += length.Seconds()
			var v judge.Verdict
			s, v = s.Observe(judge.Tick{At: at, Weight: weight, Step: step, Counts: []judge.Counts{traffic.tick(weight, factor, length)}})
			return v
		}
		for i, step := range before {
			observe(i, step.Weight, 1, step.AtLeast.Std())
		}
		out[run] = math.MaxInt64
		for length := look; length <= limit; length += look {
			if v := observe(len(before), weight, traffic.factor, look); v.Kind == want {
				out[run] = length
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// TestTheLengthsAreTheJudges holds the computed lengths to what the judge does in
// simulated rollouts: nine of ten have their verdict by then, and the length is not
// so long that this says nothing.
func TestTheLengthsAreTheJudges(t *testing.T) {
	for name, tc := range map[string]struct {
		perMinute, rate, ceiling, weight, factor float64
		before                                   []Step
	}{
		"much traffic at 5 %":        {perMinute: 6000, rate: 0.001, ceiling: 0.01, weight: 5, factor: 5},
		"some traffic at 5 %":        {perMinute: 1200, rate: 0.005, ceiling: 0.02, weight: 5, factor: 5},
		"little traffic at 50 %":     {perMinute: 120, rate: 0.01, ceiling: 0.05, weight: 50, factor: 5},
		"twice the errors":           {perMinute: 6000, rate: 0.01, ceiling: 0.02, weight: 25, factor: 2},
		"twenty times the errors":    {perMinute: 300, rate: 0.001, ceiling: 0.01, weight: 25, factor: 20},
		"above its ceiling":          {perMinute: 3000, rate: 0.02, ceiling: 0.01, weight: 25, factor: 5},
		"after a good step":          {perMinute: 1200, rate: 0.005, ceiling: 0.02, weight: 25, factor: 5, before: []Step{{Weight: 5, AtLeast: minutes(30)}}},
		"at 100 %, after good steps": {perMinute: 1200, rate: 0.005, ceiling: 0.01, weight: 100, factor: 5, before: []Step{{Weight: 5, AtLeast: minutes(20)}, {Weight: 50, AtLeast: minutes(5)}}},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := newPower(tc.perMinute, tc.rate, tc.ceiling, 1)
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range tc.before {
				p.pass(step.Weight, step.AtLeast.Std())
			}
			harm, seen := p.harmAfter(tc.weight, tc.factor)
			safe, by, proved := p.safeAfter(tc.weight)
			if !seen || !proved {
				t.Fatalf("harm seen %v, safe proved %v", seen, proved)
			}
			world := traffic{rand.New(rand.NewPCG(1, 2)), tc.perMinute, tc.rate, tc.factor}
			within(t, "harm", harm, lengths(t, world, tc.ceiling, tc.before, tc.weight, judge.Harm, 3*harm))
			world.factor = 1
			within(t, "safe by "+by, safe, lengths(t, world, tc.ceiling, tc.before, tc.weight, judge.Safe, 3*safe))
		})
	}
}

// within checks that a length is one by which 85 to 100 of 100 rollouts had their
// verdict, and at most three and a half times the median one.
func within(t *testing.T, what string, length time.Duration, sorted []time.Duration) {
	t.Helper()
	by, _ := slices.BinarySearch(sorted, length+1)
	share, median := float64(by)/float64(len(sorted)), sorted[len(sorted)/2]
	t.Logf("%s: computed %s; %.0f %% of the rollouts by then, half of them by %s", what, length, 100*share, median)
	if share < 0.85 {
		t.Errorf("%s: only %.3f of the rollouts had their verdict within %s, want at least 0.85", what, share, length)
	}
	if length > 3*median+3*look {
		t.Errorf("%s: computed %s, though half of the rollouts had their verdict by %s", what, length, median)
	}
}

// TestNoTrafficProvesNothing keeps a length from being made up where there is none.
func TestNoTrafficProvesNothing(t *testing.T) {
	p, err := newPower(0.01, 0.001, 0.01, 0)
	if err != nil {
		t.Fatal(err)
	}
	if length, seen := p.harmAfter(5, 5); seen {
		t.Errorf("a harm was seen after %s without traffic", length)
	}
	if length, _, proved := p.safeAfter(5); proved {
		t.Errorf("proved safe after %s without traffic", length)
	}
}

func TestNice(t *testing.T) {
	for in, want := range map[time.Duration]time.Duration{
		10 * time.Second: 30 * time.Second, 61 * time.Second: 90 * time.Second, 2 * time.Minute: 2 * time.Minute,
		150 * time.Second: 3 * time.Minute, 11 * time.Minute: 15 * time.Minute, 121 * time.Minute: 150 * time.Minute,
	} {
		if got := nice(in); got != want {
			t.Errorf("nice(%s) = %s, want %s", in, got, want)
		}
	}
}
