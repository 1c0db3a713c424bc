package release

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// planPatience is how long a plan watches for an agent's sign of life: longer than an
// agent that lives lets pass, one of an older version, which shows it every 5 s, as well.
// The first sign ends it.
const planPatience = 7 * time.Second

// noAgent is nil when an agent lives that drives the release, and says otherwise why
// none was seen.
func noAgent(ctx context.Context, l ledger.Ledger, c clock.Clock, key engine.Key) error {
	_, lives, err := presence.Live(ctx, l, c, func(a presence.Agent) bool { return a.Drives(key.Service, key.Environment) })
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("none showed a sign of life while this run looked")
	case err != nil:
		return fmt.Errorf("the ledger could not tell: %w", err)
	case !lives:
		all, err := presence.List(ctx, l)
		if err != nil || len(all) == 0 {
			return errors.New("no agent was ever started on this ledger")
		}
		names := make([]string, len(all))
		for i, a := range all {
			names[i] = a.Name
		}
		return fmt.Errorf("of the agents on this ledger (%s) none lives that drives it", strings.Join(names, ", "))
	default:
		return nil
	}
}

// agentPath is the attribute that asks for an agent.
const agentPath = "continued_by.agent"

// agentError says on the attribute's path that nobody would go on.
func agentError(err error) field.Errors {
	return field.Errors{{Path: agentPath, Msg: fmt.Sprintf(
		"an agent is to go on with the rollout, but %v; nothing was moved; start one, for example: sluice agent --ledger URL, or stay to the end: wait = \"complete\"", err)}}
}

// before is what the engine asks before it opens a rollout that the apply may leave.
func (r *Resource) before(l ledger.Ledger, spec engine.Spec) func(context.Context) error {
	if c := spec.ContinuedBy; c == nil || !c.Agent {
		return nil
	}
	return func(ctx context.Context) error {
		if err := noAgent(ctx, l, r.client.Clock, spec.Key()); err != nil {
			return agentError(err)
		}
		return nil
	}
}

// left says what it means that an apply has left its rollout open: a warning where
// somebody goes on, and an error where nobody does.
func (r *Resource) left(ctx context.Context, l ledger.Ledger, spec engine.Spec, out engine.Outcome) diagnostics {
	var diags diagnostics
	open := out.History.Open()
	if out.Result != engine.Underway || open == nil {
		return diags
	}
	if why := r.nobody(ctx, l, spec.ContinuedBy, out); why != nil {
		return explain(&engine.InterruptedError{Outcome: out, Cause: why}, spec)
	}
	text := fmt.Sprintf("Now             %s\nTo see the end  sluice wait %s", open.Progress().Text, out.Key)
	diags.AddWarning(fmt.Sprintf("Rollout %d of %s is not finished", open.Number, out.Key), prose.Indented(text, "  "))
	return diags
}

// nobody says why nobody goes on with a rollout that was left open, nil where
// somebody does.
func (r *Resource) nobody(ctx context.Context, l ledger.Ledger, by *engine.ContinuedBy, out engine.Outcome) error {
	switch {
	case by == nil && !out.LeftFor.IsZero():
		return fmt.Errorf("%s, and continued_by names nobody who goes on", out.LeftFor)
	case by == nil:
		return errors.New("its time was up, and continued_by names nobody who goes on")
	case !by.Agent:
		return nil
	}
	if err := noAgent(ctx, l, r.client.Clock, out.Key); err != nil {
		return fmt.Errorf("an agent is to go on, but %w", err)
	}
	return nil
}

// warnOfAgent says at plan that an apply would be refused for want of an agent.
func (p *planning) warnOfAgent(ctx context.Context, l ledger.Ledger, spec engine.Spec) {
	if c := spec.ContinuedBy; c == nil || !c.Agent || p.applying {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, planPatience)
	defer cancel()
	if err := noAgent(ctx, l, p.r.client.Clock, spec.Key()); err != nil {
		p.warn("No agent drives "+spec.Key().String()+" now", note(fmt.Sprintf(
			"The release is to be continued by an agent, but %v. An apply begins nothing until one lives; start it, for example: sluice agent --ledger URL", err)))
	}
}
