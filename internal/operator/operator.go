// Package operator is what a person asks of a release, wherever they are: to go back,
// to stop a rollout, to go on with one. The command line and the provider's actions
// call it, so that both do the same and say the same.
package operator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// WaitAtMostEnv is the environment variable that bounds a whole run, with the same
// meaning in the provider and on the command line.
const WaitAtMostEnv = "SLUICE_WAIT_AT_MOST"

// Operator acts for a person on one ledger.
type Operator struct {
	// Engine is on the ledger, and its Actor is the person.
	Engine *release.Engine
	// Tell, where it is set, is told in a line what has happened, when it has. It must
	// not block: a rollback waits for it.
	Tell func(text string)
}

// Done is what is true after a call, whether it returned an error or not. Its Result
// is empty when nothing of the release was read.
type Done struct {
	release.Outcome
	// Text says in a sentence what was done.
	Text string
}

func (o Operator) tell(format string, args ...any) {
	if o.Tell != nil {
		o.Tell(fmt.Sprintf(format, args...))
	}
}

// AbortRequest is a person's word that a rollout has to stop.
type AbortRequest struct {
	// Reason is for the record, and may not be empty.
	Reason string
	// Quarantine keeps the artifact from being released here again.
	Quarantine bool
	// Request only asks whoever drives the rollout, even with access to the target.
	Request bool
}

// Abort stops the rollout that is open and sends all traffic back. Without access to
// the target it records the request, and waits for whoever drives to have gone back.
func (o Operator) Abort(ctx context.Context, key release.Key, ask AbortRequest) (Done, error) {
	status, err := o.reach(ctx, key)
	if err != nil {
		return Done{}, err
	}
	open := status.History.Open()
	if open == nil {
		return Done{}, NothingOpen(key)
	}
	req := release.RequestBody{By: o.Engine.Actor, Reason: ask.Reason, Cause: release.CauseOperator, Quarantine: ask.Quarantine}
	if ask.Request || status.LookErr != nil {
		if err := o.Engine.RequestAbort(ctx, key, req); err != nil {
			return Done{}, err
		}
		return o.awaitTaker(ctx, key, open.Number, status.LookErr)
	}
	o.tell("stopping rollout %d of %s, which stands at %s", open.Number, key, Percent(open.Weight))
	out, err := o.driving().Abort(ctx, key, req)
	return Done{out, fmt.Sprintf("Rollout %d of %s is aborted; %s serves.", open.Number, key, Label(open.Baseline))}, err
}

// NothingOpen says that there is nothing to abort, and what to do instead.
func NothingOpen(key release.Key) error {
	return fmt.Errorf("no rollout of %s is open, so there is nothing to abort; to leave what serves: sluice rollback %s --reason \"...\"", key, key)
}

// Rollback goes back to what served before, at once. No gate is asked and no lease is
// waited for. Without access to the target it records the request, and waits for
// whoever drives to have gone back.
func (o Operator) Rollback(ctx context.Context, key release.Key, reason string) (Done, error) {
	status, err := o.reach(ctx, key)
	if err != nil {
		return Done{}, err
	}
	if status.LookErr != nil {
		req := release.RequestBody{By: o.Engine.Actor, Reason: reason, Cause: release.CauseOperator, Quarantine: true}
		if err := o.Engine.RequestBack(ctx, key, req); err != nil {
			return Done{}, err
		}
		if open := status.History.Open(); open != nil {
			return o.awaitTaker(ctx, key, open.Number, status.LookErr)
		}
		return Done{}, nobody(key, status.Lease, status.LookErr)
	}
	o.tell("%s goes back at once, without a gate", key)
	out, err := o.driving().Back(ctx, key, release.BackRequest{Reason: reason})
	return Done{out, fmt.Sprintf("%s is back: %s serves.", key, Label(out.Payload))}, err
}

// Continue drives the rollout that is open, for as long as stay says, or takes up a
// rollback that somebody asked for.
func (o Operator) Continue(ctx context.Context, key release.Key, stay release.Stay) (Done, error) {
	out, err := o.driving().ContinueFor(ctx, key, stay)
	return Done{out, Continued(key, out)}, err
}

// Continued says in a sentence what became of a release that somebody went on with.
func Continued(key release.Key, out release.Outcome) string {
	switch {
	case out.Rollout == nil || out.Result == release.Unchanged:
		return fmt.Sprintf("No rollout of %s is open; %s serves.", key, Label(out.Payload))
	case out.Result == release.Underway:
		p := out.Rollout.Progress()
		text := fmt.Sprintf("Rollout %d of %s is not finished: %s.", out.Rollout.Number, key, p.Text)
		if !p.RevertsAt.IsZero() {
			text += fmt.Sprintf(" The target goes back by itself at %s unless somebody looks before.", p.RevertsAt.UTC().Format(time.RFC3339))
		}
		return text
	default:
		return fmt.Sprintf("Rollout %d of %s %s; %s serves.", out.Rollout.Number, key, words(out.Rollout.State), Label(out.Payload))
	}
}

// driving is the engine, telling what it records.
func (o Operator) driving() *release.Engine {
	if o.Tell == nil {
		return o.Engine
	}
	e := *o.Engine
	e.Hooks.Recorded = (&teller{tell: o.Tell, clock: e.Clock}).record
	return &e
}

// Label names a payload, or says that there is none.
func Label(p *artifact.Payload) string {
	if p == nil || p.IsZero() {
		return "nothing"
	}
	return p.Label()
}

// words writes an identifier for people: "rolled back".
func words[T ~string](s T) string { return strings.ReplaceAll(string(s), "_", " ") }
