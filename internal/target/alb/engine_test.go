package alb_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

var key = release.Key{Service: "checkout", Environment: "production"}

// bounded is a context that ends, since a clock that never waits would let a mistake
// run for ever.
func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// drive is an engine for a load balancer, on a clock that never waits.
func drive(l *mem.Ledger, clk clock.Clock, name string) *release.Engine {
	return &release.Engine{Ledger: l.Handle(), Clock: clk, Targets: target.NewRegistry(alb.Driver()), Signals: signal.NewRegistry(),
		Actor: name + "@acme", Holder: name, UserAgent: "sluice/test"}
}

func want(t *testing.T, c alb.Config, p artifact.Payload) release.ShipRequest {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	unattended := 50.0
	step := func(weight float64) strategy.CanaryStep {
		return strategy.CanaryStep{Weight: weight, AtLeast: field.Duration(time.Minute)}
	}
	return release.ShipRequest{Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}, Spec: release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: p,
		Target: target.Config{Driver: alb.Name, Config: raw},
		Strategy: strategy.Definition{Name: "careful", Bake: field.Duration(time.Minute), MaxUnattendedWeight: &unattended,
			Canary: &strategy.Canary{Steps: []strategy.CanaryStep{step(5), step(50), {Weight: 100}}}},
	}}
}

// two is a pair of services that are scaled automatically, behind a rule and a
// listener.
func two(t *testing.T) (*albtest.Server, alb.Config) {
	t.Helper()
	s, c := serveECS(t, 3)
	s.ECS.Scalable["service/production/checkout-blue"] = &albtest.Scalable{Min: 2, Max: 9}
	s.ECS.Scalable["service/production/checkout-green"] = &albtest.Scalable{Min: 1, Max: 4}
	s.Slow = 1
	c.Routes = []string{albtest.Rule, albtest.HTTPS}
	return s, c
}

