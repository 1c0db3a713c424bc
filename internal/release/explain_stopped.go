package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// explainStopped is about a rollout that is still open: it can be taken up again,
// or somebody else has it now.
func explainStopped(base string, e *InterruptedError) (string, string) {
	r := e.Outcome.Rollout
	var behind *BehindError
	if errors.As(e.Cause, &behind) {
		return explainBehind(base, e, behind)
	}
	serves := ServesText(e.Outcome.Serving, time.Time{})
	if r.Waves != nil {
		serves = r.servesText()
	}
	holder, taken := takenBy(e.Cause)
	happened := fmt.Sprintf("the driver stopped at %s: %s", r.Where(), stopWords(e.Cause))
	if taken {
		happened = fmt.Sprintf("another driver took the rollout over at %s: %s", r.Where(), holder)
		serves += ", when this run last looked"
	}
	if r.Reason != "" {
		happened += "; " + r.Reason
	}
	return base + ": the rollout is not finished", sections(
		"What happened", happened,
		"What serves now", serves,
		"What to do", afterStop(e, taken),
		"The record", fmt.Sprintf("sluice explain %s/%d", e.Outcome.Key, r.Number))
}

// afterStop says how to go on. Whoever has lost the lease has nothing to go on with:
// the other one brings it to an end.
func afterStop(e *InterruptedError, taken bool) string {
	key := e.Outcome.Key
	if taken {
		return fmt.Sprintf("see how it ends, and plan again then: sluice wait %s", key)
	}
	next := fmt.Sprintf("apply again to go on from here, or: sluice continue %s\nto go back instead: sluice abort %s --reason \"...\"", key, key)
	if remedy := remedyOf(e.Cause, key); remedy != "" {
		next = remedy + "\n" + next
	}
	r := e.Outcome.Rollout
	if o := r.Outcome; r.switchArmed() {
		next += fmt.Sprintf("\nthe target goes back by itself %s after the last look", o.RevertAfter)
	}
	return next
}

// takenBy says who has the lease that this driver had.
func takenBy(cause error) (string, bool) {
	var fenced *ledger.FencedError
	if errors.As(cause, &fenced) && fenced.Lease.Holder != "" {
		return fenced.Lease.Holder, true
	}
	return "", false
}

// stopWords is what stopped the driver. What a context says of its end is no word
// for people.
func stopWords(cause error) string {
	switch cause.Error() {
	case context.Canceled.Error():
		return "it was interrupted"
	case context.DeadlineExceeded.Error():
		return "its time was up"
	default:
		return cause.Error()
	}
}
