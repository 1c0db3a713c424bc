package release

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// add folds a record that only concerns the rollout.
func (r *Rollout) add(rec ledger.Record) error {
	switch rec.Kind {
	case KindAnalysis:
		return with(rec, func(b AnalysisBody) error { r.Analysis = &b; return nil })
	case KindGates:
		return with(rec, func(b GatesBody) error { r.Gates = &b; return nil })
	case KindIntent:
		return with(rec, func(b Effect) error { r.intend(rec, b); return nil })
	case KindOutcome:
		return with(rec, func(b OutcomeBody) error { r.outcome(rec, b); return nil })
	case KindFailure:
		return with(rec, func(b FailureBody) error {
			r.Failure, r.failedAt = &b, rec.At
			r.failures++
			return nil
		})
	case KindTick:
		return with(rec, func(b TickBody) error { r.tick(rec, b); return nil })
	case KindStepPassed:
		return with(rec, func(b StepPassedBody) error {
			r.Step = r.nextStep(b.Step + 1)
			r.StepAt, r.Soak, r.Extended, r.unwatched = time.Time{}, 0, false, 0
			return nil
		})
	case KindStepExtended:
		r.Extended = true
		return nil
	case KindAbortRequested:
		return with(rec, func(b RequestBody) error { r.Abort = &b; return nil })
	}
	if known, err := r.addWaves(rec); known {
		return err
	}
	if r.Spec.Format > SpecFormat {
		// A newer version may write kinds of its own. They never say what a revert
		// needs, which is all that this version still does for the rollout.
		return nil
	}
	return fmt.Errorf("the kind %q is not one that this version knows", rec.Kind)
}

// intend folds an intent. Another attempt at the same wish does not begin its
// time anew.
func (r *Rollout) intend(rec ledger.Record, b Effect) {
	if r.Intent == nil || r.Intent.Kind != b.Kind || r.Intent.Step != b.Step {
		r.intentAt = rec.At
	}
	r.Intent, r.Failure = &b, nil
	r.attempts++
}

func (r *Rollout) outcome(rec ledger.Record, b OutcomeBody) {
	r.Intent, r.Failure, r.failures = nil, nil, 0
	r.Outcome, r.outcomeSeq = &b, rec.Seq
	r.done[b.Kind] = true
	switch b.Kind {
	case EffectApply:
		r.applied, r.Weight = b.Step, b.Weight
		delete(r.done, EffectRevert)
		r.StepAt, r.Soak, r.late, r.unwatched = rec.At, 0, 0, 0
		if !r.TickAt.IsZero() {
			r.TickAt = rec.At
		}
	case EffectComplete:
		r.Weight = 100
	case EffectRevert:
		r.Weight, r.revertSeq = 0, rec.Seq
	}
}

// tick folds one look. The verdict is the recorded one: judging again would give
// the same (Replay proves it) and take longer than all the rest.
func (r *Rollout) tick(rec ledger.Record, b TickBody) {
	if gap, missed := unwatched(r.lastWatched(), rec.At, b.Interval.Std()); missed {
		r.unwatched += gap
	}
	r.Ticks++
	r.LastTick, r.TickAt, r.tickSeq = &b, rec.At, rec.Seq
	r.Soak += b.Soak.Std()
	if b.Late > 0 {
		r.late += b.Late.Std()
	} else {
		r.late = 0
	}
	if b.Observed {
		r.BadTicks = 0
	} else {
		r.BadTicks++
	}
	if b.Verdict == nil {
		return
	}
	r.judged = append(r.judged, b.Input)
	if b.Verdict.Kind == judge.Harm && r.Harm == nil {
		r.Harm = b.Verdict
	}
}

// lastWatched is when somebody last looked in this step, zero before it began.
func (r *Rollout) lastWatched() time.Time {
	if r.TickAt.After(r.StepAt) {
		return r.TickAt
	}
	return r.StepAt
}

// unwatched says whether the time between two instants is longer than a driver
// that lives lets pass between its looks, and how long it is.
func unwatched(from, to time.Time, interval time.Duration) (time.Duration, bool) {
	gap := to.Sub(from)
	return gap, !from.IsZero() && gap > 2*interval+interval/2
}

// judging is whether there is anything to judge in this rollout.
func (r *Rollout) judging() bool { return r.Analysis != nil && len(r.Analysis.Metrics) > 0 }

func (r *Rollout) move(rec ledger.Record, to State, b MoveBody) {
	if to == Paused {
		r.PausedFrom = b.From
	}
	if to == RollbackFailed {
		r.wentBack = b.From
	}
	if to == Baking && b.From != Paused {
		r.StepAt, r.Soak, r.late, r.unwatched = rec.At, 0, 0, 0
	}
	if b.From == Paused && !to.GoingBack() {
		r.Cause, r.Reason, r.BadTicks = "", "", 0
		r.Extended, r.StepAt, r.unwatched = false, rec.At, 0
		r.Failure, r.failures = nil, 0
	}
	if b.Cause != "" {
		r.Cause, r.Reason = b.Cause, b.Reason
	}
	if b.Intent != nil {
		r.intend(rec, *b.Intent)
		r.failures = 0
	}
	r.State, r.MovedAt, r.movedSeq = to, rec.At, rec.Seq
	if to.Final() {
		r.ClosedAt, r.Final = rec.At, &b
	}
}
