package release

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// asksGates is whether the gates have a word before a step: a step that leaves the
// traffic as it is is as good inside a freeze as before it.
func (v view) asksGates(step strategy.Step) bool {
	stays := !step.Moves() && alike(beyondWeight(step.Traffic), v.r.Traffic)
	return v.r.Kind != BackOut && !stays
}

// standingStill names what matters in a step that a person has ended, or that moves
// no traffic; nothing for one that is judged.
func (v view) standingStill(step strategy.Step) Event {
	ended := v.r.Resumed != nil || step.Kind == strategy.StepCheck && v.r.Checked != nil && v.r.Checked.Result.Passed()
	switch {
	case ended && v.r.BadTicks > 0:
		// Neither a word nor a check says what users get.
		return v.tick()
	case ended:
		return EventStepPassed
	case step.UntilResumed():
		return EventPauseReached
	case step.Kind == strategy.StepPause && v.r.Soak >= step.AtLeast && v.r.BadTicks == 0:
		return EventStepPassed
	case step.Kind == strategy.StepPause:
		return v.tick()
	case step.Kind != strategy.StepCheck:
		return ""
	case !v.nextCheck().After(v.now):
		return EventCheckDue
	default:
		return v.tick()
	}
}

// checkFailed is true once the last attempt of a step's check has not passed. What
// could not be asked counts as failed by then: unknown is never a pass.
func (v view) checkFailed() bool {
	c := v.r.Checked
	return c != nil && c.Attempt >= c.Attempts && !c.Result.Passed()
}

// nextCheck is when the step's check may be tried: at once where nobody did yet.
func (v view) nextCheck() time.Time {
	every := v.r.CurrentStep().Check.Every.Std()
	if v.r.Checked != nil && within(v.now, v.r.checkedAt, every) {
		return v.r.checkedAt.Add(every)
	}
	return v.now
}

// nextLook is when there is something to look at again.
func (v view) nextLook() time.Time {
	next := v.nextTick()
	if c := v.r.Checked; v.r.State == Stepping && v.r.CurrentStep().Kind == strategy.StepCheck && c != nil && c.Attempt < c.Attempts {
		if at := v.nextCheck(); at.Before(next) {
			return at
		}
	}
	return next
}

// waitsText says what a pause waits for, with the very command.
func (v view) waitsText() string {
	return fmt.Sprintf("waits for a person; to go on: sluice resume %s --reason \"...\"", v.h.Key)
}

// checkText says what the last attempt of a check found.
func checkText(c CheckedBody) string {
	return fmt.Sprintf("the check %q did not pass in %s: %s", c.Result.Name, attempts(c.Attempts), c.Result.Reason)
}

func attempts(n int) string {
	if n == 1 {
		return "one attempt"
	}
	return fmt.Sprintf("%d attempts", n)
}

// checked folds one attempt of the present step's check.
func (r *Rollout) checked(rec ledger.Record, b CheckedBody) {
	if b.Step == r.Step {
		r.Checked, r.checkedAt = &b, rec.At
	}
}

// resumed folds a person's word. It counts only where the rollout waits for it: one
// that comes after the rollout went on, or back, is late.
func (r *Rollout) resumed(b ResumedBody) {
	if r.State == Paused && r.Cause.Resumable() && b.Step == r.Step && r.Abort == nil {
		r.Resumed = &b
	}
}
