package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// record writes down what became of the jobs that have ended.
func (w *waver) record(ctx context.Context) error {
	for {
		select {
		case end := <-w.done:
			w.took(end)
			continue
		default:
		}
		break
	}
	for len(w.ended) > 0 {
		if err := w.recordOne(ctx, w.ended[0]); err != nil {
			return err
		}
		w.ended = w.ended[1:]
	}
	return nil
}

func (w *waver) recordOne(ctx context.Context, end jobEnd) error {
	j, t := w.jobs[end.name], w.h.Open().Waves.Targets[end.name]
	switch {
	case end.part.ended != nil && !t.Ended():
		j.tries = 0
		return w.append(ctx, KindTargetEnded, *end.part.ended)
	case end.part.back != nil && t.BackAt.IsZero():
		j.tries = 0
		return w.append(ctx, KindTargetBack, *end.part.back)
	case end.err == nil:
		if end.part.left {
			j.left, w.left = true, true
			w.stay.partLeftFor = w.stay.partLeftFor.Sooner(end.part.leftFor)
		}
		return nil
	}
	return w.wentWrong(ctx, end, j, t)
}

// wentWrong decides what an error of a try means: another try, the target's
// failure, or the end of this driver.
func (w *waver) wentWrong(ctx context.Context, end jobEnd, j *job, t *TargetProgress) error {
	j.tries++
	now := w.e.Clock.Now()
	j.retry = now.Add(backoff(j.tries))
	var blocked *BlockedError
	var held *ledger.HeldError
	var fenced *ledger.FencedError
	switch {
	case j.kind.goesBack():
		// It is tried for ever, as every revert is; at once where this driver cut short
		// what went before.
		if errors.Is(end.err, context.Canceled) {
			j.tries, j.retry = 0, time.Time{}
		}
		return nil
	case errors.As(end.err, &blocked):
		j.retry = now.Add(max(w.h.Open().Spec.Strategy.Analysis.Interval.Std(), time.Second))
		return w.waiting(ctx, t, GateSummary(blocked.Results))
	case errors.As(end.err, &held), errors.As(end.err, &fenced):
		return w.waiting(ctx, t, fmt.Sprintf("somebody else drives %s: %v", w.key.Part(end.name), end.err))
	case faultOfTarget(end.err):
		if j.tries < 3 {
			return w.waiting(ctx, t, end.err.Error())
		}
		return w.append(ctx, KindTargetEnded, TargetEndedBody{Target: end.name, Result: Broke, Cause: CauseError, Reason: end.err.Error()})
	case errors.Is(end.err, context.Canceled):
		return nil
	case w.e.Steady && away(end.err) && j.tries <= triesOfALedger:
		// The driver stays while its ledger is away, and a target that found no ledger at
		// its beginning is no reason to leave the others.
		return nil
	default:
		w.fatal = fmt.Errorf("target %s: %w", end.name, end.err)
		return nil
	}
}

// triesOfALedger is how often in a row one target may fail for its ledger while that of the
// whole release, which is the same, answers.
const triesOfALedger = 10

// waiting notes why a target cannot go on, when that is news.
func (w *waver) waiting(ctx context.Context, t *TargetProgress, reason string) error {
	if t.Waiting == reason {
		return nil
	}
	return w.append(ctx, KindTargetWaiting, TargetWaitingBody{Target: t.Name, Reason: reason})
}

// faultOfTarget is whether an error is about the target or what it is asked to do,
// and not about this driver or its ledger.
func faultOfTarget(err error) bool {
	var fault *targetFault
	var obstructed *ObstructedError
	var fields field.Errors
	return errors.As(err, &fault) || errors.As(err, &obstructed) || errors.As(err, &fields)
}

// targetFault marks an error of the target itself.
type targetFault struct{ err error }

// Error implements error.
func (f *targetFault) Error() string { return f.err.Error() }

// Unwrap gives the error.
func (f *targetFault) Unwrap() error { return f.err }
