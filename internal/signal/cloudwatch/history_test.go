package cloudwatch_test

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The threshold is the quantile of the whole day, to within what the quantiles of its
// parts allow: never below it, though each part of the day has another.
func TestThreshold(t *testing.T) {
	clk := clock.NewFake(begin.Add(-24 * time.Hour))
	s := serve(t, clk)
	rnd := rand.New(rand.NewPCG(1, 2))
	var all []float64
	for hour := range 24 {
		for range 200 {
			v := (0.02 + 0.01*float64(hour%7)) * (1 + rnd.ExpFloat64())
			all = append(all, v)
			s.Put("AWS/ApplicationELB", "TargetResponseTime", map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "baseline"}, v)
		}
		s.Put("AWS/ApplicationELB", "TargetResponseTime", map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "canary"}, 100)
		clk.Advance(time.Hour)
	}
	slices.Sort(all)
	clk.Advance(3 * time.Minute)
	got, err := open(t, at(s, preset())).History(t.Context(), signal.HistoryRequest{Metrics: []string{"errors", "slow"}, Quantiles: map[string]float64{"slow": 0.99}, Until: clk.Now(), Span: 24*time.Hour + 10*time.Minute, Block: 10 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	exact := all[len(all)*99/100-1]
	if d := got.Thresholds["slow"].Seconds(); d < exact || d > 1.3*exact {
		t.Errorf("the threshold is %gs, and the quantile of the day %gs", d, exact)
	}
	if n := len(got.Blocks["slow"]); n != 24 {
		t.Errorf("%d blocks of the latency, want one for each hour's burst", n)
	}
	if s.Requests() != 3 {
		t.Errorf("it took %d requests", s.Requests())
	}
}

// Blocks are those that have ended, oldest first; a baseline that nobody names has none.
func TestBlocks(t *testing.T) {
	clk := clock.NewFake(begin)
	s := serve(t, clk)
	for i := range 5 {
		record(s, "errors", "baseline", i, 10)
		clk.Advance(10 * time.Minute)
	}
	ask := func(c cloudwatch.Config, arms map[target.Arm]string) map[string][]signal.Block {
		got, err := open(t, at(s, c)).History(t.Context(), signal.HistoryRequest{Metrics: []string{"errors"}, Until: clk.Now().Add(-time.Second), Span: time.Hour, Block: 10 * time.Minute, Arms: arms})
		if err != nil {
			t.Fatal(err)
		}
		return got.Blocks
	}
	want := []signal.Block{{Bad: 0, Total: 10}, {Bad: 1, Total: 11}, {Bad: 2, Total: 12}, {Bad: 3, Total: 13}}
	if diff := cmp.Diff(want, ask(preset(), nil)["errors"]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c := preset()
	c.Arms = nil
	if got := ask(c, nil); len(got) > 0 {
		t.Errorf("nobody names the baseline, and it has %v", got)
	}
	if got := ask(c, map[target.Arm]string{target.Baseline: "baseline"}); len(got["errors"]) != 4 {
		t.Errorf("the target names the baseline, and it has %v", got)
	}
}

// An expression is asked for as it stands, with the arm's name in it.
func TestExpression(t *testing.T) {
	r := follow(t, cloudwatch.Config{
		Arms: &cloudwatch.Arms{Baseline: "1.0.0", Canary: "1.1.0"},
		Metrics: map[string]cloudwatch.Metric{"errors": {
			Total: &cloudwatch.Selector{Expression: "SELECT SUM(Orders) FROM Shop WHERE Version = '{arm}'"},
			Bad:   []cloudwatch.Selector{{Expression: "SELECT SUM(Lost) FROM Shop WHERE Version = '{arm}'"}},
		}},
	})
	r.server.Put("", "SELECT SUM(Orders) FROM Shop WHERE Version = '1.0.0'", nil, ones(20)...)
	r.server.Put("", "SELECT SUM(Orders) FROM Shop WHERE Version = '1.1.0'", nil, ones(5)...)
	r.server.Put("", "SELECT SUM(Lost) FROM Shop WHERE Version = '1.1.0'", nil, ones(2)...)
	r.pass(3 * time.Minute)
	if got := text(r.look()); got != "baseline 0 of 20, canary 2 of 5" {
		t.Errorf("it is %s", got)
	}
}

// Bad events that come after the requests that they are of find their place when there
// are requests again.
func TestBadEventsThatComeLast(t *testing.T) {
	r := follow(t, preset())
	record(r.server, "errors", "baseline", 0, 9)
	record(r.server, "errors", "canary", 0, 9)
	r.server.PutLate(4*time.Minute, "AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "canary"}, ones(3)...)
	var got []string
	for i := range 6 {
		r.pass(time.Minute)
		record(r.server, "errors", "baseline", 0, 1)
		if i == 2 {
			record(r.server, "errors", "canary", 0, 2)
		}
		if i == 3 {
			record(r.server, "errors", "canary", 0, 2)
		}
		if c := r.look(); c.Primed {
			got = append(got, text(c))
		}
	}
	r.pass(time.Minute)
	got = append(got, text(r.look()))
	if all := strings.Join(got, "; "); all != "baseline 0 of 9, canary 0 of 9; baseline 0 of 1, canary 0 of 0; baseline 0 of 1, canary 0 of 0; baseline 0 of 1, canary 2 of 2; baseline 0 of 1, canary 1 of 2" {
		t.Errorf("it is %s", all)
	}
}
