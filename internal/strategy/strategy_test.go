package strategy_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func minutes(n int) field.Duration { return field.Duration(time.Duration(n) * time.Minute) }

// step is what a strategy with these times expands to.
func step(weight float64, atLeast, atMost time.Duration) strategy.Step {
	return strategy.Step{Kind: strategy.StepWeight, Traffic: target.TrafficState{Weight: weight}, AtLeast: atLeast, AtMost: atMost}
}

func TestSteps(t *testing.T) {
	const usual = strategy.DefaultDeadline
	cases := []struct {
		name string
		def  strategy.Definition
		want []strategy.Step
	}{
		{"all at once", strategy.Definition{AllAtOnce: &strategy.AllAtOnce{}}, []strategy.Step{step(100, 0, usual)}},
		{"canary", strategy.Definition{Canary: &strategy.Canary{Steps: []strategy.CanaryStep{
			{Weight: 5, AtLeast: minutes(1)}, {Weight: 25, AtLeast: minutes(10), AtMost: minutes(20)}, {Weight: 50, AtLeast: minutes(10)}, {Weight: 100},
		}}}, []strategy.Step{
			step(5, time.Minute, usual), step(25, 10*time.Minute, 20*time.Minute), step(50, 10*time.Minute, 50*time.Minute), step(100, 0, usual),
		}},
		{"linear", strategy.Definition{Linear: &strategy.Linear{StepWeight: 40, AtLeast: minutes(1), AtMost: minutes(3)}}, []strategy.Step{
			step(40, time.Minute, 3*time.Minute), step(80, time.Minute, 3*time.Minute), step(100, 0, usual),
		}},
		{"linear by thirds", strategy.Definition{Linear: &strategy.Linear{StepWeight: 33.3}}, []strategy.Step{
			step(33.3, 0, usual), step(66.6, 0, usual), step(99.9, 0, usual), step(100, 0, usual),
		}},
		{"linear in one", strategy.Definition{Linear: &strategy.Linear{StepWeight: 100}}, []strategy.Step{step(100, 0, usual)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, c.def.Steps()); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

// Whatever increment the author chooses, the weights grow and end at exactly 100,
// without one that is 100 but for a rounding before it.
func TestEveryLinearStrategyEndsAtAHundred(t *testing.T) {
	for tenths := 10; tenths <= 1000; tenths++ {
		steps := strategy.Definition{Linear: &strategy.Linear{StepWeight: float64(tenths) / 10}}.Steps()
		before := 0.0
		for i, s := range steps {
			if s.Traffic.Weight <= before || s.Traffic.Weight == 100 != (i == len(steps)-1) || s.Traffic.Weight > 100 {
				t.Fatalf("increments of %g %%: step %d has %v after %v", float64(tenths)/10, i, s.Traffic.Weight, before)
			}
			before = s.Traffic.Weight
		}
		if len(steps) > strategy.MaxSteps {
			t.Errorf("increments of %g %%: %d steps", float64(tenths)/10, len(steps))
		}
	}
}

func TestNormalizeFillsInTheDefaults(t *testing.T) {
	got := strategy.Definition{}.Normalize()
	want := strategy.Definition{
		OnInconclusive: strategy.Extend, RevertAfter: field.Duration(time.Minute), PrepareTimeout: minutes(10),
		Analysis: strategy.Analysis{Interval: field.Duration(10 * time.Second)},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("defaults (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(got, got.Normalize()); diff != "" {
		t.Errorf("a second time changes it:\n%s", diff)
	}
	slow := strategy.Definition{Analysis: strategy.Analysis{Interval: minutes(5)}}.Normalize()
	if slow.RevertAfter != minutes(15) {
		t.Errorf("the switch of a slow analysis is %s; it must outlast two looks", slow.RevertAfter)
	}
}

// What the ledger freezes must come back as it was.
func TestADefinitionSurvivesItsEncoding(t *testing.T) {
	whole := 20.0
	def := valid()
	def.MaxUnattendedWeight = &whole
	def.Analysis.Metrics["slow"] = strategy.Metric{SlowerThan: &strategy.SlowerThan{BaselineQuantile: 0.99}, Signal: "http", Importance: 2}
	raw, err := json.Marshal(def)
	if err != nil {
		t.Fatal(err)
	}
	var back strategy.Definition
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(def, back); diff != "" {
		t.Errorf("it came back otherwise:\n%s", diff)
	}
}
