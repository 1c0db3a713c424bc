package openmetrics

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// resolve checks what was read and fills the preset in.
func resolve(c Config, timeout time.Duration) (*plan, field.Errors) {
	errs := applyPreset(&c)
	p := &plan{timeout: timeout, token: c.Token}
	errs = append(errs, p.resolveArms(c)...)
	if len(c.Metrics) == 0 && c.Preset == "" {
		errs = append(errs, field.Error{Path: "metrics", Msg: "there is nothing to count; give at least one metric, for example " + metricExample +
			", or preset, one of " + strings.Join(presetNames(), ", ")})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		m, merrs := p.resolveMetric(strict.Entry("metrics", name), name, c.Metrics[name])
		p.metrics = append(p.metrics, m)
		errs = append(errs, merrs...)
	}
	if len(errs) > 0 {
		return nil, errs
	}
	p.id = identity(c)
	return p, nil
}

func applyPreset(c *Config) field.Errors {
	if c.Preset == "" {
		return nil
	}
	preset, ok := Presets()[c.Preset]
	if !ok {
		return field.Errors{{Path: "preset", Msg: fmt.Sprintf("no preset is called %q; allowed are %s, for example preset = %q; or leave it out and give arms and metrics",
			c.Preset, strings.Join(presetNames(), ", "), presetNames()[0])}}
	}
	if c.Arms == nil {
		c.Arms = preset.Arms
	}
	var errs field.Errors
	merged := maps.Clone(preset.Metrics)
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		if _, taken := merged[name]; taken {
			errs = append(errs, field.Error{Path: strict.Entry("metrics", name), Msg: fmt.Sprintf(
				"the preset %q has a metric of this name already; give yours another name, for example %q, or leave the preset out", c.Preset, name+"_own")})
			continue
		}
		merged[name] = c.Metrics[name]
	}
	c.Metrics = merged
	return errs
}

const (
	labelExample    = `arms = { label = "arm", baseline = "baseline", canary = "canary" }`
	endpointExample = `arms = { baseline_url = "http://old.internal/metrics", canary_url = "http://new.internal/metrics" }`
	urlExample      = `, for example "http://127.0.0.1:7070/metrics"`
)

func (p *plan) resolveArms(c Config) field.Errors {
	if _, known := Presets()[c.Preset]; c.Arms == nil && c.Preset != "" && !known {
		// What the preset was to give is not missed as well.
		return checkURL("url", c.URL)
	}
	if c.Arms == nil {
		return append(checkURL("url", c.URL), field.Error{Path: "arms", Msg: "nothing tells the arms apart; give the label that does, for example " +
			labelExample + ", or an endpoint for each, for example " + endpointExample})
	}
	a := *c.Arms
	byLabel := a.Label != "" || a.Baseline != "" || a.Canary != ""
	byEndpoint := a.BaselineURL != "" || a.CanaryURL != ""
	switch {
	case byLabel && byEndpoint:
		return field.Errors{{Path: "arms", Msg: "the arms are told apart both by label and by endpoint; give exactly one of the two: " +
			labelExample + " or " + endpointExample}}
	case byEndpoint:
		return p.resolveEndpoints(c.URL, a)
	case byLabel:
		return append(checkURL("url", c.URL), p.resolveLabel(c.URL, a)...)
	}
	return append(checkURL("url", c.URL), field.Error{Path: "arms", Msg: "nothing tells the arms apart; give exactly one of " +
		labelExample + " and " + endpointExample})
}

func (p *plan) resolveLabel(address string, a Arms) field.Errors {
	var errs field.Errors
	switch {
	case a.Label == "":
		errs = append(errs, field.Error{Path: "arms.label", Msg: "the label that tells the arms apart is not given; for example " + labelExample})
	case !labelName.MatchString(a.Label):
		errs = append(errs, field.Error{Path: "arms.label", Msg: fmt.Sprintf("%q is no label name; letters, digits and underscores are allowed, for example \"arm\"", a.Label)})
	}
	for key, value := range map[string]string{"baseline": a.Baseline, "canary": a.Canary} {
		if value == "" {
			errs = append(errs, field.Error{Path: "arms." + key, Msg: fmt.Sprintf("the label's value for the %s arm is not given; for example %s", key, labelExample)})
		}
	}
	slices.SortFunc(errs, func(a, b field.Error) int { return strings.Compare(a.Path, b.Path) })
	if a.Baseline != "" && a.Baseline == a.Canary {
		errs = append(errs, field.Error{Path: "arms.canary", Msg: fmt.Sprintf("both arms have the label value %q, so nothing tells them apart; for example %s", a.Canary, labelExample)})
	}
	p.endpoints = []endpoint{{url: address}}
	p.label = a.Label
	p.values = map[target.Arm]string{target.Baseline: a.Baseline, target.Canary: a.Canary}
	return errs
}

func (p *plan) resolveEndpoints(address string, a Arms) field.Errors {
	errs := append(checkURL("arms.baseline_url", a.BaselineURL), checkURL("arms.canary_url", a.CanaryURL)...)
	if address != "" {
		errs = append(errs, field.Error{Path: "url", Msg: "url stands beside an endpoint for each arm; leave url out, or tell the arms apart by label: " + labelExample})
	}
	if len(errs) == 0 && a.BaselineURL == a.CanaryURL {
		errs = append(errs, field.Error{Path: "arms.canary_url", Msg: "both arms have the same endpoint, so nothing tells them apart; for example " + endpointExample})
	}
	p.endpoints = []endpoint{{url: a.BaselineURL, arm: target.Baseline}, {url: a.CanaryURL, arm: target.Canary}}
	return errs
}

// checkURL repeats no address that may hold a password.
func checkURL(path, address string) field.Errors {
	wrong := func(msg string) field.Errors { return field.Errors{{Path: path, Msg: msg + urlExample}} }
	if address == "" {
		return wrong("the address of the endpoint is not given; give an http or https URL")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return wrong("the address is not a URL; give an http or https URL")
	case u.User != nil:
		return wrong("the address holds a user or password, which would be stored; give the URL without them, and the secret as token by reference")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong(fmt.Sprintf("the address has the scheme %q; http and https are allowed", u.Scheme))
	case u.Hostname() == "":
		return wrong("the address names no host; give an http or https URL")
	case u.Fragment != "":
		return wrong("the address has a fragment, which no server sees; leave out what follows \"#\"")
	}
	return nil
}

// identity hashes what decides which events a cursor's sums are of. A new token
// or timeout counts on.
func identity(c Config) string {
	c.Token, c.Timeout, c.Preset = nil, "", ""
	raw, err := json.Marshal(c)
	if err != nil {
		return "" // Strings and maps of strings always marshal.
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}

func checkName(path, name, example string) field.Errors {
	if name == "" {
		return field.Errors{{Path: path, Msg: "the name of the metric at the endpoint is not given; for example \"" + example + "\""}}
	}
	if !metricName.MatchString(name) {
		return field.Errors{{Path: path, Msg: fmt.Sprintf("%q is no metric name; letters, digits, underscores and colons are allowed, for example %q", name, example)}}
	}
	return nil
}
