package cloudwatch_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// groups is a target whose arms are two target groups, which change places with each
// release.
type groups struct {
	driver      target.Driver
	config      target.Config
	blue, green string
	// share is what a target group gets of the traffic, in percent.
	share func(group string) float64
}

func builds(version string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(version[:1], 64)}}
}

func behindALB(t *testing.T) groups {
	s := albtest.New(t)
	s.Cluster(builds("0.9.0").Reference, 3)
	return groups{
		driver: alb.Driver(), blue: albtest.Blue, green: albtest.Green,
		config: target.Config{Driver: alb.Name, Config: configured(t, alb.Config{
			TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS}, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL},
			ECS: &alb.ECS{Cluster: "production", Services: []string{"checkout-blue", "checkout-green"}}})},
		share: func(group string) (share float64) {
			s.Change(func(w *albtest.World) {
				blue, green, _ := strings.Cut(w.Routes[albtest.HTTPS].Weights(), "/")
				if group == albtest.Green {
					blue = green
				}
				_ = json.Unmarshal([]byte(blue), &share) // It is a number.
			})
			return share
		},
	}
}

func behindECS(t *testing.T, clk clock.Clock) groups {
	s := ecstest.New(t, builds("0.9.0").Reference, clk.Now)
	return groups{
		driver: ecs.Driver(), blue: ecstest.Blue, green: ecstest.Green,
		config: target.Config{Driver: ecs.Name, Config: configured(t, ecs.Config{Cluster: ecstest.Cluster, Service: ecstest.Name, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}})},
		share: func(group string) (share float64) {
			s.Change(func(e *ecstest.Service) { share = float64(e.Weights[group]) })
			return share
		},
	}
}

func configured(t *testing.T, c any) json.RawMessage {
	t.Helper()
	out, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// users send requests before each look, and the balancer counts them by target group.
type users struct {
	signal.Source
	server *cloudwatchtest.Server
	groups groups
	// hurt is the group that answers every other request with 5xx.
	hurt *string
}

func (u users) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	for _, group := range []string{u.groups.blue, u.groups.green} {
		n := 4 * u.groups.share(group)
		if n == 0 {
			continue
		}
		_, name, _ := strings.Cut(group, ":targetgroup/")
		d := map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "targetgroup/" + name}
		u.server.Put("AWS/ApplicationELB", "RequestCount", d, n)
		bad := 0.0
		if group == *u.hurt {
			bad = n / 2
		}
		u.server.Put("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", d, bad)
		u.server.Put("AWS/ApplicationELB", "TargetConnectionErrorCount", d)
	}
	return u.Source.Counts(ctx, req)
}

// Two releases over two target groups, which change places: in each it is the new
// version that is judged, by the name that the target tells. One that hurts goes back,
// and one that is better than what serves does not.
func TestTheNewVersionIsJudgedInEachRelease(t *testing.T) {
	for name, behind := range map[string]func(*testing.T, clock.Clock) groups{
		"alb": func(t *testing.T, _ clock.Clock) groups { return behindALB(t) }, "ecs": behindECS,
	} {
		t.Run(name, func(t *testing.T) {
			awstest.Credentials(t)
			clk := clock.NewAuto(begin)
			g := behind(t, clk)
			server := cloudwatchtest.New(t, clk.Now)
			hurt := ""
			driver := cloudwatch.Driver()
			inner := driver.Open
			driver.Open = func(ctx context.Context, raw json.RawMessage, deps signal.Deps) (signal.Source, error) {
				s, err := inner(ctx, raw, deps)
				return users{s, server, g, &hurt}, err
			}
			e := &release.Engine{Ledger: mem.New(begin).Handle(), Clock: clk, Targets: target.NewRegistry(g.driver), Signals: signal.NewRegistry(driver), Actor: "ci@acme", Holder: "ci", UserAgent: "sluice/test"}
			half := 50.0
			ship := func(version string) error {
				ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
				defer cancel()
				_, err := e.Ship(ctx, release.ShipRequest{Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}, Spec: release.Spec{
					Service: "checkout", Environment: release.Environment{Name: "production"}, Payload: builds(version), Target: g.config,
					Signals: map[string]signal.Config{"balancer": {Driver: cloudwatch.Name, Config: raw(t, at(server, cloudwatch.Config{Preset: "alb", Delay: "1m", Dimensions: map[string]string{"LoadBalancer": "app/shop/1"}}))}},
					Strategy: strategy.Definition{Name: "careful", Bake: field.Duration(2 * time.Minute), MaxUnattendedWeight: &half, RevertAfter: field.Duration(12 * time.Hour),
						Analysis: strategy.Analysis{Interval: field.Duration(20 * time.Second), Metrics: map[string]strategy.Metric{"errors": {Critical: true}}},
						Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 25, AtLeast: field.Duration(5 * time.Minute)}, {Weight: 100}}}},
				}})
				return err
			}
			// Green comes in beside a blue that hurts, which is no fault of green's.
			hurt = g.blue
			if err := ship("1.1.0"); err != nil {
				t.Fatalf("the first, which is better than what serves: %v", err)
			}
			if g.share(g.green) != 100 {
				t.Fatalf("green has %g %%", g.share(g.green))
			}
			// Now blue is the new one.
			var back *release.EndedError
			if err := ship("2.0.0"); !errors.As(err, &back) || back.Outcome.Result != release.WentBack || g.share(g.green) != 100 {
				t.Errorf("the second, which hurts: %v, green has %g %%", err, g.share(g.green))
			}
			hurt = g.green
			if err := ship("3.0.0"); err != nil || g.share(g.blue) != 100 {
				t.Errorf("the third, which is better: %v, blue has %g %%", err, g.share(g.blue))
			}
		})
	}
}

