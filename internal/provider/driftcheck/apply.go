package driftcheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/provider/waiting"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// fromCheck takes over what the ledger says of the check, and leaves alone what
// says the same in other words.
func (m model) fromCheck(ctx context.Context, check drift.Check) (model, error) {
	if m.Blocks.IsNull() {
		// A state of a version that had no such attribute, or an import.
		m.Blocks = types.StringValue(string(check.EffectiveBlocks()))
	}
	mine, known, errs := m.toCheck(ctx)
	// An import begins with no mode at all, which is not the default written out.
	if known && len(errs) == 0 && !m.Mode.IsNull() && same(mine, check) {
		return m, nil
	}
	m.Mode = types.StringValue(string(check.EffectiveMode()))
	m.Blocks = types.StringValue(string(check.EffectiveBlocks()))
	var err error
	if m.Ignore, err = collection[types.List](ctx, "ignore", check.Ignore); err != nil {
		return m, err
	}
	if m.Accepted, err = collection[types.List](ctx, "accepted", check.Accepted); err != nil {
		return m, err
	}
	if m.Severity, err = collection[types.Map](ctx, "severity", check.Severity); err != nil {
		return m, err
	}
	if m.Fields, err = collection[types.Map](ctx, "fields", check.Fields); err != nil {
		return m, err
	}
	if m.Documents, err = collection[types.Map](ctx, "documents", check.Documents); err != nil {
		return m, err
	}
	if m.Groups, err = collection[types.Map](ctx, "security_groups", check.SecurityGroups); err != nil {
		return m, err
	}
	if m.Resources, err = collection[types.Map](ctx, "resources", check.Resources); err != nil {
		return m, err
	}
	m.Images, err = collection[types.Map](ctx, "images", check.Images)
	return m, err
}

// collection gives what the domain has as the value of an attribute.
func collection[T attr.Value](ctx context.Context, name string, domain any) (T, error) {
	var none T
	raw, err := json.Marshal(domain)
	if err != nil {
		return none, err
	}
	value, err := tfconv.FromJSON(ctx, checkSchema(ctx).Attributes[name].GetType(), raw)
	if err != nil {
		return none, err
	}
	v, ok := value.(T)
	if !ok {
		return none, fmt.Errorf("unexpected value type %T", value)
	}
	return v, nil
}

func same(a, b drift.Check) bool {
	a.Mode, b.Mode = a.EffectiveMode(), b.EffectiveMode()
	a.Blocks, b.Blocks = a.EffectiveBlocks(), b.EffectiveBlocks()
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

// ModifyPlan tells what has drifted, and plans the repair where the author wants
// one and nothing else moves the release.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() || r.client == nil {
		return
	}
	if req.State.Raw.IsNull() {
		resp.Diagnostics.Append(r.first(ctx, req)...)
		return
	}
	var plan, state model
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	check, known, errs := plan.toCheck(ctx)
	if resp.Diagnostics.HasError() || len(errs) > 0 || len(resp.RequiresReplace) > 0 {
		return
	}
	if r.client.Unknown || !known {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan.forget())...)
		return
	}
	if r.client.Planned(check.Release) {
		// The rollout moves what would be compared; the next plan looks again.
		return
	}
	l, err := r.client.Same(ctx, state.LedgerID.ValueString())
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("plan", "drift check", check.Release.String(), err))
		return
	}
	report, err := r.look(ctx, l, check)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("plan", "drift check", check.Release.String(), err))
		return
	}
	// Core allows deferral when it plans again during an apply, and not in a plan: what
	// the plan has warned of is not said a second time. An error always is.
	if found := tell(check, report); found.HasError() || !req.ClientCapabilities.DeferralAllowed {
		resp.Diagnostics.Append(found...)
	}
	// What a ledger says that was brought back from an older copy is not what should serve.
	if err := r.client.Lost(check.Release); err != nil && report.Repairs() {
		resp.Diagnostics.AddError(diags.Unable("repair", "release", check.Release.String(), err))
		return
	}
	// A repair that was planned is not dropped in silence when apply cannot see any
	// more what it would change: the state has what the plan saw, and Update refuses.
	planned := state.Observed.ValueString() != "" && report.Status == drift.StatusUnknown && check.EffectiveMode() == drift.ModeRemediate
	if report.Repairs() || planned {
		resp.Diagnostics.Append(resp.Plan.Set(ctx, plan.forget())...)
	}
}

// Create declares the check and looks for the first time. It repairs nothing: what
// is found is in the state, and the next plan says so.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	var plan model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	if resp.Diagnostics.HasError() {
		return
	}
	state, err := r.create(ctx, plan)
	var conflict *ledger.ConflictError
	switch {
	case errors.As(err, &conflict):
		resp.Diagnostics.AddAttributeError(path.Root("release"), "Unable to create drift check "+plan.Release.ValueString(),
			fmt.Sprintf("What happened: the ledger has a drift check of this release already.\nWhat to do: take it over with: terraform import ADDRESS %s", plan.Release.ValueString()))
	case err != nil:
		resp.Diagnostics.AddError(diags.Unable("create", "drift check", plan.Release.ValueString(), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
		resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("release"), state.Release)...)
	}
}

