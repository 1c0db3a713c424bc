package openmetrics

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// hist writes a histogram of one arm with buckets 0.1, 0.25, 1 and +Inf.
func hist(arm, labels string, counts ...any) string {
	args := []any{}
	for i, le := range []string{"0.1", "0.25", "1", "+Inf"} {
		args = append(args, fmt.Sprintf(`lab_request_duration_seconds_bucket{arm="%s"%s,le="%s"} %v`, arm, labels, le, counts[i]))
	}
	return fmt.Sprintf("%s; %s; %s; %s; ", args...) +
		fmt.Sprintf(`lab_request_duration_seconds_sum{arm="%[1]s"%[2]s} 1; lab_request_duration_seconds_count{arm="%[1]s"%[2]s} %[3]v; `, arm, labels, counts[3])
}

const histType = "# TYPE lab_request_duration_seconds histogram; "

func slowQuery(d time.Duration) []signal.Query {
	return []signal.Query{{Metric: "slow", SlowerThan: d}}
}

func TestHistograms(t *testing.T) {
	idle := hist("baseline", "", 0, 0, 0, 0)
	before := idle + hist("canary", "", 10, 20, 30, 40)
	both := func(reason string) map[target.Arm]string {
		return map[target.Arm]string{target.Baseline: reason, target.Canary: reason}
	}
	canary := func(reason string) map[target.Arm]string { return map[target.Arm]string{target.Canary: reason} }
	cases := map[string]struct {
		slowerThan time.Duration
		pages      []string
		want       want
	}{
		"on a bound":            {250 * time.Millisecond, []string{before, idle + hist("canary", "", 10, 21, 33, 46)}, want{canary: [2]float64{5, 6}}},
		"between bounds":        {200 * time.Millisecond, []string{before, idle + hist("canary", "", 10, 21, 33, 46)}, want{canary: [2]float64{5, 6}}},
		"just above a bound":    {250*time.Millisecond + 2, []string{before, idle + hist("canary", "", 10, 21, 33, 46)}, want{canary: [2]float64{3, 6}}},
		"the least bound":       {time.Millisecond, []string{before, idle + hist("canary", "", 11, 22, 33, 46)}, want{canary: [2]float64{5, 6}}},
		"beyond all bounds":     {2 * time.Second, []string{before, before}, want{missing: both("no bucket with a bound of 2s or more")}},
		"not moving is zero":    {time.Second, []string{before, before}, want{}},
		"reset":                 {time.Second, []string{before, idle + hist("canary", "", 1, 2, 3, 5)}, want{canary: [2]float64{2, 5}, resets: 1}},
		"series add up":         {time.Second, []string{before, before + hist("canary", `,route="/a"`, 1, 2, 3, 5)}, want{canary: [2]float64{2, 5}}},
		"an arm without series": {time.Second, []string{idle, idle}, want{missing: canary(`no series that match with arm="canary" yet`)}},
		"NaN count":             {time.Second, []string{before, idle + hist("canary", "", 10, 20, 30, "NaN")}, want{missing: canary("no count")}},
		"NaN bucket":            {time.Second, []string{before, idle + hist("canary", "", "NaN", 20, 30, 40)}, want{missing: canary("no count")}},
		"buckets not adding up": {time.Second, []string{before, idle + hist("canary", "", 10, 20, 50, 40)}, want{missing: canary("do not add up")}},
		"no such histogram":     {time.Second, []string{before, "up 1"}, want{missing: both("no metric lab_request_duration_seconds")}},
		"a counter instead": {time.Second, []string{before, "# TYPE lab_request_duration_seconds counter; lab_request_duration_seconds 7"},
			want{missing: both("is a counter, and a histogram is needed")}},
		"buckets that differ": {time.Second, []string{before, before + `lab_request_duration_seconds_bucket{arm="canary",route="/a",le="3"} 1; lab_request_duration_seconds_count{arm="canary",route="/a"} 1`},
			want{missing: canary("different buckets")}},
		"native buckets only": {time.Second, []string{before, idle + `lab_request_duration_seconds_count{arm="canary"} 50`},
			want{missing: canary("no bucket")}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := servePage(t)
			pages := make([]string, len(tc.pages))
			for i, page := range tc.pages {
				pages[i] = page
				if strings.HasPrefix(page, "lab") {
					pages[i] = histType + page
				}
			}
			answers := play(t, openConfig(t, Config{URL: p.url, Preset: "lab"}), p, slowQuery(tc.slowerThan), pages...)
			tc.want.check(t, "slow", answers[len(answers)-1])
		})
	}
}

