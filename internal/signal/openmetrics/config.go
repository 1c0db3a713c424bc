package openmetrics

import (
	"encoding/json"
	"regexp"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// defaultTimeout bounds one scrape when the configuration does not say.
const defaultTimeout = 5 * time.Second

// Config is the content of the attribute openmetrics, in JSON. It holds no
// secrets.
type Config struct {
	// URL is the endpoint, where one endpoint has both arms.
	URL string `json:"url,omitempty"`
	// Preset names a ready set of arms and metrics, see Presets.
	Preset string `json:"preset,omitempty"`
	// Token is sent as a bearer token.
	Token *credential.Reference `json:"token,omitempty"`
	// Timeout bounds one scrape with its repeats, as a duration: "5s".
	Timeout string `json:"timeout,omitempty"`
	// Arms says how to tell the arms apart.
	Arms *Arms `json:"arms,omitempty"`
	// Metrics are what can be counted, by the name that the strategy uses.
	Metrics map[string]Metric `json:"metrics,omitempty"`
}

// Arms tells the arms apart, either by a label or by an endpoint for each.
type Arms struct {
	// Label is the label that differs, Baseline and Canary are its values.
	Label    string `json:"label,omitempty"`
	Baseline string `json:"baseline,omitempty"`
	Canary   string `json:"canary,omitempty"`
	// BaselineURL and CanaryURL are the endpoints, instead of Config.URL.
	BaselineURL string `json:"baseline_url,omitempty"`
	CanaryURL   string `json:"canary_url,omitempty"`
}

// Metric is one thing to count: bad events among all, or those of a histogram
// that were slower than the threshold.
type Metric struct {
	// Total selects the counters of all events, Bad those of the bad ones. A Bad
	// without a name, or with the name of Total, narrows Total down.
	Total *Selector `json:"total,omitempty"`
	Bad   *Selector `json:"bad,omitempty"`
	// Histogram names a histogram in seconds. Match narrows its series down.
	Histogram string            `json:"histogram,omitempty"`
	Match     map[string]string `json:"match,omitempty"`
}

// Selector selects series by name and by labels.
type Selector struct {
	// Name of the metric, with or without the suffix "_total".
	Name string `json:"name,omitempty"`
	// Match holds a regular expression (RE2) per label, which must match the whole
	// value. A label that a series lacks has the empty value.
	Match map[string]string `json:"match,omitempty"`
}

// parse reads a configuration strictly. Nothing of the result may be used when
// there are errors.
func parse(raw json.RawMessage) (*plan, field.Errors) {
	var c Config
	timeout := defaultTimeout
	errs := strict.Object{
		"url":     strict.Text(&c.URL),
		"preset":  strict.Text(&c.Preset),
		"timeout": strict.Duration(&timeout),
		"token":   strict.Reference(&c.Token),
		"arms": func(path string, raw json.RawMessage) field.Errors {
			c.Arms = &Arms{}
			return strict.Object{
				"label": strict.Text(&c.Arms.Label), "baseline": strict.Text(&c.Arms.Baseline), "canary": strict.Text(&c.Arms.Canary),
				"baseline_url": strict.Text(&c.Arms.BaselineURL), "canary_url": strict.Text(&c.Arms.CanaryURL),
			}.Read(path, raw)
		},
		"metrics": strict.Entries(func(name string) strict.Reader {
			return func(path string, raw json.RawMessage) field.Errors {
				m, errs := readMetric(path, raw)
				if c.Metrics == nil {
					c.Metrics = map[string]Metric{}
				}
				c.Metrics[name] = m
				return errs
			}
		}),
	}.Read("", raw)
	if len(errs) > 0 {
		return nil, errs
	}
	return resolve(c, timeout)
}

func readMetric(path string, raw json.RawMessage) (Metric, field.Errors) {
	var m Metric
	errs := strict.Object{
		"total":     readSelector(&m.Total),
		"bad":       readSelector(&m.Bad),
		"histogram": strict.Text(&m.Histogram),
		"match":     strict.Texts(&m.Match),
	}.Read(path, raw)
	return m, errs
}

func readSelector(into **Selector) strict.Reader {
	return func(path string, raw json.RawMessage) field.Errors {
		s := &Selector{}
		*into = s
		return strict.Object{"name": strict.Text(&s.Name), "match": strict.Texts(&s.Match)}.Read(path, raw)
	}
}

// plan is a configuration that was checked, in the shape that counting needs.
type plan struct {
	timeout   time.Duration
	token     *credential.Reference
	endpoints []endpoint
	// label and values tell the arms apart where there is one endpoint.
	label   string
	values  map[target.Arm]string
	metrics []metric
	// id identifies what is counted, so that a cursor of another configuration is
	// noticed.
	id string
}

// endpoint is one address to scrape. arm is empty where it has both.
type endpoint struct {
	url string
	arm target.Arm
}

// metric is a checked Metric. Exactly one of histogram and total.name is set.
type metric struct {
	name      string
	histogram string
	total     selector
	bad       selector
}

// latency says whether the metric counts events slower than a threshold.
func (m metric) latency() bool { return m.histogram != "" }

// called is the name under which a strategy knows the metric.
func (m metric) called() string { return m.name }

// selector is a checked Selector.
type selector struct {
	name  string
	match map[string]*regexp.Regexp
}

// arms in the order in which answers list them.
var arms = []target.Arm{target.Baseline, target.Canary}
