package alb_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// write makes what a change of the test carries.
func write(key string) target.WriteRequest {
	return target.WriteRequest{Key: key, Fence: 1, Rollout: "checkout/production/1"}
}

// prepare repeats Prepare until it is done, as the engine does.
func prepare(t *testing.T, d target.Target, p artifact.Payload) {
	t.Helper()
	for range 40 {
		got, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: p})
		if err != nil && !lost(err) {
			t.Fatal(err)
		}
		if err == nil && got.Done {
			return
		}
	}
	t.Fatal("prepare does not end")
}

func lost(err error) bool {
	var te *target.Error
	return errors.As(err, &te) && te.Code == target.CodeUnavailable && te.MaybeDone
}

func apply(t *testing.T, d target.Target, key string, weight float64) (target.Progress, error) {
	t.Helper()
	return d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write(key), Traffic: target.TrafficState{Weight: weight}})
}

// steps applies a weight until it is done.
func steps(t *testing.T, d target.Target, key string, weight float64) {
	t.Helper()
	for range 20 {
		p, err := apply(t, d, key, weight)
		if err != nil && !lost(err) {
			t.Fatal(err)
		}
		if err == nil && p.Done {
			return
		}
	}
	t.Fatalf("weight %g is not reached", weight)
}

// once lets the first request of an operation fail so.
func once(operation string, f awstest.Fault) func(string) awstest.Fault {
	done := false
	return func(op string) awstest.Fault {
		if op != operation || done {
			return awstest.Fault{}
		}
		done = true
		return f
	}
}

// every lets each request of an operation fail so.
func every(operation string, f awstest.Fault) func(string) awstest.Fault {
	return func(op string) awstest.Fault {
		if op == operation {
			return f
		}
		return awstest.Fault{}
	}
}

var denied, throttled = awstest.Fault{Status: 403, Code: "AccessDenied"}, awstest.Fault{Status: 400, Code: "Throttling"}

// Whatever reply is lost, nothing is made twice, and the weights are right.
func TestALostReplyMakesNothingTwice(t *testing.T) {
	for _, operation := range []string{"AddTags", "RegisterScalableTarget", "RegisterTaskDefinition", "UpdateService", "ModifyRule", "ModifyListener"} {
		t.Run(operation, func(t *testing.T) {
			s, c := two(t)
			d := open(t, c, clock.System{})
			s.Faults(once(operation, awstest.Fault{Lost: true}))
			prepare(t, d, b)
			steps(t, d, "25", 25)
			count := map[string]int{}
			for _, w := range s.Made() {
				count[w]++
			}
			// Wishes may be stated twice, by the client itself: they change nothing more. What
			// would be made twice never is.
			want := map[string]int{"AddTags": 2, "RegisterScalableTarget": 2, "RegisterTaskDefinition": 1, "UpdateService": 1, "ModifyRule": 1, "ModifyListener": 1}
			if operation != "RegisterTaskDefinition" && count[operation] == want[operation]+1 {
				want[operation]++
			}
			if diff := cmp.Diff(want, count); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			if w := s.Routes[albtest.Rule].Weights() + " " + s.Routes[albtest.HTTPS].Weights(); w != "75/25 75/25" {
				t.Error(w)
			}
		})
	}
}

// A driver that was replaced finds out by the fence, and one that took over writes its
// own down before it moves anything.
func TestAStaleDriverIsStopped(t *testing.T) {
	s, c := two(t)
	d := open(t, c, clock.System{})
	prepare(t, d, b)
	later := write("5")
	later.Fence = 7
	p, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: later, Traffic: target.TrafficState{Weight: 5}})
	if err != nil || p.Done || p.Observation.Fence != 7 || s.Routes[albtest.Rule].Weights() != "100/0" {
		t.Fatalf("%+v, %v", p, err)
	}
	if _, err := apply(t, d, "old", 50); target.CodeOf(err) != target.CodeStaleFence {
		t.Errorf("%v", err)
	}
	if _, err := d.Revert(t.Context(), write("old revert")); target.CodeOf(err) != target.CodeStaleFence {
		t.Errorf("%v", err)
	}
	latest := later
	latest.Fence = 9
	if p, err := d.Revert(t.Context(), latest); err != nil || !p.Done || p.Observation.Fence != 9 {
		t.Errorf("%+v, %v", p, err)
	}
}

