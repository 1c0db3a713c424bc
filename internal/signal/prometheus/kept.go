package prometheus

import (
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// KeepsFor implements signal.Keeper: Prometheus keeps for weeks, and one question
// reaches back so far.
func (s *source) KeepsFor() time.Duration { return maxLookback }

// kept says for which blocks since the cursor there are samples of every metric in
// both arms, at the block's beginning, at its end and never further apart than what
// counts as no data, and in which the new artifact was asked for something. The
// samples are those of the answer; nothing more is asked.
func (t *tick) kept(queries []query, sorted map[string]map[target.Arm]*found, block time.Duration) []signal.Span {
	if block <= 0 || t.old.Through == 0 {
		return nil
	}
	var out []signal.Span
	step := block.Milliseconds()
	for end := t.through; end-step >= t.old.Through; end -= step {
		if t.covered(queries, sorted, end-step, end) {
			out = append(out, signal.Span{Start: time.UnixMilli(end - step).UTC(), End: time.UnixMilli(end).UTC()})
		}
	}
	slices.Reverse(out)
	return out
}

func (t *tick) covered(queries []query, sorted map[string]map[target.Arm]*found, from, to int64) bool {
	used := false
	for _, q := range queries {
		for _, arm := range arms {
			f := sorted[q.metric.name][arm]
			if !f.covers(from, to, t.staleAfter.Milliseconds()) {
				return false
			}
			used = used || arm == target.Canary && f.moved(from, to, t.staleAfter.Milliseconds())
		}
	}
	return used
}

// covers is whether the samples of an arm leave no gap in (from, to]: its processes
// come and go, so those of all of them count together.
func (f *found) covers(from, to, gap int64) bool {
	last := int64(0)
	for _, at := range f.times() {
		switch {
		case at <= from:
			last = at
		case last == 0 || at-last > gap:
			return false
		default:
			last = at
		}
		if at >= to {
			return true
		}
	}
	return false
}

// times lists when the arm was scraped, in order.
func (f *found) times() []int64 {
	if f.scraped == nil {
		for _, s := range f.series {
			for _, one := range s.samples {
				f.scraped = append(f.scraped, one.At)
			}
		}
		slices.Sort(f.scraped)
		f.scraped = slices.Compact(f.scraped)
	}
	return f.scraped
}

// moved is whether an arm counted anything between the last samples by the two times.
func (f *found) moved(from, to, gap int64) bool {
	for _, s := range f.series {
		var before, after *sample
		for i := range s.samples {
			if at := s.samples[i].At; at <= from && at > from-gap {
				before = &s.samples[i]
			}
			if s.samples[i].At > from && s.samples[i].At <= to {
				after = &s.samples[i]
			}
		}
		if after != nil && (before == nil && after.All > 0 || before != nil && after.All != before.All) {
			return true
		}
	}
	return false
}
