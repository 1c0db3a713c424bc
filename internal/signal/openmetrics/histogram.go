package openmetrics

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// bucket is one cumulative bucket: count events took at most bound seconds.
type bucket struct{ bound, count float64 }

// atLeast compares with a tolerance of a nanosecond, because a threshold is a
// bound that was rounded to nanoseconds.
func (b bucket) atLeast(d time.Duration) bool { return b.bound*float64(time.Second) >= float64(d)-1 }

// cumulative checks a histogram and returns its buckets in order, the last one
// with the bound +Inf, or what is wrong with it.
func cumulative(h *dto.Histogram) (buckets []bucket, count float64, problem string) {
	count = float64(h.GetSampleCount())
	if h.SampleCountFloat != nil {
		count = h.GetSampleCountFloat()
	}
	if !sane(count) {
		return nil, 0, fmt.Sprintf("says %v, which is no count", count)
	}
	for _, b := range h.GetBucket() {
		c := float64(b.GetCumulativeCount())
		if b.CumulativeCountFloat != nil {
			c = b.GetCumulativeCountFloat()
		}
		if !sane(c) || math.IsNaN(b.GetUpperBound()) {
			return nil, 0, fmt.Sprintf("says %v in a bucket, which is no count", c)
		}
		if !math.IsInf(b.GetUpperBound(), 1) {
			buckets = append(buckets, bucket{b.GetUpperBound(), c})
		}
	}
	slices.SortFunc(buckets, func(a, b bucket) int { return cmp.Compare(a.bound, b.bound) })
	buckets = append(buckets, bucket{math.Inf(1), count})
	for i := 1; i < len(buckets); i++ {
		if buckets[i].count < buckets[i-1].count {
			return nil, 0, "has buckets that do not add up"
		}
	}
	return buckets, count, ""
}

// History implements signal.Source. An endpoint keeps no history: there are no
// blocks, and a threshold comes from all that the baseline's histogram has
// counted since its process began, whatever Span says. It is rounded up to the
// bound of a bucket; where that is +Inf, or nothing was counted, there is none.
func (s *source) History(ctx context.Context, req signal.HistoryRequest) (signal.History, error) {
	wanted := map[string]metric{}
	for _, name := range req.Metrics {
		if _, err := s.metric(name); err != nil {
			return signal.History{}, err
		}
	}
	for name, q := range req.Quantiles {
		m, err := s.metric(name)
		if err != nil {
			return signal.History{}, err
		}
		if !m.latency() {
			return signal.History{}, fmt.Errorf("the metric %q counts errors and has no quantile; a quantile needs a histogram", name)
		}
		if !(q > 0 && q < 1) {
			return signal.History{}, fmt.Errorf("the quantile %v of the metric %q is outside 0 to 1, for example 0.99", q, name)
		}
		wanted[name] = m
	}
	if len(wanted) == 0 {
		return signal.History{}, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, s.plan.timeout)
	defer cancel()
	// The baseline's endpoint stands first, also where it is the only one.
	found, err := s.scrape(ctx, s.plan.endpoints[0].url)
	if err != nil {
		return signal.History{}, err
	}
	out := signal.History{Thresholds: map[string]time.Duration{}}
	for name, m := range wanted {
		if d, ok := s.quantile(found, m, req.Quantiles[name]); ok {
			out.Thresholds[name] = d
		}
	}
	return out, nil
}

// quantile returns the least bound within which at least the share q of the
// baseline's events lies.
func (s *source) quantile(found families, m metric, q float64) (time.Duration, bool) {
	sum := map[float64]float64{}
	total := 0.0
	for _, one := range found[m.histogram].GetMetric() {
		if !s.belongs(one, target.Baseline) || !matches(m.total.match, one.GetLabel()) {
			continue
		}
		buckets, count, problem := cumulative(one.GetHistogram())
		if problem != "" {
			return 0, false
		}
		total += count
		for _, b := range buckets {
			sum[b.bound] += b.count
		}
		if len(sum) != len(buckets) {
			return 0, false // Series with different bounds do not add up.
		}
	}
	if total == 0 {
		return 0, false
	}
	least := math.Inf(1)
	for bound, count := range sum {
		if count >= q*total {
			least = min(least, bound)
		}
	}
	nanoseconds := math.Round(least * float64(time.Second))
	if !(nanoseconds > 0 && nanoseconds < math.MaxInt64) {
		return 0, false
	}
	return time.Duration(nanoseconds), true
}
