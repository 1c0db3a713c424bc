package openmetrics

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// scraped is what came of one endpoint.
type scraped struct {
	found families
	err   error
}

// Counts implements signal.Source with one scrape of each endpoint. A scrape
// cannot look back: the events up to now are counted, even where Until is past,
// and Since means nothing.
func (s *source) Counts(ctx context.Context, req signal.Request) (signal.Counts, error) {
	queries, err := s.queries(req.Queries)
	if err != nil {
		return signal.Counts{}, err
	}
	cur, err := s.plan.openCursor(req.Cursor)
	if err != nil {
		return signal.Counts{}, err
	}
	now := s.clock.Now()
	byArm, err := s.scrapeAll(ctx)
	if err != nil {
		return signal.Counts{}, err
	}
	out := signal.Counts{Primed: len(req.Cursor) > 0, CompleteThrough: now}
	if !req.Until.IsZero() && req.Until.Before(now) {
		out.CompleteThrough = req.Until
	}
	for _, q := range queries {
		for _, arm := range arms {
			s.count(&out, &cur, q, arm, byArm[arm])
		}
	}
	if n := cur.size(); n > MaxSeries {
		return signal.Counts{}, fmt.Errorf("the configured metrics have had %d series, and at most %d can be followed; serve fewer labels", n, MaxSeries)
	}
	if !out.Primed {
		out.Counts, out.Missing = nil, nil
	}
	if out.Cursor, err = json.Marshal(cur); err != nil {
		return signal.Counts{}, fmt.Errorf("unable to write the cursor: %w", err)
	}
	return out, nil
}

// count reads one metric of one arm, and moves the cursor only when it can say
// what happened since: what it cannot tell now it tells with a later answer.
func (s *source) count(out *signal.Counts, cur *cursor, q query, arm target.Arm, from scraped) {
	miss := func(format string, args ...any) {
		out.Missing = append(out.Missing, signal.Missing{Metric: q.metric.name, Arm: arm, Reason: fmt.Sprintf(format, args...)})
	}
	if from.err != nil {
		miss("%v", from.err)
		return
	}
	if cur.Metrics[q.metric.name] == nil {
		cur.Metrics[q.metric.name] = map[target.Arm]position{}
	}
	positions := cur.Metrics[q.metric.name]
	old, known := positions[arm]
	now := s.read(from.found, q.metric, arm, q.slowerThan)
	switch {
	case now.absent && !known:
		positions[arm], _, _, _ = position{}.advance(now)
		miss("%s", now.missing)
		return
	case now.missing != "":
		miss("%s", now.missing)
		return
	case !known, len(old.Series) > 0 && old.Bound != now.bound:
		positions[arm], _, _, _ = position{}.advance(now)
		miss("%s", begun(known, now.bound))
		return
	}
	next, all, part, resets := old.advance(now)
	bad := part
	if q.metric.latency() {
		bad = all - part
	}
	if bad < 0 || bad > all {
		miss("%v bad events among %v in all do not add up; does the counter of bad events count what the other counts?", bad, all)
		return
	}
	positions[arm] = next
	out.Resets += resets
	out.Counts = append(out.Counts, signal.Count{Metric: q.metric.name, Arm: arm, Bad: bad, Total: all})
}

func begun(known bool, bound float64) string {
	if known {
		return fmt.Sprintf("the bound of slow events is now %v s; counting begins anew with this scrape", bound)
	}
	return "counting begins with this scrape"
}

// scrapeAll asks every endpoint at once. It fails when none answered, since then
// nothing was learnt.
func (s *source) scrapeAll(ctx context.Context) (map[target.Arm]scraped, error) {
	within, cancel := context.WithTimeout(ctx, s.plan.timeout)
	defer cancel()
	results := make([]scraped, len(s.plan.endpoints))
	var wg sync.WaitGroup
	for i, e := range s.plan.endpoints {
		wg.Go(func() { results[i].found, results[i].err = s.scrape(within, e.url) })
	}
	wg.Wait()
	byArm := map[target.Arm]scraped{}
	var errs []error
	for i, e := range s.plan.endpoints {
		if results[i].err != nil {
			errs = append(errs, results[i].err)
		}
		for _, arm := range arms {
			if e.arm == "" || e.arm == arm {
				byArm[arm] = results[i]
			}
		}
	}
	said := errors.Join(errs...)
	switch err := ctx.Err(); {
	case err != nil && !errors.Is(said, err):
		// What an endpoint answered says more than that there was no time left.
		return nil, errors.Join(said, err)
	case err != nil, len(errs) == len(results):
		return nil, said
	}
	return byArm, nil
}

func (s *source) metric(name string) (metric, error) {
	return signal.Find(s.plan.metrics, name, metric.called)
}
