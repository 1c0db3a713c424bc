package ecs_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// Each thing that an author, or somebody else, can get wrong is named, with what to do
// about it, before anything is changed.
func TestBadInput(t *testing.T) {
	fault := func(operation, code string) func(*ecstest.Server, *ecs.Config) {
		return func(s *ecstest.Server, _ *ecs.Config) {
			s.Faults(func(op string) awstest.Fault {
				if op == operation {
					return awstest.Fault{Status: 400, Code: code}
				}
				return awstest.Fault{}
			})
		}
	}
	for name, c := range map[string]struct {
		change func(*ecstest.Server, *ecs.Config)
		want   []string
	}{
		"CodeDeploy owns it":   {func(s *ecstest.Server, _ *ecs.Config) { s.Controller = "CODE_DEPLOY" }, []string{"belong to CodeDeploy", "does not touch it", "deployment controller ECS"}},
		"somebody else's sets": {func(s *ecstest.Server, _ *ecs.Config) { s.Controller = "EXTERNAL" }, []string{"deployment controller EXTERNAL", "does not touch it"}},
		"no cluster":           {func(s *ecstest.Server, _ *ecs.Config) { s.NoCluster = true }, []string{"there is no cluster production in eu-central-1; it may have been deleted"}},
		"no service":           {func(s *ecstest.Server, _ *ecs.Config) { s.Gone = true }, []string{"there is no service checkout in the cluster production"}},
		"no container":         {func(_ *ecstest.Server, c *ecs.Config) { c.Container = "web" }, []string{`no container "web", but ["app"]`}},
		"which container": {func(s *ecstest.Server, _ *ecs.Config) {
			made := s.Tasks[s.Serving.Task].Made
			made["containerDefinitions"] = append(made["containerDefinitions"].([]any), map[string]any{"name": "log", "image": "log:1"}) //nolint:forcetypeassert // It is ours.
		}, []string{`the containers ["app" "log"]`, `container = "app"`}},
		"no template":     {func(_ *ecstest.Server, c *ecs.Config) { c.TaskDefinition = "checkout:99" }, []string{"no task definition checkout:99", "task_definition = aws_ecs_task_definition"}},
		"nothing to move": {func(s *ecstest.Server, c *ecs.Config) { s.Balancers, c.Shifting = []any{}, shifting() }, []string{"has no load balancer"}},
		"two balancers":   {func(s *ecstest.Server, _ *ecs.Config) { s.Balancers = append(s.Balancers, s.Balancers[0]) }, []string{"behind 2 target groups at once", "the target alb"}},
		"may not read":    {fault("DescribeServiceRevisions", "AccessDeniedException"), []string{"may not do ecs:DescribeServiceRevisions", "docs/policies"}},
		"expired":         {fault("DescribeServices", "ExpiredTokenException"), []string{"does not take the credentials"}},
		"somebody deploys": {func(s *ecstest.Server, _ *ecs.Config) {
			s.Slow = true
			s.Change(func(e *ecstest.Service) { e.Deploy(e.Serving.Task) })
		}, []string{"somebody else's deployment of", "wait until it has ended"}},
	} {
		t.Run(name, func(t *testing.T) {
			clk := clock.NewFake(start)
			s := serve(t, clk)
			conf := config(s)
			c.change(s, &conf)
			d := open(t, conf, clk)
			obstacles, err := d.Preflight(t.Context(), b)
			if err != nil || len(obstacles) == 0 {
				t.Fatalf("obstacles %+v, error %v", obstacles, err)
			}
			for _, part := range c.want {
				if !strings.Contains(fmt.Sprintf("%+v", obstacles), part) {
					t.Errorf("%q is not in %+v", part, obstacles)
				}
			}
			if w := s.Made(); len(w) > 0 {
				t.Errorf("preflight wrote %q", w)
			}
		})
	}
}

func shifting() *ecs.Shifting {
	return &ecs.Shifting{AlternateTargetGroup: ecstest.Green, ProductionRule: ecstest.Rule, TestRule: ecstest.TestRule, Role: ecstest.Role}
}