// TestThresholdChanges must not mix the sums of two bounds.
func TestThresholdChanges(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Preset: "lab"})
	page := func(n int) string {
		return histType + hist("baseline", "", n, n, n, n) + hist("canary", "", n, 2*n, 3*n, 4*n)
	}
	first := play(t, s, p, slowQuery(time.Second), page(10))
	var cursor json.RawMessage = first[0].Cursor
	ask := func(n int) signal.Counts {
		t.Helper()
		p.body.Store(strings.ReplaceAll(page(n), "; ", "\n"))
		got, err := s.Counts(t.Context(), signal.Request{Queries: slowQuery(100 * time.Millisecond), Until: start, Cursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		cursor = got.Cursor
		return got
	}
	want{missing: map[target.Arm]string{target.Baseline: "now 0.1 s", target.Canary: "counting begins anew"}}.check(t, "slow", ask(20))
	want{base: [2]float64{0, 10}, canary: [2]float64{30, 40}}.check(t, "slow", ask(30))
}

func TestHistory(t *testing.T) {
	fast, mixed := hist("baseline", "", 90, 95, 100, 100), hist("baseline", "", 10, 50, 90, 100)
	none := map[string]time.Duration{}
	slow := func(d time.Duration) map[string]time.Duration { return map[string]time.Duration{"slow": d} }
	cases := map[string]struct {
		page     string
		quantile float64
		want     map[string]time.Duration
	}{
		"rounded up to a bound":  {fast, 0.92, slow(250 * time.Millisecond)},
		"exactly a bound":        {fast, 0.9, slow(100 * time.Millisecond)},
		"the top bound":          {fast, 0.99, slow(time.Second)},
		"beyond the top bound":   {mixed, 0.95, none},
		"nothing was counted":    {hist("baseline", "", 0, 0, 0, 0), 0.5, none},
		"only the canary":        {hist("canary", "", 1, 2, 3, 4), 0.5, none},
		"series add up":          {fast + hist("baseline", `,route="/a"`, 0, 0, 100, 100), 0.5, slow(time.Second)},
		"no histogram":           {"up 1", 0.5, none},
		"buckets not adding up":  {hist("baseline", "", 10, 5, 90, 100), 0.5, none},
		"buckets that differ":    {fast + `lab_request_duration_seconds_bucket{arm="baseline",route="/a",le="3"} 1; lab_request_duration_seconds_count{arm="baseline",route="/a"} 1; `, 0.5, none},
		"the canary is left out": {fast + hist("canary", "", 0, 0, 0, 1000), 0.5, slow(100 * time.Millisecond)},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := servePage(t)
			p.body.Store(strings.ReplaceAll(histType+tc.page, "; ", "\n") + "\n")
			got, err := openConfig(t, Config{URL: p.url, Preset: "lab"}).History(t.Context(), signal.HistoryRequest{
				Metrics: []string{"errors", "slow"}, Quantiles: map[string]float64{"slow": tc.quantile}, Until: start, Span: time.Hour, Block: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(signal.History{Thresholds: tc.want}, got); diff != "" {
				t.Errorf("history (-want +got):\n%s", diff)
			}
		})
	}
}

// TestThresholdFindsItsBound wants a threshold that was made of a bound to choose
// that bound again, although neither floats nor nanoseconds are exact.
func TestThresholdFindsItsBound(t *testing.T) {
	for i := range 100_000 {
		bound := float64(i+1) / 10_000
		if d := time.Duration(math.Round(bound * float64(time.Second))); !(bucket{bound: bound}).atLeast(d) {
			t.Fatalf("the bound %v is below its own threshold %d ns", bound, d)
		}
	}
}

func TestHistoryRefuses(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Preset: "lab"})
	for name, tc := range map[string]struct {
		metric   string
		quantile float64
		want     string
	}{
		"unknown":      {"fast", 0.5, `no metric "fast"; it has errors, slow`},
		"no latency":   {"errors", 0.5, "no quantile"},
		"one":          {"slow", 1, "outside 0 to 1"},
		"zero":         {"slow", 0, "outside 0 to 1"},
		"store broken": {"slow", 0.5, "no metrics at all"},
	} {
		_, err := s.History(t.Context(), signal.HistoryRequest{Quantiles: map[string]float64{tc.metric: tc.quantile}})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: History() = %v, want %q", name, err, tc.want)
		}
	}
}

func TestQueriesRefused(t *testing.T) {
	p := servePage(t)
	s := openConfig(t, Config{URL: p.url, Preset: "lab"})
	for name, tc := range map[string]struct {
		queries []signal.Query
		want    string
	}{
		"unknown":              {[]signal.Query{{Metric: "fast"}}, `no metric "fast"; it has errors, slow`},
		"no threshold":         {[]signal.Query{{Metric: "slow"}}, "needs a threshold"},
		"a threshold too many": {[]signal.Query{{Metric: "errors", SlowerThan: time.Second}}, "takes no threshold"},
	} {
		if _, err := s.Counts(t.Context(), signal.Request{Queries: tc.queries}); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: Counts() = %v, want %q", name, err, tc.want)
		}
	}
	if n := p.hits.Load(); n != 0 {
		t.Errorf("refused queries made %d requests", n)
	}
}
