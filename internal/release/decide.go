package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Observations is what a driver has seen itself since it took the rollout up.
// Whatever is older must be looked at again.
type Observations struct {
	// Target is the last thing the target said, nil before the first look. TargetAt
	// is when, on this driver's clock, and TargetSeq the number of the last record
	// by then, which tells what came first even when the clock was set back.
	Target    *target.Observation
	TargetAt  time.Time
	TargetSeq uint64
	// RevertSeen is when this driver first knew of the revert's outcome.
	RevertSeen time.Time
	// LookFailed is true when the last look went wrong.
	LookFailed bool
	// Interrupted is true once somebody asked this driver to stop.
	Interrupted bool
	// IntentKey names the open intent whose wish was seen to be unmet, or that this
	// driver made itself.
	IntentKey string
	// LookAgain is when an effect that is not done should be asked about again.
	LookAgain time.Time
	// Gates is what they said when asked for GatesStep at GatesAt, behind the
	// record numbered GatesSeq.
	Gates     []gate.Result
	GatesStep int
	GatesAt   time.Time
	GatesSeq  uint64
	Asked     bool
}

// Limits is what a driver knows of its own surroundings.
type Limits struct {
	// ConditionalWrite is whether the target checks fences itself.
	ConditionalWrite bool
	// CallTimeout is the longest that one call to a target can take.
	CallTimeout time.Duration
	// WrongClock is whether the driver's clock is known to be too wrong to judge by:
	// nothing is then given up because it took too long by it.
	WrongClock bool
}

// Decision is one command, and how it was arrived at.
type Decision struct {
	State  State
	Event  Event
	Action Action
	Next   State
	// Move is the body of the record when Action is ActMove.
	Move MoveBody
	// Until is when to decide again when Action is ActWait.
	Until time.Time
}

// back reports whether the decision belongs to a way back, or begins it.
func (d Decision) back() bool { return d.State.GoingBack() || d.Next.GoingBack() }

// Decide says what to do next for the open rollout of a history, or for its last
// one when none is open. It is pure: the same arguments give the same Decision.
// It never returns a forward effect for a rollout that goes back.
//
// It panics only when the state table lacks an event that classify returned for
// the state, which a test rules out.
func Decide(h *History, obs Observations, limits Limits, now time.Time) Decision {
	r := h.Last()
	look := view{h: h, r: r, obs: obs, limits: limits, now: now}
	event := look.classify()
	cell, ok := table[r.State][event]
	if !ok {
		panic("release: no rule for event " + string(event) + " in state " + string(r.State))
	}
	d := Decision{State: r.State, Event: event, Action: cell.action, Next: cell.next}
	switch cell.action {
	case ActMove:
		d.Move = look.move(event)
	case ActWait:
		d.Until = look.until(event)
	}
	return d
}

// backoff is how long to wait after so many failures in a row: 1 s, doubled each
// time, at most 30 s.
func backoff(failures int) time.Duration {
	d := time.Second << min(max(failures-1, 0), 5)
	return min(d, 30*time.Second)
}

// within reports whether less than d has passed since at. What lies ahead of now
// was written before the clock was set back, and has passed.
func within(now, at time.Time, d time.Duration) bool {
	gap := now.Sub(at)
	return gap >= 0 && gap < d
}

// overdue is whether something has taken longer than it may, as far as this driver's clock
// can tell.
func (v view) overdue(since time.Time, limit time.Duration) bool {
	return !v.limits.WrongClock && v.now.Sub(since) > limit
}

// until says how long a waiting state waits.
func (v view) until(event Event) time.Time {
	if event == EventBetweenTicks {
		return v.nextLook()
	}
	if event == EventBetweenLowers {
		return v.untilLower()
	}
	next := v.obs.LookAgain
	if v.backingOff() {
		next = later(next, v.r.failedAt.Add(backoff(v.r.failures)))
	}
	if v.settling() {
		next = later(next, v.obs.RevertSeen.Add(v.limits.CallTimeout))
	}
	return next
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// backingOff is whether the last failure is too fresh to try again.
func (v view) backingOff() bool {
	return v.r.Failure != nil && within(v.now, v.r.failedAt, backoff(v.r.failures))
}

// nextTick is when to look at the counts again: at once where nobody did yet, or
// where the last look lies ahead since the clock was set back.
func (v view) nextTick() time.Time {
	if interval := v.r.Spec.Strategy.Analysis.Interval.Std(); within(v.now, v.r.TickAt, interval) {
		return v.r.TickAt.Add(interval)
	}
	return v.now
}

// serving is the last word of the target, for a final record.
func (v view) serving() *target.Observation {
	if v.r.Outcome != nil && (v.obs.Target == nil || v.obs.TargetSeq < v.r.outcomeSeq-1) {
		return &v.r.Outcome.Observation
	}
	return v.obs.Target
}
