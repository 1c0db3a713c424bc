package agent

import (
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// stuckAfter is after how long without a completed look the process counts as stuck;
// one look is bounded by roundBound.
const stuckAfter = 2 * time.Minute

// health is what the endpoints answer. It is safe for concurrent use.
type health struct {
	mu sync.Mutex
	// turned is when the loop last came round, whether the ledger could be read or not,
	// and read when it last could.
	turned, read time.Time
	err          error
	stops        bool
}

func (h *health) start(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turned = now
}

func (h *health) beat(now time.Time, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.turned, h.err = now, err
	if err == nil {
		h.read = now
	}
}

func (h *health) stopping() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stops = true
}

// alive says why the process should be started again, or nothing.
func (h *health) alive(now time.Time) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if idle := now.Sub(h.turned); !h.stops && idle > stuckAfter {
		return fmt.Sprintf("the loop has not come round for %s", idle.Round(time.Second))
	}
	return ""
}

// ready says why the agent cannot be counted on now, or nothing. The error of the
// ledger is for the log: it may say more than a stranger needs to know.
func (h *health) ready(now time.Time, every time.Duration, present bool) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var moved *ledger.SealedError
	switch {
	case h.stops:
		return "the agent stops"
	case errors.As(h.err, &moved):
		return "the ledger has moved; see the log"
	case h.read.IsZero():
		return "the ledger has not been read yet"
	case h.err != nil:
		return "the ledger cannot be read; see the log"
	case now.Sub(h.read) > 3*every+roundBound:
		return "the last look for work is too old"
	case !present:
		return "the agent's own lease is not held; see the log"
	default:
		return ""
	}
}

// Handler serves /healthz, /readyz and /metrics. It reads nothing from the ledger, so
// that it answers whatever the ledger does.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, a.health.alive(a.opts.Clock.Now()))
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, a.health.ready(a.opts.Clock.Now(), a.opts.LookEvery, a.keeper.Held()))
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(a.metrics.registry, promhttp.HandlerOpts{EnableOpenMetrics: true}))
	return mux
}

func answer(w http.ResponseWriter, problem string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if problem != "" {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, problem)
		return
	}
	fmt.Fprintln(w, "ok")
}
