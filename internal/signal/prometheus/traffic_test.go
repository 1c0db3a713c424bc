package prometheus_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus/promtest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// past writes three days of two arms that take turns, with an outage of Prometheus
// and hours of no request: what scrapes every two minutes would have left.
type past struct {
	from time.Time
	days int
	// rate says how many requests a minute an arm has, and lost when nobody scraped.
	rate func(arm target.Arm, at time.Time) float64
	lost func(at time.Time) bool
}

func (p past) String() string {
	var b strings.Builder
	b.WriteString("# TYPE http_requests counter\n")
	for _, arm := range []target.Arm{target.Baseline, target.Canary} {
		for _, code := range []string{"200", "500"} {
			sum := 0.0
			for i := range p.days * 24 * 30 {
				at := p.from.Add(time.Duration(2*i) * time.Minute)
				n := 2 * p.rate(arm, at)
				if code == "500" {
					n /= 100
				}
				if sum += n; !p.lost(at) {
					fmt.Fprintf(&b, "http_requests_total{arm=%q,code=%q} %g %d\n", arm, code, sum, at.Unix())
				}
			}
		}
	}
	b.WriteString("# EOF\n")
	return b.String()
}

// TestTrafficOfAFilledPrometheus asks a real Prometheus for its past.
func TestTrafficOfAFilledPrometheus(t *testing.T) {
	from := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	server := promtest.StartWithPast(t, past{
		from: from, days: 3,
		rate: func(arm target.Arm, at time.Time) float64 {
			switch {
			case at.Hour() == 5:
				return 0
			case (arm == target.Baseline) == (at.Day() == 2):
				return 100
			}
			return 0
		},
		// Prometheus was away from 02:30 to 08:15 on the second day.
		lost: func(at time.Time) bool {
			return at.Day() == 2 && at.Hour()*60+at.Minute() > 150 && at.Hour()*60+at.Minute() < 495
		},
	}.String(), time.Minute)
	source, ok := openSource(t, simple(server.URL)).(signal.Historian)
	if !ok {
		t.Fatal("the source keeps no history")
	}
	req := signal.TrafficRequest{Metric: "errors", Until: from.AddDate(0, 0, 3), Span: 4 * 24 * time.Hour, Block: time.Hour}
	got, err := source.Traffic(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[time.Time]signal.Traffic{}
	for _, b := range got {
		seen[b.Start.UTC()] = b
	}
	hour := func(day, hour int) signal.Traffic { return seen[time.Date(2026, 6, day, hour, 0, 0, 0, time.UTC)] }
	for _, c := range []struct{ day, hour int }{{1, 12}, {2, 12}, {3, 12}} {
		// Either arm counts, whichever was the baseline. Extrapolation is within 3 %.
		b := hour(c.day, c.hour)
		if b.Total < 5880 || b.Total > 6240 || b.Bad < 0.009*b.Total || b.Bad > 0.011*b.Total || b.Covered < 0.99 {
			t.Errorf("day %d, %02d:00: %+v, want about 6,060 requests, 60 errors", c.day, c.hour, b)
		}
	}
	if b := hour(3, 5); b.Total > 250 || b.Covered < 0.99 {
		t.Errorf("an hour without a request: %+v", b)
	}
	for hourOf, least := range map[int]float64{2: 0.3, 8: 0.5} {
		if b := hour(2, hourOf); b.Covered < least || b.Covered > 0.85 {
			t.Errorf("%02d:00, of which a part was scraped, is covered by %v", hourOf, b.Covered)
		}
	}
	for _, lost := range []int{3, 4, 5, 6, 7} {
		if b, there := seen[time.Date(2026, 6, 2, lost, 0, 0, 0, time.UTC)]; there && b.Covered > 0.2 {
			t.Errorf("%02d:00, which nobody scraped, is %+v", lost, b)
		}
	}
	if b, there := seen[from.Add(-time.Hour)]; there {
		t.Errorf("the hour before everything is %+v", b)
	}
	if len(got) < 60 || len(got) > 72 {
		t.Errorf("there are %d blocks", len(got))
	}
}

func TestTrafficRefuses(t *testing.T) {
	c := simple("http://127.0.0.1:1")
	c.Metrics["slow"] = prometheus.Metric{Histogram: "h_seconds"}
	source, ok := openSource(t, c).(signal.Historian)
	if !ok {
		t.Fatal("the source keeps no history")
	}
	for want, req := range map[string]signal.TrafficRequest{
		`the signal has no metric "none"`:    {Metric: "none"},
		`the metric "slow" is a latency`:     {Metric: "slow"},
		"the request has no end":             {Metric: "errors"},
		"its span is no multiple of its":     {Metric: "errors", Until: epoch, Block: time.Hour, Span: 90 * time.Minute},
		"unable to query http://127.0.0.1:1": {Metric: "errors", Until: epoch, Block: time.Hour, Span: time.Hour},
	} {
		if _, err := source.Traffic(t.Context(), req); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v; want %q", err, want)
		}
	}
}
