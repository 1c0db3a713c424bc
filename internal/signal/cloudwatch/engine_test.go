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
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// runtime is a fake of what serves, of which CloudWatch counts the requests.
type runtime struct {
	target target.Config
	next   artifact.Payload
	// after is called with each request that the runtime had.
	after func(func(operation string))
	// share is the new artifact's, in percent.
	share func() float64
	// writes are the changes so far.
	writes func() []string
	// signal counts what the arms answer. No arms are stated: the runtime names them.
	signal cloudwatch.Config
	// total, bad and arms are what AWS counts: metrics, and the dimensions of old and new.
	namespace, total, bad string
	arms                  [2]map[string]string
}

func config(t *testing.T, driver string, c any) target.Config {
	t.Helper()
	body, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return target.Config{Driver: driver, Config: body}
}

func image(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

// onLambda has a function of an image.
func onLambda(t *testing.T) runtime {
	t.Helper()
	old, next := image("1.0.0", "a"), image("1.1.0", "b")
	s := lambdatest.New(t, "live", lambdatest.Code{Sha256: strings.Repeat("a", 64), Image: old.Reference})
	s.Objects[next.Reference] = lambdatest.Code{Sha256: strings.Repeat("b", 64), Image: next.Reference}
	dims := func(version string) map[string]string {
		return map[string]string{"FunctionName": "checkout", "Resource": "checkout:live", "ExecutedVersion": version}
	}
	return runtime{
		target: config(t, lambda.Name, lambda.Config{Function: "checkout", Alias: "live", Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}}),
		next:   next, after: s.After, writes: s.Made,
		share: func() (share float64) {
			s.Change(func(f *lambdatest.Function) {
				if share = f.Alias.Weights["2"] * 100; f.Alias.Version == "2" {
					share = 100
				}
			})
			return share
		},
		signal:    cloudwatch.Config{Preset: "lambda", Dimensions: map[string]string{"FunctionName": "checkout", "Resource": "checkout:live"}},
		namespace: "AWS/Lambda", total: "Invocations", bad: "Errors", arms: [2]map[string]string{dims("1"), dims("2")},
	}
}

func onGroup(arn string) map[string]string {
	return map[string]string{"LoadBalancer": "app/web/50dc6c495c0c9188", "TargetGroup": arn[strings.LastIndex(arn, ":")+1:]}
}

func onGroups(r runtime, blue, green string) runtime {
	r.signal = cloudwatch.Config{Preset: "alb", Dimensions: map[string]string{"LoadBalancer": "app/web/50dc6c495c0c9188"}}
	r.namespace, r.total, r.bad, r.arms = "AWS/ApplicationELB", "RequestCount", "HTTPCode_Target_5XX_Count", [2]map[string]string{onGroup(blue), onGroup(green)}
	return r
}

// onALB has a pair of services.
func onALB(t *testing.T) runtime {
	t.Helper()
	s := albtest.New(t)
	s.Cluster(image("1.0.0", "a").Reference, 2)
	return onGroups(runtime{
		target: config(t, alb.Name, alb.Config{TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS},
			ECS: &alb.ECS{Cluster: "production", Services: []string{"checkout-blue", "checkout-green"}}, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}}),
		next: image("1.1.0", "b"), after: s.After, writes: s.Made,
		share: func() (share float64) {
			s.Change(func(w *albtest.World) {
				share = map[string]float64{"90/10": 10, "0/100": 100}[w.Routes[albtest.HTTPS].Weights()]
			})
			return share
		},
	}, albtest.Blue, albtest.Green)
}

// onECS has one service that shifts between two target groups.
func onECS(t *testing.T, clk clock.Clock) runtime {
	t.Helper()
	s := ecstest.New(t, image("1.0.0", "a").Reference, clk.Now)
	return onGroups(runtime{
		target: config(t, ecs.Name, ecs.Config{Cluster: ecstest.Cluster, Service: ecstest.Name, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}}),
		next:   image("1.1.0", "b"), after: s.After, writes: s.Made,
		share: func() (share float64) {
			s.Change(func(e *ecstest.Service) {
				share = 100 * float64(e.Weights[ecstest.Green]) / float64(e.Weights[ecstest.Green]+e.Weights[ecstest.Blue])
			})
			return share
		},
	}, ecstest.Blue, ecstest.Green)
}

