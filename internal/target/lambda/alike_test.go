package lambda_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// A new role, or another dead-letter queue, is found before anything is published, where
// the plan splits requests.
func TestBothVersionsHaveTheSameRoleAndQueue(t *testing.T) {
	const role, queue = "arn:aws:iam::123456789012:role/another", "arn:aws:sqs:eu-central-1:123456789012:dead"
	plan := func(weights ...float64) (p target.Plan) {
		for _, w := range weights {
			p.Steps = append(p.Steps, target.PlanStep{Traffic: target.TrafficState{Weight: w}})
		}
		return p
	}
	for name, c := range map[string]struct {
		change func(*lambdatest.Function)
		plan   target.Plan
		want   []string
	}{
		"alike":               {func(*lambdatest.Function) {}, plan(5, 100), nil},
		"another role":        {func(f *lambdatest.Function) { f.Latest.Role = role }, plan(5, 100), []string{"version 1, which serves, has the role arn:aws:iam::123456789012:role/checkout, and the function, of which the new version is made, has " + role + ";"}},
		"another role, whole": {func(f *lambdatest.Function) { f.Latest.Role = role }, plan(0, 100), nil},
		"a queue":             {func(f *lambdatest.Function) { f.Latest.DeadLetters = queue }, plan(50, 100), []string{"has the dead-letter queue none, and the function, of which the new version is made, has " + queue + ";"}},
		"both": {func(f *lambdatest.Function) { f.Latest.Role, f.Versions["1"].DeadLetters = role, queue }, plan(50, 100),
			[]string{"has the role", "has the dead-letter queue " + queue + ", and the function, of which the new version is made, has none;"}},
	} {
		s := serve(t)
		s.Change(c.change)
		got, err := open(t, config(s), clock.System{}).PreflightPlan(t.Context(), c.plan)
		if err != nil || len(got) != len(c.want) {
			t.Errorf("%s: %+v, %v", name, got, err)
			continue
		}
		for i, o := range got {
			if !strings.Contains(o.What, c.want[i]) || !strings.Contains(o.Remedy, "all_at_once") {
				t.Errorf("%s: %+v", name, o)
			}
		}
		if made := s.Made(); len(made) > 0 {
			t.Errorf("%s: it wrote %q", name, made)
		}
	}
	s := serve(t)
	s.Alias.Gone = true
	if got, err := open(t, config(s), clock.System{}).PreflightPlan(t.Context(), plan(5, 100)); err != nil || len(got) > 0 {
		t.Errorf("what Preflight says is said again: %+v, %v", got, err)
	}
	s = serve(t)
	s.Faults(func(string) awstest.Fault { return awstest.Fault{Status: 429, Code: "TooManyRequestsException"} })
	if got, err := open(t, config(s), clock.System{}).PreflightPlan(t.Context(), plan(5, 100)); err == nil {
		t.Errorf("unknown is a pass: %+v", got)
	}
}
