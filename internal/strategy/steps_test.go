package strategy_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var (
	staff = target.Cohort{Header: "X-Staff", Value: "1"}
	beta  = target.Cohort{Cookie: "beta", Value: "yes"}
	smoke = check.Check{Name: "smoke", URL: "https://checkout.example/healthz"}
)

func share(v float64) *float64 { return &v }
func number(n int) *int        { return &n }

// mixed is a canary with each kind of step.
func mixed() strategy.Definition {
	d := valid()
	d.Canary = &strategy.Canary{Steps: []strategy.CanaryStep{
		{Check: &smoke}, {Cohort: &staff, AtLeast: minutes(1)}, {Mirror: share(10), AtMost: minutes(20)}, {Pause: &strategy.Waiting{}},
		{Weight: 5}, {Cohort: &beta}, {Pause: &strategy.Waiting{Duration: minutes(10)}}, {Weight: 100},
	}}
	return d
}

// Each step has the whole traffic: a cohort stays beside the weights until 100 % or
// another, a mirror until the next step that moves traffic, and pauses and checks
// leave it as it is.
func TestEachStepHasTheWholeTraffic(t *testing.T) {
	const usual = strategy.DefaultDeadline
	asked := smoke.Normalize()
	want := []strategy.Step{
		{Kind: strategy.StepCheck, Check: &asked, AtMost: usual},
		{Kind: strategy.StepCohort, Traffic: target.TrafficState{Cohort: &staff}, AtLeast: time.Minute, AtMost: usual},
		{Kind: strategy.StepMirror, Traffic: target.TrafficState{Cohort: &staff, Mirror: 10}, AtMost: 20 * time.Minute},
		{Kind: strategy.StepPause, Traffic: target.TrafficState{Cohort: &staff, Mirror: 10}, AtMost: usual},
		{Kind: strategy.StepWeight, Traffic: target.TrafficState{Weight: 5, Cohort: &staff}, AtMost: usual},
		{Kind: strategy.StepCohort, Traffic: target.TrafficState{Weight: 5, Cohort: &beta}, AtMost: usual},
		{Kind: strategy.StepPause, Traffic: target.TrafficState{Weight: 5, Cohort: &beta}, AtLeast: 10 * time.Minute, AtMost: usual},
		{Kind: strategy.StepWeight, Traffic: target.TrafficState{Weight: 100}, AtMost: usual},
	}
	got := mixed().Steps()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	var waits, moves, nobody []int
	for i, s := range got {
		if s.UntilResumed() {
			waits = append(waits, i)
		}
		if s.Moves() {
			moves = append(moves, i)
		}
		if s.SendsNobody() {
			nobody = append(nobody, i)
		}
	}
	if diff := cmp.Diff([][]int{{3}, {1, 2, 4, 5, 7}, {0}}, [][]int{waits, moves, nobody}); diff != "" {
		t.Errorf("what waits, what moves, what sends nobody:\n%s", diff)
	}
}

