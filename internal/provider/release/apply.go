package release

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/waiting"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

type diagnostics = diag.Diagnostics

// lastWords bounds what is done after Terraform has asked the provider to stop.
const lastWords = 15 * time.Second

// Create makes the wish true for the first time. When it cannot, it returns the
// error and no state: a state would be tainted, and its replacement would begin
// with a deletion. The release is in the ledger, and the next create resumes it.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	limit, more := plan.Timeouts.Create(ctx, waiting.Default)
	resp.Diagnostics.Append(more...)
	if resp.Diagnostics.HasError() {
		return
	}
	l, err := r.client.Writing(ctx)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("create", "release", plan.name(), err))
		return
	}
	owner := r.newOwner()
	out, failed := r.ship(ctx, limit, l, plan, engine.ShipRequest{Owner: owner})
	resp.Diagnostics.Append(failed...)
	if resp.Diagnostics.HasError() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	id, err := l.ID(ctx)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("create", "release", plan.name(), err))
		return
	}
	plan.LedgerID = types.StringValue(id)
	resp.Diagnostics.Append(resp.State.Set(ctx, r.settled(ctx, plan, out))...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(out.Key))...)
	resp.Diagnostics.Append(keepOwner(ctx, resp.Private, owner, out.History)...)
	resp.Diagnostics.Append(keepSeen(ctx, resp.Private, out.History)...)
}

// Update makes a changed wish true. When it cannot, the state gets the old
// artifact, or that of the rollout that is still open, beside the error.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, prior model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	limit, more := plan.Timeouts.Update(ctx, waiting.Default)
	resp.Diagnostics.Append(more...)
	owner, more := r.ownerOf(ctx, req.Private)
	resp.Diagnostics.Append(more...)
	if resp.Diagnostics.HasError() {
		return
	}
	l, err := r.client.Same(ctx, prior.LedgerID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("update", "release", plan.name(), err))
		return
	}
	request := engine.ShipRequest{Owner: owner, TakeOver: owner.ID == ""}
	if request.TakeOver {
		request.Owner = r.newOwner()
	}
	out, failed := r.ship(ctx, limit, l, plan, request)
	resp.Diagnostics.Append(failed...)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	plan.LedgerID = prior.LedgerID
	switch {
	case !failed.HasError():
		resp.Diagnostics.Append(resp.State.Set(ctx, r.settled(ctx, plan, out))...)
	case out.History == nil:
		// Nothing was learnt, so the state stays as it was.
		return
	case out.Result == engine.Underway && samePayload(plan, out):
		// The rollout of this very plan is open: its artifact is the registered wish.
		resp.Diagnostics.Append(resp.State.Set(ctx, r.settled(ctx, plan, out))...)
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, r.settled(ctx, prior, out))...)
	}
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(out.Key))...)
	resp.Diagnostics.Append(keepSeen(ctx, resp.Private, out.History)...)
	if owned := out.History.Owner; owned != nil && owned.ID == request.Owner.ID || !failed.HasError() {
		resp.Diagnostics.Append(keepOwner(ctx, resp.Private, request.Owner, out.History)...)
	}
}

// tellWaiting logs how many are before a rollout that waits for its turn: Terraform shows
// nothing of what a resource does meanwhile.
func tellWaiting(ctx context.Context, w engine.Waiting) {
	tflog.Info(ctx, "waits for its turn to begin", map[string]any{"release": w.Key.String(), "before_it": w.Ahead, "in": w.Where, "since": w.Since})
}

// ship resolves a plan and hands it to the engine.
func (r *Resource) ship(ctx context.Context, limit time.Duration, l ledger.Ledger, plan model, request engine.ShipRequest) (engine.Outcome, diagnostics) {
	var out diagnostics
	spec, known, errs, err := plan.toSpec(ctx, finder(ctx, l))
	out.Append(diags.Fields(path.Empty(), "Invalid release", errs)...)
	switch {
	case err != nil:
		out.AddError(diags.Unable("update", "release", plan.name(), err))
	case !known && len(errs) == 0:
		out.AddError("Unable to update release "+plan.name(), "A value is not known though it is applied. This is always a bug in the provider; please report it to its developers.")
	}
	if out.HasError() {
		return engine.Outcome{}, out
	}
	request.Spec = spec
	if key, err := engine.ParseKey(plan.PreviousName.ValueString()); err == nil {
		request.PreviousName = &key
	}
	request.Stay, request.Before = plan.stay(r.client.Clock.Now(), r.client.Until), r.before(l, spec)
	bounded, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tflog.Info(ctx, "releasing", map[string]any{"release": spec.Key().String(), "artifact": spec.Payload.Label()})
	driving := r.client.Engine(l)
	driving.Hooks.Waiting = func(w engine.Waiting) { tellWaiting(ctx, w) }
	outcome, err := driving.Ship(bounded, request)
	r.client.Tell(ctx, l)
	tflog.Info(ctx, "released", map[string]any{"release": spec.Key().String(), "result": string(outcome.Result)})
	out.Append(explain(err, spec)...)
	if err == nil {
		out.Append(r.left(bounded, l, spec, outcome)...)
	}
	for _, w := range outcome.Warnings {
		out.AddWarning(fmt.Sprintf("Release %s", spec.Key()), w)
	}
	return outcome, out
}

