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

// planPatience is how long a plan watches for an agent's sign of life: a little
// longer than an agent that lives lets pass.
const planPatience = presence.Every + 2*time.Second

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

// agentError says on the attribute's path that nobody would go on.
func agentError(err error) field.Errors {
	return field.Errors{{Path: "continued_by.agent", Msg: fmt.Sprintf(
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
	now := open.Progress()
	body := func(lines ...string) string { return prose.Indented(strings.Join(lines, "\n"), "  ") }
	follow := "to see how it ends, and to fail where it went back: sluice wait " + out.Key.String()
	summary := fmt.Sprintf("Unable to release %s %s to %s: the rollout is not finished", spec.Service, spec.Payload.Label(), spec.Environment.Name)
	by := spec.ContinuedBy
	if by == nil {
		diags.AddError(summary, body("The time of this run is up, and continued_by names nobody who goes on.", "It stands at "+now.Text+".",
			"apply again to go on from here, or: sluice continue "+out.Key.String()))
		return diags
	}
	if by.Agent {
		if err := noAgent(ctx, l, r.client.Clock, out.Key); err != nil {
			diags.AddError(summary, body("An agent is to go on, but "+err.Error()+".", "It stands at "+now.Text+".",
				"start an agent, for example: sluice agent --ledger URL, or: sluice continue "+out.Key.String()))
			return diags
		}
	}
	diags.AddWarning(fmt.Sprintf("Rollout %d of %s is not finished", open.Number, out.Key), body(now.Text+".", follow))
	return diags
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
