package prometheus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Counts implements signal.Source with one request, and one more when a latency's
// bucket is not chosen yet. Both arms are counted through the same time, that of
// the newest sample which both have: the arms are scraped at different times, and
// the one that was scraped last would otherwise seem to have more traffic. While
// there is nothing newer the answer is not primed and its cursor is the old one.
func (s *source) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	queries, err := s.queries(req.Queries)
	if err != nil {
		return signal.Counts{}, err
	}
	if req.Until.IsZero() {
		return signal.Counts{}, errors.New("the request has no end, and Prometheus is asked about an instant")
	}
	cur, err := s.plan.openCursor(req.Cursor)
	if err != nil {
		return signal.Counts{}, err
	}
	if err := s.chooseBounds(ctx, &cur, queries, req.Until); err != nil {
		return signal.Counts{}, err
	}
	bounds := make(map[string]bound, len(cur.Latencies))
	for name, l := range cur.Latencies {
		bounds[name] = l.bound
	}
	// A second more, since newer versions leave the left end of a range out.
	span := req.Until.Sub(cur.from(req.Until, s.plan.staleAfter)) + time.Second
	answer, err := s.matrix(ctx, s.plan.selectorOf(wants(queries, bounds))+"["+promDuration(span)+"]", req.Until, 0, 0)
	if err != nil {
		return signal.Counts{}, err
	}
	sorted, err := s.plan.sort(answer, queries, cur.Latencies)
	if err != nil {
		return signal.Counts{}, err
	}
	return s.countAll(req, queries, cur, sorted)
}

// chooseBounds finds the bucket of each latency that has none for its threshold.
func (s *source) chooseBounds(ctx context.Context, cur *cursor, queries []query, at time.Time) error {
	var open []query
	for _, q := range queries {
		if l, known := cur.Latencies[q.metric.name]; q.metric.latency() && (!known || l.For != q.slowerThan) {
			open = append(open, q)
		}
	}
	chosen, err := s.findBounds(ctx, open, at)
	if err != nil {
		return err
	}
	for _, q := range open {
		b, ok := chosen[q.metric.name]
		old, known := cur.Latencies[q.metric.name]
		delete(cur.Latencies, q.metric.name)
		if ok {
			cur.Latencies[q.metric.name] = latency{bound: b, For: q.slowerThan}
		}
		if known && (!ok || old.Seconds != b.Seconds) {
			delete(cur.Metrics, q.metric.name) // What was counted was of another bound.
		}
	}
	return nil
}

// tick is one answer in the making.
type tick struct {
	out signal.Counts
	// old is where counting stood, next where it stands afterwards.
	old, next cursor
	first     bool
	// until and fresh are the end of the request and the time before which an arm's
	// newest sample is too old; through is to when both arms are counted.
	until, fresh, through int64
	known                 map[string]bool
	staleAfter            time.Duration
}

func (s *source) countAll(req signal.Request, queries []query, cur cursor, sorted map[string]map[target.Arm]*found) (signal.Counts, error) {
	t := &tick{
		old: cur, next: cur, first: len(req.Cursor) == 0, known: map[string]bool{}, staleAfter: s.plan.staleAfter,
		until: req.Until.UnixMilli(), fresh: req.Until.Add(-s.plan.staleAfter).UnixMilli(),
	}
	alive := t.align(sorted)
	if !t.first && alive && t.through <= cur.Through {
		return signal.Counts{CompleteThrough: time.UnixMilli(cur.Through).UTC(), Cursor: req.Cursor}, nil
	}
	t.through = max(t.through, cur.Through)
	t.next.Through = t.through
	t.next.Metrics = map[string]map[string]sample{}
	for name, series := range cur.Metrics {
		t.next.Metrics[name] = maps.Clone(series)
	}
	for _, q := range queries {
		for _, arm := range arms {
			switch reason := t.count(q, arm, sorted[q.metric.name]); reason {
			case "":
			case noSeries:
				t.miss(q, arm, s.noSeries(q, arm, sorted[q.metric.name][arm]))
			default:
				t.miss(q, arm, reason)
			}
		}
	}
	t.next.forget(req.Until)
	if n := t.next.size(); n > MaxSeries {
		return signal.Counts{}, fmt.Errorf("the configured metrics have %d series, and at most %d can be followed; narrow them down with match, for example match = { namespace = \"checkout\" }", n, MaxSeries)
	}
	t.out.Primed = !t.first
	if t.first {
		t.out.Counts, t.out.Missing, t.out.Resets = nil, nil, 0
	}
	if t.out.Primed && len(t.out.Missing) == 0 {
		t.out.Kept = t.kept(queries, sorted, req.Block)
	}
	t.out.CompleteThrough = time.UnixMilli(t.through).UTC()
	if t.through == 0 {
		t.out.CompleteThrough = req.Since
	}
	raw, err := json.Marshal(t.next)
	if err != nil {
		return signal.Counts{}, fmt.Errorf("unable to write the cursor: %w", err)
	}
	t.out.Cursor = raw
	return t.out, nil
}