// ship releases to a runtime with users, of whom CloudWatch counts so many errors in a
// hundred of each arm. Alarms, where there are any, are a trigger.
func ship(t *testing.T, clk *clock.Fake, r runtime, errs [2]float64, alarms ...cloudwatchtest.Alarm) (release.Outcome, *release.Rollout, error) {
	t.Helper()
	s := serve(t, clk)
	s.Alarms(alarms...)
	minute := time.Time{}
	r.after(func(string) {
		now := clk.Now().Truncate(time.Minute)
		if now.Equal(minute) {
			return
		}
		minute = now
		for i, share := range []float64{100 - r.share(), r.share()} {
			if n := 1000 * share / 100; n > 0 {
				s.Put(r.namespace, r.total, r.arms[i], n)
				s.Put(r.namespace, r.bad, r.arms[i], n*errs[i]/100)
			}
		}
	})
	unattended := 50.0
	spec := release.Spec{
		Service: "checkout", Environment: release.Environment{Name: "production"}, Payload: r.next, Target: r.target,
		Signals: map[string]signal.Config{"users": {Driver: cloudwatch.Name, Config: raw(t, at(s, r.signal))}},
		Strategy: strategy.Definition{Name: "careful", MaxUnattendedWeight: &unattended, RevertAfter: field.Duration(30 * time.Minute), Bake: field.Duration(time.Minute),
			Analysis: strategy.Analysis{Interval: field.Duration(30 * time.Second), Metrics: map[string]strategy.Metric{"errors": {Critical: true, Ceiling: 0.05}}},
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10, AtLeast: field.Duration(10 * time.Minute)}, {Weight: 100}}}},
	}
	if len(alarms) > 0 {
		spec.Signals["pager"] = signal.Config{Driver: cloudwatch.Name, Config: raw(t, at(s, cloudwatch.Config{Alarms: []string{alarms[0].Name}}))}
		spec.Policy = release.Policy{Name: "ours", Triggers: &release.Triggers{External: map[string]release.External{"alarm": {Signal: "pager", Metric: cloudwatch.AlarmsMetric}}}}
	}
	e := &release.Engine{Ledger: mem.New(begin).Handle(), Clock: clk, Targets: target.NewRegistry(lambda.Driver(), alb.Driver(), ecs.Driver()), Signals: signal.NewRegistry(cloudwatch.Driver()),
		Actor: "ci@acme", Holder: "ci", UserAgent: "sluice/test"}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := e.Ship(ctx, release.ShipRequest{Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}, Spec: spec})
	status, derr := e.Describe(t.Context(), release.Key{Service: "checkout", Environment: "production"}, false)
	if derr != nil {
		t.Fatal(derr)
	}
	return out, status.Last, err
}

// runtimes are the drivers whose arms CloudWatch tells apart by what the driver calls
// them.
func runtimes(t *testing.T, do func(t *testing.T, clk *clock.Fake, r runtime)) {
	t.Helper()
	for name, start := range map[string]func(*testing.T, clock.Clock) runtime{
		"lambda": func(t *testing.T, _ clock.Clock) runtime { return onLambda(t) },
		"alb":    func(t *testing.T, _ clock.Clock) runtime { return onALB(t) },
		"ecs":    onECS,
	} {
		t.Run(name, func(t *testing.T) {
			clk := clock.NewAuto(begin)
			do(t, clk, start(t, clk))
		})
	}
}

// What CloudWatch counts of the canary takes it back, and condemns it.
func TestHarmInTheMetricsGoesBack(t *testing.T) {
	runtimes(t, func(t *testing.T, clk *clock.Fake, r runtime) {
		out, last, err := ship(t, clk, r, [2]float64{0.1, 40})
		var ended *release.EndedError
		if !errors.As(err, &ended) || out.Result != release.WentBack || r.share() != 0 {
			t.Fatalf("result %s, error %v, %g %% have the new artifact", out.Result, err, r.share())
		}
		if last.State != release.RolledBack || last.Cause != release.CauseHarm || !strings.Contains(last.Reason, "errors") {
			t.Errorf("%s by %s: %s", last.State, last.Cause, last.Reason)
		}
	})
}

// The other way round, the old artifact's errors take nothing back: the arms are not mixed
// up.
func TestErrorsOfTheOldArtifactAreNoHarm(t *testing.T) {
	runtimes(t, func(t *testing.T, clk *clock.Fake, r runtime) {
		if out, last, err := ship(t, clk, r, [2]float64{2, 0}); err != nil || out.Result != release.Shipped || r.share() != 100 {
			t.Fatalf("result %s, error %v, %+v", out.Result, err, last)
		}
	})
}

// An alarm that fires already refuses the start, before anything is changed; one that does
// not lets it go.
func TestAFiringAlarmRefusesTheStart(t *testing.T) {
	runtimes(t, func(t *testing.T, clk *clock.Fake, r runtime) {
		_, last, err := ship(t, clk, r, [2]float64{0.1, 0.1}, alarm("checkout-5xx", "ALARM"))
		if err == nil || !strings.Contains(err.Error(), `the alarm "checkout-5xx" fires`) || r.share() != 0 {
			t.Fatalf("%v, %g %%", err, r.share())
		}
		if last != nil && last.State != release.Errored {
			t.Errorf("%s: %s", last.State, last.Reason)
		}
	})
	t.Run("quiet", func(t *testing.T) {
		clk := clock.NewAuto(begin)
		r := onLambda(t)
		if out, _, err := ship(t, clk, r, [2]float64{0.1, 0.1}, alarm("checkout-5xx", "OK")); err != nil || out.Result != release.Shipped {
			t.Fatalf("%s, %v", out.Result, err)
		}
	})
}
