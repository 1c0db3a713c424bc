package release

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// explainBehind is about a rollout that is open and that this ledger may not drive on,
// since the target has seen a fence that it has not given. What the rollout was to do,
// and how to go on, is another thing for each kind.
func explainBehind(base string, e *InterruptedError, behind *BehindError) (string, string) {
	r, key := e.Outcome.Rollout, e.Outcome.Key
	serves := ServesText(e.Outcome.Serving, time.Time{})
	if r.Waves != nil {
		serves = r.servesText()
	}
	return base + ": the ledger is behind its target", sections(
		"What happened", fmt.Sprintf("the target %s (%s). Either somebody else drives it, by another ledger, or this ledger was restored from an older copy", behind.fences(" (the number by which it tells an old driver from a new one)"), target.CodeStaleFence),
		"What is open", openText(r),
		"What serves now", serves,
		"What to do", afterBehind(r, key),
		"The record", fmt.Sprintf("sluice explain %s/%d", key, r.Number))
}

// openText says which rollout stays open in the ledger, and what it has done.
func openText(r *Rollout) string {
	what := "to " + r.Spec.Payload.Label()
	switch {
	case r.Kind == BackOut:
		what = "the rollback to " + r.Spec.Payload.Label()
	case r.Kind == Repair:
		what = "the repair of " + r.Spec.Payload.Label()
	case r.Abort != nil:
		what += ", which was asked to stop"
	}
	did := "it has changed nothing at the target"
	if r.Outcome != nil || r.Waves != nil {
		did = "what it had changed at the target before, this order left as it is"
	}
	return fmt.Sprintf("rollout %d, %s, at %s; %s", r.Number, what, r.Where(), did)
}

// afterBehind says how to go on. Each order of this ledger is refused alike, an abort
// too, so what goes on and what gives up both come after the binding.
func afterBehind(r *Rollout, key Key) string {
	goOn := "sluice continue " + key.String()
	if r.Kind == Forward && r.Abort == nil {
		goOn = "apply again, or: " + goOn
	}
	text := "where another ledger drives this target: use that one (--ledger), and leave this rollout\n" +
		"where this ledger is an older copy, or replaces a lost one, and no other drives:\n" +
		"sluice ledger rebind --reason \"...\"\n" +
		"then go on with this rollout: " + goOn
	if r.Abort == nil {
		text += fmt.Sprintf("\nor give it up: sluice abort %s --reason \"...\"", key)
	}
	return text + fmt.Sprintf("\nto go back at once, without the ledger's orders:\nsluice rollback %s --write-spec FILE, then\nsluice rollback --spec FILE --reason \"...\"", key)
}
