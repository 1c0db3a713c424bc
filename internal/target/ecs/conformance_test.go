package ecs_test

import (
	"context"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// patient repeats a change until it is done, as the engine does: the suite expects
// it at once of all but Prepare and Finalize, and ECS takes its time for everything.
type patient struct {
	target.Target
	clk clock.Clock
}

func (p patient) until(ctx context.Context, do func() (target.Progress, error)) (target.Progress, error) {
	for range 40 {
		got, err := do()
		if err != nil || got.Done {
			return got, err
		}
		if err := p.clk.Sleep(ctx, got.LookAgain); err != nil {
			return got, err
		}
	}
	return do()
}

func (p patient) Apply(ctx context.Context, r target.ApplyRequest) (target.Progress, error) {
	return p.until(ctx, func() (target.Progress, error) { return p.Target.Apply(ctx, r) })
}

func (p patient) Complete(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return p.until(ctx, func() (target.Progress, error) { return p.Target.Complete(ctx, r) })
}

func (p patient) Revert(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	return p.until(ctx, func() (target.Progress, error) { return p.Target.Revert(ctx, r) })
}

// An ECS that takes its time keeps the contract of the port, with two target groups
// and with one.
func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*ecstest.Service){
		"two target groups": func(s *ecstest.Service) { s.Slow = true },
		"one target group":  func(s *ecstest.Service) { s.Balancers = []any{} },
	} {
		t.Run(name, func(t *testing.T) {
			targettest.Run(t, func(t *testing.T) *targettest.Fixture {
				clk := clock.NewAuto(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
				s := serve(t, clk)
				change(s.Service)
				return &targettest.Fixture{Target: patient{targettest.Count(t, open(t, config(s), clk), targettest.Counts{Asked: s.Asks, Made: s.Carried}), clk}, A: a, B: b, Clock: clk}
			})
		})
	}
}
