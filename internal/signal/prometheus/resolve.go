package prometheus

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	armsExample   = `arms = { label = "version", baseline = "1.0.0", canary = "1.1.0" }`
	metricExample = `metrics = { errors = { total = { name = "http_requests_total" }, bad = { match = { code = "5.." } } } }`
	slowExample   = `metrics = { slow = { histogram = "http_request_duration_seconds" } }`
	urlExample    = `, for example "http://prometheus.internal:9090"`
	proxyExample  = `, for example "http://proxy.internal:3128"`
)

// resolve checks what was read and fills the preset in.
func (p *plan) resolve(c Config) field.Errors {
	var errs field.Errors
	p.base, errs = checkURL("url", c.URL, urlExample)
	errs = append(errs, p.resolveAccess(c)...)
	preset := applyPreset(&c)
	errs = append(errs, preset...)
	if len(preset) == 0 || c.Arms != nil {
		errs = append(errs, p.resolveArms(c)...)
	}
	taken := map[string]string{"le": "belongs to a histogram's buckets, which the threshold chooses", "__name__": "is the metric's name, which has its own attribute"}
	if p.label != "" {
		taken[p.label] = "tells the arms apart already"
	}
	var merrs field.Errors
	p.common, merrs = compileMatch("match", c.Match, taken)
	errs = append(errs, merrs...)
	for label := range c.Match {
		taken[label] = "is matched for all metrics already, by match"
	}
	if len(c.Metrics) == 0 && len(preset) == 0 {
		errs = append(errs, field.Error{Path: "metrics", Msg: "there is nothing to count; give at least one metric, for example " + metricExample +
			", or preset, one of " + strings.Join(presetNames(), ", ")})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		m, merrs := resolveMetric(strict.Entry("metrics", name), name, c.Metrics[name], taken)
		p.metrics = append(p.metrics, m)
		errs = append(errs, merrs...)
	}
	p.id = identity(c)
	return errs
}

func (p *plan) resolveAccess(c Config) field.Errors {
	var errs field.Errors
	if c.Proxy != "" {
		p.proxy, errs = checkURL("proxy", c.Proxy, proxyExample)
	}
	const basicExample = `basic = { username = "sluice", password = { env = "METRICS_PASSWORD" } }`
	p.secret, p.sigv4 = c.Token, c.SigV4
	switch {
	case c.SigV4 != nil && (c.Token != nil || c.Basic != nil):
		errs = append(errs, field.Error{Path: "sigv4", Msg: "sigv4 and token or basic are both given; give exactly one of them, for example sigv4 = { region = \"eu-central-1\" }"})
	case c.Basic == nil:
	case c.Token != nil:
		errs = append(errs, field.Error{Path: "basic", Msg: "both token and basic are given; give exactly one of the two, for example " + basicExample})
	case c.Basic.Username == "" || strings.ContainsAny(c.Basic.Username, ":\r\n"):
		errs = append(errs, field.Error{Path: "basic.username", Msg: "the user is empty or holds a colon or a line break; for example " + basicExample})
	case c.Basic.Password == nil:
		errs = append(errs, field.Error{Path: "basic.password", Msg: "nothing refers to the password; for example " + basicExample})
	default:
		p.username, p.secret = c.Basic.Username, c.Basic.Password
	}
	return errs
}

