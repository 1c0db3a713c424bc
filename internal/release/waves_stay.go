package release

import "time"

// leaves is whether the run returns now, with the rollout over many targets open. It
// asks the targets' own runs to return first, and waits until all have: each does at
// a safe point of its own. Nothing keeps what goes back from going on.
func (w *waver) leaves(decision WaveDecision) bool {
	r, now := w.h.Open(), w.e.Clock.Now()
	w.stay.arrive(r, now)
	if decision.back() || decision.Action == WaveMove || decision.Action == WaveFail {
		return false
	}
	if !w.over(r, decision, now) {
		return false
	}
	select {
	case <-w.leave:
	default:
		if w.late(now) || w.stay.asked() {
			close(w.leave)
		}
	}
	for _, j := range w.jobs {
		if j.running {
			return false
		}
	}
	return true
}

// over is whether this run has done its share. A target whose run has left it open
// has done its own, and no other is begun in its place.
func (w *waver) over(r *Rollout, decision WaveDecision, now time.Time) bool {
	switch {
	case w.late(now), w.stay.asked(), w.left:
		return true
	case !w.stay.Wait.Short():
		return false
	case w.stay.Wait == WaitStep && r.Waves.Current() > w.stay.step && decision.Action == WaveShip:
		return true
	case decision.Action != WaveWait:
		return false
	case decision.Soaking:
		missing := r.Spec.Waves.normalize().Soak.Std() - r.Waves.Soaked
		return w.lookedAfter() && (w.stay.Wait == WaitStarted && w.stay.begun || missing > stepPatience)
	default:
		// What cannot begin now waits for a gate or for somebody else.
		return true
	}
}

// lookedAfter is whether somebody looks at the targets until the next run: nothing
// else tells afterwards how they were.
func (w *waver) lookedAfter() bool {
	interval := w.h.Open().Spec.Strategy.Analysis.Interval.Std()
	c := w.h.Open().Spec.ContinuedBy
	return c != nil && (c.Agent || c.Every.Std() <= 2*interval+interval/2)
}

// held keeps a run that is about to return from beginning with more targets.
func (w *waver) held(decision WaveDecision) WaveDecision {
	begins := decision.Action == WaveShip || decision.Action == WaveWatch
	if begins && w.over(w.h.Open(), decision, w.e.Clock.Now()) {
		decision.Action, decision.Until = WaveWait, w.e.Clock.Now().Add(longestWavesPause)
	}
	return decision
}

// untilLate shortens a pause to end when the run has to return.
func (w *waver) untilLate(pause time.Duration, now time.Time) time.Duration {
	at, _ := w.ends()
	if left := at.Add(-w.e.callTimeout()).Sub(now); !at.IsZero() && left > 0 {
		return min(pause, left)
	}
	return pause
}
