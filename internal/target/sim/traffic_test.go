package sim_test

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// The world's counts follow cohort and mirror: a cohort moves requests, and a
// mirror adds copies at the canary.
func TestTheWorldSeesCohortAndMirror(t *testing.T) {
	for name, tc := range map[string]struct {
		state            target.TrafficState
		baseline, canary float64
	}{
		"a cohort":             {target.TrafficState{Cohort: &target.Cohort{Header: "X", Value: "1"}}, 900, 100},
		"a cohort and a share": {target.TrafficState{Weight: 50, Cohort: &target.Cohort{Header: "X", Value: "1"}}, 450, 550},
		"a mirror":             {target.TrafficState{Mirror: 25}, 1000, 250},
		"a batch":              {target.TrafficState{Batch: &target.Batch{Share: 25}}, 750, 250},
		"a mirror and a share": {target.TrafficState{Weight: 20, Mirror: 50}, 800, 600},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
			clk := clock.NewFake(begin)
			s := sim.New(sim.Options{Clock: clk, Instances: 4, World: sim.World{RatePerSecond: 100, Cohort: 0.1},
				Capabilities: &target.Capabilities{Weights: true, Cohorts: true, Mirror: true, Batches: true}})
			s.Serve(payload("1.0.0", 'a'))
			if _, err := s.Prepare(t.Context(), target.PrepareRequest{WriteRequest: target.WriteRequest{Key: "p"}, Payload: payload("1.1.0", 'b')}); err != nil {
				t.Fatal(err)
			}
			if p, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: target.WriteRequest{Key: "a"}, Traffic: tc.state}); err != nil || !p.Done {
				t.Fatal(p, err)
			}
			clk.Advance(10 * time.Second)
			c, err := s.Source().Counts(t.Context(), signal.Request{Since: begin, Until: clk.Now(), Queries: []signal.Query{{Metric: "errors"}}})
			if err != nil || len(c.Counts) != 2 || c.Counts[0].Total != tc.baseline || c.Counts[1].Total != tc.canary {
				t.Errorf("got %+v, %v; want %g and %g", c.Counts, err, tc.baseline, tc.canary)
			}
			if calls := s.Calls(); calls[len(calls)-1].Traffic == nil {
				t.Error("the call does not tell what else was set")
			}
		})
	}
}
