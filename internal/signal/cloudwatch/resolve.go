package cloudwatch

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

const (
	metricExample = `metrics = { errors = { total = { namespace = "Shop", name = "Requests", dimensions = { Version = "{arm}" } }, bad = [{ namespace = "Shop", name = "Failures", dimensions = { Version = "{arm}" } }] } }`
	slowExample   = `metrics = { slow = { latency = { namespace = "Shop", name = "Duration", dimensions = { Version = "{arm}" } }, unit = "ms" } }`
	alarmsExample = `alarms = ["checkout-5xx"]`

	// maxQueries is what one GetMetricData takes.
	maxQueries = 500
)

// resolve checks what was read and fills the preset in.
func (p *plan) resolve(c Config) field.Errors {
	if len(c.Alarms) > 0 {
		return resolveAlarms(c)
	}
	errs := applyPreset(&c)
	if len(c.Metrics) == 0 && len(errs) == 0 {
		return field.Errors{{Path: "metrics", Msg: "there is nothing to count; give preset, one of " + strings.Join(presetNames(), ", ") + "; or metrics, for example " + metricExample + "; or alarms, for example " + alarmsExample}}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		m, merrs := resolveMetric(strict.Entry("metrics", name), name, c.Metrics[name], c.Dimensions)
		p.metrics = append(p.metrics, m)
		errs = append(errs, merrs...)
	}
	errs = append(errs, checkArms(c.Arms, c.Preset)...)
	if n := p.size(); n > maxQueries {
		errs = append(errs, field.Error{Path: "metrics", Msg: fmt.Sprintf("the metrics of both arms take %d queries, and CloudWatch answers %d at once; spread them over several signals", n, maxQueries)})
	}
	p.id = identity(c)
	return errs
}

// size is how many queries one look takes.
func (p *plan) size() int {
	n := 0
	for _, m := range p.metrics {
		n += len(arms) * max(2, 1+len(m.bad))
	}
	return n
}

// applyPreset fills in what the author left out.
func applyPreset(c *Config) field.Errors {
	if c.Preset == "" {
		return nil
	}
	preset, ok := Presets()[c.Preset]
	if !ok {
		return field.Errors{{Path: "preset", Msg: fmt.Sprintf("no preset is called %q; allowed are %s, for example preset = \"alb\"; or leave it out and give metrics", c.Preset, strings.Join(presetNames(), ", "))}}
	}
	var errs field.Errors
	for i, name := range preset.Needs {
		if c.Dimensions[name] == "" {
			errs = append(errs, field.Error{Path: "dimensions", Msg: fmt.Sprintf("the preset %q needs the dimension %s; for example dimensions = { %s = %q }", c.Preset, name, name, preset.Examples[i])})
		}
	}
	merged := maps.Clone(preset.Metrics)
	for _, name := range slices.Sorted(maps.Keys(c.Metrics)) {
		if _, taken := merged[name]; taken {
			errs = append(errs, field.Error{Path: strict.Entry("metrics", name), Msg: fmt.Sprintf("the preset %q has a metric of this name already; give yours another name, for example %q, or leave the preset out", c.Preset, name+"_own")})
			continue
		}
		merged[name] = c.Metrics[name]
	}
	c.Metrics = merged
	return errs
}

func checkArms(a *Arms, preset string) field.Errors {
	if a == nil {
		return nil
	}
	example := `arms = { baseline = "1.0.0", canary = "1.1.0" }`
	if p, ok := Presets()[preset]; ok {
		example = fmt.Sprintf("arms = { baseline = %q, canary = ... }", p.ArmExample)
	}
	var errs field.Errors
	for _, arm := range arms {
		if a.of(arm) == "" {
			errs = append(errs, field.Error{Path: "arms." + string(arm), Msg: fmt.Sprintf("what stands for %s in the %s arm is not given; for example %s, or leave arms out, where the target says what it calls them", ArmMark, arm, example)})
		}
	}
	if a.Baseline != "" && a.Baseline == a.Canary {
		errs = append(errs, field.Error{Path: "arms.canary", Msg: fmt.Sprintf("both arms are %q, so nothing tells them apart; for example %s", a.Canary, example)})
	}
	return errs
}

func (a *Arms) of(arm target.Arm) string {
	if arm == target.Canary {
		return a.Canary
	}
	return a.Baseline
}

func resolveAlarms(c Config) field.Errors {
	var errs field.Errors
	if c.Preset != "" || len(c.Metrics) > 0 || len(c.Dimensions) > 0 || c.Arms != nil || c.Delay != "" || c.StaleAfter != "" {
		errs = append(errs, field.Error{Path: "alarms", Msg: "alarms and metrics are in one signal, and alarms tell at once where metrics take minutes; give the alarms a signal of their own, for example signals = { pager = { cloudwatch = { region = \"eu-central-1\", " + alarmsExample + " } } }"})
	}
	if len(c.Alarms) > maxAlarms {
		errs = append(errs, field.Error{Path: "alarms", Msg: fmt.Sprintf("%d alarms are given, and CloudWatch tells of %d at once; make a composite alarm of them", len(c.Alarms), maxAlarms)})
	}
	seen := map[string]bool{}
	for i, name := range c.Alarms {
		path := fmt.Sprintf("alarms[%d]", i)
		switch {
		case name == "" || len([]rune(name)) > maxAlarmName:
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("the name of an alarm has 1 to %d characters; for example %q", maxAlarmName, "checkout-5xx")})
		case strings.HasPrefix(name, "arn:"):
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("%.120q is an ARN; give the alarm's name alone, for example %q", name, name[strings.LastIndex(name, ":")+1:])})
		case seen[name]:
			errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf("the alarm %q is given twice; name each once", name)})
		}
		seen[name] = true
	}
	return errs
}

// identity hashes what decides which events a cursor is of. New credentials or a
// longer delay count on.
func identity(c Config) string {
	raw, err := json.Marshal(Config{Dimensions: c.Dimensions, Metrics: c.Metrics, Arms: c.Arms})
	if err != nil {
		return "" // Texts and maps of texts always marshal.
	}
	sum := sha256.Sum256(append(raw, c.Region...))
	return hex.EncodeToString(sum[:8])
}
