package ecs_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// The guide says what a look, a step and a rollback cost in calls.
func TestFigures(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	calls := func() (n int) {
		s.Change(func(*ecstest.Service) {
			for _, c := range s.Calls {
				n += c
			}
		})
		return n
	}
	must(t, prepare(t, d, tenth))
	_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("10"), Traffic: target.TrafficState{Weight: 10}})
	must(t, err)
	_, err = d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("10"), Traffic: target.TrafficState{Weight: 10}})
	must(t, err)
	for _, c := range []struct {
		what string
		want int
		do   func() error
	}{
		{"a look", 7, func() error { _, err := d.Observe(t.Context()); return err }},
		{"a renewal", 7, func() error {
			_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("again"), Traffic: target.TrafficState{Weight: 10}, RevertAfter: 1})
			return err
		}},
		{"a step", 15, func() error {
			_, err := d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("100"), Traffic: target.TrafficState{Weight: 100}})
			return err
		}},
		{"a rollback", 13, func() error { _, err := d.Revert(t.Context(), write("back")); return err }},
	} {
		before := calls()
		if err := c.do(); err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if got := calls() - before; got != c.want {
			t.Errorf("%s takes %d calls, and the guide says %d", c.what, got, c.want)
		}
	}
}
