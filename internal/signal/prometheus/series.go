package prometheus

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/prometheus/common/model"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// found is what Prometheus has of one metric in one arm.
type found struct {
	series map[string]*series
	// problem says why nothing of it can be believed.
	problem string
	// names are the metrics' names of which there was anything.
	names map[string]bool
	// scraped is when there were samples, in order; nil until somebody asks.
	scraped []int64
}

// series is one counter, or one histogram's count with its bucket.
type series struct {
	// instance is the process that was scraped, as far as labels tell.
	instance string
	// counts and parts are by time. For a counter whose own label tells the bad
	// events, and for one of the bad events alone, they stand side by side; those of
	// a histogram are paired.
	counts, parts map[int64]float64
	paired        bool
	// samples are the whole ones in order of time.
	samples []sample
}

// newest is the time of the last sample, 0 when there is none.
func (f *found) newest() (at int64) {
	for _, s := range f.series {
		if n := len(s.samples); n > 0 {
			at = max(at, s.samples[n-1].At)
		}
	}
	return at
}

// sort sorts what Prometheus answered by metric and arm.
func (p *plan) sort(answer model.Matrix, queries []query, bounds map[string]latency) (map[string]map[target.Arm]*found, error) {
	out := map[string]map[target.Arm]*found{}
	for _, q := range queries {
		out[q.metric.name] = map[target.Arm]*found{}
		for _, arm := range arms {
			out[q.metric.name][arm] = &found{series: map[string]*series{}, names: map[string]bool{}}
		}
	}
	for _, stream := range answer {
		arm, err := p.armOf(stream.Metric)
		if err != nil {
			return nil, err
		}
		if arm == "" || !p.common.match(stream.Metric) {
			continue
		}
		for _, q := range queries {
			out[q.metric.name][arm].take(stream, q.metric, bounds[q.metric.name])
		}
	}
	for _, byArm := range out {
		for _, f := range byArm {
			for _, s := range f.series {
				s.finish()
			}
		}
	}
	return out, nil
}

func (p *plan) armOf(labels model.Metric) (target.Arm, error) {
	value := string(labels[model.LabelName(p.label)])
	var is target.Arm
	for _, arm := range arms {
		if !p.arms[arm].re.MatchString(value) {
			continue
		}
		if is != "" {
			return "", fmt.Errorf("the value %q of the label %q belongs to both arms: baseline is %q and canary is %q; give patterns of which each value matches one",
				value, p.label, p.arms[target.Baseline].text, p.arms[target.Canary].text)
		}
		is = arm
	}
	return is, nil
}

// take adds one series of the answer, when it is one of the metric's.
func (f *found) take(stream *model.SampleStream, m metric, b latency) {
	name, le := string(stream.Metric["__name__"]), string(stream.Metric["le"])
	var isCount, isPart bool
	switch {
	case m.latency():
		matches := m.histogram.match.match(stream.Metric)
		isCount = matches && name == m.histogram.name+"_count" && le == ""
		isPart = matches && name == m.histogram.name+"_bucket" && slices.Contains(b.Texts, le)
	case le != "":
	case m.bad.name == "":
		isCount = name == m.total.name && m.total.match.match(stream.Metric)
		isPart = isCount && m.bad.match.match(stream.Metric)
	default:
		isCount = name == m.total.name && m.total.match.match(stream.Metric)
		isPart = name == m.bad.name && m.bad.match.match(stream.Metric)
	}
	if !isCount && !isPart {
		return
	}
	f.names[name] = true
	if len(stream.Histograms) > 0 && len(stream.Values) == 0 {
		f.problem = name + " is a native histogram, and one with buckets is needed"
		return
	}
	key := seriesKey(stream.Metric, m.latency())
	s := f.series[key]
	if s == nil {
		s = &series{instance: string(stream.Metric["job"]) + "\xff" + string(stream.Metric["instance"]), paired: m.latency(),
			counts: map[int64]float64{}, parts: map[int64]float64{}}
		f.series[key] = s
	}
	for _, v := range stream.Values {
		if !sane(float64(v.Value)) {
			f.problem = fmt.Sprintf("a counter of %s says %v, which is no count", name, v.Value)
			return
		}
		if isCount {
			s.counts[int64(v.Timestamp)] = float64(v.Value)
		}
		if isPart {
			s.parts[int64(v.Timestamp)] = float64(v.Value)
		}
	}
}

// finish puts the samples in order. Of a histogram only those count that came of
// one scrape: where its bucket arrives later than its count, all events would
// look slow.
func (s *series) finish() {
	for at, all := range s.counts {
		part, both := s.parts[at]
		if both || !s.paired {
			s.samples = append(s.samples, sample{At: at, All: all, Part: part})
		}
	}
	if len(s.counts) == 0 && !s.paired {
		for at, part := range s.parts {
			s.samples = append(s.samples, sample{At: at, Part: part})
		}
	}
	slices.SortFunc(s.samples, func(a, b sample) int { return int(a.At - b.At) })
}

// resetSince says whether the series began anew. Counters never go down.
func (s sample) resetSince(old sample) bool { return s.All < old.All || s.Part < old.Part }

// maxCount is the greatest count that a float64 still counts one by one.
const maxCount = 1 << 53

// sane says whether a value can be a count.
func sane(v float64) bool { return v >= 0 && v <= maxCount }

// seriesKey names a series in a cursor in few bytes. Among 10,000 series two of
// the 2^64 hashes are the same once in 10^11 times. A histogram's series are one.
func seriesKey(labels model.Metric, histogram bool) string {
	pairs := make([]string, 0, len(labels))
	for name, value := range labels {
		if histogram && (name == "le" || name == "__name__") {
			continue
		}
		pairs = append(pairs, string(name)+"\xff"+string(value))
	}
	slices.Sort(pairs)
	h := fnv.New64a()
	_, _ = h.Write([]byte(strings.Join(pairs, "\xfe"))) // A hash never fails.
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}
