package prometheus

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// tag is the label by which the parts of one answer are told apart.
const tag = "sluice_part"

// History implements signal.Source with at most two requests. Here increase()
// is good enough: its extrapolation stretches all blocks alike, and what matters
// of them is how much they differ. A latency has blocks only where a quantile was
// asked, since nothing else says what is slow.
func (s *source) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	var latencies, all []query
	for _, name := range req.Metrics {
		m, err := s.metric(name)
		if err != nil {
			return signal.History{}, err
		}
		if !m.latency() {
			all = append(all, query{metric: m})
		}
	}
	for _, m := range s.plan.metrics {
		q, asked := req.Quantiles[m.name]
		if !asked {
			continue
		}
		if !m.latency() {
			return signal.History{}, fmt.Errorf("the metric %q counts errors and has no quantile; a quantile needs a histogram", m.name)
		}
		if !(q > 0 && q < 1) {
			return signal.History{}, fmt.Errorf("the quantile %v of the metric %q is outside 0 to 1, for example 0.99", q, m.name)
		}
		latencies = append(latencies, query{metric: m})
	}
	for name := range req.Quantiles {
		if _, err := s.metric(name); err != nil {
			return signal.History{}, err
		}
	}
	if req.Until.IsZero() {
		return signal.History{}, errors.New("the request has no end, and Prometheus is asked about an instant")
	}
	out := signal.History{Blocks: map[string][]signal.Block{}, Thresholds: map[string]time.Duration{}}
	found, err := s.thresholds(ctx, req, latencies)
	if err != nil {
		return signal.History{}, err
	}
	bounds := map[string]bound{}
	for _, q := range latencies {
		b, ok := found[q.metric.name]
		if !ok {
			continue
		}
		q.slowerThan = time.Duration(math.Round(b.Seconds * float64(time.Second)))
		out.Thresholds[q.metric.name], bounds[q.metric.name] = q.slowerThan, b
		if slices.Contains(req.Metrics, q.metric.name) {
			all = append(all, q)
		}
	}
	if len(all) == 0 || req.Block <= 0 || req.Span < req.Block {
		return out, ctx.Err()
	}
	answer, err := s.matrix(ctx, s.plan.blocksExpr(all, bounds, req.Block), req.Until, req.Span, req.Block)
	if err != nil {
		return signal.History{}, err
	}
	for i, q := range all {
		if blocks := blocksOf(answer, i, q.metric, req.Until.Add(-req.Span)); len(blocks) > 0 {
			out.Blocks[q.metric.name] = blocks
		}
	}
	return out, nil
}

// tagged marks the parts of an expression, so that one question has them all.
func tagged(parts map[string]string) string {
	var all []string
	for name, expr := range parts {
		all = append(all, "label_replace("+expr+","+strconv.Quote(tag)+","+strconv.Quote(name)+`,"","")`)
	}
	slices.Sort(all)
	return strings.Join(all, " or ")
}

// thresholds finds, for each latency, the least bound within which the asked
// share of the baseline's events lies. Where that is +Inf, or nothing was
// counted, there is none.
func (s *source) thresholds(ctx context.Context, req signal.HistoryRequest, latencies []query) (map[string]bound, error) {
	out := map[string]bound{}
	if len(latencies) == 0 || req.Span <= 0 {
		return out, nil
	}
	parts := map[string]string{}
	for i, q := range latencies {
		h := q.metric.histogram
		parts[strconv.Itoa(i)] = "sum by (le) (increase(" + s.plan.one(h.name+"_bucket", s.plan.arms[target.Baseline], h.match) + "[" + promDuration(req.Span) + "]))"
	}
	answer, err := s.vector(ctx, tagged(parts), req.Until)
	if err != nil {
		return nil, err
	}
	for i, q := range latencies {
		counts, texts := map[float64]float64{}, map[float64][]string{}
		for _, sample := range answer {
			le := string(sample.Metric["le"])
			seconds, ok := q.metric.seconds(le)
			if string(sample.Metric[tag]) != strconv.Itoa(i) || !ok || math.IsNaN(float64(sample.Value)) {
				continue
			}
			counts[seconds] += float64(sample.Value)
			texts[seconds] = append(texts[seconds], le)
		}
		if b, ok := quantile(counts, texts, req.Quantiles[q.metric.name]); ok {
			out[q.metric.name] = b
		}
	}
	return out, nil
}

// quantile takes the buckets of a histogram by bound.
func quantile(counts map[float64]float64, texts map[float64][]string, q float64) (bound, bool) {
	total := counts[math.Inf(1)]
	if !(total > 0) {
		return bound{}, false
	}
	const tolerance = 1e-9 // Of sums of floating numbers that should be equal.
	least := math.Inf(1)
	for seconds, count := range counts {
		if count > total*(1+tolerance) {
			return bound{}, false // Series with different bounds do not add up.
		}
		if count >= q*total*(1-tolerance) {
			least = min(least, seconds)
		}
	}
	if nanoseconds := math.Round(least * float64(time.Second)); !(nanoseconds > 0 && nanoseconds < math.MaxInt64) {
		return bound{}, false
	}
	return bound{Seconds: least, Texts: texts[least]}, true
}

// blocksExpr writes the one expression for the blocks of all metrics.
func (p *plan) blocksExpr(all []query, bounds map[string]bound, block time.Duration) string {
	parts := map[string]string{}
	for i, q := range all {
		whole, part := p.pair(q, p.arms[target.Baseline], bounds[q.metric.name])
		parts[fmt.Sprintf("%d all", i)] = "sum(increase(" + whole + "[" + promDuration(block) + "]))"
		parts[fmt.Sprintf("%d part", i)] = "sum(increase(" + part + "[" + promDuration(block) + "]))"
	}
	return tagged(parts)
}

// pair writes the selectors of all events and of a part of them: the bad ones
// for counters, those within the bound for a histogram.
func (p *plan) pair(q query, pat pattern, b bound) (whole, part string) {
	m := q.metric
	switch {
	case m.latency():
		h := m.histogram
		return p.one(h.name+"_count", pat, h.match), p.one(h.name+"_bucket", pat, h.match, matchers{"le": b.pattern()})
	case m.bad.name == "":
		return p.one(m.total.name, pat, m.total.match), p.one(m.total.name, pat, m.total.match, m.bad.match)
	}
	return p.one(m.total.name, pat, m.total.match), p.one(m.bad.name, pat, m.bad.match)
}

// blocksOf takes one metric's blocks out of the answer, oldest first. A block of
// which nothing is known is left out. The one at the beginning lies before the
// span.
func blocksOf(answer model.Matrix, i int, m metric, begin time.Time) []signal.Block {
	part := map[model.Time]float64{}
	var whole []model.SamplePair
	for _, stream := range answer {
		switch string(stream.Metric[tag]) {
		case fmt.Sprintf("%d all", i):
			whole = stream.Values
		case fmt.Sprintf("%d part", i):
			for _, v := range stream.Values {
				part[v.Timestamp] = float64(v.Value)
			}
		}
	}
	var out []signal.Block
	for _, v := range whole {
		all, some := float64(v.Value), part[v.Timestamp]
		if !sane(all) || !sane(some) || int64(v.Timestamp) <= begin.UnixMilli() {
			continue
		}
		some = min(some, all)
		if m.latency() {
			some = all - some
		}
		out = append(out, signal.Block{Bad: some, Total: all})
	}
	return out
}
