package cloudwatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch"
	"github.com/sluice/terraform-provider-sluice/internal/signal/cloudwatch/cloudwatchtest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// rollout asks a source as a rollout does that began with the clock.
type rollout struct {
	t      *testing.T
	clk    *clock.Fake
	server *cloudwatchtest.Server
	source signal.Source
	since  time.Time
	last   signal.Counts
	arms   map[target.Arm]string
}

func follow(t *testing.T, c cloudwatch.Config) *rollout {
	t.Helper()
	clk := clock.NewFake(begin)
	s := serve(t, clk)
	r := &rollout{t: t, clk: clk, server: s, source: open(t, at(s, c)), since: begin}
	r.look()
	return r
}

func (r *rollout) look() signal.Counts {
	r.t.Helper()
	got, err := r.source.Counts(r.t.Context(), signal.Request{
		Queries: []signal.Query{{Metric: "errors"}}, Since: r.since, Until: r.clk.Now(), Cursor: r.last.Cursor, Block: time.Minute, Arms: r.arms,
	})
	if err != nil {
		r.t.Fatal(err)
	}
	r.last = got
	return got
}

func (r *rollout) pass(d time.Duration) { r.clk.Advance(d) }

func text(c signal.Counts) string {
	var out []string
	for _, n := range c.Counts {
		out = append(out, fmt.Sprintf("%s %g of %g", n.Arm, n.Bad, n.Total))
	}
	for _, m := range c.Missing {
		out = append(out, string(m.Arm)+" missing")
	}
	return strings.Join(out, ", ")
}

// What CloudWatch does not have yet is late and neither zero nor missing: the answer is
// not primed. What comes after the delay is counted once it is there, and once.
func TestLateIsNotNoData(t *testing.T) {
	r := follow(t, preset())
	record(r.server, "errors", "baseline", 0, 90)
	record(r.server, "errors", "canary", 1, 9)
	r.pass(time.Minute)
	if got := r.look(); got.Primed {
		t.Errorf("a minute after, it is %s", text(got))
	}
	r.pass(2 * time.Minute)
	if got := text(r.look()); got != "baseline 0 of 90, canary 1 of 10" {
		t.Errorf("after the delay it is %s", got)
	}
	// CloudWatch itself falls behind: nothing of a minute, for minutes.
	r.server.PutLate(6*time.Minute, "AWS/ApplicationELB", "RequestCount", map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "canary"}, ones(7)...)
	r.server.PutLate(7*time.Minute, "AWS/ApplicationELB", "RequestCount", map[string]string{"LoadBalancer": "app/shop/1", "TargetGroup": "baseline"}, ones(50)...)
	for range 5 {
		r.pass(time.Minute)
		if got := r.look(); got.Primed {
			t.Errorf("at %s CloudWatch has nothing yet, and it is %s", r.clk.Now(), text(got))
		}
	}
	r.pass(time.Minute)
	if got := text(r.look()); got != "baseline 0 of 0, canary 0 of 7" {
		t.Errorf("with the first of it it is %s", got)
	}
	// The rest is of a minute that was counted already.
	record(r.server, "errors", "canary", 0, 1)
	r.pass(3 * time.Minute)
	if got := text(r.look()); got != "baseline 0 of 50, canary 0 of 1" {
		t.Errorf("with the rest it is %s", got)
	}
}

// An arm that falls silent is idle at first, and then has no data; so is one that never
// was there from the beginning on.
func TestSilenceIsNoDataInTheEnd(t *testing.T) {
	r := follow(t, preset())
	record(r.server, "errors", "baseline", 0, 90)
	record(r.server, "errors", "canary", 0, 10)
	r.pass(3 * time.Minute)
	r.look()
	want := map[int]string{3: "baseline 0 of 5, canary 0 of 0", 9: "baseline 0 of 5, canary 0 of 0", 15: "baseline 0 of 5, canary missing"}
	reason := ""
	for i := range 16 {
		record(r.server, "errors", "baseline", 0, 5)
		r.pass(time.Minute)
		if got := text(r.look()); want[i] != "" && got != want[i] {
			t.Errorf("after %d minutes it is %s, want %s", i+1, got, want[i])
		}
		if len(r.last.Missing) > 0 && reason == "" {
			reason = r.last.Missing[0].Reason
		}
	}
	if !strings.Contains(reason, "the newest data point of AWS/ApplicationELB RequestCount of canary is of 2026-03-01T12:00:00Z, and after 10m without any") {
		t.Errorf("the reason is %q", reason)
	}
}

// Kept is told for minutes in which both arms have everything and the canary was used.
func TestKept(t *testing.T) {
	r := follow(t, preset())
	r.server.Always = true
	for _, n := range []int{1, 2, 0, 3} {
		record(r.server, "errors", "baseline", 0, 9)
		record(r.server, "errors", "canary", 0, n)
		r.pass(time.Minute)
	}
	r.pass(2 * time.Minute)
	minute := func(n int) time.Time { return begin.Add(time.Duration(n) * time.Minute) }
	want := []signal.Span{{Start: minute(0), End: minute(1)}, {Start: minute(1), End: minute(2)}, {Start: minute(3), End: minute(4)}}
	if diff := cmp.Diff(want, r.look().Kept); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if from := r.last.From; !from.Equal(begin) {
		t.Errorf("the counts are from %s on", from)
	}
}

// The target names the arms where the author does not: Lambda's versions. Until it does
// they are missing and not zero.
func TestArmsOfTheTarget(t *testing.T) {
	r := follow(t, cloudwatch.Config{Preset: "lambda", Dimensions: map[string]string{"FunctionName": "checkout", "Resource": "checkout:live"}})
	put := func(version string, bad, all int) {
		d := map[string]string{"FunctionName": "checkout", "Resource": "checkout:live", "ExecutedVersion": version}
		r.server.Put("AWS/Lambda", "Invocations", d, ones(all)...)
		r.server.Put("AWS/Lambda", "Errors", d, ones(bad)...)
	}
	r.arms = map[target.Arm]string{target.Baseline: "7"}
	put("7", 1, 30)
	put("8", 2, 4)
	r.pass(3 * time.Minute)
	if got := text(r.look()); got != "baseline 1 of 30, canary missing" {
		t.Errorf("before the version is named it is %s", got)
	}
	r.arms[target.Canary] = "8"
	put("7", 0, 20)
	put("8", 1, 5)
	r.pass(3 * time.Minute)
	if got := text(r.look()); got != "baseline 0 of 20, canary 3 of 9" {
		t.Errorf("then it is %s", got)
	}
}