func TestBlueGreenAndRollingExpand(t *testing.T) {
	asked := smoke.Normalize()
	const usual = strategy.DefaultDeadline
	batch := func(share, healthy float64, atLeast time.Duration) strategy.Step {
		return strategy.Step{Kind: strategy.StepBatch, AtLeast: atLeast, AtMost: usual,
			Traffic: target.TrafficState{Weight: share, Batch: &target.Batch{Share: share, MinHealthy: healthy}}}
	}
	switched := step(100, 0, usual)
	for name, tc := range map[string]struct {
		def  strategy.Definition
		want []strategy.Step
	}{
		"the least blue/green": {strategy.Definition{BlueGreen: &strategy.BlueGreen{}}, []strategy.Step{switched}},
		"blue/green": {strategy.Definition{BlueGreen: &strategy.BlueGreen{Checks: []check.Check{smoke}, Cohort: &staff, Preview: &strategy.Waiting{}}}, []strategy.Step{
			{Kind: strategy.StepCheck, Traffic: target.TrafficState{Cohort: &staff}, Check: &asked, AtMost: usual},
			{Kind: strategy.StepPause, Traffic: target.TrafficState{Cohort: &staff}, AtMost: usual}, switched,
		}},
		"by share": {strategy.Definition{Rolling: &strategy.Rolling{Batch: share(0.4), MinHealthy: share(0.5), AtLeast: minutes(1)}}, []strategy.Step{
			batch(40, 50, time.Minute), batch(80, 50, time.Minute), batch(100, 50, 0),
		}},
		"by count": {strategy.Definition{Rolling: &strategy.Rolling{BatchCount: number(1), Instances: number(3)}}, []strategy.Step{
			batch(33.333333333, 66.666666667, 0), batch(66.666666667, 66.666666667, 0), batch(100, 66.666666667, 0),
		}},
		"all in one batch": {strategy.Definition{Rolling: &strategy.Rolling{Batch: share(1)}}, []strategy.Step{batch(100, 0, 0)}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, tc.def.Steps()); diff != "" {
				t.Errorf("steps (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheOldArtifactStaysWarmForTheLongerTime(t *testing.T) {
	for _, tc := range []struct{ bake, warm, want int }{{10, 30, 30}, {30, 10, 30}, {10, 0, 10}} {
		d := strategy.Definition{Bake: minutes(tc.bake), BlueGreen: &strategy.BlueGreen{KeepWarm: minutes(tc.warm)}}
		if got := d.BakeTime(); got != minutes(tc.want).Std() {
			t.Errorf("bake %dm, keep_warm %dm: %s", tc.bake, tc.warm, got)
		}
	}
}

// What is declared leaves the defaults of its checks out, and what is frozen has
// them, without changing what was declared.
func TestChecksAreFrozenWithTheirDefaults(t *testing.T) {
	d := mixed()
	d.BlueGreen = &strategy.BlueGreen{Checks: []check.Check{smoke}}
	frozen := d.Frozen()
	for _, c := range []check.Check{*frozen.Canary.Steps[0].Check, frozen.BlueGreen.Checks[0]} {
		if c.Attempts != check.DefaultAttempts || c.Timeout == 0 {
			t.Errorf("frozen: %+v", c)
		}
	}
	if d.Canary.Steps[0].Check.Attempts != 0 || d.BlueGreen.Checks[0].Attempts != 0 || smoke.Attempts != 0 {
		t.Error("freezing changed what was declared")
	}
	raw, err := json.Marshal(frozen)
	if err != nil {
		t.Fatal(err)
	}
	var back strategy.Definition
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(frozen, back); diff != "" {
		t.Errorf("it came back otherwise:\n%s", diff)
	}
}

// Only what an older binary cannot walk needs the newer format.
func TestWhatNeedsSteps(t *testing.T) {
	linear := valid()
	linear.Canary, linear.Linear = nil, &strategy.Linear{StepWeight: 20}
	for want, defs := range map[bool][]strategy.Definition{
		false: {valid(), linear, {AllAtOnce: &strategy.AllAtOnce{}}},
		true:  {mixed(), {BlueGreen: &strategy.BlueGreen{}}, {Rolling: &strategy.Rolling{Batch: share(0.5)}}},
	} {
		for i, d := range defs {
			if d.NeedsSteps() != want {
				t.Errorf("definition %d: NeedsSteps is %v", i, !want)
			}
		}
	}
}

func TestValidSteps(t *testing.T) {
	rolling := func(r strategy.Rolling) strategy.Definition { return strategy.Definition{Name: "x", Rolling: &r} }
	for i, d := range []strategy.Definition{
		mixed(), {Name: "x", BlueGreen: &strategy.BlueGreen{}},
		rolling(strategy.Rolling{Batch: share(0.25), MinHealthy: share(0.75)}),
		rolling(strategy.Rolling{BatchCount: number(2), Instances: number(8), MinHealthy: share(0.75)}),
		rolling(strategy.Rolling{BatchCount: number(1), Instances: number(100)}),
	} {
		if errs := d.Validate(); len(errs) > 0 {
			t.Errorf("definition %d: %v", i, errs)
		}
	}
}

func TestBadSteps(t *testing.T) {
	step := func(s strategy.CanaryStep) strategy.Definition {
		d := valid()
		d.Canary.Steps = []strategy.CanaryStep{s, {Weight: 100}}
		return d
	}
	rolling := func(r strategy.Rolling) strategy.Definition { return strategy.Definition{Name: "x", Rolling: &r} }
	green := func(b strategy.BlueGreen) strategy.Definition { return strategy.Definition{Name: "x", BlueGreen: &b} }
	last := valid()
	last.Canary.Steps = append(last.Canary.Steps, strategy.CanaryStep{Pause: &strategy.Waiting{}})
	long := smoke
	long.Timeout = field.Duration(20 * time.Second)
	hurried := step(strategy.CanaryStep{Check: &smoke})
	hurried.Analysis.Interval, hurried.RevertAfter = field.Duration(time.Second), field.Duration(4*time.Second)
	const s0 = "canary.steps[0]."
	for name, tc := range map[string]struct {
		def       strategy.Definition
		path, msg string
	}{
		"two kinds in a step":         {step(strategy.CanaryStep{Weight: 5, Cohort: &staff}), s0 + "cohort", "both weight and cohort are given; exactly one of weight, cohort, mirror, pause and check"},
		"a pause with a check":        {step(strategy.CanaryStep{Pause: &strategy.Waiting{}, Check: &smoke}), s0 + "check", "both pause and check are given"},
		"a pause that lasts":          {step(strategy.CanaryStep{Pause: &strategy.Waiting{}, AtLeast: minutes(1)}), s0 + "at_least", "at_least is for steps that move traffic, and this one is a pause"},
		"a check with a deadline":     {step(strategy.CanaryStep{Check: &smoke, AtMost: minutes(1)}), s0 + "at_most", "at_most is for steps that move traffic, and this one is a check"},
		"a mirror of nothing":         {step(strategy.CanaryStep{Mirror: share(0)}), s0 + "mirror", "0 is not a share of requests to copy"},
		"a mirror of more than all":   {step(strategy.CanaryStep{Mirror: share(101)}), s0 + "mirror", "101 is not a share of requests to copy"},
		"a cohort of nobody":          {step(strategy.CanaryStep{Cohort: &target.Cohort{Value: "1"}}), s0 + "cohort", "exactly one of header and cookie"},
		"a cohort of both":            {step(strategy.CanaryStep{Cohort: &target.Cohort{Header: "A", Cookie: "b", Value: "1"}}), s0 + "cohort", "exactly one of header and cookie"},
		"a cohort without a value":    {step(strategy.CanaryStep{Cohort: &target.Cohort{Header: "A"}}), s0 + "cohort.value", `"" is not a value`},
		"a check without a URL":       {step(strategy.CanaryStep{Check: &check.Check{Name: "smoke"}}), s0 + "check.url", "there is no URL"},
		"a check that takes too long": {step(strategy.CanaryStep{Check: &long}), s0 + "check.timeout", "20s is too long for a step: a driver that waits longer would lose its lease; it must be at most 10s"},
		"a check beside a switch":     {hurried, s0 + "check.timeout", "the target goes back by itself after revert_after"},
		"a pause at the end":          {last, "canary.steps", "the last step is a pause; it must be the weight 100"},
		"no batch":                    {rolling(strategy.Rolling{}), "rolling", "exactly one of batch and batch_count is given"},
		"a batch of both":             {rolling(strategy.Rolling{Batch: share(0.5), BatchCount: number(1)}), "rolling.batch_count", "both batch and batch_count are given"},
		"a batch of nothing":          {rolling(strategy.Rolling{Batch: share(0)}), "rolling.batch", "0 % is not a batch; it must be from 1 % to 100 %"},
		"a batch of more than all":    {rolling(strategy.Rolling{Batch: share(1.2)}), "rolling.batch", "120 % is not a batch"},
		"a negative count":            {rolling(strategy.Rolling{BatchCount: number(-2), Instances: number(8)}), "rolling.batch_count", "-2 is not a batch of 8 instances; it must be from 1 to 8"},
		"a count above the instances": {rolling(strategy.Rolling{BatchCount: number(9), Instances: number(8)}), "rolling.batch_count", "9 is not a batch of 8 instances"},
		"a count without instances":   {rolling(strategy.Rolling{BatchCount: number(2)}), "rolling.instances", "batch_count needs the number of instances"},
		"a share with instances":      {rolling(strategy.Rolling{Batch: share(0.5), Instances: number(8)}), "rolling.instances", "instances is for batch_count"},
		"no instances":                {rolling(strategy.Rolling{BatchCount: number(2), Instances: number(0)}), "rolling.instances", "0 is not a number of instances"},
		"batches without end":         {rolling(strategy.Rolling{BatchCount: number(1), Instances: number(1000)}), "rolling.batch_count", "make more than 100 steps of 1000 instances; it must be at least 10"},
		"no room to be healthy":       {rolling(strategy.Rolling{Batch: share(0.25), MinHealthy: share(0.8)}), "rolling.min_healthy", "80 % leaves no room: a batch takes 25 % of the instances away, so at most 75 % stay"},
		"healthier than all":          {rolling(strategy.Rolling{Batch: share(0.25), MinHealthy: share(1.5)}), "rolling.min_healthy", "1.5 is not a share of the instances"},
		"a batch deadline":            {rolling(strategy.Rolling{Batch: share(0.25), AtLeast: minutes(2), AtMost: minutes(1)}), "rolling.at_most", "1m is shorter than at_least, 2m"},
		"warm for less than nothing":  {green(strategy.BlueGreen{KeepWarm: -1}), "blue_green.keep_warm", "is negative"},
		"too many checks":             {green(strategy.BlueGreen{Checks: make([]check.Check, 21)}), "blue_green.checks", "there are 21 checks; at most 20"},
		"a check twice":               {green(strategy.BlueGreen{Checks: []check.Check{smoke, smoke}}), "blue_green.checks[1].name", `there is a check "smoke" already`},
		"a cohort for nothing":        {green(strategy.BlueGreen{Cohort: &staff}), "blue_green.cohort", "for the checks and the preview before the switch, and there are none"},
		"two kinds of strategy":       {strategy.Definition{Name: "x", BlueGreen: &strategy.BlueGreen{}, Rolling: &strategy.Rolling{Batch: share(0.5)}}, "rolling", "both blue_green and rolling are given"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := tc.def.Validate()
			for _, e := range errs {
				if e.Path == tc.path && strings.Contains(e.Msg, tc.msg) {
					if !strings.Contains(e.Msg, "for example") {
						t.Errorf("the message has no example: %s", e.Msg)
					}
					return
				}
			}
			t.Errorf("no message at %q says %q: %v", tc.path, tc.msg, errs)
		})
	}
}
