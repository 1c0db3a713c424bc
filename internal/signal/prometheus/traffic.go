package prometheus

import (
	"context"
	"errors"
	"fmt"

	"github.com/prometheus/common/model"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

var _ signal.Historian = (*source)(nil)

// looks is how often within a block it is looked whether there was anything at
// all. Twelve in an hour are one in the five minutes for which Prometheus takes a
// sample to last.
const looks = 12

// The parts of the one answer about traffic.
const (
	allPart     = "all"
	badPart     = "part"
	coveredPart = "covered"
)

// Traffic implements signal.Historian with one request. increase() is good enough
// for the shape of a week; where Prometheus was away it would make up a quiet hour,
// so it is asked, too, for which part of each block there were samples.
func (s *source) Traffic(ctx context.Context, req signal.TrafficRequest) ([]signal.Traffic, error) {
	m, err := s.metric(req.Metric)
	switch {
	case err != nil:
		return nil, err
	case m.latency():
		return nil, fmt.Errorf("the metric %q is a latency; the traffic is counted by one that counts errors, for example \"errors\"", m.name)
	case req.Until.IsZero() || req.Block <= 0 || req.Span < req.Block || req.Span%req.Block != 0:
		return nil, errors.New("the request has no end, or its span is no multiple of its blocks")
	}
	whole, part := s.plan.pair(query{metric: m}, s.plan.eitherArm(), bound{})
	in := "[" + promDuration(req.Block) + "]"
	expr := tagged(map[string]string{
		allPart:     "sum(increase(" + whole + in + "))",
		badPart:     "sum(increase(" + part + in + "))",
		coveredPart: "count_over_time(count(" + whole + ")[" + promDuration(req.Block) + ":" + promDuration(req.Block/looks) + "])",
	})
	// The first instant would tell of the block before the span.
	answer, err := s.matrix(ctx, expr, req.Until, req.Span-req.Block, req.Block)
	if err != nil {
		return nil, err
	}
	return trafficOf(answer, req), nil
}

// trafficOf takes the blocks out of the answer. A counter of errors that nothing
// has touched yet may be missing where the other is there: then there were none.
func trafficOf(answer model.Matrix, req signal.TrafficRequest) []signal.Traffic {
	parts := map[string]map[model.Time]float64{}
	for _, stream := range answer {
		name := string(stream.Metric[tag])
		parts[name] = map[model.Time]float64{}
		for _, v := range stream.Values {
			parts[name][v.Timestamp] = float64(v.Value)
		}
	}
	var out []signal.Traffic
	for end := req.Until.Add(req.Block - req.Span); !end.After(req.Until); end = end.Add(req.Block) {
		at := model.TimeFromUnixNano(end.UnixNano())
		all, known := parts[allPart][at]
		bad := parts[badPart][at]
		if !known || !sane(all) || !sane(bad) {
			continue
		}
		out = append(out, signal.Traffic{
			Start: end.Add(-req.Block), Total: all, Bad: min(bad, all), Covered: min(parts[coveredPart][at]/looks, 1),
		})
	}
	return out
}

// eitherArm is the pattern of all arms together.
func (p *plan) eitherArm() pattern {
	patterns := make([]pattern, 0, len(arms))
	for _, arm := range arms {
		patterns = append(patterns, p.arms[arm])
	}
	return oneOf(patterns)
}
