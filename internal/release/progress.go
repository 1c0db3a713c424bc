package release

import (
	"fmt"
	"time"
)

// Progress says for people and for a state where an open rollout stands, and who
// looks at it next. It is read off the rollout alone.
type Progress struct {
	// Text is all of it in one line: "progressing, 25 %, step 2 of 4, next look at
	// 2026-03-02T09:05:00Z by the agent".
	Text string
	// Weight is the share of traffic on the new artifact in percent, 0 to 100; over
	// many targets the share of them that serve it.
	Weight float64
	// Step counts from 1, of Steps; over many targets they are waves.
	Step, Steps int
	// NextLookAt is by when whoever goes on looks next. It may have passed.
	NextLookAt time.Time
	// By is who that is.
	By string
	// RevertsAt is when the target goes back by itself unless somebody looks before,
	// zero where it does not.
	RevertsAt time.Time
}

// Progress says where a rollout stands. It is for one that is open.
func (r *Rollout) Progress() Progress {
	p := Progress{
		Weight: r.Weight, Step: min(r.Step, len(r.Steps)-1) + 1, Steps: len(r.Steps), By: r.Spec.ContinuedBy.Text(),
		NextLookAt: r.lastSeen().Add(r.lookedAtEvery()),
	}
	where := fmt.Sprintf("%s, step %d of %d", TrafficText(r.Sends()), p.Step, p.Steps)
	if w := r.Waves; w != nil {
		p.Step, p.Steps = min(w.Current()+1, len(w.Waves)), len(w.Waves)
		p.Weight = 100 * float64(len(w.Serve())) / float64(max(w.Total(), 1))
		where = fmt.Sprintf("%d of %s, wave %d of %d", len(w.Serve()), targetCount(w.Total()), p.Step, p.Steps)
	}
	if o := r.Outcome; r.switchArmed() && !r.State.GoingBack() {
		p.RevertsAt = r.lastSeen().Add(o.RevertAfter.Std())
	}
	doing := "progressing"
	switch {
	case r.State.GoingBack(), r.Abort != nil:
		doing = "going back"
	case r.State == Paused:
		doing = "paused"
	}
	p.Text = fmt.Sprintf("%s, %s, next look at %s by %s", doing, where, p.NextLookAt.UTC().Format(time.RFC3339), p.By)
	if r.State == Paused {
		p.Text += ": " + r.Reason
	}
	return p
}

// switchArmed is whether the target goes back by itself, as far as anybody has seen: one
// that was found without the rollout's artifact beside another has nothing to go back from.
func (r *Rollout) switchArmed() bool {
	o, tick := r.Outcome, r.LastTick
	if o == nil || o.RevertAfter <= 0 || r.Weight <= 0 {
		return false
	}
	return tick == nil || tick.Observation == nil || !tick.Observation.Known || r.tickSeq < r.outcomeSeq || !anothers(tick.Observation, r)
}

// lastSeen is when a driver last did something that its record shows.
func (r *Rollout) lastSeen() time.Time {
	last := r.OpenedAt
	for _, at := range []time.Time{r.MovedAt, r.StepAt, r.TickAt, r.intentAt} {
		last = later(last, at)
	}
	if w := r.Waves; w != nil {
		last = later(later(last, w.endedAt), w.watchedAt)
		for _, t := range w.Targets {
			last = later(last, t.StartedAt)
		}
	}
	return last
}

// lookedAtEvery is how often somebody looks, as far as anybody has promised.
func (r *Rollout) lookedAtEvery() time.Duration {
	if c := r.Spec.ContinuedBy; c != nil && c.Every > 0 {
		return c.Every.Std()
	}
	return r.Spec.Strategy.Analysis.Interval.Std()
}
