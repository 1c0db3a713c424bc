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
			r.Checked, r.Resumed = nil, nil
			r.StepAt, r.Soak, r.Extended, r.unwatched, r.missed = time.Time{}, 0, false, 0, nil
			return nil
		})
	case KindChecked:
		return with(rec, func(b CheckedBody) error { r.checked(rec, b); return nil })
	case KindResumed:
		return with(rec, func(b ResumedBody) error { r.resumed(b); return nil })
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
		r.applied, r.Weight, r.Traffic = b.Step, b.Weight, b.Traffic
		if c := b.Observation.Canary; b.traffic().Batch != nil && c != nil {
			// A batch rounds to whole instances, and the weight follows them.
			r.Weight = c.Weight
		}
		delete(r.done, EffectRevert)
		r.StepAt, r.Soak, r.late, r.unwatched, r.missed = rec.At, 0, 0, 0, nil
		if !r.TickAt.IsZero() {
			r.TickAt = rec.At
		}
	case EffectComplete:
		r.Weight, r.Traffic = 100, nil
	case EffectLower:
		r.Weight, r.Traffic, r.loweredAt = b.Weight, nil, rec.At
	case EffectRevert:
		r.Weight, r.Traffic, r.revertSeq = 0, nil, rec.Seq
		if !r.backAt.IsZero() {
			r.RevertTook = max(rec.At.Sub(r.backAt), 0)
		}
	}
}

// tick folds one look. The verdict is the recorded one: judging again would give
// the same (Replay proves it) and take longer than all the rest.
func (r *Rollout) tick(rec ledger.Record, b TickBody) {
	if gap, missed := unwatched(r.lastWatched(), rec.At, b.Interval.Std()); missed {
		r.unwatched += gap
	}
	for _, s := range b.Kept {
		// Somebody vouches for it after all.
		r.unwatched -= s.End.Sub(s.Start)
	}
	r.missed = b.Missed
	r.Ticks++
	r.LastTick, r.TickAt, r.tickSeq = &b, rec.At, rec.Seq
	r.Soak += b.Soak.Std()
	if b.Soak > 0 || b.Late == 0 {
		r.late = 0
	}
	r.late += b.Late.Std()
	if b.Observed {
		r.BadTicks = 0
	} else {
		r.BadTicks++
	}
	if len(r.Spec.watchers()) > 0 && len(b.Input.Counts)+len(b.Watched) > 0 {
		r.samples = append(r.samples, b.sample())
	}
	if b.Verdict == nil {
		return
	}
	r.judged = append(r.judged, b.Input)
	if b.Verdict.Kind == judge.Harm && (r.Harm == nil || ofHealthAlone(*r.Harm) && !ofHealthAlone(*b.Verdict)) {
		r.Harm = b.Verdict
	}
}

// ofHealthAlone is true for a verdict of harm that no count gave: it repeats what the
// target said of the new artifact's health, which is a trigger of its own.
func ofHealthAlone(v judge.Verdict) bool {
	down := false
	for _, reason := range v.Reasons {
		if reason.Code == judge.CodeFastLane {
			return false
		}
		down = down || reason.Code == judge.CodeUnhealthy
	}
	return down && v.EHarm < v.HarmAt
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

// counting is whether signals are asked at all.
func (r *Rollout) counting() bool {
	return r.judging() || r.Analysis != nil && len(r.Analysis.Watches) > 0
}

// watches lists what a signal counts for triggers alone.
func (r *Rollout) watches(signal string) []string {
	if r.Analysis == nil {
		return nil
	}
	return r.Analysis.Watches[signal]
}

func (r *Rollout) move(rec ledger.Record, to State, b MoveBody) {
	if to == Paused {
		r.PausedFrom = b.From
	}
	if to == RollbackFailed {
		r.wentBack = b.From
	}
	if to == Baking && b.From != Paused {
		r.StepAt, r.Soak, r.late, r.unwatched, r.missed = rec.At, 0, 0, 0, nil
	}
	if b.From == Paused && !to.GoingBack() {
		// Looks that could not be read still count: a word or a gate is no data.
		r.Cause, r.Reason, r.Trigger = "", "", ""
		r.Extended, r.StepAt, r.unwatched = false, rec.At, 0
		r.Failure, r.failures = nil, 0
	}
	if b.Cause != "" {
		r.Cause, r.Reason, r.Trigger = b.Cause, b.Reason, b.Trigger
	}
	if b.Intent != nil {
		r.intend(rec, *b.Intent)
		r.failures = 0
	}
	if to.GoingBack() && !r.State.GoingBack() {
		r.backAt = rec.At
	}
	r.State, r.MovedAt, r.movedSeq = to, rec.At, rec.Seq
	if to.Final() {
		r.ClosedAt, r.Final = rec.At, &b
	}
}
