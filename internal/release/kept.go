package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// keeping is the time for which all signals of a look vouch.
type keeping struct {
	asked bool
	spans []signal.Span
}

// and takes one more signal's word.
func (k *keeping) and(spans []signal.Span) {
	if k.asked {
		spans = signal.Overlap(k.spans, spans)
	}
	k.asked, k.spans = true, spans
}

// missed notes the time since the last look, where it is longer than a driver that
// lives lets pass, beside what was missed before and no counts have come of.
func (t *TickBody) missed(r *Rollout, now time.Time) {
	t.Missed = r.missed
	if _, gap := unwatched(r.lastWatched(), now, t.Interval.Std()); gap && !r.TickAt.IsZero() {
		t.Missed = append(append([]signal.Span(nil), r.missed...), signal.Span{Start: r.lastWatched(), End: now})
	}
}

// vouched is how much of the missed time the stores of all signals kept the counts
// of (ADR 9). Nothing is, where the target is not as the rollout left it: nobody
// knows then since when.
func (t *TickBody) vouched(r *Rollout, kept keeping) time.Duration {
	obs := t.Observation
	if len(t.Missed) == 0 || !kept.asked || obs == nil || r.Spec.Mode == Observe || moved(obs, r) && !r.baking() {
		return 0
	}
	t.Kept = signal.Overlap(t.Missed, kept.spans)
	var sum time.Duration
	for _, s := range t.Kept {
		sum += s.End.Sub(s.Start)
	}
	return sum
}