// Somebody writes between our write and our look at it: ours did not hold, and it is said.
func TestSomebodyElseIsQuicker(t *testing.T) {
	s, c := two(t)
	d := open(t, c, clock.System{})
	prepare(t, d, b)
	s.After(func(operation string) {
		if operation == "ModifyRule" {
			s.Change(func(w *albtest.World) { w.Routes[albtest.Rule].Actions = albtest.Forward(60, 40) })
		}
	})
	var te *target.Error
	if _, err := apply(t, d, "5", 5); !errors.As(err, &te) || te.Code != target.CodeConflict || te.Observation == nil || !strings.Contains(te.Message, "rule 9683b2d02a6cabee of web") {
		t.Fatalf("%v", err)
	}
	s.After(nil)
}

// One route that cannot be written keeps none of the others from going back, and a
// revert waits neither for tasks nor for the health of targets.
func TestARevertGoesAsFarAsItCan(t *testing.T) {
	s, c := two(t)
	d := open(t, c, clock.System{})
	prepare(t, d, b)
	steps(t, d, "50", 50)
	s.Faults(func(op string) awstest.Fault {
		switch op {
		case "DescribeListeners", "DescribeRules", "DescribeTags", "ModifyListener":
			return awstest.Fault{}
		case "DescribeServices":
			return awstest.Fault{Status: 400, Code: "AccessDeniedException"}
		}
		return denied
	})
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || p.Done {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := s.Routes[albtest.Rule].Weights() + " " + s.Routes[albtest.HTTPS].Weights(); got != "50/50 100/0" {
		t.Error(got)
	}
	if _, err := d.Revert(t.Context(), write("revert")); target.CodeOf(err) != target.CodeUnauthorized || !strings.Contains(err.Error(), "may not do elasticloadbalancing:ModifyRule") {
		t.Errorf("%v", err)
	}
	// The rule is deleted meanwhile: it sends nobody anywhere.
	s.Change(func(w *albtest.World) { delete(w.Routes, albtest.Rule) })
	if p, err := d.Revert(t.Context(), write("revert")); err != nil || !p.Done {
		t.Errorf("%+v, %v", p, err)
	}
}

// No weight goes to targets that are not healthy, and never are both weights 0.
func TestHealthComesBeforeWeight(t *testing.T) {
	s, c := two(t)
	d := open(t, c, clock.System{})
	prepare(t, d, b)
	s.Change(func(w *albtest.World) { w.Groups[albtest.Green].Targets[0].State = "unhealthy" })
	// Two of three are enough for half of the traffic, and not for all of it.
	steps(t, d, "50", 50)
	var te *target.Error
	if _, err := apply(t, d, "100", 100); !errors.As(err, &te) || te.Code != target.CodeConflict || !strings.Contains(te.Message, "2 targets of checkout-green are healthy, and 100 % of the traffic needs 3") {
		t.Fatalf("%v", err)
	}
	if te.Observation.Canary.Health != target.Healthy {
		t.Errorf("the canary is %s", te.Observation.Canary.Health)
	}
	s.Change(func(w *albtest.World) {
		for _, target := range w.Groups[albtest.Green].Targets {
			target.State = "unhealthy"
		}
	})
	if o, err := d.Observe(t.Context()); err != nil || o.Canary.Health != target.Unhealthy {
		t.Errorf("%+v, %v", o.Canary, err)
	}
	for text := range s.Sick {
		if strings.HasPrefix(text, "503") {
			t.Error(text)
		}
	}
}

// A version that does not start ends with ECS's own words.
func TestAVersionThatDoesNotStart(t *testing.T) {
	s, c := two(t)
	s.ECS.Broken[b.Reference] = true
	d := open(t, c, clock.System{})
	var err error
	for range 20 {
		if _, err = d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: b}); err != nil {
			break
		}
	}
	if target.CodeOf(err) != target.CodeConflict || !strings.Contains(err.Error(), "CannotPullContainerError") {
		t.Errorf("%v", err)
	}
	if p, err := again(func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) }); err != nil || !p.Done || s.ECS.Services["checkout-green"].Desired != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// Throttles are waited out; when they do not end, nothing was changed and it is said.
func TestThrottles(t *testing.T) {
	s := servePlain(t)
	d := deployer(s, open(t, config(s), clock.System{}))
	prepare(t, d, b)
	s.Faults(once("ModifyListener", throttled))
	if _, err := apply(t, d, "5", 5); err != nil {
		t.Fatal(err)
	}
	s.Faults(every("ModifyListener", throttled))
	var te *target.Error
	if _, err := apply(t, d, "50", 50); !errors.As(err, &te) || te.Code != target.CodeUnavailable || te.MaybeDone || !strings.Contains(te.Message, "ModifyListener for the number of calls") {
		t.Fatalf("%v", err)
	}
}

