package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestStepLabelsOfEveryKind(t *testing.T) {
	kinds := strategy.Definition{}
	everyKind(&kinds)
	green := strategy.Definition{Bake: minutes(10), BlueGreen: &strategy.BlueGreen{Checks: []check.Check{smoke}, Preview: &strategy.Waiting{}, KeepWarm: minutes(30)}}
	batches := strategy.Definition{Rolling: &strategy.Rolling{BatchCount: count(2), Instances: count(3), AtLeast: minutes(1)}}
	for name, tc := range map[string]struct {
		def  strategy.Definition
		want []string
	}{
		"canary": {kinds, []string{
			"1.0.1 for requests with X-Staff: 1, at least 20s",
			"1.0.1 gets a copy of 10 % of the requests, at least 20s",
			"1.0.1 at 10 %, at least 20s",
			"1.0.1 waits 20s at 10 % and for requests with X-Staff: 1",
			"1.0.1 is checked at 10 % and for requests with X-Staff: 1: smoke",
			"1.0.1 waits at 10 % and for requests with X-Staff: 1 until somebody resumes it",
			"1.0.1 at 100 %",
		}},
		"blue/green": {green, []string{"1.0.1 is checked at 0 %: smoke", "1.0.1 waits at 0 % until somebody resumes it", "1.0.1 at 100 %, bake 30m"}},
		"rolling":    {batches, []string{"1.0.1 on 66.666666667 % of the instances, 33.333333333 % healthy, at least 1m", "1.0.1 on 100 % of the instances, 33.333333333 % healthy"}},
	} {
		if diff := cmp.Diff(tc.want, release.StepLabels(tc.def, good)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func count(n int) *int { return &n }

// What a target cannot do is said by the name of the capability, and what may stand
// while nobody drives is asked of each kind of step that sends users somewhere.
func TestCapabilitiesOfEveryKind(t *testing.T) {
	all := target.Capabilities{Weights: true, Cohorts: true, Mirror: true, Batches: true, RevertAfter: true}
	without := func(change func(c *target.Capabilities)) target.Capabilities {
		c := all
		change(&c)
		return c
	}
	steps := func(s ...strategy.CanaryStep) func(*strategy.Definition) {
		return func(d *strategy.Definition) {
			d.Canary = &strategy.Canary{Steps: append(s, strategy.CanaryStep{Weight: 100})}
		}
	}
	limit := func(w float64, set func(*strategy.Definition)) func(*strategy.Definition) {
		return func(d *strategy.Definition) { set(d); d.MaxUnattendedWeight = &w }
	}
	noSwitch := without(func(c *target.Capabilities) { c.RevertAfter = false })
	for name, tc := range map[string]struct {
		caps target.Capabilities
		set  func(*strategy.Definition)
		want []string
	}{
		"all of them":         {all, everyKind, nil},
		"no cohorts, mirrors": {without(func(c *target.Capabilities) { c.Cohorts, c.Mirror = false, false }), everyKind, []string{`needs the capability "cohorts", which the target (world) does not have`, `needs the capability "mirror"`}},
		"no batches":          {without(func(c *target.Capabilities) { c.Batches = false }), inBatches, []string{`needs the capability "batches"`}},
		"batches alone":       {target.Capabilities{Batches: true, RevertAfter: true}, inBatches, nil},
		"green without all":   {target.Capabilities{}, blueGreen, nil},
		"weights lack":        {without(func(c *target.Capabilities) { c.Weights = false }), everyKind, []string{`needs the capability "weights"`}},
		"a check at 0 %":      {target.Capabilities{}, steps(strategy.CanaryStep{Check: &smoke}, strategy.CanaryStep{Pause: &strategy.Waiting{}}), nil},
		"batches unattended":  {noSwitch, inBatches, []string{"would leave 25 % of the traffic on the new artifact if the driver died", "max_unattended_weight is not stated"}},
		"a cohort unattended": {noSwitch, steps(strategy.CanaryStep{Cohort: &staff}), []string{"would leave requests with X-Staff: 1 on the new artifact if the driver died"}},
		"a cohort, stated":    {noSwitch, limit(1, steps(strategy.CanaryStep{Cohort: &staff})), nil},
		"a mirror unattended": {noSwitch, steps(strategy.CanaryStep{Mirror: &ten}), nil},
		"batches, stated":     {noSwitch, limit(60, inBatches), []string{"would leave 75 % of the traffic", "max_unattended_weight is 60"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			w.caps = tc.caps
			req := request(good)
			tc.set(&req.Spec.Strategy)
			errs := w.engine("a", nil).Validate(t.Context(), req.Spec)
			wantSaid(t, errs, tc.want)
		})
	}
}

func wantSaid(t *testing.T, errs field.Errors, want []string) {
	t.Helper()
	if len(want) == 0 && len(errs) > 0 {
		t.Errorf("refused: %v", errs)
	}
	text := errs.Error()
	for _, words := range append(want, map[bool]string{true: "for example"}[len(want) > 0]) {
		if !strings.Contains(text, words) {
			t.Errorf("the errors do not say %q: %s", words, text)
		}
	}
	for _, e := range errs {
		if e.Path != "strategy" {
			t.Errorf("an error is on %q", e.Path)
		}
	}
}

// A forecast of a first release leaves out the time of what is skipped, and only
// that.
func TestTheForecastOfAFirstReleaseKeepsItsChecks(t *testing.T) {
	w := newWorld(t)
	spec := worldSpec(good)
	spec.Strategy.Canary.Steps = append([]strategy.CanaryStep{{Pause: &strategy.Waiting{Duration: minutes(3)}}}, spec.Strategy.Canary.Steps...)
	f, err := w.engine("a", nil).Forecast(t.Context(), spec)
	if err != nil || f.Takes != 4*time.Minute {
		t.Errorf("takes %s, %v; the pause before anybody is sent there and the bake are 4m", f.Takes, err)
	}
}
