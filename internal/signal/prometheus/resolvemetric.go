package prometheus

import (
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// scales says how many seconds the units of a histogram's bounds have.
var scales = map[string]float64{"": 1, "s": 1, "ms": 1e-3}

func resolveMetric(path, name string, m Metric, taken map[string]string) (metric, field.Errors) {
	out := metric{name: name}
	if msg := field.Name(name); msg != "" {
		return out, field.Errors{{Path: path, Msg: msg}}
	}
	counters := m.Total != nil || m.Bad != nil
	switch {
	case counters && m.Histogram != "":
		return out, field.Errors{{Path: path, Msg: "the metric has both counters and a histogram; give exactly one of the two, for example " +
			metricExample + " or " + slowExample}}
	case m.Histogram != "":
		return resolveHistogram(path, out, m, taken)
	case !counters:
		return out, field.Errors{{Path: path, Msg: "the metric says nothing to count; give total and bad, for example " +
			metricExample + ", or histogram, for example " + slowExample}}
	case m.Match != nil:
		return out, field.Errors{{Path: path + ".match", Msg: "match beside counters means nothing; put it inside total or bad, for example " + metricExample}}
	case m.Unit != "":
		return out, field.Errors{{Path: path + ".unit", Msg: "unit beside counters means nothing; it is for a histogram, for example " + slowExample}}
	case m.Total == nil:
		return out, field.Errors{{Path: path + ".total", Msg: "the counter of all events is not given; for example " + metricExample}}
	case m.Bad == nil:
		return out, field.Errors{{Path: path + ".bad", Msg: "what makes an event bad is not given; for example " + metricExample}}
	}
	errs := checkName(path+".total.name", m.Total.Name, "http_requests_total")
	var more field.Errors
	out.total.name = m.Total.Name
	out.total.match, more = compileMatch(path+".total.match", m.Total.Match, taken)
	errs = append(errs, more...)
	out.bad.match, more = compileMatch(path+".bad.match", m.Bad.Match, taken)
	errs = append(errs, more...)
	if m.Bad.Name != "" && m.Bad.Name != m.Total.Name {
		out.bad.name = m.Bad.Name
		return out, append(errs, checkName(path+".bad.name", m.Bad.Name, "http_errors_total")...)
	}
	if len(m.Bad.Match) == 0 {
		errs = append(errs, field.Error{Path: path + ".bad", Msg: "every event would be bad; give match, or the name of another counter, for example " + metricExample})
	}
	return out, errs
}

func resolveHistogram(path string, out metric, m Metric, taken map[string]string) (metric, field.Errors) {
	out.histogram.name = m.Histogram
	errs := checkName(path+".histogram", m.Histogram, "http_request_duration_seconds")
	scale, known := scales[m.Unit]
	if !known {
		errs = append(errs, field.Error{Path: path + ".unit", Msg: fmt.Sprintf("the unit %q is not known; allowed are s and ms, for example \"ms\"", m.Unit)})
	}
	out.scale = scale
	var more field.Errors
	out.histogram.match, more = compileMatch(path+".match", m.Match, taken)
	return out, append(errs, more...)
}

func checkName(path, name, example string) field.Errors {
	if name == "" {
		return field.Errors{{Path: path, Msg: "the name of the metric is not given; for example \"" + example + "\""}}
	}
	if !metricName.MatchString(name) {
		return field.Errors{{Path: path, Msg: fmt.Sprintf("%q is no metric name; letters, digits, underscores and colons are allowed, for example %q", name, example)}}
	}
	return nil
}