// explain puts an error of the engine into a diagnostic.
func explain(err error, spec engine.Spec) diagnostics {
	var out diagnostics
	var fields field.Errors
	switch {
	case err == nil:
	case errors.As(err, &fields):
		summary := "Unable to release " + spec.Service + " " + spec.Payload.Label() + " to " + spec.Environment.Name
		if fields[0].Path == agentPath {
			summary += ": no agent lives"
		}
		out.Append(diags.Fields(path.Empty(), summary, fields)...)
	default:
		summary, detail := engine.Explain(err, spec.Key(), spec.Payload)
		out.AddError(summary, prose.Indented(detail, "  "))
	}
	return out
}

// settled is the state after a call of the engine: base with what the ledger and
// the target say now.
func (r *Resource) settled(ctx context.Context, base model, out engine.Outcome) model {
	obs := out.Serving
	if out.History.Spec != nil && out.History.Spec.Waved() {
		obs = nil
	} else if obs == nil || !obs.Known {
		// An error here only means that nothing new was seen.
		obs, _ = r.look(ctx, base, out.History)
	}
	m := base.fromHistory(out.History, obs)
	if looks, ok := r.lookAtParts(ctx, out.History); ok {
		m = m.withParts(looks)
	}
	if m.Steps.IsUnknown() {
		m.Steps = types.ListNull(types.StringType)
		if p := wish(out.History); p != nil && out.History.Spec != nil {
			m.Steps = m.steps(out.History.Spec.Strategy, *p)
		}
	}
	return m
}

// samePayload reports whether the open rollout carries what was planned.
func samePayload(plan model, out engine.Outcome) bool {
	p, known := plan.payload()
	return known && out.Payload != nil && out.Payload.Same(p)
}

// name is how messages call the release.
func (m model) name() string {
	key, known := m.key()
	if !known {
		return m.Service.ValueString()
	}
	return key.String()
}

// Delete stops managing the release and leaves the workload alone.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	owner, more := r.ownerOf(ctx, req.Private)
	resp.Diagnostics.Append(more...)
	if resp.Diagnostics.HasError() {
		return
	}
	key, _ := state.key()
	l, err := r.client.Same(ctx, state.LedgerID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("delete", "release", key.String(), err))
		return
	}
	err = r.client.Engine(l).Release(ctx, key, owner, "removed from the Terraform state of "+r.client.Actor)
	r.client.Tell(ctx, l)
	resp.Diagnostics.Append(explainDelete(err, key)...)
}

func explainDelete(err error, key engine.Key) diagnostics {
	var out diagnostics
	var open *engine.OpenError
	var owned *engine.OwnedError
	switch {
	case err == nil, errors.Is(err, engine.ErrUnknown):
	case errors.As(err, &open):
		out.AddError("Unable to delete release "+key.String()+": a rollout is open",
			fmt.Sprintf("What happened: rollout %d is still open (%s), and nobody would drive it any more.\n"+
				"What serves is as it was.\nWhat to do: bring it to its end, with: sluice continue %s; or stop it: sluice abort %s --reason \"...\"; then destroy again", open.Rollout, open.State, key, key))
	case errors.As(err, &owned):
		out.AddWarning("The release "+key.String()+" is managed by another state",
			fmt.Sprintf("It is removed from this state alone; %s (id %s) goes on managing it. Nothing was recorded.", owned.Owner.Label, owned.Owner.ID))
	default:
		out.AddError(diags.Unable("delete", "release", key.String(), err))
	}
	return out
}