// A canary over a pair of services: as many tasks as serve, a rule and a listener one
// after the other at each step, and the old tasks go when their connections have.
func TestTheEngineReleasesStepByStep(t *testing.T) {
	s, c := two(t)
	var weights []string
	s.After(func(operation string) {
		if strings.HasPrefix(operation, "Modify") {
			s.Change(func(w *albtest.World) {
				green := w.ECS.Services["checkout-green"]
				weights = append(weights, fmt.Sprintf("%s %s on %d", w.Routes[albtest.Rule].Weights(), w.Routes[albtest.HTTPS].Weights(), green.Running))
			})
		}
	})
	clk := clock.NewAuto(start)
	out, err := drive(mem.New(start), clk, "ci").Ship(bounded(t), want(t, c, b))
	if err != nil || out.Result != release.Shipped {
		t.Fatalf("result %s, error %v, after %q", out.Result, err, s.Made())
	}
	if diff := cmp.Diff([]string{
		"95/5 100/0 on 3", "95/5 95/5 on 3", "50/50 95/5 on 3", "50/50 50/50 on 3", "0/100 50/50 on 3", "0/100 0/100 on 3"}, weights); diff != "" {
		t.Errorf("the weights (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{
		"AddTags", "RegisterScalableTarget", "RegisterScalableTarget", "RegisterTaskDefinition", "UpdateService", "AddTags",
		"ModifyRule", "ModifyListener", "ModifyRule", "ModifyListener", "ModifyRule", "ModifyListener", "AddTags",
		"UpdateService", "RegisterScalableTarget", "AddTags"}, s.Made()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	s.Change(func(w *albtest.World) {
		green, blue := w.ECS.Scalable["service/production/checkout-green"], w.ECS.Scalable["service/production/checkout-blue"]
		if diff := cmp.Diff([]albtest.Scalable{{Min: 2, Max: 9}, {Min: 2, Max: 9, Suspended: true}}, []albtest.Scalable{*green, *blue}); diff != "" {
			t.Errorf("what scales (-want +got):\n%s", diff)
		}
		d := w.ECS.Definitions[1]
		if w.Groups[albtest.Blue].Live() != 0 || w.Groups[albtest.Green].Live() != 3 || d.Image() != b.Reference || d.Tags["team"] != "shop" || d.Tags["sluice:version"] != "1.1.0" {
			t.Errorf("blue has %d, green %d, of %s with %v", w.Groups[albtest.Blue].Live(), w.Groups[albtest.Green].Live(), d.Image(), d.Tags)
		}
	})
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// An engine that dies after any write, before it has written down what came of it,
// is followed by another, and nothing is made twice.
func TestTheEngineDiesAfterAnyWrite(t *testing.T) {
	const writes = 16
	for crash := range writes {
		t.Run(fmt.Sprint(crash+1), func(t *testing.T) {
			s, c := two(t)
			ledger, clk := mem.New(start), clock.NewAuto(start)
			first := drive(ledger, clk, "first")
			handle := ledger.Handle()
			first.Ledger = handle
			dead := errors.New("the process was killed")
			handle.Fault = func(string, mem.Phase) error {
				if len(s.Made()) > crash {
					return dead
				}
				return nil
			}
			if _, err := first.Ship(bounded(t), want(t, c, b)); !errors.Is(err, dead) {
				t.Fatalf("the first: %v", err)
			}
			out, err := drive(ledger, clk, "second").Ship(bounded(t), want(t, c, b))
			if err != nil || out.Result != release.Shipped && out.Result != release.Adopted {
				t.Fatalf("the second: %s, %v", out.Result, err)
			}
			if r := s.Routes; len(s.ECS.Definitions) != 2 || r[albtest.Rule].Weights() != "0/100" || r[albtest.HTTPS].Weights() != "0/100" || s.ECS.Services["checkout-blue"].Desired != 0 || s.ECS.Scalable["service/production/checkout-green"].Suspended {
				t.Errorf("%d task definitions, weights %s and %s, blue wants %d", len(s.ECS.Definitions), r[albtest.Rule].Weights(), r[albtest.HTTPS].Weights(), s.ECS.Services["checkout-blue"].Desired)
			}
			// The second writes its own fence down where it goes on with weights.
			if got := s.Made(); len(got) > writes+1 {
				t.Errorf("%d writes: %q", len(got), got)
			}
		})
	}
}

// Somebody else moves the weights of one of two routes in mid-rollout: it shows, and
// what they wrote is not written over unseen.
func TestSomebodyElseMovesWeights(t *testing.T) {
	s, c := two(t)
	d := open(t, c, clock.System{})
	prepare(t, d, b)
	steps(t, d, "5", 5)
	before, err := d.Observe(t.Context())
	if err != nil || before.Canary.Weight != 5 {
		t.Fatalf("%+v, %v", before, err)
	}
	s.Change(func(w *albtest.World) { w.Routes[albtest.HTTPS].Actions = albtest.Forward(20, 80) })
	o, err := d.Observe(t.Context())
	if err != nil || o.Canary.Weight != 42.5 || o.Fingerprint == before.Fingerprint {
		t.Fatalf("%+v, %v", o, err)
	}
	_, err = d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("50"), Traffic: target.TrafficState{Weight: 50}, ExpectedFingerprint: before.Fingerprint})
	if target.CodeOf(err) != target.CodeConflict || s.Routes[albtest.HTTPS].Weights() != "20/80" {
		t.Errorf("%v, %s", err, s.Routes[albtest.HTTPS].Weights())
	}
	if p, err := again(func() (target.Progress, error) { return d.Revert(t.Context(), write("revert")) }); err != nil || !p.Done {
		t.Fatalf("%+v, %v", p, err)
	}
	if got := s.Routes[albtest.Rule].Weights() + " " + s.Routes[albtest.HTTPS].Weights(); got != "100/0 100/0" {
		t.Error(got)
	}
}

// A release over a pair of Auto Scaling groups, one of them with several types of
// instances: capacity and bounds go to whichever serves.
func TestTheEngineReleasesGroups(t *testing.T) {
	s, c := serveGroups(t, 4)
	s.Slow, s.Scaling.Groups["checkout-green"].Mixed = 1, true
	out, err := drive(mem.New(start), clock.NewAuto(start), "ci").Ship(bounded(t), want(t, c, template("8")))
	if err != nil || out.Result != release.Shipped {
		t.Fatalf("result %s, error %v", out.Result, err)
	}
	if diff := cmp.Diff([]string{"AddTags", "UpdateAutoScalingGroup", "UpdateAutoScalingGroup", "AddTags", "ModifyListener", "ModifyListener", "ModifyListener", "AddTags",
		"UpdateAutoScalingGroup", "UpdateAutoScalingGroup", "AddTags"}, s.Made()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	green, blue := s.Scaling.Groups["checkout-green"], s.Scaling.Groups["checkout-blue"]
	if green.Version != "8" || green.Min != 1 || green.Max != 6 || green.Desired != 4 || blue.Desired != 0 || blue.Min != 0 {
		t.Errorf("green %+v, blue %+v", green, blue)
	}
	if slices.ContainsFunc(s.Groups[albtest.Blue].Targets, func(*albtest.Target) bool { return true }) {
		t.Error("old instances are still registered")
	}
}
