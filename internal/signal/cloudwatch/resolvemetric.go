package cloudwatch

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
)

// The statistics of counters.
const (
	statSum     = "Sum"
	statSamples = "SampleCount"
)

const (
	maxDimensions = 30
	maxExpression = 2048
	maxValue      = 1024
)

// scales says how many of a latency's units a second has.
var scales = map[string]float64{"s": 1, "ms": 1e3}

var (
	namespacePattern = pattern.New(`^[^:\x00-\x1f][^\x00-\x1f]{0,254}$`)
	namePattern      = pattern.New(`^[^\x00-\x1f]{1,255}$`)
)

func resolveMetric(path, name string, m Metric, common map[string]string) (metric, field.Errors) {
	out := metric{name: name}
	if msg := field.Name(name); msg != "" {
		return out, field.Errors{{Path: path, Msg: msg}}
	}
	counters := m.Total != nil || len(m.Bad) > 0
	switch {
	case counters && m.Latency != nil:
		return out, field.Errors{{Path: path, Msg: "the metric has both counters and a latency; give exactly one of the two, for example " + metricExample + " or " + slowExample}}
	case m.Latency != nil:
		return resolveLatency(path, out, m, common)
	case !counters:
		return out, field.Errors{{Path: path, Msg: "the metric says nothing to count; give total and bad, for example " + metricExample + ", or latency, for example " + slowExample}}
	case m.Unit != "":
		return out, field.Errors{{Path: path + ".unit", Msg: "unit beside counters means nothing; it is for a latency, for example " + slowExample}}
	case m.Total == nil:
		return out, field.Errors{{Path: path + ".total", Msg: "what counts all events is not given; for example " + metricExample}}
	case len(m.Bad) == 0:
		return out, field.Errors{{Path: path + ".bad", Msg: "what counts the bad events is not given; for example " + metricExample}}
	}
	total, errs := resolveSelector(path+".total", *m.Total, common)
	out.total = &total
	for i, s := range m.Bad {
		at := fmt.Sprintf("%s.bad[%d]", path, i)
		bad, more := resolveSelector(at, s, common)
		errs = append(errs, more...)
		if bad.same(total) {
			errs = append(errs, field.Error{Path: at, Msg: "it counts what total counts, so every event would be bad; for example " + metricExample})
		}
		out.bad = append(out.bad, bad)
	}
	return out, errs
}

func (s Selector) same(o Selector) bool {
	return s.Expression == o.Expression && s.Namespace == o.Namespace && s.Name == o.Name && s.Statistic == o.Statistic && maps.Equal(s.Dimensions, o.Dimensions)
}

func resolveLatency(path string, out metric, m Metric, common map[string]string) (metric, field.Errors) {
	selector, errs := resolveSelector(path+".latency", *m.Latency, common)
	out.latency = &selector
	switch {
	case m.Latency.Expression != "":
		errs = append(errs, field.Error{Path: path + ".latency.expression", Msg: "a latency needs the metric itself, since its percentile rank is asked for; for example " + slowExample})
	case m.Latency.Statistic != "":
		errs = append(errs, field.Error{Path: path + ".latency.statistic", Msg: "a latency has no statistic, since its percentile rank is asked for; leave it out, for example " + slowExample})
	}
	scale, known := scales[m.Unit]
	if !known {
		errs = append(errs, field.Error{Path: path + ".unit", Msg: fmt.Sprintf("the unit %q is not known; allowed are s and ms, for example \"ms\"", m.Unit)})
	}
	out.scale = scale
	return out, errs
}

func resolveSelector(path string, s Selector, common map[string]string) (Selector, field.Errors) {
	if s.Expression != "" {
		return s, checkExpression(path, s)
	}
	var errs field.Errors
	add := func(at, format string, args ...any) {
		errs = append(errs, field.Error{Path: path + at, Msg: fmt.Sprintf(format, args...)})
	}
	if !namespacePattern.MatchString(s.Namespace) {
		add(".namespace", "%.80q is no namespace: 1 to 255 characters, the first not a colon; for example \"AWS/ApplicationELB\"", s.Namespace)
	}
	if !namePattern.MatchString(s.Name) {
		add(".name", "%.80q is no name of a metric: 1 to 255 characters; for example \"RequestCount\"", s.Name)
	}
	switch s.Statistic {
	case "":
		s.Statistic = statSum
	case statSum, statSamples:
	default:
		add(".statistic", "%q does not count events; allowed are Sum and SampleCount, for example \"Sum\"", s.Statistic)
	}
	dimensions := maps.Clone(common)
	if dimensions == nil {
		dimensions = map[string]string{}
	}
	maps.Copy(dimensions, s.Dimensions)
	s.Dimensions = dimensions
	marked := false
	for _, name := range slices.Sorted(maps.Keys(dimensions)) {
		value := dimensions[name]
		if !namePattern.MatchString(name) || value == "" || len(value) > maxValue {
			add("", "the dimension %s has no value, or a name or value that is too long (255 and %d characters); for example dimensions = { TargetGroup = \"%s\" }", strict.Entry("dimensions", name), maxValue, ArmMark)
		}
		marked = marked || strings.Contains(value, ArmMark)
		dimensions[name] = plain(value)
	}
	if len(dimensions) > maxDimensions {
		add(".dimensions", "%d dimensions are given, and CloudWatch has at most %d", len(dimensions), maxDimensions)
	}
	if !marked {
		add(".dimensions", "nothing tells the arms apart: no dimension has %s in its value; for example dimensions = { TargetGroup = \"%s\" }", ArmMark, ArmMark)
	}
	return s, errs
}

func checkExpression(path string, s Selector) field.Errors {
	const example = `; for example expression = "SELECT SUM(Failures) FROM Shop WHERE Version = '{arm}'"`
	switch {
	case s.Namespace != "" || s.Name != "" || len(s.Dimensions) > 0 || s.Statistic != "":
		return field.Errors{{Path: path + ".expression", Msg: "an expression stands beside namespace, name, dimensions or statistic, and says all of them itself; give one of the two" + example}}
	case len(s.Expression) > maxExpression:
		return field.Errors{{Path: path + ".expression", Msg: fmt.Sprintf("the expression is longer than %d characters%s", maxExpression, example)}}
	case !strings.Contains(s.Expression, ArmMark):
		return field.Errors{{Path: path + ".expression", Msg: "nothing tells the arms apart: the expression does not have " + ArmMark + example}}
	}
	return nil
}

// plain makes the value of a dimension of an ARN: CloudWatch calls a target group by
// the last part of it, and a load balancer by what follows "loadbalancer/".
func plain(value string) string {
	if !strings.HasPrefix(value, "arn:") {
		return value
	}
	if _, name, ok := strings.Cut(value, ":loadbalancer/"); ok {
		return name
	}
	if _, name, ok := strings.Cut(value, ":targetgroup/"); ok {
		return "targetgroup/" + name
	}
	return value
}
