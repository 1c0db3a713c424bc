package lambda_test

import (
	"context"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// concurrent is a Lambda with provisioned concurrency, whose old version has it too.
func concurrent(t *testing.T) (*lambdatest.Server, *lambda.Target) {
	t.Helper()
	s := serve(t)
	s.Versions["1"].Concurrency = 5
	c := config(s)
	c.ProvisionedConcurrency = 5
	return s, open(t, c, clock.System{})
}

// provided is what the alias and the versions have: on the alias none may ever be.
func provided(t *testing.T, s *lambdatest.Server, want map[string]int) {
	t.Helper()
	s.Change(func(f *lambdatest.Function) {
		if f.Alias.Concurrency != 0 {
			t.Errorf("the alias itself has %d", f.Alias.Concurrency)
		}
		for number, n := range want {
			if got := f.Versions[number].Concurrency; got != n {
				t.Errorf("version %s has %d, and must have %d", number, got, n)
			}
		}
	})
}

// The canary's version gets the concurrency, and no weight before it is ready.
func TestConcurrencyIsReadyBeforeTheCanaryIs(t *testing.T) {
	s, d := concurrent(t)
	// It takes for ever.
	s.After(func(operation string) {
		if operation == "PutProvisionedConcurrencyConfig" {
			s.Change(func(f *lambdatest.Function) { f.Versions["2"].ConcurrencyLooks = 1 << 20 })
		}
	})
	for range 20 {
		p, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: b})
		if err != nil || p.Done {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	if made := s.Made(); len(made) != 3 || made[2] != "PutProvisionedConcurrencyConfig" {
		t.Fatalf("writes %q: the alias must not know the version yet", made)
	}
	provided(t, s, map[string]int{"1": 5, "2": 5})
	s.Change(func(f *lambdatest.Function) { f.Versions["2"].ConcurrencyLooks = 0 })
	prepare(t, d)
}

// Finalize gives back what has no traffic: the canary's after a revert, the old
// version's after a completion.
func TestConcurrencyIsGivenBack(t *testing.T) {
	for name, c := range map[string]struct {
		weight float64
		end    func(*lambda.Target) func(context.Context, target.WriteRequest) (target.Progress, error)
		left   map[string]int
	}{
		"after a revert": {50, func(d *lambda.Target) func(context.Context, target.WriteRequest) (target.Progress, error) {
			return d.Revert
		},
			map[string]int{"1": 5, "2": 0}},
		"after a completion": {100, func(d *lambda.Target) func(context.Context, target.WriteRequest) (target.Progress, error) {
			return d.Complete
		},
			map[string]int{"1": 0, "2": 5}},
	} {
		t.Run(name, func(t *testing.T) {
			s, d := concurrent(t)
			prepare(t, d)
			if err := apply(t, d, "some", c.weight); err != nil {
				t.Fatal(err)
			}
			if p, err := c.end(d)(t.Context(), write("end")); err != nil || !p.Done {
				t.Fatalf("%+v, %v", p, err)
			}
			provided(t, s, map[string]int{"1": 5, "2": 5})
			for range 5 {
				p, err := d.Finalize(t.Context(), write("finalize"))
				if err != nil {
					t.Fatal(err)
				}
				if p.Done {
					provided(t, s, c.left)
					return
				}
			}
			t.Error("finalize does not end")
		})
	}
}
