package alb_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// askedFor is what credentials are asked for: a pair of services, or one of groups.
func askedFor(t *testing.T, change func(*alb.GrantConfig)) (awscloud.Grant, string) {
	t.Helper()
	c := granted
	change(&c)
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	g, errs := alb.Grant(here, raw)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	text, err := awscloud.Document(g.Full)
	if err != nil {
		t.Fatal(err)
	}
	return g, text
}

func inJSON(t *testing.T, c alb.GrantConfig) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func ofServices(c *alb.GrantConfig) { c.AutoScaling = nil }
func ofGroups(c *alb.GrantConfig)   { c.ECS = nil }

// allows says whether statements allow an action on something, with its conditions left
// out.
func allows(statements []awscloud.Statement, action, on string) bool {
	return slices.ContainsFunc(statements, func(s awscloud.Statement) bool {
		return slices.Contains(s.Action, action) && slices.ContainsFunc(s.Resource, func(r string) bool {
			prefix, many := strings.CutSuffix(r, "*")
			return r == on || many && strings.HasPrefix(on, prefix)
		})
	})
}

// All that a session may do is all that the driver's own policy allows but the
// rehearsal, and STS takes it, with names that are longer than most.
func TestAFullGrantIsThePolicy(t *testing.T) {
	for name, of := range map[string]func(*alb.GrantConfig){"services": ofServices, "groups": ofGroups, "neither": func(c *alb.GrantConfig) { c.ECS, c.AutoScaling = nil, nil }} {
		t.Run(name, func(t *testing.T) {
			g, text := askedFor(t, of)
			c := granted
			of(&c)
			want, err := alb.Policy(here, c)
			if err != nil {
				t.Fatal(err)
			}
			indented, err := awscloud.Policy(g.Full)
			if err != nil {
				t.Fatal(err)
			}
			shared := strings.TrimSuffix(indented, "\n    }\n  ]\n}\n")
			if rest, ok := strings.CutPrefix(want, shared); !ok || strings.Count(rest, `"Sid"`) != 1 || !strings.Contains(rest, "iam:SimulatePrincipalPolicy") {
				t.Errorf("the grant is not the policy's statements:\n%s\n%s", indented, want)
			}
			if msg := awscloud.Fits(text); msg != "" {
				t.Error(msg)
			}
			t.Logf("%d characters", len(text))
		})
	}
}

// With many rules, one name for all of a load balancer's fits where each by itself would
// not.
func TestManyRoutesFitByTheirLoadBalancer(t *testing.T) {
	many := func(routes ...string) func(*alb.GrantConfig) {
		return func(c *alb.GrantConfig) { ofServices(c); c.Routes = routes }
	}
	var each []string
	for i := range 20 {
		each = append(each, albtest.Rule[:len(albtest.Rule)-2]+string(rune('a'+i/10))+string(rune('0'+i%10)))
	}
	if _, text := askedFor(t, many(each...)); awscloud.Fits(text) == "" {
		t.Errorf("twenty rules fit into %d characters", len(text))
	}
	all := strings.TrimSuffix(albtest.Rule, "/f2f7dc8efc522ab2/9683b2d02a6cabee") + "/*"
	g, text := askedFor(t, many(all))
	if msg := awscloud.Fits(text); msg != "" {
		t.Error(msg)
	}
	if !allows(g.Full, "elasticloadbalancing:ModifyRule", albtest.Rule) || allows(g.Full, "elasticloadbalancing:ModifyRule", strings.Replace(albtest.Rule, "/app/web/", "/app/other/", 1)) {
		t.Errorf("%s", text)
	}
}

// With the rights to read and to go back, a canary with half of the traffic goes back
// and is cleared away, and nothing new is brought up.
func TestReadAndRevertGoesBackAndNotForward(t *testing.T) {
	services, pair := two(t)
	groups, scaled := serveGroups(t, 2)
	for name, c := range map[string]struct {
		s       *albtest.Server
		config  alb.Config
		of      func(*alb.GrantConfig)
		next    artifact.Payload
		missing string
	}{
		"services": {services, pair, ofServices, b, "ecs:RegisterTaskDefinition"},
		// AWS asks for the right to start instances with the write that names a version.
		"groups": {groups, scaled, ofGroups, template("8"), "ec2:RunInstances"},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := askedFor(t, c.of)
			for _, action := range []string{"iam:PassRole", "ec2:RunInstances", "ecs:RegisterTaskDefinition"} {
				if slices.ContainsFunc(g.ReadAndRevert, func(s awscloud.Statement) bool { return slices.Contains(s.Action, action) }) {
					t.Errorf("before the gates pass it may do %s", action)
				}
			}
			operations := map[string]bool{}
			for _, s := range g.ReadAndRevert {
				for _, action := range s.Action {
					_, operation, _ := strings.Cut(action, ":")
					operations[operation] = true
				}
			}
			cut := func(operation string) awstest.Fault {
				if operations[operation] {
					return awstest.Fault{}
				}
				return awstest.Fault{Status: 400, Code: "AccessDeniedException"}
			}
			limit := func(on bool) {
				c.s.Faults(nil)
				if on {
					c.s.Faults(cut)
				}
				c.s.Change(func(w *albtest.World) {
					if w.Scaling != nil {
						w.Scaling.NoStart = on && !operations["RunInstances"]
					}
				})
			}
			d := open(t, c.config, clock.System{})
			forward := func() (err error) {
				_, err = again(func() (target.Progress, error) {
					return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: c.next})
				})
				return err
			}
			limit(true)
			var te *target.Error
			if err := forward(); !errors.As(err, &te) || te.Code != target.CodeUnauthorized || !strings.Contains(te.Message+te.Remedy, c.missing) {
				t.Errorf("something new was brought up: %v", err)
			}
			limit(false)
			prepare(t, d, c.next)
			steps(t, d, "50", 50)
			limit(true)
			for _, verb := range []func() (target.Progress, error){
				func() (target.Progress, error) { return d.Revert(t.Context(), write("revert")) },
				func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) },
			} {
				if p, err := again(verb); err != nil || !p.Done {
					t.Fatalf("%+v, %v", p, err)
				}
			}
			if w := c.s.Routes[albtest.HTTPS].Weights(); w != "100/0" || c.s.Groups[albtest.Green].Live() != 0 {
				t.Errorf("weights %s, green has %d", w, c.s.Groups[albtest.Green].Live())
			}
		})
	}
}

