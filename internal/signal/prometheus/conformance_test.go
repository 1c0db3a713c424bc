package prometheus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus/promtest"
	"github.com/sluice/terraform-provider-sluice/internal/signal/signaltest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// exporter serves the metrics of many worlds, each with its own clock, so that
// one Prometheus is enough for all checks. The samples carry the time of the
// world's clock.
type exporter struct {
	mu     sync.Mutex
	worlds []*world
}

// world is one service with its two arms, behind one exporter.
type world struct {
	name  string
	clock *clock.Fake
	// counts is by series, in the order in which they came to be.
	series []string
	counts map[string]int
	// generation grows with each change; at is the time of the last samples, and
	// served the generation that they were of.
	generation, served int
	at                 int64

	proxied     atomic.Int32
	down, stuck atomic.Bool
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, world := range e.worlds {
		world.expose(w)
	}
}

// expose never serves two values for one time, which Prometheus would refuse.
func (w *world) expose(out io.Writer) {
	now := w.clock.Now().UnixMilli()
	if now <= w.at && w.generation != w.served {
		now = w.at + 1
	}
	w.at, w.served = max(now, w.at), w.generation
	for _, series := range w.series {
		_, _ = fmt.Fprintf(out, "%s %d %d\n", strings.Replace(series, "{", `{world="`+w.name+`",`, 1), w.counts[series], w.at)
	}
	_, _ = fmt.Fprintf(out, "generation{world=%q} %d %d\n", w.name, w.generation, w.at)
}

func (w *world) add(n int, format string, args ...any) {
	series := fmt.Sprintf(format, args...)
	if _, known := w.counts[series]; !known {
		w.series = append(w.series, series)
	}
	w.counts[series] += n
}

func (w *world) record(metric string, arm target.Arm, bad, good int) {
	w.generation++
	if metric == "slow" {
		for le, n := range map[string]int{"0.1": 0, "0.25": good, "1.0": good + bad, "+Inf": good + bad} {
			w.add(n, `http_request_duration_seconds_bucket{arm=%q,le=%q}`, arm, le)
		}
		w.add(good+bad, `http_request_duration_seconds_count{arm=%q}`, arm)
		return
	}
	w.add(good, `http_requests_total{arm=%q,code="200"}`, arm)
	if bad > 0 {
		w.add(bad, `http_requests_total{arm=%q,code="503"}`, arm)
	}
}

// scraped waits until Prometheus has what happened last, as of now.
func (w *world) scraped(e *exporter, base string) error {
	e.mu.Lock()
	generation, now := w.generation, w.clock.Now().UnixMilli()
	e.mu.Unlock()
	system := clock.System{}
	query := url.Values{"query": {fmt.Sprintf("generation{world=%q} >= %d and timestamp(generation{world=%q}) * 1000 >= %d", w.name, generation, w.name, now)},
		"time": {strconv.FormatFloat(float64(now+5)/1000, 'f', 3, 64)}}
	for end := system.Now().Add(20 * time.Second); system.Now().Before(end); {
		resp, err := http.Get(base + "/api/v1/query?" + query.Encode())
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			return err
		}
		if strings.Contains(string(body), `"world"`) {
			return nil
		}
		if err := system.Sleep(context.Background(), 10*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("Prometheus did not scrape generation %d of the world %s in time", generation, w.name)
}

// patient waits for the scrape before it lets a source ask, as World.Delay would.
type patient struct {
	signal.Source
	wait func() error
}

func (p patient) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	if err := p.wait(); err != nil {
		return signal.Counts{}, err
	}
	return p.Source.Counts(ctx, req)
}

func (p patient) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	if err := p.wait(); err != nil {
		return signal.History{}, err
	}
	return p.Source.History(ctx, req)
}

func (e *exporter) world(t *testing.T, server *promtest.Server) signaltest.World {
	t.Helper()
	w := &world{name: strings.ReplaceAll(t.Name(), `"`, ""), counts: map[string]int{}, clock: clock.NewFake(clock.System{}.Now())}
	e.mu.Lock()
	e.worlds = append(e.worlds, w)
	e.mu.Unlock()
	locked := func(f func()) {
		e.mu.Lock()
		defer e.mu.Unlock()
		f()
	}
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	behind := httputil.NewSingleHostReverseProxy(base)
	front := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.proxied.Add(1)
		if w.stuck.Load() {
			<-r.Context().Done()
			return
		}
		if w.down.Load() {
			rw.WriteHeader(http.StatusInternalServerError)
			return
		}
		behind.ServeHTTP(rw, r)
	}))
	t.Cleanup(front.Close)
	return signaltest.World{
		Clock: w.clock, Errors: "errors", Slow: "slow", SlowerThan: 250 * time.Millisecond, Delay: time.Second, PerCounts: 1,
		Record: func(metric string, arm target.Arm, bad, good int) {
			locked(func() { w.record(metric, arm, bad, good) })
		},
		Restart: func() {
			locked(func() {
				w.generation++
				w.series, w.counts = nil, map[string]int{}
				for _, arm := range []target.Arm{target.Baseline, target.Canary} {
					w.record("errors", arm, 0, 0)
					w.record("slow", arm, 0, 0)
				}
			})
		},
		Down: w.down.Store, Stuck: w.stuck.Store,
		Requests: func() int { return int(w.proxied.Load()) },
		Open: func() (signal.Source, error) {
			source, err := prometheus.Driver().Open(context.Background(), config(t, front.URL, w.name), signal.Deps{Clock: w.clock, UserAgent: "sluice/test"})
			return patient{Source: source, wait: func() error { return w.scraped(e, server.URL) }}, err
		},
	}
}

func config(t *testing.T, base, world string) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(prometheus.Config{
		URL: base, Match: map[string]string{"world": world},
		Arms: &prometheus.Arms{Label: "arm", Baseline: "baseline", Canary: "canary"},
		Metrics: map[string]prometheus.Metric{
			"errors": {Total: &prometheus.Selector{Name: "http_requests_total"}, Bad: &prometheus.Selector{Match: map[string]string{"code": "5.."}}},
			"slow":   {Histogram: "http_request_duration_seconds"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestConformance holds the driver to the contract on a real Prometheus.
func TestConformance(t *testing.T) {
	e := &exporter{}
	served := httptest.NewServer(e)
	t.Cleanup(served.Close)
	server := promtest.Start(t, 50*time.Millisecond, promtest.Job("worlds", served.URL))
	signaltest.Run(t, signaltest.Fixture{New: func(t *testing.T) signaltest.World { return e.world(t, server) }})
}
