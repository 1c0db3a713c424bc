package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// part is for how long each of the quantiles is asked, of which one becomes the
// threshold.
const part = 3 * time.Hour

// History implements signal.Source with one request for the blocks, and two more where
// a latency's threshold is wanted. Of a baseline that nobody names nothing is known.
func (s *source) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	all, latencies, err := s.historyQueries(req)
	if err != nil {
		return signal.History{}, err
	}
	out := signal.History{Blocks: map[string][]signal.Block{}, Thresholds: map[string]time.Duration{}}
	arm := s.plan.name(target.Baseline, req.Arms)
	if arm == "" || req.Span <= 0 {
		return out, ctx.Err()
	}
	for i, q := range latencies {
		found, err := s.threshold(ctx, q, arm, req)
		if err != nil {
			return signal.History{}, err
		}
		if found > 0 {
			out.Thresholds[q.metric.name] = found
			latencies[i].slowerThan = found
			all = append(all, latencies[i])
		}
	}
	if req.Block < period || req.Block%period != 0 || req.Span < req.Block {
		return out, ctx.Err()
	}
	err = s.blocks(ctx, all, arm, req, out.Blocks)
	if err != nil {
		return signal.History{}, err
	}
	return out, nil
}

func (s *source) historyQueries(req signal.HistoryRequest) (all, latencies []query, err error) {
	for _, name := range req.Metrics {
		m, err := s.metric(name)
		if err != nil {
			return nil, nil, err
		}
		if !m.isLatency() {
			all = append(all, query{metric: m})
		}
	}
	for name := range req.Quantiles {
		if _, err := s.metric(name); err != nil {
			return nil, nil, err
		}
	}
	for _, m := range s.plan.metrics {
		q, asked := req.Quantiles[m.name]
		switch {
		case !asked:
		case !m.isLatency():
			return nil, nil, fmt.Errorf("the metric %q counts errors and has no quantile; a quantile needs a latency", m.name)
		case !(q > 0 && q < 1):
			return nil, nil, fmt.Errorf("the quantile %v of the metric %q is outside 0 to 1, for example 0.99", q, m.name)
		default:
			latencies = append(latencies, query{metric: m})
		}
	}
	if req.Until.IsZero() {
		return nil, nil, errors.New("the request has no end, and CloudWatch is asked about a time")
	}
	return all, latencies, nil
}

// threshold finds the least of the quantiles of a few hours each within which the asked
// share of all events of the span lies: those of the parts do not add up, but how many
// events are within each of them does.
func (s *source) threshold(ctx context.Context, q query, arm string, req signal.HistoryRequest) (time.Duration, error) {
	from, to := req.Until.Add(-req.Span).Truncate(period), req.Until.Add(-s.plan.delay).Truncate(period)
	share := req.Quantiles[q.metric.name]
	b := &batch{}
	id := b.add(*q.metric.latency, arm, "p"+strconv.FormatFloat(100*share, 'f', -1, 64), part)
	data, err := s.fetch(ctx, b, from, to)
	if err != nil {
		return 0, err
	}
	var candidates []time.Duration
	for _, v := range data[id] {
		if d := time.Duration(math.Ceil(v / q.metric.scale * float64(time.Second))); d > 0 {
			candidates = append(candidates, d)
		}
	}
	slices.Sort(candidates)
	return s.least(ctx, q, arm, share, slices.Compact(candidates), from, to)
}

func (s *source) least(ctx context.Context, q query, arm string, share float64, candidates []time.Duration, from, to time.Time) (time.Duration, error) {
	b := &batch{}
	var within []ids
	for _, d := range candidates {
		within = append(within, b.metric(query{metric: q.metric, slowerThan: d}, arm, part))
	}
	data, err := s.fetch(ctx, b, from, to)
	if err != nil {
		return 0, err
	}
	const tolerance = 1e-9 // Of sums of floating numbers that should be equal.
	for i, id := range within {
		sum := tally{}
		for at := range data[id.all] {
			if t, known := id.at(data, at); known {
				sum = sum.plus(t)
			}
		}
		if sum.All > 0 && sum.All-sum.Bad >= share*sum.All*(1-tolerance) {
			return candidates[i], nil
		}
	}
	return 0, nil
}

// blocks reads the blocks of all metrics, oldest first. One of which nothing is known is
// left out.
func (s *source) blocks(ctx context.Context, all []query, arm string, req signal.HistoryRequest, into map[string][]signal.Block) error {
	b := &batch{}
	var asked []ids
	for _, q := range all {
		asked = append(asked, b.metric(q, arm, req.Block))
	}
	// Blocks that CloudWatch has begun and not ended would look like quiet ones.
	to := req.Until.Add(-s.plan.delay).Truncate(req.Block)
	data, err := s.fetch(ctx, b, req.Until.Add(-req.Span).Truncate(req.Block).Add(req.Block), to)
	if err != nil {
		return err
	}
	for i, q := range all {
		times := make([]int64, 0, len(data[asked[i].all]))
		for at := range data[asked[i].all] {
			times = append(times, at)
		}
		slices.Sort(times)
		for _, at := range times {
			if t, known := asked[i].at(data, at); known {
				into[q.metric.name] = append(into[q.metric.name], signal.Block{Bad: t.Bad, Total: t.All})
			}
		}
	}
	return nil
}