// Another release's groups, routes, services and task definitions are out of reach.
func TestAGrantReachesNothingElse(t *testing.T) {
	services, _ := askedFor(t, ofServices)
	groups, _ := askedFor(t, ofGroups)
	own := func(rest string) string { return "arn:aws:" + rest }
	for _, c := range []struct{ action, mine, theirs string }{
		{"elasticloadbalancing:ModifyListener", albtest.HTTPS, albtest.HTTP},
		{"elasticloadbalancing:AddTags", albtest.Green, albtest.Other},
		{"ecs:UpdateService", own("ecs:eu-central-1:123456789012:service/production/checkout-blue"), own("ecs:eu-central-1:123456789012:service/production/search")},
		{"ecs:RegisterTaskDefinition", own("ecs:eu-central-1:123456789012:task-definition/checkout:8"), own("ecs:eu-central-1:123456789012:task-definition/search:8")},
		{"iam:PassRole", own("iam::123456789012:role/checkout-task"), own("iam::123456789012:role/admin")},
	} {
		if !allows(services.Full, c.action, c.mine) || allows(services.Full, c.action, c.theirs) {
			t.Errorf("%s on %s is %t, on %s %t", c.action, c.mine, allows(services.Full, c.action, c.mine), c.theirs, allows(services.Full, c.action, c.theirs))
		}
	}
	text, err := awscloud.Document(groups.Full)
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{`"autoScalingGroup:*:autoScalingGroupName/checkout-blue"`, `"launch-template/` + albtest.Template + `"`, `{"iam:PassedToService":"ec2.amazonaws.com"}`} {
		if !strings.Contains(strings.NewReplacer("arn:aws:autoscaling:eu-central-1:123456789012:", "", "arn:aws:ec2:eu-central-1:123456789012:", "").Replace(text), part) {
			t.Errorf("%s is not in %s", part, text)
		}
	}
}

func TestAGrantThatIsWrong(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*alb.GrantConfig)
		path   string
	}{
		"one group":  {func(c *alb.GrantConfig) { c.TargetGroups = c.TargetGroups[:1] }, "target_groups"},
		"no routes":  {func(c *alb.GrantConfig) { c.Routes = nil }, "routes"},
		"everything": {func(c *alb.GrantConfig) { c.Routes = []string{"*"} }, "routes[0]"},
		"all load balancers": {func(c *alb.GrantConfig) {
			c.Routes = []string{"arn:aws:elasticloadbalancing:eu-central-1:123456789012:listener/*"}
		}, "routes[0]"},
		"another region": {func(c *alb.GrantConfig) {
			c.Routes = []string{strings.Replace(albtest.HTTPS, "eu-central-1", "eu-west-1", 1)}
		}, "routes[0]"},
		"another account": {func(c *alb.GrantConfig) {
			c.TargetGroups = []string{strings.Replace(albtest.Blue, "123456789012", "210987654321", 1), strings.Replace(albtest.Green, "123456789012", "210987654321", 1)}
			c.Routes = []string{strings.Replace(albtest.HTTPS, "123456789012", "210987654321", 1)}
		}, "target_groups"},
		"no family": {func(c *alb.GrantConfig) { c.ECS = &alb.GrantECS{Cluster: "production", Services: []string{"a", "b"}} }, "ecs.family"},
		"a service": {func(c *alb.GrantConfig) {
			c.ECS = &alb.GrantECS{Cluster: "production", Services: []string{"a"}, Family: "a"}
		}, "ecs.services"},
		"a role's name": {func(c *alb.GrantConfig) { e := *c.ECS; e.Roles = []string{"task"}; c.ECS = &e }, "ecs.roles[0]"},
		"a version": {func(c *alb.GrantConfig) {
			c.ECS, c.AutoScaling = nil, &alb.GrantAutoScaling{Groups: []string{"a", "b"}, LaunchTemplate: albtest.Template + ":7"}
		}, "auto_scaling.launch_template"},
		"both": {func(c *alb.GrantConfig) { c.AutoScaling = granted.AutoScaling }, "auto_scaling"},
	} {
		t.Run(name, func(t *testing.T) {
			config := granted
			ofServices(&config)
			c.change(&config)
			raw, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			_, errs := alb.Grant(here, raw)
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, "for example") {
				t.Errorf("%v", errs)
			}
		})
	}
	if _, errs := alb.Grant(here, json.RawMessage(`{"min_healthy": 80}`)); len(errs) != 1 || !strings.Contains(errs[0].Msg, "allowed are target_groups, routes") {
		t.Errorf("%v", errs)
	}
}
