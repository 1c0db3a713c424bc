package openmetrics

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal/strict"
)

var (
	metricName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)
	labelName  = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)
)

const (
	metricExample = `metrics = { errors = { total = { name = "http_requests_total" }, bad = { match = { code = "5.." } } } }`
	slowExample   = `metrics = { slow = { histogram = "http_request_duration_seconds" } }`
)

func (p *plan) resolveMetric(path, name string, m Metric) (metric, field.Errors) {
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
		out.histogram = m.Histogram
		errs := checkName(path+".histogram", m.Histogram, "http_request_duration_seconds")
		var merrs field.Errors
		out.total.match, merrs = p.matchers(path+".match", m.Match)
		return out, append(errs, merrs...)
	case !counters:
		return out, field.Errors{{Path: path, Msg: "the metric says nothing to count; give total and bad, for example " +
			metricExample + ", or histogram, for example " + slowExample}}
	case m.Match != nil:
		return out, field.Errors{{Path: path + ".match", Msg: "match beside counters means nothing; put it inside total or bad, for example " + metricExample}}
	case m.Total == nil:
		return out, field.Errors{{Path: path + ".total", Msg: "the counter of all events is not given; for example " + metricExample}}
	case m.Bad == nil:
		return out, field.Errors{{Path: path + ".bad", Msg: "what makes an event bad is not given; for example " + metricExample}}
	}
	errs := checkName(path+".total.name", m.Total.Name, "http_requests_total")
	var more field.Errors
	out.total.name = m.Total.Name
	out.total.match, more = p.matchers(path+".total.match", m.Total.Match)
	errs = append(errs, more...)
	out.bad.match, more = p.matchers(path+".bad.match", m.Bad.Match)
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

func (p *plan) matchers(path string, match map[string]string) (map[string]*regexp.Regexp, field.Errors) {
	out := map[string]*regexp.Regexp{}
	var errs field.Errors
	for _, label := range slices.Sorted(maps.Keys(match)) {
		at := strict.Entry(path, label)
		switch {
		case !labelName.MatchString(label):
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is no label name; letters, digits and underscores are allowed, for example \"code\"", label)})
			continue
		case label == p.label && p.label != "":
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("the label %q tells the arms apart already; match on others, for example { code = \"5..\" }", label)})
			continue
		case label == "le":
			errs = append(errs, field.Error{Path: at, Msg: "the label \"le\" belongs to a histogram's buckets, which the threshold chooses; match on others, for example { code = \"5..\" }"})
			continue
		}
		expr, err := strict.Compile(match[label])
		if err != nil {
			errs = append(errs, field.Error{Path: at, Msg: fmt.Sprintf("%q is no regular expression (%v); RE2 is allowed and must match the whole value, for example \"5..\"",
				match[label], strict.Cause(err))})
			continue
		}
		out[label] = expr
	}
	return out, errs
}