func (r *Resource) create(ctx context.Context, plan model) (model, error) {
	check, known, errs := plan.toCheck(ctx)
	if !known || len(errs) > 0 {
		return plan, fmt.Errorf("the check is not complete though it is applied: %w", errs)
	}
	l, err := r.client.Writing(ctx)
	if err != nil {
		return plan, err
	}
	if err := r.declare(ctx, l, check, true); err != nil {
		return plan, err
	}
	id, err := l.ID(ctx)
	if err != nil {
		return plan, err
	}
	plan.LedgerID = types.StringValue(id)
	report, err := r.look(ctx, l, check)
	if err != nil {
		// The check is declared by now, so the state must have it. The next plan looks again.
		tflog.Warn(ctx, "the first look failed", map[string]any{"release": check.Release.String(), "error": err.Error()})
		report = drift.Report{Key: check.Release, Status: drift.StatusUnknown}
	}
	return plan.fromReport(report), nil
}

// Update writes the check and repairs what has drifted where the author wants it.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	var plan, prior model
	resp.Diagnostics.Append(req.Plan.Get(ctx, &plan)...)
	resp.Diagnostics.Append(req.State.Get(ctx, &prior)...)
	check, known, errs := plan.toCheck(ctx)
	limit, more := plan.Timeouts.Update(ctx, waiting.Default)
	resp.Diagnostics.Append(more...)
	if resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("release"), plan.Release)...)
	plan.LedgerID = prior.LedgerID
	l, err := r.client.Same(ctx, prior.LedgerID.ValueString())
	switch {
	case err == nil && (!known || len(errs) > 0):
		err = errors.New("the check is not complete though it is applied")
	case err == nil:
		err = r.declare(ctx, l, check, false)
	}
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("update", "drift check", plan.Release.ValueString(), err))
		return
	}
	if plan.Status.IsUnknown() && check.EffectiveMode() == drift.ModeRemediate {
		bounded, cancel := context.WithTimeout(ctx, limit)
		defer cancel()
		resp.Diagnostics.Append(r.repair(bounded, l, check, prior.Observed.ValueString())...)
	}
	if plan.Status.IsUnknown() || plan.Differences.IsUnknown() {
		ctx := context.WithoutCancel(ctx)
		report, err := r.look(ctx, l, check)
		if err != nil {
			resp.Diagnostics.AddError(diags.Unable("update", "drift check", plan.Release.ValueString(), err))
			return
		}
		plan = plan.fromReport(report)
	}
	resp.Diagnostics.Append(resp.State.Set(context.WithoutCancel(ctx), plan)...)
}

// repair brings the release back, through the same engine as any rollout. planned
// is the hash of what the plan was made on, and nothing is done on anything else:
// somebody who mends or makes worse what drifted, between plan and apply, is not
// overruled by a plan that never saw it.
func (r *Resource) repair(ctx context.Context, l ledger.Ledger, check drift.Check, planned string) diagnostics {
	var out diagnostics
	report, err := r.look(ctx, l, check)
	unable := "Unable to repair release " + check.Release.String()
	switch {
	case err != nil:
		out.AddError(diags.Unable("repair", "release", check.Release.String(), err))
		return out
	case report.Status == drift.StatusUnknown && planned != "":
		out.AddError(unable+": what serves cannot be seen", fmt.Sprintf("What happened: %s\nNothing was changed.\nWhat to do: plan again once it can be seen.", report.Reason))
		return out
	case !report.Repairs():
		// Ignored differences are no reason to act, nor is what somebody mended since.
		return nil
	case planned == "":
		out.AddWarning("The drift of "+check.Release.String()+" is not repaired now",
			"The plan was made before it was seen: without a refresh, or before it began. The next plan looks again.")
		return out
	case report.Observed != planned:
		out.AddError(unable+": what serves is not what the plan saw", "What happened: between plan and apply somebody changed what serves:\n"+
			strings.Join(listed(report), "\n")+"\nNothing was changed.\nWhat to do: plan again, and apply what that plan shows.")
		return out
	}
	result, err := r.client.Engine(l).Repair(ctx, check.Release)
	r.client.Tell(ctx, l)
	var open *release.OpenError
	switch {
	case errors.As(err, &open):
		out.AddWarning("The drift of "+check.Release.String()+" is not repaired now",
			fmt.Sprintf("Rollout %d is open (%s) and moves the same target. The next plan looks again.", open.Rollout, open.State))
	case err != nil:
		payload := result.Payload
		if payload == nil {
			out.AddError(diags.Unable("repair", "release", check.Release.String(), err))
			return out
		}
		summary, detail := release.Explain(err, check.Release, *payload)
		out.AddError("Unable to repair release "+check.Release.String()+": "+afterColon(summary), prose.Indented(detail, "  "))
	}
	return out
}
