package judge

import (
	"fmt"
	"math"
)

// Kinds of metric.
const (
	// KindRatio counts bad events among all events, such as failed requests: bad
	// is never more than the total, and the totals show the traffic split. It is
	// the default.
	KindRatio = "ratio"
	// KindExposure counts bad events over an exposure, such as restarts per
	// replica-second: bad may exceed the total, and the totals say nothing about
	// traffic.
	KindExposure = "exposure"
)

const (
	defaultImportance  = 1
	criticalImportance = 3
	defaultCeiling     = 0.01
)

// Metric is one thing that is counted in both arms.
type Metric struct {
	// Name is unique within a rollout and not empty.
	Name string `json:"name"`
	// Critical metrics must each be proved safe before a step is; the others only
	// take part in the evidence for harm.
	Critical bool `json:"critical,omitempty"`
	// Importance weighs the metric's evidence for harm; 0 means the default, 1,
	// or 3 when critical.
	Importance float64 `json:"importance,omitempty"`
	// Ceiling is the rate (bad per total) that the service's objective allows; 0
	// means the default, 0.01.
	Ceiling float64 `json:"ceiling,omitempty"`
	// Dispersion is the variance-to-mean ratio of the baseline's counts, from
	// EstimateDispersion; at least 1. 0 means unknown: Params.UnknownDispersion is
	// used, with a warning.
	Dispersion float64 `json:"dispersion,omitempty"`
	// Kind is KindRatio or KindExposure; empty means KindRatio.
	Kind string `json:"kind,omitempty"`
}

// WithDefaults returns the metric with its zero fields filled in, except for
// Dispersion, where 0 keeps meaning unknown.
func (m Metric) WithDefaults() Metric {
	if m.Importance == 0 {
		m.Importance = defaultImportance
		if m.Critical {
			m.Importance = criticalImportance
		}
	}
	if m.Ceiling == 0 {
		m.Ceiling = defaultCeiling
	}
	if m.Kind == "" {
		m.Kind = KindRatio
	}
	return m
}

// dispersion returns the number that divides this metric's counts.
func (m Metric) dispersion(p Params) float64 {
	if m.Dispersion == 0 {
		return p.UnknownDispersion
	}
	return m.Dispersion
}

// ValidateMetrics returns what is wrong with the metrics of a rollout, each with
// its path, and nothing when they are sound.
func ValidateMetrics(metrics []Metric) []FieldError {
	var c checker
	seen := map[string]bool{}
	critical := false
	for i, m := range metrics {
		path := fmt.Sprintf("metrics[%d]", i)
		m = m.WithDefaults()
		critical = critical || m.Critical
		if m.Name == "" {
			c.add(path+".name", `is empty; allowed is any other name, for example "errors"`)
		}
		if seen[m.Name] {
			c.add(path+".name", "is %q, which an earlier metric has; allowed is each name once, "+
				`for example "errors" and "slow"`, m.Name)
		}
		seen[m.Name] = true
		c.within(path+".importance", m.Importance, 1e-3, 1e3, "3")
		high := 1.0
		if m.Kind == KindExposure {
			high = math.MaxFloat64
		}
		c.within(path+".ceiling", m.Ceiling, 1e-12, high, "0.01")
		if m.Dispersion != 0 {
			c.within(path+".dispersion", m.Dispersion, 1, 1e6, "1.4, or 0 for unknown")
		}
		if m.Kind != KindRatio && m.Kind != KindExposure {
			c.add(path+".kind", "is %q; allowed are %q and %q", m.Kind, KindRatio, KindExposure)
		}
	}
	if !critical {
		c.add("metrics", "has no critical metric, so that no step could ever be proved safe; "+
			`allowed is at least one, for example {"name": "errors", "critical": true, "ceiling": 0.01}`)
	}
	return c.found
}
