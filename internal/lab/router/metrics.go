package router

import (
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Metrics counts what the arms do. The label "arm" says what the arm was when
// the request was routed. Versions stand only in lab_arm_info: as a label of the
// counters they would make new series at each release.
type Metrics struct {
	registry *prometheus.Registry
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	unrouted prometheus.Counter
	sent     prometheus.Counter
	dropped  prometheus.Counter
	mirrored prometheus.Counter
	missed   prometheus.Counter
	weight   *prometheus.GaugeVec
	info     *prometheus.GaugeVec
}

// Buckets are the bounds of the latency histogram in seconds, 1 ms to 10 s.
func Buckets() []float64 {
	return []float64{.001, .002, .003, .005, .0075, .01, .015, .02, .03, .05, .075, .1, .15, .2, .3, .5, .75, 1, 1.5, 2, 3, 5, 7.5, 10}
}

// NewMetrics makes the metrics, with zeros where nothing has happened, so that
// "no requests" can be told from "no data".
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "lab_requests_total",
			Help: "Requests and mirrored copies by the arm that they were sent to and the status of the answer."}, []string{"arm", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lab_request_duration_seconds",
			Help: "Time from a request's arrival to the end of its answer, by arm.", Buckets: Buckets()}, []string{"arm"}),
		unrouted: prometheus.NewCounter(prometheus.CounterOpts{Name: "lab_unrouted_requests_total",
			Help: "Requests that found no arm."}),
		sent: prometheus.NewCounter(prometheus.CounterOpts{Name: "lab_traffic_sent_total",
			Help: "Requests that the lab's own traffic sent."}),
		dropped: prometheus.NewCounter(prometheus.CounterOpts{Name: "lab_traffic_dropped_total",
			Help: "Requests that the lab's own traffic should have sent and could not, as too many were under way."}),
		mirrored: prometheus.NewCounter(prometheus.CounterOpts{Name: "lab_mirrored_requests_total",
			Help: "Copies of requests that the canary got; they are also among its lab_requests_total."}),
		missed: prometheus.NewCounter(prometheus.CounterOpts{Name: "lab_mirror_missed_total",
			Help: "Requests that should have been copied and were not: too many copies under way, or too long a body."}),
		weight: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "lab_weight_percent",
			Help: "Share of traffic by arm, 0 to 100."}, []string{"arm"}),
		info: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "lab_arm_info",
			Help: "What runs in each arm now; always 1."}, []string{"arm", "version", "digest", "configuration_digest"}),
	}
	m.registry.MustRegister(m.requests, m.duration, m.unrouted, m.sent, m.dropped, m.mirrored, m.missed, m.weight, m.info,
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, arm := range []target.Arm{target.Baseline, target.Canary} {
		for _, code := range []int{http.StatusOK, http.StatusInternalServerError, http.StatusBadGateway} {
			m.requests.WithLabelValues(string(arm), strconv.Itoa(code))
		}
		m.duration.WithLabelValues(string(arm))
	}
	return m
}

// Handler serves the metrics, as OpenMetrics to whoever asks for it.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// Show puts what runs now into the gauges.
func (m *Metrics) Show(o target.Observation) {
	m.info.Reset()
	for arm, state := range map[target.Arm]*target.ArmState{target.Baseline: o.Baseline, target.Canary: o.Canary} {
		if state == nil {
			m.weight.WithLabelValues(string(arm)).Set(0)
			continue
		}
		m.weight.WithLabelValues(string(arm)).Set(state.Weight)
		m.info.WithLabelValues(string(arm), state.Payload.Version, state.Payload.Digest(), state.Payload.ConfigurationDigest).Set(1)
	}
}

// Sent counts a request of the lab's own traffic.
func (m *Metrics) Sent() { m.sent.Inc() }

// Dropped counts a request of the lab's own traffic that was not sent.
func (m *Metrics) Dropped() { m.dropped.Inc() }

func (m *Metrics) count(arm target.Arm, status int, took time.Duration) {
	m.requests.WithLabelValues(string(arm), strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(string(arm)).Observe(took.Seconds())
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
