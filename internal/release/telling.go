package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
)

// telling is the time that the counts of one look are of, as far as its signals say
// that they tell late: from the earliest beginning to the earliest end (ADR 0046).
type telling struct{ from, through time.Time }

// add takes one signal's answer. One that tells at once says nothing of its time.
func (t *telling) add(c signal.Counts) {
	if c.From.IsZero() {
		return
	}
	if t.from.IsZero() || c.From.Before(t.from) {
		t.from = c.From
	}
	if t.through.IsZero() || c.CompleteThrough.Before(t.through) {
		t.through = c.CompleteThrough
	}
}

// reaches is whether some of the counts are of the time before the weights that stand
// now: nobody knows then which share the canary had.
func (t telling) reaches(r *Rollout) bool {
	changed := r.StepAt
	if r.loweredAt.After(changed) {
		changed = r.loweredAt
	}
	return !t.from.IsZero() && t.from.Before(changed)
}

// soaks adds observed time to the step, and of that no more than what counts have come
// of. The rest is late, and is added with the counts that are of it.
func (t *TickBody) soaks(r *Rollout, seen time.Duration, told telling) {
	soak := seen
	if !told.from.IsZero() {
		soak = min(soak, max(0, told.through.Sub(r.StepAt)-r.Soak))
	}
	t.Soak, t.Late = field.Duration(soak), field.Duration(seen-soak)
	if soak == 0 {
		t.Late = field.Duration(max(0, seen-r.late)) // What was late before still is, and adds to it.
	}
}