// align finds the newest time through which every living arm of every metric has
// samples, and which processes were counted before. It is false when nothing
// lives.
func (t *tick) align(sorted map[string]map[target.Arm]*found) (alive bool) {
	for name, byArm := range sorted {
		for _, f := range byArm {
			// An arm that cannot be believed is missing, and is not waited for.
			if newest := f.newest(); newest >= t.fresh && newest > 0 && f.problem == "" {
				if !alive || newest < t.through {
					t.through = newest
				}
				alive = true
			}
			for key, s := range f.series {
				if _, counted := t.old.Metrics[name][key]; counted {
					t.known[s.instance] = true
				}
			}
		}
	}
	return alive
}

func (t *tick) miss(q query, arm target.Arm, reason string) {
	t.out.Missing = append(t.out.Missing, signal.Missing{Metric: q.metric.name, Arm: arm, Reason: reason})
}

// noSeries is the reason whose words need the configuration.
const noSeries = "no series"

// count adds up what one arm did since, for one metric, and says why when it
// cannot. Only then does the cursor not move.
func (t *tick) count(q query, arm target.Arm, byArm map[target.Arm]*found) (missing string) {
	f, name := byArm[arm], q.metric.name
	newest := f.newest()
	switch {
	case f.problem != "":
		return f.problem
	case newest == 0:
		return noSeries
	case newest < t.fresh:
		return fmt.Sprintf("the newest sample is %s old, and after %s it counts as no data (stale_after); does Prometheus still scrape it?",
			field.FormatDuration((time.Duration(t.until-newest) * time.Millisecond).Round(time.Second)), field.FormatDuration(t.staleAfter))
	}
	if bad := q.metric.bad.name; bad != "" && !byArm[target.Baseline].names[bad] && !byArm[target.Canary].names[bad] {
		// It may be misspelt, so this is not "nothing bad happened".
		return fmt.Sprintf("Prometheus has no metric %s; a counter that has counted nothing yet must be served as 0", bad)
	}
	if t.next.Metrics[name] == nil {
		t.next.Metrics[name] = map[string]sample{}
	}
	_, wasThere := t.old.Metrics[name]
	sum := total{moved: map[string]sample{}}
	for key, s := range f.series {
		old, counted := t.old.Metrics[name][key]
		switch {
		case counted:
			sum.add(key, s.samples, old, t.through)
		case t.first || !wasThere || !t.known[s.instance]:
			sum.begin(key, s.samples, t.through, t.first)
		default:
			// The process was counted already, so this series began at zero since.
			sum.add(key, s.samples, sample{}, t.through)
		}
	}
	bad := sum.part
	if q.metric.latency() {
		bad = sum.all - sum.part
	}
	if bad < 0 || bad > sum.all {
		return fmt.Sprintf("%v bad events among %v in all do not add up; does the counter of bad events count what the other counts?", bad, sum.all)
	}
	maps.Copy(t.next.Metrics[name], sum.moved)
	if sum.counted == 0 {
		return fmt.Sprintf("counting begins with the sample of %s", time.UnixMilli(newest).UTC().Format(time.RFC3339))
	}
	t.out.Resets += sum.resets
	t.out.Counts = append(t.out.Counts, signal.Count{Metric: name, Arm: arm, Bad: bad, Total: sum.all})
	return ""
}

// noSeries says why an arm has nothing, and what is there instead.
func (s *source) noSeries(q query, arm target.Arm, f *found) string {
	name := q.metric.total.name
	if q.metric.latency() {
		name = q.metric.histogram.name
		if f.names[name+"_count"] {
			return fmt.Sprintf("%s has no bucket for %s in this arm: no bound is at or above it, or the arms have different bounds", name, q.slowerThan)
		}
		name += "_count"
	}
	return fmt.Sprintf("Prometheus has no series %s in the last %s", s.plan.one(name, s.plan.arms[arm]), field.FormatDuration(s.plan.staleAfter))
}
