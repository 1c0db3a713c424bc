package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus/promtest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// recorded serves what an exporter said, at first and later. A line of its file
// ends in one value, or in the two of both times: "15|40"; "-" is none yet.
func recorded(t *testing.T, name string) (address string, later *atomic.Bool) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("testdata", name+".txt"))
	if err != nil {
		t.Fatal(err)
	}
	var text [2]strings.Builder
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(line, "\n")
		cut := strings.LastIndex(line, " ")
		before, after, two := strings.Cut(line[cut+1:], "|")
		if !two || strings.HasPrefix(line, "#") {
			before, after = line[cut+1:], line[cut+1:]
		}
		for i, value := range []string{before, after} {
			if value != "-" {
				fmt.Fprintln(&text[i], line[:cut+1]+value)
			}
		}
	}
	later = &atomic.Bool{}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
		i := 0
		if later.Load() {
			i = 1
		}
		_, _ = w.Write([]byte(text[i].String()))
	}))
	t.Cleanup(srv.Close)
	return srv.URL, later
}

func count(metric string, arm target.Arm, bad, total float64) signal.Count {
	return signal.Count{Metric: metric, Arm: arm, Bad: bad, Total: total}
}

// TestPresets counts with each preset what its exporter's real output says,
// through a real Prometheus.
func TestPresets(t *testing.T) {
	cases := map[string]struct {
		slowerThan time.Duration
		want       []signal.Count
	}{
		"haproxy": {want: []signal.Count{
			count("errors", target.Baseline, 0, 100), count("errors", target.Canary, 3, 10)}},
		"nginx": {slowerThan: 200 * time.Millisecond, want: []signal.Count{
			count("errors", target.Baseline, 0, 92), count("errors", target.Canary, 4, 18),
			count("slow", target.Baseline, 10, 90), count("slow", target.Canary, 7, 14)}},
		"nginx_plus": {want: []signal.Count{
			count("errors", target.Baseline, 1, 100), count("errors", target.Canary, 3, 12)}},
		"envoy": {slowerThan: 250 * time.Millisecond, want: []signal.Count{
			count("errors", target.Baseline, 0, 100), count("errors", target.Canary, 5, 25),
			count("slow", target.Baseline, 0, 101), count("slow", target.Canary, 10, 25)}},
		"traefik": {slowerThan: 300 * time.Millisecond, want: []signal.Count{
			count("errors", target.Baseline, 1, 41), count("errors", target.Canary, 2, 11),
			count("slow", target.Baseline, 2, 41), count("slow", target.Canary, 4, 11)}},
		"istio": {slowerThan: 250 * time.Millisecond, want: []signal.Count{
			count("errors", target.Baseline, 0, 200), count("errors", target.Canary, 2, 12),
			count("slow", target.Baseline, 1, 200), count("slow", target.Canary, 2, 12)}},
		"opentelemetry": {slowerThan: 90 * time.Millisecond, want: []signal.Count{
			count("errors", target.Baseline, 0, 80), count("errors", target.Canary, 1, 11),
			count("slow", target.Baseline, 3, 80), count("slow", target.Canary, 5, 11)}},
	}
	var targets []promtest.Target
	switches := map[string]*atomic.Bool{}
	for name := range prometheus.Presets() {
		if _, tested := cases[name]; !tested {
			t.Errorf("the preset %q has no test on its exporter's output", name)
			continue
		}
		address, later := recorded(t, name)
		targets, switches[name] = append(targets, promtest.Job(name, address)), later
	}
	server := promtest.Start(t, 200*time.Millisecond, targets...)
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := prometheus.Presets()[name]
			source := openSource(t, prometheus.Config{URL: server.URL, Preset: name, Arms: c.Arms, Match: map[string]string{"job": name}})
			queries := []signal.Query{{Metric: "errors"}}
			if tc.slowerThan > 0 {
				queries = append(queries, signal.Query{Metric: "slow", SlowerThan: tc.slowerThan})
			}
			cursor := primed(t, source, queries)
			switches[name].Store(true)
			got := counted(t, source, queries, cursor, tc.want[0].Total)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("counts (-want +got):\n%s", diff)
			}
		})
	}
}

func openSource(t *testing.T, c prometheus.Config) signal.Source {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	source, err := prometheus.Driver().Open(t.Context(), raw, signal.Deps{Clock: clock.System{}, UserAgent: "sluice/test"})
	if err != nil {
		t.Fatal(err)
	}
	return source
}

// until asks again and again until done says so, at most for half a minute.
func until(t *testing.T, done func() bool) {
	t.Helper()
	clk := clock.System{}
	for end := clk.Now().Add(30 * time.Second); !done(); {
		if clk.Now().After(end) {
			t.Fatal("it did not come true in time")
		}
		if err := clk.Sleep(context.Background(), 50*time.Millisecond); err != nil {
			t.Fatal(err)
		}
	}
}

func ask(t *testing.T, source signal.Source, queries []signal.Query, cursor json.RawMessage) signal.Counts {
	t.Helper()
	got, err := source.Counts(t.Context(), signal.Request{Queries: queries, Until: clock.System{}.Now(), Cursor: cursor})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// primed waits until Prometheus has scraped both arms.
func primed(t *testing.T, source signal.Source, queries []signal.Query) (cursor json.RawMessage) {
	t.Helper()
	until(t, func() bool {
		cursor = ask(t, source, queries, nil).Cursor
		again := ask(t, source, queries, cursor)
		return again.Primed && len(again.Missing) == 0
	})
	return cursor
}

// counted adds up the answers until the baseline has so many events.
func counted(t *testing.T, source signal.Source, queries []signal.Query, cursor json.RawMessage, enough float64) []signal.Count {
	t.Helper()
	var sum []signal.Count
	until(t, func() bool {
		got := ask(t, source, queries, cursor)
		cursor = got.Cursor
		if len(got.Missing) > 0 {
			t.Fatalf("missing: %+v", got.Missing)
		}
		if sum == nil {
			sum = got.Counts
		} else {
			for i, c := range got.Counts {
				sum[i].Bad, sum[i].Total = sum[i].Bad+c.Bad, sum[i].Total+c.Total
			}
		}
		return len(sum) > 0 && sum[0].Total >= enough
	})
	return sum
}