// applyPreset fills in what the author left out.
func applyPreset(c *Config) field.Errors {
	if c.Preset == "" {
		return nil
	}
	preset, ok := Presets()[c.Preset]
	if !ok {
		return field.Errors{{Path: "preset", Msg: fmt.Sprintf("no preset is called %q; allowed are %s, for example preset = %q; or leave it out and give arms and metrics",
			c.Preset, strings.Join(presetNames(), ", "), presetNames()[0])}}
	}
	if c.Arms != nil && c.Arms.Label == "" {
		arms := *c.Arms
		arms.Label = preset.Arms.Label
		c.Arms = &arms
	}
	match := maps.Clone(preset.Match)
	if match == nil {
		match = map[string]string{}
	}
	maps.Copy(match, c.Match)
	c.Match = match
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

func (p *plan) resolveArms(c Config) field.Errors {
	if c.Arms == nil {
		example := armsExample
		if preset, ok := Presets()[c.Preset]; ok {
			example = fmt.Sprintf(`arms = { baseline = %q, canary = %q }`, preset.Arms.Baseline, preset.Arms.Canary)
		}
		return field.Errors{{Path: "arms", Msg: "nothing tells the arms apart; give the values that the label has in each, for example " + example}}
	}
	var errs field.Errors
	switch {
	case c.Arms.Label == "":
		errs = append(errs, field.Error{Path: "arms.label", Msg: "the label that tells the arms apart is not given; for example " + armsExample})
	case !labelName.MatchString(c.Arms.Label):
		errs = append(errs, field.Error{Path: "arms.label", Msg: fmt.Sprintf("%q is no label name; letters, digits and underscores are allowed, for example \"version\"", c.Arms.Label)})
	case c.Arms.Label == "le" || c.Arms.Label == "__name__":
		errs = append(errs, field.Error{Path: "arms.label", Msg: fmt.Sprintf("the label %q cannot tell arms apart; for example %s", c.Arms.Label, armsExample)})
	}
	p.label, p.arms = c.Arms.Label, map[target.Arm]pattern{}
	for _, arm := range arms {
		path, text := "arms."+string(arm), c.Arms.Baseline
		if arm == target.Canary {
			text = c.Arms.Canary
		}
		if text == "" {
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("the label's value for the %s arm is not given; for example %s", arm, armsExample)})
			continue
		}
		pat, perrs := compilePattern(path, text)
		if len(perrs) == 0 && pat.re.MatchString("") {
			perrs = field.Errors{{Path: path, Msg: fmt.Sprintf("%q also matches series without the label; for example %s", text, armsExample)}}
		}
		errs = append(errs, perrs...)
		p.arms[arm] = pat
	}
	if c.Arms.Baseline != "" && c.Arms.Baseline == c.Arms.Canary {
		errs = append(errs, field.Error{Path: "arms.canary", Msg: fmt.Sprintf("both arms have the label value %q, so nothing tells them apart; for example %s", c.Arms.Canary, armsExample)})
	}
	return errs
}

// checkURL repeats no address that may hold a password.
func checkURL(path, address, example string) (*url.URL, field.Errors) {
	wrong := func(msg string) (*url.URL, field.Errors) { return nil, field.Errors{{Path: path, Msg: msg + example}} }
	if address == "" {
		return wrong("the address is not given; give an http or https URL")
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return wrong("the address is not a URL; give an http or https URL")
	case u.User != nil:
		return wrong("the address holds a user or password, which would be stored; give the URL without them, and the secret by reference")
	case u.Scheme != "http" && u.Scheme != "https":
		return wrong(fmt.Sprintf("the address has the scheme %q; http and https are allowed", u.Scheme))
	case u.Hostname() == "":
		return wrong("the address names no host; give an http or https URL")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return wrong("the address has a query or a fragment; give the base alone")
	case strings.HasSuffix(strings.TrimSuffix(u.Path, "/"), "/api/v1") || strings.Contains(u.Path, "/api/v1/"):
		return wrong("the address ends in the path of the API, which is added; give the base alone")
	}
	return u, nil
}

// identity hashes what decides which events a cursor is of. Another address of
// the same data, a new credential or timeout counts on.
func identity(c Config) string {
	raw, err := json.Marshal(Config{Match: c.Match, Arms: c.Arms, Metrics: c.Metrics})
	if err != nil {
		return "" // Strings and maps of strings always marshal.
	}
	sum := sha256.Sum256(raw)
	return hex.EncodeToString(sum[:8])
}
