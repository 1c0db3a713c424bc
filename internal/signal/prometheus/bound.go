package prometheus

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
)

// bound is the bucket that tells the slow events of a latency from the others.
type bound struct {
	// Seconds is its bound.
	Seconds float64 `json:"seconds"`
	// Texts are the values of the label le that mean it. The same bound is "1" from
	// one exporter and "1.0" from another.
	Texts []string `json:"le"`
}

func (b bound) pattern() pattern {
	patterns := make([]pattern, len(b.Texts))
	for i, text := range b.Texts {
		patterns[i] = literal(text)
	}
	return oneOf(patterns)
}

// findBounds asks, once for all latencies that need it, which buckets there are,
// and chooses for each the nearest at or above its threshold. What has no buckets
// yet has no entry.
func (s *source) findBounds(ctx context.Context, queries []query, at time.Time) (map[string]bound, error) {
	var all []wanted
	for _, q := range queries {
		if q.metric.latency() {
			all = append(all, wanted{q.metric.histogram.name + "_bucket", q.metric.histogram.match})
		}
	}
	found := map[string]bound{}
	if len(all) == 0 {
		return found, nil
	}
	labels := []string{"__name__", "le"}
	for _, q := range queries {
		for label := range q.metric.histogram.match {
			labels = append(labels, label)
		}
	}
	slices.Sort(labels)
	expr := "count by (" + strings.Join(slices.Compact(labels), ",") + ") (" + s.plan.selectorOf(all) + ")"
	buckets, err := s.vector(ctx, expr, at)
	if err != nil {
		return nil, err
	}
	for _, q := range queries {
		if q.metric.latency() {
			if b, ok := nearest(buckets, q.metric, q.slowerThan); ok {
				found[q.metric.name] = b
			}
		}
	}
	return found, nil
}

// nearest chooses the least bound that is not below the threshold.
func nearest(buckets model.Vector, m metric, slowerThan time.Duration) (bound, bool) {
	out := bound{Seconds: math.Inf(1)}
	for _, b := range buckets {
		le := string(b.Metric["le"])
		seconds, ok := m.seconds(le)
		switch {
		case string(b.Metric["__name__"]) != m.histogram.name+"_bucket" || !m.histogram.match.match(b.Metric):
		case !ok || math.IsInf(seconds, 1) || !atLeast(seconds, slowerThan):
		case seconds < out.Seconds:
			out = bound{Seconds: seconds, Texts: []string{le}}
		case seconds == out.Seconds && !slices.Contains(out.Texts, le):
			out.Texts = append(out.Texts, le)
		}
	}
	if math.IsInf(out.Seconds, 1) {
		return bound{}, false
	}
	// The other arm may come later with the other spelling.
	for _, text := range out.Texts {
		for _, other := range []string{strings.TrimSuffix(text, ".0"), text + ".0"} {
			if wholeNumber.MatchString(text) && !slices.Contains(out.Texts, other) {
				out.Texts = append(out.Texts, other)
			}
		}
	}
	slices.Sort(out.Texts)
	return out, true
}

var wholeNumber = regexp.MustCompile(`^[0-9]+(\.0)?$`)

// seconds reads a bound in the unit of the metric.
func (m metric) seconds(le string) (float64, bool) {
	v, err := strconv.ParseFloat(le, 64)
	if err != nil || math.IsNaN(v) {
		return 0, false
	}
	return v * m.scale, true
}

// atLeast compares with a tolerance of a nanosecond, because a threshold is a
// bound that was rounded to nanoseconds.
func atLeast(seconds float64, d time.Duration) bool {
	return seconds*float64(time.Second) >= float64(d)-1
}
