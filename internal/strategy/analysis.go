package strategy

import (
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Analysis says what the judge looks at, and how strictly.
type Analysis struct {
	// Interval is the time between two looks.
	Interval field.Duration `json:"interval"`
	// Metrics by the name under which a signal counts them.
	Metrics map[string]Metric `json:"metrics,omitempty"`
	// AlphaHarm is the chance of rolling back a good release, per release;
	// AlphaSafe that of calling a harmful step safe, per step. 0 takes the judge's
	// default.
	AlphaHarm float64 `json:"alpha_harm,omitempty"`
	AlphaSafe float64 `json:"alpha_safe,omitempty"`
	// Margin is the relative increase of the rate of bad events that does not
	// matter, such as 0.1. 0 takes the judge's default.
	Margin float64 `json:"margin,omitempty"`
	// MinAbs is the absolute increase of the share of bad events below which
	// nothing is harm, 0 to 1.
	MinAbs float64 `json:"min_abs,omitempty"`
}

// Metric is one thing that the judge looks at.
type Metric struct {
	// Critical metrics must be proved safe before a step passes; the others can
	// only prove harm.
	Critical bool `json:"critical,omitempty"`
	// Importance is the weight of the metric's evidence for harm; 0 takes 3 for
	// critical metrics and 1 for others.
	Importance float64 `json:"importance,omitempty"`
	// Ceiling is the share of bad events that the service must stay below, 0 to 1.
	// 0 takes the judge's default.
	Ceiling float64 `json:"ceiling,omitempty"`
	// Dispersion is the variance-to-mean ratio of the baseline's bad events, at
	// least 1; 0 measures it, or takes 2 where there is no history.
	Dispersion float64 `json:"dispersion,omitempty"`
	// SlowerThan makes the metric a latency.
	SlowerThan *SlowerThan `json:"slower_than,omitempty"`
	// Signal names the signal that counts the metric, where several can.
	Signal string `json:"signal,omitempty"`
}

// SlowerThan says from when on a request is slow. Exactly one field is set.
type SlowerThan struct {
	// BaselineQuantile takes the baseline's quantile (0 to 1) before the rollout.
	BaselineQuantile float64 `json:"baseline_quantile,omitempty"`
	// Fixed is a fixed time.
	Fixed field.Duration `json:"fixed,omitempty"`
}

// MetricNames lists the metrics in order.
func (a Analysis) MetricNames() []string {
	names := make([]string, 0, len(a.Metrics))
	for name := range a.Metrics {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
