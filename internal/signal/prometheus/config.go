package prometheus

import (
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	// DefaultTimeout bounds one question when the configuration does not say.
	DefaultTimeout = 5 * time.Second
	// DefaultStaleAfter is how old the newest sample of an arm may be when the
	// configuration does not say: twice the scrape interval that Prometheus has
	// when nobody sets one.
	DefaultStaleAfter = 2 * time.Minute
	// The range in which StaleAfter makes sense. It bounds how many samples a
	// question gets.
	minStaleAfter = time.Second
	maxStaleAfter = time.Hour
)

// Config is the content of the attribute prometheus, in JSON. It holds no
// secrets.
type Config struct {
	// URL is the base to which /api/v1/query is added.
	URL string `json:"url,omitempty"`
	// Preset names a ready set of metrics and the label of the arms, see Presets.
	Preset string `json:"preset,omitempty"`
	// Token is sent as a bearer token, Basic as a user and a password.
	Token *credential.Reference `json:"token,omitempty"`
	Basic *Basic                `json:"basic,omitempty"`
	// SigV4 signs each question as Amazon Managed Service for Prometheus wants it,
	// instead of Token and Basic.
	SigV4 *awscloud.Settings `json:"sigv4,omitempty"`
	// Proxy is the address of an HTTP proxy; empty means that of the environment.
	Proxy string `json:"proxy,omitempty"`
	// Timeout bounds one attempt, StaleAfter is how old the newest sample of an arm
	// may be; durations such as "5s".
	Timeout    string `json:"timeout,omitempty"`
	StaleAfter string `json:"stale_after,omitempty"`
	// Match narrows all series down: a regular expression (RE2) per label, which
	// must match the whole value.
	Match map[string]string `json:"match,omitempty"`
	// Arms says how to tell the arms apart.
	Arms *Arms `json:"arms,omitempty"`
	// Metrics are what can be counted, by the name that the strategy uses.
	Metrics map[string]Metric `json:"metrics,omitempty"`
}

// Basic is a user whose password is referred to.
type Basic struct {
	Username string                `json:"username,omitempty"`
	Password *credential.Reference `json:"password,omitempty"`
}

// Arms tells the arms apart by a label. Baseline and Canary are regular
// expressions (RE2) that must match the whole value.
type Arms struct {
	Label    string `json:"label,omitempty"`
	Baseline string `json:"baseline,omitempty"`
	Canary   string `json:"canary,omitempty"`
}

// Metric is one thing to count: bad events among all, or those of a histogram
// that were slower than the threshold.
type Metric struct {
	// Total selects the counters of all events, Bad those of the bad ones. A Bad
	// without a name, or with the name of Total, narrows Total down.
	Total *Selector `json:"total,omitempty"`
	Bad   *Selector `json:"bad,omitempty"`
	// Histogram is the name of a histogram without "_bucket". Unit is that of its
	// bounds, "s" (when empty) or "ms". Match narrows its series down.
	Histogram string            `json:"histogram,omitempty"`
	Unit      string            `json:"unit,omitempty"`
	Match     map[string]string `json:"match,omitempty"`
}

// Selector selects series by name and by labels, each a regular expression that
// must match the whole value. A label that a series lacks has the empty value.
type Selector struct {
	Name  string            `json:"name,omitempty"`
	Match map[string]string `json:"match,omitempty"`
}

// parse reads a configuration strictly. Nothing of the result may be used when
// there are errors.
func parse(raw json.RawMessage) (*plan, field.Errors) {
	var c Config
	p := &plan{timeout: DefaultTimeout, staleAfter: DefaultStaleAfter}
	errs := strict.Object{
		"url":         strict.Text(&c.URL),
		"preset":      strict.Text(&c.Preset),
		"proxy":       strict.Text(&c.Proxy),
		"timeout":     strict.Duration(&p.timeout),
		"stale_after": strict.Duration(&p.staleAfter),
		"token":       strict.Reference(&c.Token),
		"sigv4":       readSigV4(&c.SigV4),
		"basic": func(path string, raw json.RawMessage) field.Errors {
			c.Basic = &Basic{}
			return strict.Object{"username": strict.Text(&c.Basic.Username), "password": strict.Reference(&c.Basic.Password)}.Read(path, raw)
		},
		"match": strict.Texts(&c.Match),
		"arms": func(path string, raw json.RawMessage) field.Errors {
			c.Arms = &Arms{}
			return strict.Object{"label": strict.Text(&c.Arms.Label), "baseline": strict.Text(&c.Arms.Baseline), "canary": strict.Text(&c.Arms.Canary)}.Read(path, raw)
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
	if p.staleAfter < minStaleAfter || p.staleAfter > maxStaleAfter {
		errs = append(errs, field.Error{Path: "stale_after", Msg: fmt.Sprintf("%s is outside %s to %s; give more than the scrape interval, for example \"2m\"",
			field.FormatDuration(p.staleAfter), field.FormatDuration(minStaleAfter), field.FormatDuration(maxStaleAfter))})
	}
	errs = append(errs, p.resolve(c)...)
	if len(errs) > 0 {
		return nil, errs
	}
	return p, nil
}

func readMetric(path string, raw json.RawMessage) (Metric, field.Errors) {
	var m Metric
	errs := strict.Object{
		"total":     readSelector(&m.Total),
		"bad":       readSelector(&m.Bad),
		"histogram": strict.Text(&m.Histogram),
		"unit":      strict.Text(&m.Unit),
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
	base       *url.URL
	timeout    time.Duration
	staleAfter time.Duration
	secret     *credential.Reference
	// username is empty where secret is a bearer token.
	username string
	proxy    *url.URL
	// sigv4 is nil where nothing is signed.
	sigv4 *awscloud.Settings
	// label and arms tell the arms apart.
	label   string
	arms    map[target.Arm]pattern
	common  matchers
	metrics []metric
	// id identifies what is counted, so that a cursor of another configuration is
	// noticed.
	id string
}

// metric is a checked Metric. Exactly one of histogram and total.name is set.
type metric struct {
	name  string
	total selector
	bad   selector
	// histogram is the histogram with its matchers, scale how many seconds the unit
	// of its bounds has.
	histogram selector
	scale     float64
}

// latency says whether the metric counts events slower than a threshold.
func (m metric) latency() bool { return m.histogram.name != "" }

// called is the name under which a strategy knows the metric.
func (m metric) called() string { return m.name }

// selector is a checked Selector.
type selector struct {
	name  string
	match matchers
}

// arms in the order in which answers list them.
var arms = []target.Arm{target.Baseline, target.Canary}
