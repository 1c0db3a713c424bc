package sim_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// rollout is a target that serves 1.0.0 and has 1.1.0 at a weight.
func rollout(t *testing.T, opts sim.Options, weight float64, after time.Duration) (*sim.Target, *clock.Fake) {
	t.Helper()
	clk := clock.NewFake(start)
	opts.Clock = clk
	s := sim.New(opts)
	s.Serve(payload("1.0.0", 'a'))
	w := target.WriteRequest{Key: "prepare", Fence: 1}
	if p, err := s.Prepare(t.Context(), target.PrepareRequest{WriteRequest: w, Payload: payload("1.1.0", 'b')}); err != nil || !p.Done {
		t.Fatalf("prepare: %+v, %v", p, err)
	}
	w.Key = "apply"
	if _, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: w, Traffic: target.TrafficState{Weight: weight}, RevertAfter: after}); err != nil {
		t.Fatal(err)
	}
	return s, clk
}

var world = sim.World{RatePerSecond: 40, Bad: func(_ string, p artifact.Payload) float64 {
	if p.Version == "1.1.0" {
		return 0.2
	}
	return 0.01
}}

func count(t *testing.T, s signal.Source, req signal.Request) (signal.Counts, []signal.Count) {
	t.Helper()
	req.Queries = []signal.Query{{Metric: "errors"}}
	c, err := s.Counts(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	return c, c.Counts
}

func arms(badB, totalB, badC, totalC float64) []signal.Count {
	return []signal.Count{
		{Metric: "errors", Arm: target.Baseline, Bad: badB, Total: totalB},
		{Metric: "errors", Arm: target.Canary, Bad: badC, Total: totalC},
	}
}

func TestTheWorldFollowsTheWeights(t *testing.T) {
	s, clk := rollout(t, sim.Options{World: world}, 25, 0)
	clk.Advance(100 * time.Second)
	first, got := count(t, s.Source(), signal.Request{Since: start, Until: clk.Now()})
	if d := cmp.Diff(arms(30, 3000, 200, 1000), got); d != "" {
		t.Error(d)
	}
	if !first.Primed || !first.CompleteThrough.Equal(clk.Now()) {
		t.Errorf("got %+v", first)
	}
	if _, err := s.Apply(t.Context(), target.ApplyRequest{WriteRequest: target.WriteRequest{Key: "all", Fence: 1}, Traffic: target.TrafficState{Weight: 100}}); err != nil {
		t.Fatal(err)
	}
	clk.Advance(10 * time.Second)
	_, got = count(t, s.Source(), signal.Request{Cursor: first.Cursor, Until: clk.Now()})
	if d := cmp.Diff(arms(0, 0, 80, 400), got); d != "" {
		t.Error(d)
	}
}

func TestIntervalsAddUpToTheWhole(t *testing.T) {
	s, clk := rollout(t, sim.Options{World: world}, 7, 0)
	var bad, total float64
	req := signal.Request{Since: start}
	for range 100 {
		clk.Advance(1700 * time.Millisecond)
		req.Until = clk.Now()
		c, got := count(t, s.Source(), req)
		req.Cursor = c.Cursor
		bad, total = bad+got[1].Bad, total+got[1].Total
	}
	_, whole := count(t, s.Source(), signal.Request{Since: start, Until: clk.Now()})
	if bad != whole[1].Bad || total != whole[1].Total || total != 476 {
		t.Errorf("the parts are %g of %g, the whole %+v", bad, total, whole[1])
	}
}

// Users go back at the moment at which the switch fires, not when somebody looks.
func TestTheWorldSeesTheSwitchFireOnTime(t *testing.T) {
	s, clk := rollout(t, sim.Options{World: world}, 50, 10*time.Second)
	clk.Advance(time.Hour)
	_, got := count(t, s.Source(), signal.Request{Since: start, Until: clk.Now()})
	if got[1].Total != 200 {
		t.Errorf("the canary got %g requests; 10 s of 20 a second are 200", got[1].Total)
	}
}

func TestTheFutureIsNotCounted(t *testing.T) {
	s, clk := rollout(t, sim.Options{World: world}, 50, 0)
	c, got := count(t, s.Source(), signal.Request{Since: start, Until: start.Add(time.Hour)})
	if got[0].Total != 0 || !c.CompleteThrough.Equal(clk.Now()) {
		t.Errorf("got %+v", c)
	}
}

func TestHistoryIsTheBaselines(t *testing.T) {
	s, clk := rollout(t, sim.Options{World: world}, 50, 0)
	h, err := s.Source().History(t.Context(), signal.HistoryRequest{Metrics: []string{"errors"}, Quantiles: map[string]float64{"slow": 0.99},
		Until: clk.Now(), Span: time.Hour, Block: 10 * time.Minute})
	if err != nil || len(h.Blocks["errors"]) != 6 || h.Blocks["errors"][0] != (signal.Block{Bad: 240, Total: 24000}) || h.Thresholds["slow"] == 0 {
		t.Errorf("got %+v, %v", h, err)
	}
	if m := s.Source().Metrics(); !slices.Equal(m, []string{"errors"}) {
		t.Errorf("the metrics are %v", m)
	}
}

func TestFaultsStrikeBeforeOrAfter(t *testing.T) {
	lost := errors.New("lost")
	for _, c := range []struct {
		phase   sim.Phase
		changed bool
	}{{sim.Before, false}, {sim.After, true}} {
		t.Run(string(c.phase), func(t *testing.T) {
			var armed bool
			s, _ := rollout(t, sim.Options{World: world, Fault: func(verb string, phase sim.Phase) error {
				if armed && verb == sim.VerbRevert && phase == c.phase {
					return lost
				}
				return nil
			}}, 25, 0)
			armed = true
			_, err := s.Revert(t.Context(), target.WriteRequest{Key: "r", Fence: 1})
			if !errors.Is(err, lost) || (s.State().Weight == 0) != c.changed {
				t.Errorf("got %v at weight %g", err, s.State().Weight)
			}
			calls := s.Calls()
			last := calls[len(calls)-1]
			if (last.Verb == sim.VerbRevert) != c.changed || (c.changed && (!last.Changed || last.Key != "r")) {
				t.Errorf("the last call is %+v", last)
			}
		})
	}
}

func TestASourceThatIsDownSaysSo(t *testing.T) {
	down := errors.New("down")
	broken := world
	broken.Fault = func() error { return down }
	s, _ := rollout(t, sim.Options{World: broken}, 25, 0)
	if _, err := s.Source().Counts(t.Context(), signal.Request{}); !errors.Is(err, down) {
		t.Errorf("counts: %v", err)
	}
	if _, err := s.Source().History(t.Context(), signal.HistoryRequest{}); !errors.Is(err, down) {
		t.Errorf("history: %v", err)
	}
	if _, err := s.Source().Counts(t.Context(), signal.Request{Cursor: []byte("{")}); err == nil {
		t.Error("a broken cursor is taken")
	}
}

func TestAnArmThatIsSickShows(t *testing.T) {
	sick := false
	s, _ := rollout(t, sim.Options{World: world, Health: func(p artifact.Payload) target.Health {
		if sick && p.Version == "1.1.0" {
			return target.Unhealthy
		}
		return target.Healthy
	}}, 25, 0)
	sick = true
	o, err := s.Observe(t.Context())
	if err != nil || o.Canary.Health != target.Unhealthy || o.Baseline.Health != target.Healthy {
		t.Errorf("got %+v, %v", o, err)
	}
}
