package lambda_test

import (
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

var key = release.Key{Service: "checkout", Environment: "production"}

// drive is an engine for a Lambda, on a clock that never waits.
func drive(l *mem.Ledger, clk clock.Clock, name string) *release.Engine {
	return &release.Engine{Ledger: l.Handle(), Clock: clk, Targets: target.NewRegistry(lambda.Driver()), Signals: signal.NewRegistry(),
		Actor: name + "@acme", Holder: name, UserAgent: "sluice/test"}
}

func want(t *testing.T, s *lambdatest.Server, p artifact.Payload) release.ShipRequest {
	t.Helper()
	raw, err := json.Marshal(config(s))
	if err != nil {
		t.Fatal(err)
	}
	unattended := 50.0
	step := func(weight float64) strategy.CanaryStep {
		return strategy.CanaryStep{Weight: weight, AtLeast: field.Duration(time.Minute)}
	}
	return release.ShipRequest{Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}, Spec: release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: p,
		Target: target.Config{Driver: lambda.Name, Config: raw},
		Strategy: strategy.Definition{Name: "careful", Bake: field.Duration(time.Minute), MaxUnattendedWeight: &unattended,
			Canary: &strategy.Canary{Steps: []strategy.CanaryStep{step(5), step(50), {Weight: 100}}}},
	}}
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// A canary over an alias: two versions, three weights, and the old one is let go.
func TestTheEngineReleasesStepByStep(t *testing.T) {
	s := serve(t)
	s.Slow = 1
	var weights []string
	writes := 0
	s.After(func(operation string) {
		if operation == "UpdateAlias" {
			s.Change(func(f *lambdatest.Function) {
				if len(s.Writes) == writes { // It was a rehearsal.
					return
				}
				writes = len(s.Writes)
				weights = append(weights, fmt.Sprintf("%s %v", f.Alias.Version, f.Alias.Weights))
			})
		}
	})
	clk := clock.NewAuto(start)
	out, err := drive(mem.New(start), clk, "ci").Ship(t.Context(), want(t, s, b))
	if err != nil || out.Result != release.Shipped {
		t.Fatalf("result %s, error %v", out.Result, err)
	}
	// The canary is written down, gets its shares, is the only one, and the old one is
	// forgotten.
	if diff := cmp.Diff([]string{"1 map[]", "1 map[2:0.05]", "1 map[2:0.5]", "2 map[]", "2 map[]", "2 map[]"}, weights); diff != "" {
		t.Errorf("the alias (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"UpdateFunctionCode", "PublishVersion", "UpdateAlias", "UpdateAlias", "UpdateAlias", "UpdateAlias", "UpdateAlias", "UpdateAlias"}, s.Made()); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if d := s.Versions["2"].Description; !strings.HasPrefix(d, "sluice/1 r=") || !strings.HasSuffix(d, " v=1.1.0") {
		t.Errorf("the version is described %q", d)
	}
}

// An engine that dies after any write, before it has written down what came of it,
// is followed by another, and nothing is made twice.
func TestTheEngineDiesAfterAnyWrite(t *testing.T) {
	const writes = 8
	for crash := range writes {
		t.Run(fmt.Sprint(crash+1), func(t *testing.T) {
			s := serve(t)
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
			if _, err := first.Ship(t.Context(), want(t, s, b)); !errors.Is(err, dead) {
				t.Fatalf("the first: %v", err)
			}
			out, err := drive(ledger, clk, "second").Ship(t.Context(), want(t, s, b))
			if err != nil || out.Result != release.Shipped && out.Result != release.Adopted {
				t.Fatalf("the second: %s, %v", out.Result, err)
			}
			if len(s.Versions) != 2 || s.Alias.Version != "2" || len(s.Alias.Weights) != 0 {
				t.Errorf("%d versions, alias %+v", len(s.Versions), s.Alias)
			}
			if got := s.Made(); len(got) > writes+1 {
				t.Errorf("%d writes: %q", len(got), got)
			}
		})
	}
}
