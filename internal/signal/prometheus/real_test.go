package prometheus_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus"
	"github.com/sluice/terraform-provider-sluice/internal/signal/prometheus/promtest"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// process is one instance of the service, measured by the field's own library.
type process struct {
	mu       sync.Mutex
	requests *client.CounterVec
	handler  http.Handler
	gone     bool
	url      string
}

func newProcess(t *testing.T) *process {
	t.Helper()
	p := &process{}
	p.start()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		handler, gone := p.handler, p.gone
		p.mu.Unlock()
		if gone {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		handler.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	p.url = srv.URL
	return p
}

// start begins anew, with all counters gone.
func (p *process) start() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests = client.NewCounterVec(client.CounterOpts{Name: "http_requests_total", Help: "Requests."}, []string{"arm", "code"})
	registry := client.NewRegistry()
	registry.MustRegister(p.requests)
	p.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
}

func (p *process) answer(arm target.Arm, code string, n float64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.requests.WithLabelValues(string(arm), code).Add(n)
}

// TestExactInRealTime counts moving traffic of three processes in real time, with
// a restart and errors that appear in the middle, and misses none.
func TestExactInRealTime(t *testing.T) {
	old1, old2, fresh := newProcess(t), newProcess(t), newProcess(t)
	server := promtest.Start(t, 200*time.Millisecond, promtest.Job("app", old1.url, old2.url, fresh.url))
	for _, p := range []*process{old1, old2} {
		p.answer(target.Baseline, "200", 1000)
	}
	fresh.answer(target.Canary, "200", 10)
	source := openSource(t, simple(server.URL))
	cursor := primed(t, source, errorsQuery)

	truth, sum := map[target.Arm][2]float64{}, map[target.Arm][2]float64{}
	happens := func(p *process, arm target.Arm, bad, good float64) {
		p.answer(arm, "200", good)
		if bad > 0 {
			p.answer(arm, "500", bad)
		}
		truth[arm] = [2]float64{truth[arm][0] + bad, truth[arm][1] + bad + good}
	}
	resets, late, round := 0, 0, 0
	var through time.Time
	until(t, func() bool {
		round++
		if round <= 60 {
			happens(old1, target.Baseline, 0, 7)
			happens(old2, target.Baseline, float64(round%2), 5)
			if round > 20 {
				happens(fresh, target.Canary, 1, 2)
			}
		}
		got := ask(t, source, errorsQuery, cursor)
		cursor, resets = got.Cursor, resets+got.Resets
		if !got.Primed {
			late++
		}
		if got.CompleteThrough.Before(through) || got.CompleteThrough.After(clock.System{}.Now()) {
			t.Errorf("complete through went from %s to %s", through, got.CompleteThrough)
		}
		through = got.CompleteThrough
		for _, c := range got.Counts {
			sum[c.Arm] = [2]float64{sum[c.Arm][0] + c.Bad, sum[c.Arm][1] + c.Total}
		}
		if round == 60 {
			// What was served is scraped before the process ends.
			until(t, func() bool {
				got := ask(t, source, errorsQuery, cursor)
				cursor = got.Cursor
				for _, c := range got.Counts {
					sum[c.Arm] = [2]float64{sum[c.Arm][0] + c.Bad, sum[c.Arm][1] + c.Total}
				}
				return sum[target.Canary] == truth[target.Canary]
			})
			fresh.start()
			happens(fresh, target.Canary, 2, 3)
		}
		return round > 60 && sum[target.Baseline] == truth[target.Baseline] && sum[target.Canary] == truth[target.Canary]
	})
	if resets == 0 {
		t.Error("the restart is not told")
	}
	t.Logf("%v counted in %d rounds, of which %d were without news; %d resets", sum, round, late, resets)
}

// TestStaleAndWrong asks for what Prometheus has no longer, and never had.
func TestStaleAndWrong(t *testing.T) {
	alive, dead := newProcess(t), newProcess(t)
	server := promtest.Start(t, 100*time.Millisecond, promtest.Job("app", alive.url, dead.url))
	alive.answer(target.Baseline, "200", 5)
	dead.answer(target.Canary, "200", 5)
	c := simple(server.URL)
	c.StaleAfter = "1s"
	source := openSource(t, c)
	cursor := primed(t, source, errorsQuery)

	wrong := simple(server.URL)
	wrong.Arms = &prometheus.Arms{Label: "version", Baseline: "1.0.0", Canary: "1.1.0"}
	got := ask(t, openSource(t, wrong), errorsQuery, ask(t, openSource(t, wrong), errorsQuery, nil).Cursor)
	const noSeries = `Prometheus has no series http_requests_total{version=~"1.0.0"} in the last 2m`
	if len(got.Counts) > 0 || len(got.Missing) != 2 || got.Missing[0].Reason != noSeries {
		t.Errorf("with a wrong label: %+v, want both arms missing and %q", got, noSeries)
	}

	dead.mu.Lock()
	dead.gone = true
	dead.mu.Unlock()
	until(t, func() bool {
		alive.answer(target.Baseline, "200", 1)
		got = ask(t, source, errorsQuery, cursor)
		cursor = got.Cursor
		return len(got.Missing) > 0
	})
	if m := got.Missing; len(m) != 1 || m[0].Arm != target.Canary || !strings.Contains(m[0].Reason, "stale_after") && !strings.Contains(m[0].Reason, "no series") {
		t.Errorf("missing %+v, want the canary alone", m)
	}
	if len(got.Counts) != 1 || got.Counts[0].Arm != target.Baseline {
		t.Errorf("counts %+v, want the baseline alone", got.Counts)
	}
}

// TestManySeries follows 10,000 series, and refuses one more.
func TestManySeries(t *testing.T) {
	n, value := 10_000, 1
	var mu sync.Mutex
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var b strings.Builder
		for i := range n {
			arm := []string{"baseline", "canary"}[i%2]
			fmt.Fprintf(&b, "http_requests_total{arm=%q,code=\"200\",path=\"/p/%d\"} %d\n", arm, i, value)
		}
		_, _ = w.Write([]byte(b.String()))
	}))
	t.Cleanup(srv.Close)
	server := promtest.Start(t, time.Second, promtest.Job("many", srv.URL))
	source := openSource(t, simple(server.URL))
	cursor := primed(t, source, errorsQuery)
	mu.Lock()
	value = 3
	mu.Unlock()
	clk := clock.System{}
	var took time.Duration
	var sum float64
	var cursors []json.RawMessage
	until(t, func() bool {
		began := clk.Now()
		got := ask(t, source, errorsQuery, cursor)
		took = max(took, clk.Now().Sub(began))
		cursor = got.Cursor
		cursors = append(cursors, cursor)
		for _, c := range got.Counts {
			sum += c.Total
		}
		return sum >= 20_000
	})
	if sum != 20_000 {
		t.Errorf("%v events of 10,000 series, want 20,000", sum)
	}
	t.Logf("an answer took %s at most; the cursor has %d bytes", took, len(cursors[len(cursors)-1]))

	mu.Lock()
	n++
	mu.Unlock()
	var err error
	until(t, func() bool {
		_, err = source.Counts(t.Context(), signal.Request{Queries: errorsQuery, Until: clk.Now(), Cursor: cursor})
		return err != nil
	})
	if want := "the configured metrics have 10001 series, and at most 10000 can be followed; narrow them down with match"; !strings.Contains(err.Error(), want) {
		t.Errorf("Counts() = %v, want %q", err, want)
	}
}
