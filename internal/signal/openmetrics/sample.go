package openmetrics

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"math"
	"regexp"
	"slices"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// state is what one series stood at: All counts all its events and Part those of
// one kind, the bad ones for counters, those within the bound for a histogram.
// Both only grow, unless the series is reset.
type state struct {
	All  float64 `json:"a"`
	Part float64 `json:"p,omitempty"`
	// Created is when the series began, in Unix milliseconds, 0 when not told.
	Created int64 `json:"c,omitempty"`
}

// reading is what one scrape says of one metric and arm.
type reading struct {
	// series is empty when missing is set, but for what else the cursor must keep.
	series map[string]state
	// bound is the histogram bucket's bound that Part is for, in seconds.
	bound float64
	// missing says why nothing can be told.
	missing string
	// absent means that the endpoint answered and the arm has no series, so that
	// one that appears later began at zero.
	absent bool
}

func missing(format string, args ...any) reading {
	return reading{missing: fmt.Sprintf(format, args...)}
}

func absent(reason string) reading { return reading{missing: reason, absent: true} }

// read takes one metric of one arm out of a scrape.
func (s *source) read(found families, m metric, arm target.Arm, slowerThan time.Duration) reading {
	if m.latency() {
		return s.readHistogram(found, m, arm, slowerThan)
	}
	total := found.family(m.total.name)
	if total == nil {
		return absent("the endpoint has no metric " + m.total.name)
	}
	out := reading{series: map[string]state{}}
	if problem := s.readCounter(total, m.total, arm, out, func(v float64, labels []*dto.LabelPair) state {
		if m.bad.name == "" && matches(m.bad.match, labels) {
			return state{All: v, Part: v}
		}
		return state{All: v}
	}); problem != "" {
		return missing("%s", problem)
	}
	if len(out.series) == 0 {
		return absent(s.noSeries(m.total.name, arm))
	}
	if m.bad.name == "" {
		return out
	}
	bad := found.family(m.bad.name)
	if bad == nil {
		// It may be misspelt, so this is not "nothing bad happened".
		out.missing = fmt.Sprintf("the endpoint has no metric %s; a counter that has counted nothing yet must be served as 0", m.bad.name)
		out.absent = true
		return out
	}
	// The counter may lack the arm as long as nothing bad has happened in it.
	if problem := s.readCounter(bad, m.bad, arm, out, func(v float64, _ []*dto.LabelPair) state {
		return state{Part: v}
	}); problem != "" {
		return missing("%s", problem)
	}
	return out
}

func (s *source) readCounter(family *dto.MetricFamily, sel selector, arm target.Arm, out reading, toState func(float64, []*dto.LabelPair) state) string {
	for _, series := range family.GetMetric() {
		if !s.belongs(series, arm) || !matches(sel.match, series.GetLabel()) {
			continue
		}
		var value float64
		var created int64
		switch family.GetType() {
		case dto.MetricType_COUNTER:
			value = series.GetCounter().GetValue()
			if at := series.GetCounter().GetCreatedTimestamp(); at != nil {
				created = at.AsTime().UnixMilli()
			}
		case dto.MetricType_UNTYPED:
			value = series.GetUntyped().GetValue()
		default:
			return fmt.Sprintf("%s is a %s, and only counters can be counted", family.GetName(), strings.ToLower(family.GetType().String()))
		}
		if !sane(value) {
			return fmt.Sprintf("a counter of %s says %v, which is no count", family.GetName(), value)
		}
		st := toState(value, series.GetLabel())
		st.Created = created
		key := seriesKey(sel.name, series.GetLabel())
		if _, twice := out.series[key]; twice {
			return fmt.Sprintf("a counter of %s stands twice in the answer", family.GetName())
		}
		out.series[key] = st
	}
	return ""
}

func (s *source) readHistogram(found families, m metric, arm target.Arm, slowerThan time.Duration) reading {
	family := found[m.histogram]
	if family == nil {
		return absent("the endpoint has no metric " + m.histogram)
	}
	if family.GetType() != dto.MetricType_HISTOGRAM {
		return missing("%s is a %s, and a histogram is needed", m.histogram, strings.ToLower(family.GetType().String()))
	}
	out := reading{series: map[string]state{}}
	for _, series := range family.GetMetric() {
		if !s.belongs(series, arm) || !matches(m.total.match, series.GetLabel()) {
			continue
		}
		h := series.GetHistogram()
		buckets, count, problem := cumulative(h)
		if problem != "" {
			return missing("a histogram of %s %s", m.histogram, problem)
		}
		at := slices.IndexFunc(buckets, func(b bucket) bool { return b.atLeast(slowerThan) })
		if at < 0 || math.IsInf(buckets[at].bound, 1) {
			return missing("%s has no bucket with a bound of %s or more, so slower events cannot be told", m.histogram, slowerThan)
		}
		if out.bound != 0 && out.bound != buckets[at].bound {
			return missing("the series of %s have different buckets", m.histogram)
		}
		out.bound = buckets[at].bound
		st := state{All: count, Part: buckets[at].count}
		if created := h.GetCreatedTimestamp(); created != nil {
			st.Created = created.AsTime().UnixMilli()
		}
		// The parser joins the lines of one histogram, so none stands twice.
		out.series[seriesKey(m.histogram, series.GetLabel())] = st
	}
	if len(out.series) == 0 {
		return absent(s.noSeries(m.histogram, arm))
	}
	return out
}

func (s *source) noSeries(name string, arm target.Arm) string {
	if s.plan.label == "" {
		return fmt.Sprintf("%s has no series that match at the endpoint of the %s arm yet", name, arm)
	}
	return fmt.Sprintf("%s has no series that match with %s=%q yet", name, s.plan.label, s.plan.values[arm])
}

// belongs says whether a series is the arm's. Where each arm has its endpoint,
// all are.
func (s *source) belongs(series *dto.Metric, arm target.Arm) bool {
	return s.plan.label == "" || labelValue(series.GetLabel(), s.plan.label) == s.plan.values[arm]
}

func matches(match map[string]*regexp.Regexp, labels []*dto.LabelPair) bool {
	for name, expr := range match {
		if !expr.MatchString(labelValue(labels, name)) {
			return false
		}
	}
	return true
}

func labelValue(labels []*dto.LabelPair, name string) string {
	for _, l := range labels {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// maxCount is the greatest count that a float64 still counts one by one.
const maxCount = 1 << 53

// sane says whether a value can be a count.
func sane(v float64) bool { return v >= 0 && v <= maxCount }

// seriesKey names a series in a cursor in few bytes. Among 10,000 series two of
// the 2^64 hashes are the same once in 10^11 times.
func seriesKey(name string, labels []*dto.LabelPair) string {
	pairs := make([]string, len(labels))
	for i, l := range labels {
		pairs[i] = l.GetName() + "\xff" + l.GetValue()
	}
	slices.Sort(pairs)
	h := fnv.New64a()
	_, _ = h.Write([]byte(name + "\xfe" + strings.Join(pairs, "\xfe"))) // A hash never fails.
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