// Everything of a list of actions stays as it is, a secret that AWS does not tell
// included; what a short form forwarded to is written in the long one.
func TestCompleteActionsAreKept(t *testing.T) {
	s := servePlain(t)
	oidc := map[string]any{"Type": "authenticate-oidc", "Order": 1, "AuthenticateOidcConfig": map[string]any{
		"Issuer": "https://id.example", "AuthorizationEndpoint": "https://id.example/a", "TokenEndpoint": "https://id.example/t", "UserInfoEndpoint": "https://id.example/u",
		"ClientId": "shop", "ClientSecret": "kept", "OnUnauthenticatedRequest": "authenticate"}}
	s.Routes[albtest.HTTPS].Actions = []any{oidc, map[string]any{"Type": "forward", "Order": 2, "ForwardConfig": map[string]any{
		"TargetGroups": []any{map[string]any{"TargetGroupArn": albtest.Blue, "Weight": 1}}, "TargetGroupStickinessConfig": map[string]any{"Enabled": true, "DurationSeconds": 60}}}}
	d := deployer(s, open(t, config(s), clock.System{}))
	if can, err := d.Capabilities(t.Context()); err != nil || can.Sticky.Seconds() != 60 {
		t.Errorf("%+v, %v", can, err)
	}
	s.Change(func(w *albtest.World) { w.Groups[albtest.Green].Tags["sluice:artifact"] = b.Digest() })
	prepare(t, d, b)
	steps(t, d, "12.5", 12.5)
	actions := fmt.Sprint(s.Routes[albtest.HTTPS].Actions)
	for _, part := range []string{"UseExistingClientSecret:true", "Issuer:https://id.example", "DurationSeconds:60", "Order:2"} {
		if !strings.Contains(actions, part) {
			t.Errorf("%q is not in %s", part, actions)
		}
	}
	if w := s.Routes[albtest.HTTPS].Weights(); w != "875/125" {
		t.Error(w)
	}
}

