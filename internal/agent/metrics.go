package agent

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// metrics is what an agent tells of itself. No label holds the name of a release: ten
// thousand of them are for the ledger and the log.
type metrics struct {
	registry *prometheus.Registry

	lag, look                       prometheus.Histogram
	call                            *prometheus.HistogramVec
	callErrors, ends, checks        *prometheus.CounterVec
	takeovers, stumbles, lookErrors prometheus.Counter
	lastLook, lastDrift             prometheus.Gauge
	drifted                         *prometheus.GaugeVec

	mu sync.Mutex
	// from holds who had the lease of what is about to be taken over.
	from map[release.Key]string
	// verdicts is the last result of each drift check.
	verdicts map[string]drift.Status
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry(), from: map[release.Key]string{}, verdicts: map[string]drift.Status{}}
	quick := []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}
	m.lag = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sluice_agent_tick_lag_seconds", Help: "How much later than due the looks at rollouts began.", Buckets: quick})
	m.look = prometheus.NewHistogram(prometheus.HistogramOpts{Name: "sluice_agent_tick_seconds", Help: "How long the looks at rollouts took, with target, signals and record.", Buckets: quick})
	m.call = prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "sluice_agent_ledger_call_seconds", Help: "How long calls to the ledger took.", Buckets: quick}, []string{"op"})
	counters := func(name, help, label string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
	}
	m.callErrors = counters("sluice_agent_ledger_errors_total", "Calls to the ledger that failed.", "op")
	m.ends = counters("sluice_agent_rollouts_ended_total", "Rollouts that ended under this agent, by their last state.", "state")
	m.checks = counters("sluice_agent_drift_checks_total", "Looks for drift, by what was found.", "status")
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	m.takeovers = counter("sluice_agent_takeovers_total", "Rollouts taken over from a driver whose lease had expired.")
	m.stumbles = counter("sluice_agent_errors_total", "Times that a rollout could not be driven and was put off.")
	m.lookErrors = counter("sluice_agent_look_errors_total", "Looks for work that failed.")
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	m.lastLook = gauge("sluice_agent_last_look_timestamp_seconds", "When the agent last looked for work and could read the ledger.")
	m.lastDrift = gauge("sluice_agent_last_drift_round_timestamp_seconds", "When the agent last began to look for drift; 0 while another agent does.")
	m.drifted = prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sluice_agent_drift", Help: "Releases with a drift check that this agent looked at, by what it last found."}, []string{"status"})
	m.registry.MustRegister(m.lag, m.look, m.call, m.callErrors, m.ends, m.checks, m.takeovers, m.stumbles, m.lookErrors,
		m.lastLook, m.lastDrift, m.drifted, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, s := range []release.State{release.Succeeded, release.RolledBack, release.Aborted, release.Errored} {
		m.ends.WithLabelValues(string(s))
	}
	for _, s := range []drift.Status{drift.StatusClean, drift.StatusDrifted, drift.StatusUnknown} {
		m.checks.WithLabelValues(string(s))
		m.drifted.WithLabelValues(string(s))
	}
	return m
}

// of adds what the agent knows at the moment of a scrape.
func (m *metrics) of(a *Agent) {
	for _, s := range statuses() {
		m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "sluice_agent_rollouts", Help: "Open rollouts that the agent knows, by what it does about them.",
			ConstLabels: prometheus.Labels{"status": string(s)},
		}, func() float64 { return float64(a.work.counts()[s]) }))
	}
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sluice_agent_present", Help: "Whether the agent holds its own lease: 1 or 0.",
	}, func() float64 {
		if a.keeper.Held() {
			return 1
		}
		return 0
	}))
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "sluice_agent_clock_skew_seconds", Help: "By how much the clock of the ledger's store was ahead of this machine's at its last answer; 0 where it has none of its own.",
	}, func() float64 {
		ahead, _, _ := ledger.StoreClock(a.ledger).Skew()
		return ahead.Seconds()
	}))
	info := prometheus.NewGauge(prometheus.GaugeOpts{Name: "sluice_agent_info", Help: "Which agent this is; always 1.",
		ConstLabels: prometheus.Labels{"agent": a.opts.Self.Name, "version": a.opts.Self.Version}})
	info.Set(1)
	m.registry.MustRegister(info)
}

func (m *metrics) called(op string, took time.Duration, failed bool) {
	m.call.WithLabelValues(op).Observe(took.Seconds())
	if failed {
		m.callErrors.WithLabelValues(op).Inc()
	}
}

func (m *metrics) looked(l release.Looked) {
	m.lag.Observe(l.Late.Seconds())
	m.look.Observe(l.Took.Seconds())
}

func (m *metrics) round(now time.Time, err error) {
	if err != nil {
		m.lookErrors.Inc()
		return
	}
	m.lastLook.Set(float64(now.UnixMilli()) / 1e3)
}

func (m *metrics) stumbled() { m.stumbles.Inc() }

func (m *metrics) ended(s release.State) { m.ends.WithLabelValues(string(s)).Inc() }

// takes notes from whom a rollout is about to be taken over.
func (m *metrics) takes(key release.Key, from, holder string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.from, key)
	if from != "" && from != holder {
		m.from[key] = from
	}
}

// took says from whom it was, and counts it.
func (m *metrics) took(key release.Key) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := m.from[key]
	if from != "" {
		delete(m.from, key)
		m.takeovers.Inc()
	}
	return from
}

// checked notes the result of one drift check.
func (m *metrics) checked(name string, s drift.Status) {
	m.checks.WithLabelValues(string(s)).Inc()
	m.mu.Lock()
	defer m.mu.Unlock()
	if before, ok := m.verdicts[name]; ok {
		m.drifted.WithLabelValues(string(before)).Dec()
	}
	m.verdicts[name] = s
	m.drifted.WithLabelValues(string(s)).Inc()
}

// only forgets the results of drift checks that this agent does not look at any more.
func (m *metrics) only(names map[string]bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, s := range m.verdicts {
		if !names[name] {
			m.drifted.WithLabelValues(string(s)).Dec()
			delete(m.verdicts, name)
		}
	}
}
