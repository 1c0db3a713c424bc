package openmetrics_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/openmetrics"
	"github.com/sluice/terraform-provider-sluice/internal/signal/signaltest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// exporter is a service that is measured by the field's own client library.
type exporter struct {
	mu       sync.Mutex
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	handler  http.Handler

	accept      string // forces a format when it is not empty
	hits        atomic.Int32
	down, stuck atomic.Bool
	url         string
}

func newExporter(t *testing.T, accept string) *exporter {
	t.Helper()
	e := &exporter{accept: accept}
	e.start()
	srv := httptest.NewServer(e)
	t.Cleanup(srv.Close)
	e.url = srv.URL + "/metrics"
	return e
}

// start begins a process: all counters are gone.
func (e *exporter) start() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.requests = prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lab_requests_total", Help: "Requests."}, []string{"arm", "code"})
	e.duration = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lab_request_duration_seconds", Help: "Durations.",
		Buckets: []float64{0.1, 0.25, 1}}, []string{"arm"})
	other := prometheus.NewGauge(prometheus.GaugeOpts{Name: "temperature_celsius", Help: "Something else."})
	registry := prometheus.NewRegistry()
	registry.MustRegister(e.requests, e.duration, other)
	e.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.hits.Add(1)
	if e.stuck.Load() {
		<-r.Context().Done()
		return
	}
	if e.down.Load() {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	if e.accept != "" {
		r.Header.Set("Accept", e.accept)
	}
	e.mu.Lock()
	handler := e.handler
	e.mu.Unlock()
	handler.ServeHTTP(w, r)
}

func (e *exporter) record(metric string, arm target.Arm, bad, good int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if metric == "slow" {
		h := e.duration.WithLabelValues(string(arm))
		for range bad {
			h.Observe(0.9)
		}
		for range good {
			h.Observe(0.2)
		}
		return
	}
	e.requests.WithLabelValues(string(arm), "200").Add(float64(good))
	if bad > 0 {
		e.requests.WithLabelValues(string(arm), "503").Add(float64(bad))
	}
}

func world(config openmetrics.Config, of map[target.Arm]*exporter) signaltest.World {
	all := map[*exporter]bool{}
	for _, e := range of {
		all[e] = true
	}
	w := signaltest.World{
		Clock:      clock.NewFake(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)),
		Errors:     "errors",
		Slow:       "slow",
		SlowerThan: 250 * time.Millisecond,
		PerCounts:  len(all),
		Record: func(metric string, arm target.Arm, bad, good int) {
			of[arm].record(metric, arm, bad, good)
		},
		Restart: func() {
			for e := range all {
				e.start()
			}
			for _, metric := range []string{"errors", "slow"} {
				for arm, e := range of {
					e.record(metric, arm, 0, 0)
				}
			}
		},
		Down: func(v bool) {
			for e := range all {
				e.down.Store(v)
			}
		},
		Stuck: func(v bool) {
			for e := range all {
				e.stuck.Store(v)
			}
		},
		Requests: func() int {
			n := 0
			for e := range all {
				n += int(e.hits.Load())
			}
			return n
		},
	}
	w.Open = func() (signal.Source, error) {
		raw, err := json.Marshal(config)
		if err != nil {
			return nil, err
		}
		return openmetrics.Driver().Open(context.Background(), raw, signal.Deps{Clock: w.Clock, UserAgent: "sluice/test"})
	}
	return w
}

func TestConformance(t *testing.T) {
	formats := map[string]string{
		"as we ask":   "",
		"text":        "text/plain;version=0.0.4",
		"openmetrics": "application/openmetrics-text;version=1.0.0",
	}
	for name, accept := range formats {
		t.Run("by label/"+name, func(t *testing.T) {
			t.Parallel()
			signaltest.Run(t, signaltest.Fixture{New: func(t *testing.T) signaltest.World {
				e := newExporter(t, accept)
				return world(openmetrics.Config{URL: e.url, Preset: "lab"},
					map[target.Arm]*exporter{target.Baseline: e, target.Canary: e})
			}})
		})
	}
	t.Run("by endpoint", func(t *testing.T) {
		t.Parallel()
		signaltest.Run(t, signaltest.Fixture{New: func(t *testing.T) signaltest.World {
			old, fresh := newExporter(t, ""), newExporter(t, "")
			return world(openmetrics.Config{Preset: "lab", Arms: &openmetrics.Arms{BaselineURL: old.url, CanaryURL: fresh.url}},
				map[target.Arm]*exporter{target.Baseline: old, target.Canary: fresh})
		}})
	})
}