// IAM is asked about each change before the first, PassRole included; where nobody may
// ask IAM, what is needed is named.
func TestMissingRightsAreNamedAtPlan(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	asked := map[string]string{
		"ecs:UpdateService": "service/production/checkout", "ecs:ContinueServiceDeployment": "service-deployment/production/checkout/1", "ecs:StopServiceDeployment": "service-deployment/production/checkout/1",
		"ecs:RegisterTaskDefinition": "task-definition/checkout:1", "ecs:TagResource": "task-definition/checkout:1",
	}
	s.Deny("ecs:ListTaskDefinitions")
	if got, err := d.Preflight(t.Context(), b); err != nil || len(got) != 1 || got[0].What != "IAM says that the credentials may not do ecs:ListTaskDefinitions on *" {
		t.Errorf("%+v, %v", got, err)
	}
	for action, on := range asked {
		s.Deny(action)
		got, err := d.Preflight(t.Context(), b)
		if err != nil || len(got) != 1 || got[0].What != "IAM says that the credentials may not do "+action+" on arn:aws:ecs:eu-central-1:123456789012:"+on {
			t.Errorf("%s: %+v, %v", action, got, err)
		}
	}
	s.Deny("iam:PassRole")
	got, err := d.Preflight(t.Context(), b)
	if err != nil || len(got) != 2 || !strings.HasSuffix(got[0].What, "iam:PassRole on arn:aws:iam::123456789012:role/checkout") || !strings.HasSuffix(got[1].What, "iam:PassRole on "+ecstest.Role) {
		t.Errorf("%+v, %v", got, err)
	}
	s.Faults(func(op string) awstest.Fault {
		if op == "SimulatePrincipalPolicy" {
			return awstest.Fault{Status: 403, Code: "AccessDenied"}
		}
		return awstest.Fault{}
	})
	// Where nobody may ask, all that is needed is said, and nothing is stopped.
	got, err = d.Preflight(t.Context(), b)
	if err != nil || len(got) != 1 || !got[0].Doubt || !strings.HasPrefix(got[0].What, "could not ask IAM whether the credentials may do what the rollout needs") || !strings.Contains(got[0].What, "iam:SimulatePrincipalPolicy") {
		t.Fatalf("%+v, %v", got, err)
	}
	for action, on := range asked {
		if !strings.Contains(got[0].What, action+" on arn:aws:ecs:eu-central-1:123456789012:"+on) {
			t.Errorf("%s is not in %s", action, got[0].What)
		}
	}
	if want := "iam:PassRole on arn:aws:iam::123456789012:role/checkout and " + ecstest.Role; !strings.Contains(got[0].What, want) {
		t.Errorf("%s is not in %s", want, got[0].What)
	}
}

