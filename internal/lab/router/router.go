// Package router is the lab's data plane: a reverse proxy that sends each request
// to one of two arms by weight or by cohort, copies some to the canary, and counts
// what came of it.
package router

import (
	"context"
	"math/rand/v2"
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ArmHeader names, on every answer, the arm that gave it.
const ArmHeader = "X-Lab-Arm"

// Backend is what serves one arm. It says where; an empty address means that it
// is down at the moment.
type Backend interface {
	Address() string
}

// Table says who gets which requests. It is replaced as a whole.
type Table struct {
	// Baseline and Canary are nil where nothing runs.
	Baseline, Canary Backend
	// Weight is the canary's share, 0 to 100, of what the cohort does not claim.
	Weight float64
	// Cohort sends what matches to the canary; nil for nobody.
	Cohort *target.Cohort
	// Mirror is the share, 0 to 100, of the baseline's requests that the canary gets
	// a copy of.
	Mirror float64
}

// Fault is what goes wrong with the requests of one arm.
type Fault struct {
	// ErrorRate is the share of requests answered with 500 without asking the
	// service, 0 to 1.
	ErrorRate float64 `json:"error_rate,omitempty"`
	// LatencyMS is added to each request, in milliseconds.
	LatencyMS float64 `json:"latency_ms,omitempty"`
	// Refuse closes the connection without an answer.
	Refuse bool `json:"refuse,omitempty"`
}

// Router is the data plane. It is safe for concurrent use.
type Router struct {
	clock   clock.Clock
	metrics *Metrics
	table   atomic.Pointer[Table]
	faults  atomic.Pointer[map[target.Arm]Fault]
	proxy   *httputil.ReverseProxy
	mirror  *mirror

	mu  sync.Mutex
	rnd *rand.Rand
}

type route struct{ address string }

type routeKey struct{}

// New makes a router without arms. The same seed gives the same sequence of
// choices.
func New(clk clock.Clock, m *Metrics, seed uint64) *Router {
	r := &Router{clock: clk, metrics: m, mirror: newMirror(), rnd: rand.New(rand.NewPCG(seed, 2))} //nolint:gosec // Chance to spread requests, not for a secret.
	r.table.Store(&Table{})
	r.faults.Store(&map[target.Arm]Fault{})
	r.proxy = &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			to, _ := p.In.Context().Value(routeKey{}).(route)
			p.SetURL(&url.URL{Scheme: "http", Host: to.address})
			p.SetXForwarded()
		},
		Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			http.Error(w, "the service of this arm does not answer", http.StatusBadGateway)
		},
	}
	return r
}

// Set makes the table true for every request that comes after it.
func (r *Router) Set(t Table) { r.table.Store(&t) }

// SetFaults replaces all faults.
func (r *Router) SetFaults(f map[target.Arm]Fault) { r.faults.Store(&f) }

// Faults says which faults there are.
func (r *Router) Faults() map[target.Arm]Fault { return *r.faults.Load() }

func (r *Router) draw() float64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rnd.Float64()
}

func (r *Router) choose(t *Table, req *http.Request) (target.Arm, Backend) {
	if t.Canary != nil && (matches(t.Cohort, req) || r.draw()*100 < t.Weight) {
		return target.Canary, t.Canary
	}
	return target.Baseline, t.Baseline
}

// matches reports whether a request belongs to the cohort. Values are compared as
// they stand: a list in one header is one value, and quotes are part of it.
func matches(c *target.Cohort, req *http.Request) bool {
	switch {
	case c == nil:
		return false
	case c.Header != "":
		return slices.Contains(req.Header.Values(c.Header), c.Value)
	}
	return slices.ContainsFunc(req.CookiesNamed(c.Cookie), func(k *http.Cookie) bool { return !k.Quoted && k.Value == c.Value })
}

// ServeHTTP sends one request to an arm.
func (r *Router) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	table := r.table.Load()
	arm, backend := r.choose(table, req)
	if backend == nil {
		r.metrics.unrouted.Inc()
		http.Error(w, "nothing serves here", http.StatusServiceUnavailable)
		return
	}
	defer r.copied(table, arm, req)()
	r.serve(&recorder{ResponseWriter: w, status: http.StatusOK}, req, arm, backend)
}

// serve lets an arm answer a request, or the copy of one, and counts it.
func (r *Router) serve(rec *recorder, req *http.Request, arm target.Arm, backend Backend) {
	began := r.clock.Now()
	rec.Header().Set(ArmHeader, string(arm))
	defer func() { r.metrics.count(arm, rec.status, r.clock.Now().Sub(began)) }()
	if r.fail(rec, req, arm) {
		return
	}
	address := backend.Address()
	if address == "" {
		http.Error(rec, "the service of this arm is down", http.StatusBadGateway)
		return
	}
	r.proxy.ServeHTTP(rec, req.WithContext(context.WithValue(req.Context(), routeKey{}, route{address})))
}

// fail acts the arm's fault out and says whether the request ends with it.
func (r *Router) fail(rec *recorder, req *http.Request, arm target.Arm) bool {
	f, ok := (*r.faults.Load())[arm]
	if !ok {
		return false
	}
	if f.LatencyMS > 0 && r.clock.Sleep(req.Context(), milliseconds(f.LatencyMS)) != nil {
		return true
	}
	if f.Refuse {
		rec.status = http.StatusBadGateway
		Hangup(rec.ResponseWriter)
		return true
	}
	if f.ErrorRate > 0 && r.draw() < f.ErrorRate {
		http.Error(rec, "a fault was injected", http.StatusInternalServerError)
		return true
	}
	return false
}

// Hangup closes the connection of a request without an answer.
func Hangup(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusBadGateway) // HTTP/2 cannot; say so at least.
		return
	}
	_ = conn.Close() // It is to be broken.
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

// WriteHeader implements http.ResponseWriter. Informational statuses are not
// the answer.
func (r *recorder) WriteHeader(status int) {
	if status >= http.StatusOK {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }
