package cloudwatch

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

const (
	// DefaultDelay is how long after a minute's end its sums are taken to be there when
	// the configuration does not say. AWS's own services need one to three minutes.
	DefaultDelay = 2 * time.Minute
	// DefaultStaleAfter is how long an arm may have nothing when the configuration does
	// not say: metrics of AWS's services have gaps where there are no requests.
	DefaultStaleAfter = 10 * time.Minute
	// DefaultTimeout bounds one question, with its repeats and pages.
	DefaultTimeout = 10 * time.Second

	maxDelay      = time.Hour
	minStaleAfter = 2 * time.Minute
	maxStaleAfter = 3 * time.Hour
	minTimeout    = time.Second
	maxTimeout    = time.Minute

	// period is the length of what CloudWatch adds up, the shortest one that all of
	// AWS's services have.
	period = time.Minute
)

// Config is the content of the attribute cloudwatch, in JSON. It holds no secrets.
type Config struct {
	awscloud.Settings
	// Preset names a ready set of metrics, see Presets.
	Preset string `json:"preset,omitempty"`
	// Dimensions are those that all metrics have in common.
	Dimensions map[string]string `json:"dimensions,omitempty"`
	// Arms says what stands for ArmMark in each arm; nil means what the target says.
	Arms *Arms `json:"arms,omitempty"`
	// Metrics are what can be counted, by the name that the strategy uses.
	Metrics map[string]Metric `json:"metrics,omitempty"`
	// Alarms are names of alarms, which make the one metric AlarmsMetric. They are a
	// signal of their own, since they tell at once and metrics do not.
	Alarms []string `json:"alarms,omitempty"`
	// Delay is how long after its end a minute is taken to be whole. StaleAfter is how
	// long an arm may have nothing before it is missing. Timeout bounds one question.
	Delay      string `json:"delay,omitempty"`
	StaleAfter string `json:"stale_after,omitempty"`
	Timeout    string `json:"timeout,omitempty"`
}

// ArmMark stands, in a dimension's value or an expression, for what tells the arms
// apart.
const ArmMark = "{arm}"

// Arms tells the arms apart.
type Arms struct {
	Baseline string `json:"baseline,omitempty"`
	Canary   string `json:"canary,omitempty"`
}

// Metric is one thing to count: bad events among all, or those of a latency that were
// slower than the threshold.
type Metric struct {
	// Total counts all events. Bad count the bad ones, and are added up.
	Total *Selector  `json:"total,omitempty"`
	Bad   []Selector `json:"bad,omitempty"`
	// Latency is a metric with one value for each event, and Unit that of its values,
	// "s" or "ms".
	Latency *Selector `json:"latency,omitempty"`
	Unit    string    `json:"unit,omitempty"`
}

// Selector is a metric of CloudWatch, or an expression.
type Selector struct {
	Namespace  string            `json:"namespace,omitempty"`
	Name       string            `json:"name,omitempty"`
	Dimensions map[string]string `json:"dimensions,omitempty"`
	// Statistic is "Sum" (when empty) or "SampleCount".
	Statistic string `json:"statistic,omitempty"`
	// Expression is one of metric math or Metrics Insights instead.
	Expression string `json:"expression,omitempty"`
}

// plan is a configuration that was checked, in the shape that counting needs.
type plan struct {
	settings   awscloud.Settings
	timeout    time.Duration
	delay      time.Duration
	staleAfter time.Duration
	arms       *Arms
	metrics    []metric
	alarms     []string
	// id identifies what is counted, so that a cursor of another configuration is
	// noticed.
	id string
}

// metric is a checked Metric. Exactly one of total and latency is set.
type metric struct {
	name    string
	total   *Selector
	bad     []Selector
	latency *Selector
	// scale is how many of the latency's units a second has.
	scale float64
}

// isLatency says whether the metric counts events slower than a threshold.
func (m metric) isLatency() bool { return m.latency != nil }

// called is the name under which a strategy knows the metric.
func (m metric) called() string { return m.name }

// parse reads a configuration strictly. Nothing of the result may be used when there
// are errors.
func parse(raw json.RawMessage) (*plan, field.Errors) {
	var c Config
	if err := wire.Decode(raw, &c); err != nil {
		return nil, field.Errors{{Msg: fmt.Sprintf("the configuration of the cloudwatch signal cannot be read: %v; allowed are preset, dimensions, arms, metrics, alarms, delay, stale_after, timeout, region, profile, assume_role, assume_role_with_web_identity, use_fips_endpoint, use_dualstack_endpoint and endpoint", err)}}
	}
	p := &plan{settings: c.Settings, arms: c.Arms, alarms: c.Alarms}
	errs := c.Settings.Validate()
	errs = append(errs, duration("delay", c.Delay, DefaultDelay, 0, maxDelay, &p.delay)...)
	errs = append(errs, duration("stale_after", c.StaleAfter, DefaultStaleAfter, minStaleAfter, maxStaleAfter, &p.staleAfter)...)
	errs = append(errs, duration("timeout", c.Timeout, DefaultTimeout, minTimeout, maxTimeout, &p.timeout)...)
	errs = append(errs, p.resolve(c)...)
	if len(errs) > 0 {
		return nil, errs
	}
	return p, nil
}

func duration(path, text string, otherwise, least, most time.Duration, into *time.Duration) field.Errors {
	*into = otherwise
	if text == "" {
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < least || d > most {
		return field.Errors{{Path: path, Msg: fmt.Sprintf("%q is not a duration from %s to %s; for example %q", text, field.FormatDuration(least), field.FormatDuration(most), field.FormatDuration(otherwise))}}
	}
	*into = d
	return nil
}