// Arms that were stated for good and that the target contradicts are nobody's word: they
// are missing, and nothing is judged the wrong way round.
func TestStatedArmsThatTheTargetContradicts(t *testing.T) {
	const blue, green = "targetgroup/blue/1", "targetgroup/green/2"
	arn := func(name string) string { return "arn:aws:elasticloadbalancing:eu-central-1:123456789012:" + name }
	r := follow(t, cloudwatch.Config{Preset: "alb", Dimensions: map[string]string{"LoadBalancer": "app/shop/1"}, Arms: &cloudwatch.Arms{Baseline: blue, Canary: arn(green)}})
	count := func(told map[target.Arm]string) signal.Counts {
		r.arms = told
		record(r.server, "errors", blue, 1, 9)
		record(r.server, "errors", green, 2, 3)
		r.pass(3 * time.Minute)
		return r.look()
	}
	if got := text(count(map[target.Arm]string{target.Baseline: arn(blue), target.Canary: arn(green)})); got != "baseline 1 of 10, canary 2 of 5" {
		t.Errorf("where the target says the same: %s", got)
	}
	for name, told := range map[string]map[target.Arm]string{
		"both":         {target.Baseline: arn(green), target.Canary: arn(blue)},
		"the baseline": {target.Baseline: arn(green)},
		"the canary":   {target.Canary: arn(blue)},
	} {
		got := count(told)
		if text(got) != "baseline missing, canary missing" || !strings.Contains(got.Missing[0].Reason, "the target says that it is the other way round") || !strings.Contains(got.Missing[0].Reason, "leave arms out") {
			t.Errorf("%s: %s, %v", name, text(got), got.Missing)
		}
	}
	// What another target, or other metrics, call the arms is no contradiction.
	if got := text(count(map[target.Arm]string{target.Baseline: "7", target.Canary: "8"})); !strings.HasPrefix(got, "baseline ") || strings.Contains(got, "missing") {
		t.Errorf("other names: %s", got)
	}
}

// Which arms that an author states some targets tell better.
func TestWhatStatedArmsAreToldApartBy(t *testing.T) {
	arms := &cloudwatch.Arms{Baseline: "1", Canary: "2"}
	one := func(s cloudwatch.Selector) cloudwatch.Config {
		total := s
		if total.Name != "" {
			total.Name = "Requests"
		} else {
			total.Expression += " OR 1 = 1"
		}
		return cloudwatch.Config{Arms: arms, Metrics: map[string]cloudwatch.Metric{"errors": {Total: &total, Bad: []cloudwatch.Selector{s}}}}
	}
	for name, c := range map[string]struct {
		config cloudwatch.Config
		want   string
	}{
		"alb":            {cloudwatch.Config{Preset: "alb", Dimensions: map[string]string{"LoadBalancer": "app/shop/1"}, Arms: arms}, "target group"},
		"lambda":         {cloudwatch.Config{Preset: "lambda", Dimensions: map[string]string{"FunctionName": "f", "Resource": "f:live"}, Arms: arms}, "version of a function"},
		"none stated":    {cloudwatch.Config{Preset: "alb", Dimensions: map[string]string{"LoadBalancer": "app/shop/1"}}, ""},
		"api":            {cloudwatch.Config{Preset: "api_gateway", Dimensions: map[string]string{"ApiName": "a"}, Arms: arms}, ""},
		"one's own":      {one(cloudwatch.Selector{Namespace: "Shop", Name: "N", Dimensions: map[string]string{"Version": "{arm}"}}), ""},
		"own of a group": {one(cloudwatch.Selector{Namespace: "Shop", Name: "N", Dimensions: map[string]string{"TargetGroup": "{arm}"}}), "target group"},
		"an expression":  {one(cloudwatch.Selector{Expression: "SELECT SUM(Errors) FROM SCHEMA(\"AWS/Lambda\", ExecutedVersion) WHERE ExecutedVersion = '{arm}'"}), "version of a function"},
	} {
		c.config.Settings = awscloud.Settings{Region: "eu-central-1"}
		if errs := cloudwatch.Validate(raw(t, c.config)); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
		if got := strings.Join(cloudwatch.Driver().Arms(raw(t, c.config)), ", "); got != c.want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if got := cloudwatch.Driver().Arms(json.RawMessage(`{"preset":`)); got != nil {
		t.Errorf("of what cannot be read: %q", got)
	}
}