// Each thing that an author can get wrong is named, with what to do about it.
func TestBadInput(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*albtest.Server)
		want   []string
	}{
		"no load balancer":          {func(s *albtest.Server) { s.Groups[albtest.Green].Unused = true }, []string{"checkout-green is on no load balancer", "with the weight 0"}},
		"no listener":               {func(s *albtest.Server) { delete(s.Routes, albtest.HTTPS) }, []string{"there is no listener f2f7dc8efc522ab2 of web in eu-central-1"}},
		"no target group":           {func(s *albtest.Server) { delete(s.Groups, albtest.Green) }, []string{"checkout-green is not there"}},
		"another group gets a part": {func(s *albtest.Server) { foreign(s) }, []string{"also forwards to search", "no share would be right"}},
		"it redirects": {func(s *albtest.Server) {
			s.Routes[albtest.Rule].Actions = []any{map[string]any{"Type": "redirect", "RedirectConfig": map[string]any{"StatusCode": "HTTP_301"}}}
		}, []string{"rule 9683b2d02a6cabee of web forwards to neither"}},
		"a network load balancer":  {func(s *albtest.Server) { s.Routes[albtest.HTTPS].Protocol = "TCP" }, []string{"speaks TCP"}},
		"owned by CodeDeploy":      {func(s *albtest.Server) { s.ECS.Services["checkout-blue"].Controller = "CODE_DEPLOY" }, []string{"checkout-blue is owned by CodeDeploy"}},
		"ECS moves weights itself": {func(s *albtest.Server) { s.ECS.Services["checkout-green"].Strategy = "CANARY" }, []string{"deployment strategy CANARY"}},
		"the wrong way round":      {func(s *albtest.Server) { s.ECS.Services["checkout-blue"].Group = albtest.Green }, []string{"checkout-blue does not register its tasks with the target group checkout-blue"}},
		"no service":               {func(s *albtest.Server) { delete(s.ECS.Services, "checkout-green") }, []string{"no service checkout-green in the cluster production"}},
		"no cluster":               {func(s *albtest.Server) { s.ECS = nil }, []string{"no cluster production"}},
		"one is scaled": {func(s *albtest.Server) {
			s.ECS.Scalable["service/production/checkout-blue"] = &albtest.Scalable{Min: 1, Max: 2}
		}, []string{"only one of the two services is scaled automatically"}},
		"may not look": {func(s *albtest.Server) { s.Faults(every("DescribeTargetHealth", denied)) }, []string{"may not do elasticloadbalancing:DescribeTargetHealth", "docs/policies"}},
		"expired": {func(s *albtest.Server) {
			s.Faults(func(string) awstest.Fault { return awstest.Fault{Status: 403, Code: "ExpiredToken"} })
		}, []string{"does not take the credentials"}},
		"another release's": {func(s *albtest.Server) {
			s.Groups[albtest.Blue].Tags["sluice:memory"] = "sluice/1 n=3 f=1 r=0123456789abcdef w=0123456789abcdef"
		}, []string{"another release has an open rollout"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := serveECS(t, 2)
			config.Routes = []string{albtest.Rule, albtest.HTTPS}
			d := open(t, config, clock.System{})
			if obstacles, err := d.Preflight(t.Context(), b); err != nil || len(obstacles) != 0 {
				t.Fatalf("before: %+v, %v", obstacles, err)
			}
			c.change(s)
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

func foreign(s *albtest.Server) {
	s.Routes[albtest.HTTPS].Actions = []any{map[string]any{"Type": "forward", "ForwardConfig": map[string]any{"TargetGroups": []any{
		map[string]any{"TargetGroupArn": albtest.Blue, "Weight": 90}, map[string]any{"TargetGroupArn": albtest.Other, "Weight": 10}}}}}
}

// What an author writes wrongly is refused at plan, on its path.
func TestConfigurationsThatAreWrong(t *testing.T) {
	good := func() alb.Config {
		return alb.Config{TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS}}
	}
	for name, c := range map[string]struct {
		change     func(*alb.Config)
		path, want string
	}{
		"one group":          {func(c *alb.Config) { c.TargetGroups = c.TargetGroups[:1] }, "target_groups", "there must be two"},
		"the same group":     {func(c *alb.Config) { c.TargetGroups[1] = albtest.Blue }, "target_groups", "both target groups are the same"},
		"a listener":         {func(c *alb.Config) { c.TargetGroups[1] = albtest.HTTPS }, "target_groups[1]", "is not the ARN of a target group"},
		"no route":           {func(c *alb.Config) { c.Routes = nil }, "routes", "there must be 1 to 20"},
		"twice":              {func(c *alb.Config) { c.Routes = append(c.Routes, albtest.HTTPS) }, "routes[1]", "is named twice"},
		"a network listener": {func(c *alb.Config) { c.Routes[0] = strings.Replace(albtest.HTTPS, "/app/", "/net/", 1) }, "routes[0]", "belongs to no Application Load Balancer"},
		"another region":     {func(c *alb.Config) { c.Routes[0] = strings.Replace(albtest.HTTPS, "eu-central-1", "eu-west-1", 1) }, "routes[0]", "is in the region eu-west-1"},
		"another account":    {func(c *alb.Config) { c.Routes[0] = strings.Replace(albtest.HTTPS, "123456789012", "210987654321", 1) }, "routes[0]", "is in the account 210987654321"},
		"another partition":  {func(c *alb.Config) { c.Routes[0] = strings.Replace(albtest.HTTPS, "arn:aws:", "arn:aws-cn:", 1) }, "routes[0]", "is in the partition aws-cn"},
		"one service":        {func(c *alb.Config) { c.ECS = &alb.ECS{Cluster: "production", Services: []string{"a"}} }, "ecs.services", "two different services"},
		"a cluster's ARN":    {func(c *alb.Config) { c.ECS = &alb.ECS{Cluster: "arn:x", Services: []string{"a", "b"}} }, "ecs.cluster", "is not the name of a cluster"},
		"both": {func(c *alb.Config) {
			c.ECS, c.AutoScaling = &alb.ECS{Cluster: "p", Services: []string{"a", "b"}}, &alb.AutoScaling{Groups: []string{"a", "b"}}
		}, "auto_scaling", "leave one out"},
		"idle":    {func(c *alb.Config) { c.IdleCapacity = -1 }, "idle_capacity", "is not from 0"},
		"healthy": {func(c *alb.Config) { c.MinHealthy = 101 }, "min_healthy", "is not a share"},
	} {
		t.Run(name, func(t *testing.T) {
			config := good()
			config.Region = "eu-central-1"
			c.change(&config)
			_, err := alb.New(config, target.Deps{})
			if err == nil || !strings.Contains(err.Error(), c.path) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
		})
	}
}