// ECS moves the rule by a role of its own, whose rights are asked for as well, and a rule
// that does not know both target groups is a doubt.
func TestWhatMovesTheRuleIsLookedAt(t *testing.T) {
	clk := clock.NewFake(start)
	for name, given := range map[string]bool{"the service says it": true, "the target says it": false} {
		s := serve(t, clk)
		c := config(s)
		if !given {
			delete(s.Balancers[0].(map[string]any), "advancedConfiguration") //nolint:forcetypeassert // It is ours.
			c.Shifting = shifting()
		}
		d := open(t, c, clk)
		if got, err := d.Preflight(t.Context(), b); err != nil || len(got) > 0 {
			t.Fatalf("%s: %+v, %v", name, got, err)
		}
		for action, on := range map[string][]string{"elasticloadbalancing:ModifyRule": {ecstest.Rule}, "elasticloadbalancing:RegisterTargets": {ecstest.Blue, ecstest.Green}, "elasticloadbalancing:DeregisterTargets": {ecstest.Blue, ecstest.Green}} {
			s.Deny(ecstest.Role + " " + action)
			got, err := d.Preflight(t.Context(), b)
			if err != nil || len(got) != len(on) {
				t.Errorf("%s: %s: %+v, %v", name, action, got, err)
				continue
			}
			for i, o := range got {
				if o.Doubt || o.What != "IAM says that the role "+ecstest.Role+" may not do "+action+" on "+on[i] {
					t.Errorf("%s: %+v", name, o)
				}
			}
		}
		s.Deny()
		s.Change(func(e *ecstest.Service) { delete(e.Weights, ecstest.Green) })
		got, err := d.Preflight(t.Context(), b)
		if err != nil || len(got) != 1 || !got[0].Doubt || got[0].What != "the rule "+ecstest.Rule+" forwards to "+ecstest.Blue+" and not to the target group "+ecstest.Green+", which may be on no load balancer; ECS starts no tasks behind one that is not" {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

// A service of another release is never touched, and a right that is missing in the
// middle is named, with the roles that go with it.
func TestRefusedBeforeTheFirstWrite(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	s.Tasks[s.Serving.Task].Tags["sluice:rollout"] = "billing/production/7@1"
	s.Tasks[s.Serving.Task].Tags["sluice:ended"] = "completed"
	d := open(t, config(s), clk)
	conflicting(t, prepare(t, d, tenth), "released by billing/production and not by checkout/production", "aws ecs untag-resource")
	for whose, n := range map[string]int{"checkout/production": 1, "billing/production": 0, "": 0} {
		planned, err := ecs.New(config(s), target.Deps{Clock: clk, Release: whose})
		must(t, err)
		got, err := planned.Preflight(t.Context(), b)
		if err != nil || len(got) != n || n > 0 && (got[0].What != "the service checkout is released by billing/production and not by checkout/production" || !strings.Contains(got[0].Remedy, "aws ecs untag-resource")) {
			t.Errorf("the plan of %q: %+v, %v", whose, got, err)
		}
	}
	s.Tasks[s.Serving.Task].Tags = map[string]string{}
	s.Faults(func(op string) awstest.Fault {
		if op == "RegisterTaskDefinition" {
			return awstest.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return awstest.Fault{}
	})
	err := prepare(t, d, tenth)
	te, ok := err.(*target.Error) //nolint:errorlint // It is that very type.
	if !ok || te.Code != target.CodeUnauthorized || !strings.Contains(te.Message+te.Remedy, "ecs:RegisterTaskDefinition") || !strings.Contains(te.Remedy, "iam:PassRole on the task role") {
		t.Errorf("%v", err)
	}
	if len(s.Made()) > 0 {
		t.Errorf("writes %q", s.Made())
	}
}

// Where nobody else can tell ECS how to move traffic, the target does, and the rest of
// the service stays as it is.
func TestShiftingIsGivenToTheService(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	delete(s.Balancers[0].(map[string]any), "advancedConfiguration") //nolint:forcetypeassert // It is ours.
	s.Config["lifecycleHooks"] = []any{map[string]any{"targetType": "AWS_LAMBDA", "hookTargetArn": "arn:aws:lambda:eu-central-1:123456789012:function:smoke", "roleArn": ecstest.Role, "lifecycleStages": []any{"POST_TEST_TRAFFIC_SHIFT"}}}
	conflicting(t, prepare(t, open(t, config(s), clk), tenth), "has no second target group", "shifting = {")
	c := config(s)
	c.Shifting = shifting()
	must(t, prepare(t, open(t, c, clk), tenth))
	got, err := json.Marshal(s.Config)
	must(t, err)
	for _, part := range []string{`"strategy":"CANARY"`, `"canaryPercent":10`, `"maximumPercent":200`, `"function:smoke"`, `"rollback":true`, `"lifecycleStages":["PRE_PRODUCTION_TRAFFIC_SHIFT","POST_PRODUCTION_TRAFFIC_SHIFT"],"targetType":"PAUSE","timeoutConfiguration":{"action":"ROLLBACK","timeoutInMinutes":5}`} {
		if !strings.Contains(strings.ReplaceAll(string(got), `arn:aws:lambda:eu-central-1:123456789012:function:smoke`, `function:smoke`), part) {
			t.Errorf("%s is not in %s", part, got)
		}
	}
	if len(s.Balancers) != 1 || s.Advanced()["alternateTargetGroupArn"] != ecstest.Green {
		t.Errorf("load balancers %v", s.Balancers)
	}
}

// What a task definition has and a registration takes is copied, whatever ECS adds.
func TestEverythingOfATaskDefinitionIsCopied(t *testing.T) {
	from := reflect.TypeFor[types.TaskDefinition]()
	for f := range reflect.TypeFor[awsecs.RegisterTaskDefinitionInput]().Fields() {
		of, ok := from.FieldByName(f.Name)
		if f.IsExported() && f.Name != "Tags" && (!ok || of.Type != f.Type) {
			t.Errorf("%s has no counterpart that can be copied", f.Name)
		}
	}
	clk := clock.NewFake(start)
	s := serve(t, clk)
	made := s.Tasks[s.Serving.Task].Made
	made["runtimePlatform"] = map[string]any{"cpuArchitecture": "ARM64"}
	made["ephemeralStorage"] = map[string]any{"sizeInGiB": 30}
	must(t, prepare(t, open(t, config(s), clk), weights(time.Hour, 100)))
	copied := s.Tasks[s.Newest().Target.Task].Made
	for name, value := range made {
		if name != "containerDefinitions" && fmt.Sprint(copied[name]) != fmt.Sprint(value) {
			t.Errorf("%s is %v and not %v", name, copied[name], value)
		}
	}
}

// A configuration that cannot be is refused with the attribute's path and an example.
func TestValidate(t *testing.T) {
	const good = `"cluster": "production", "service": "checkout", "region": "eu-central-1"`
	for text, want := range map[string]string{
		`{"region": "eu-central-1"}`:                              "cluster: the cluster's name is missing",
		`{` + good + `, "service": "arn:aws:ecs:x"}`:              "service: \"arn:aws:ecs:x\" is not the service's name",
		`{` + good + `, "task_definition": "checkout"}`:           "task_definition: \"checkout\" is not a revision",
		`{` + good + `, "alarms": [""]}`:                          "alarms[0]: \"\" is not the name of an alarm",
		`{` + good + `, "shifting": {"role_arn": "x"}}`:           "shifting.alternate_target_group: \"\" is not the ARN of a target group",
		`{` + good + `, "tasks": 2}`:                              "allowed are cluster, service, container",
		`{"cluster": "c", "service": "s", "region": "Frankfurt"}`: "region: \"Frankfurt\" is not the name of a region",
	} {
		if got := ecs.Validate(json.RawMessage(text)).Error(); !strings.Contains(got, want) {
			t.Errorf("%s: %q is not in %q", text, want, got)
		}
	}
	if errs := ecs.Validate(json.RawMessage(`{` + good + `}`)); len(errs) > 0 {
		t.Error(errs)
	}
}

// What of the service's deployments a rollout leaves as it was set can be held against what
// is declared.
func TestDriftSeesHowDeploymentsAreMade(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	seen := func() map[string]any {
		o, err := d.Observe(t.Context())
		must(t, err)
		return o.Fields
	}
	if f := seen(); f["deployment_maximum_percent"] != 200.0 || f["deployment_minimum_healthy_percent"] != 100.0 || f["deployment_circuit_breaker"] != nil || f["deployment_alarms"] != nil {
		t.Errorf("%v", f)
	}
	s.Change(func(e *ecstest.Service) {
		e.Config["minimumHealthyPercent"] = 0
		e.Config["deploymentCircuitBreaker"] = map[string]any{"enable": false, "rollback": false}
		e.Config["alarms"] = map[string]any{"enable": true, "rollback": true, "alarmNames": []any{"slow", "errors"}}
	})
	if f := seen(); f["deployment_minimum_healthy_percent"] != 0.0 || f["deployment_circuit_breaker"] != false || f["deployment_alarms"] != "errors slow" {
		t.Errorf("%v", f)
	}
}
