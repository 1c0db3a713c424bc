package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// ModifyPlan says what an apply will do. What becomes part of the plan is a
// function of configuration and prior state, because core plans again during
// apply and a known value must not change; only "not known yet" may come from the
// ledger. What the gates say is a warning.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var plan model
	resp.Diagnostics.Append(resp.Plan.Get(ctx, &plan)...)
	var state *model
	if !req.State.Raw.IsNull() {
		state = &model{}
		resp.Diagnostics.Append(req.State.Get(ctx, state)...)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	owner, more := r.ownerOf(ctx, req.Private)
	resp.Diagnostics.Append(more...)
	seen, more := seenBy(ctx, req.Private)
	resp.Diagnostics.Append(more...)
	p := &planning{r: r, plan: plan, state: state, owner: owner, seen: seen, replaced: len(resp.RequiresReplace) > 0, applying: req.ClientCapabilities.DeferralAllowed}
	p.run(ctx)
	resp.Diagnostics.Append(p.diags...)
	resp.Diagnostics.Append(resp.Plan.Set(ctx, p.plan)...)
}

// planning is the work of one plan.
type planning struct {
	r     *Resource
	plan  model
	state *model
	// owner is who this state is; empty before a create and after an import.
	owner engine.Owner
	// seen is the newest record that this state knows of.
	seen     ledger.Seen
	replaced bool
	// applying is true when core plans again during an apply, as far as it tells: it
	// allows deferral there and not in a plan, unless the experiment of that name is
	// on. What the plan has warned of is then not said a second time.
	applying bool
	diags    diagnostics
}

// warn says what a person should know before an apply.
func (p *planning) warn(title, body string) {
	if !p.applying {
		p.diags.AddWarning(title, body)
	}
}

func (p *planning) run(ctx context.Context) {
	p.identify()
	p.label()
	p.renames()
	rollout := p.opens()
	p.keepEvidence(rollout)
	switch {
	case rollout, p.state.underway():
		// A rollout that was open may have ended since the state was written.
		p.forget()
	default:
		p.plan.Status, p.plan.Serving, p.plan.LastRollout = p.state.Status, p.state.Serving, p.state.LastRollout
		p.plan.Progress = p.state.Progress
		p.plan.TargetsServing = p.state.TargetsServing
	}
	if p.r.client == nil || p.replaced {
		return
	}
	if p.r.client.Unknown {
		// Whether a rollout is open cannot be told, so the apply has to look.
		p.forget()
		return
	}
	p.ask(ctx, rollout)
}

// identify plans the id.
func (p *planning) identify() {
	p.plan.ID = types.StringUnknown()
	if key, ok := p.plan.key(); ok {
		p.plan.ID = types.StringValue(key.String())
	}
}

// label plans the steps: a pure function of configuration and prior state.
func (p *planning) label() {
	payload, payloadKnown := p.plan.payload()
	def, defKnown := p.plan.strategy()
	switch {
	case payloadKnown && defKnown:
		p.plan.Steps = p.plan.steps(def, payload)
	case p.state != nil && payloadKnown && !p.opens() && p.plan.Strategy.Equal(p.state.Strategy) && p.plan.Targets.Equal(p.state.Targets) && p.plan.Waves.Equal(p.state.Waves):
		p.plan.Steps = p.state.Steps
	default:
		p.plan.Steps = types.ListUnknown(types.StringType)
	}
}

// opens reports whether the apply opens a rollout as far as configuration and
// prior state tell.
func (p *planning) opens() bool {
	if p.state == nil {
		return true
	}
	wanted, known := p.plan.payload()
	registered, _ := p.state.payload()
	return !known || !wanted.Same(registered) || p.state.Status.ValueString() == mixed || p.placedAnew()
}

// placedAnew reports whether the release goes over targets that it did not go over
// before, or elsewhere: the apply then releases to them.
func (p *planning) placedAnew() bool {
	if p.plan.Targets.IsUnknown() {
		return true
	}
	before := placed(p.state.Targets)
	for name, runtime := range placed(p.plan.Targets) {
		if known, there := before[name]; !there || !runtime.Equal(known) {
			return true
		}
	}
	return p.plan.waved() != p.state.waved()
}

// forget marks what only the apply will know.
func (p *planning) forget() {
	p.plan.Status = types.StringUnknown()
	p.plan.Progress = types.ObjectUnknown(progressType.AttrTypes)
	p.plan.Serving = types.ObjectUnknown(servingType.AttrTypes)
	p.plan.LastRollout = types.ObjectUnknown(lastRolloutType.AttrTypes)
	p.plan.TargetsServing = types.MapNull(servingType)
	if p.plan.waved() {
		p.plan.TargetsServing = types.MapUnknown(servingType)
	}
}

// ask asks the ledger what is under way, and the gates what stands in the way.
func (p *planning) ask(ctx context.Context, rollout bool) {
	id := ""
	if p.state != nil {
		id = p.state.LedgerID.ValueString()
	}
	l, err := p.ledger(ctx, id)
	if err != nil {
		p.diags.AddError(diags.Unable("plan", "release", p.plan.name(), err))
		return
	}
	e := p.r.client.Forecaster(l)
	var open *engine.Rollout
	var h *engine.History
	if key, known := p.plan.key(); known {
		h, err = e.Load(ctx, key)
		switch {
		case err == nil:
			open = h.Open()
		case !errors.Is(err, engine.ErrUnknown):
			p.diags.AddError(diags.Unable("plan", "release", key.String(), err))
			return
		}
		switch {
		case rollout || open != nil:
			p.r.client.Plan(key)
			if p.diags.Append(p.r.lost(ctx, l, "plan", key, p.seen, h)...); p.diags.HasError() {
				return
			}
		case p.r.client.Lost(key) == nil:
			// With -refresh=false nobody has asked yet.
			p.diags.Append(p.r.lostSeen(ctx, l, "plan", key, p.seen, h)...)
		}
	}
	if open != nil {
		p.forget()
		p.refuseTarget(open)
	}
	spec, known, errs, err := p.plan.toSpec(ctx, finder(ctx, l))
	if err != nil {
		p.diags.AddError(diags.Unable("plan", "release", p.plan.name(), err))
		return
	}
	p.diags.Append(diags.Fields(path.Empty(), "Invalid release", errs)...)
	if p.diags.HasError() || !known {
		return
	}
	p.judge(ctx, e, spec, rollout, h)
}

// foreign gives the owner when that is another state, which an apply would refuse.
func (p *planning) foreign(h *engine.History) *engine.Owner {
	imported := p.state != nil && p.owner.ID == ""
	if h == nil || h.Owner == nil || imported || h.Owner.ID == p.owner.ID {
		return nil
	}
	return h.Owner
}

// ledger opens the ledger without ever creating it. A state that was written
// against one needs that one; without a state, none yet is as good as an empty one.
func (p *planning) ledger(ctx context.Context, id string) (ledger.Ledger, error) {
	if id != "" {
		return p.r.client.Same(ctx, id)
	}
	return p.r.client.Forecasting(ctx)
}

// judge checks the specification with its drivers and adds the one warning.
func (p *planning) judge(ctx context.Context, e *engine.Engine, spec engine.Spec, rollout bool, h *engine.History) {
	var open *engine.Rollout
	if h != nil {
		open = h.Open()
	}
	if rollout || p.edited() != "" {
		p.diags.Append(diags.Fields(path.Empty(), "Invalid release", e.Validate(ctx, spec))...)
		if p.diags.HasError() {
			return
		}
	}
	switch {
	case open != nil && open.Kind == engine.Forward && open.Spec.Payload.Same(spec.Payload):
		p.warn(resumeTitle(spec, open), resumeBody(open, p.edited()))
	case open != nil && open.Kind == engine.Forward && p.foreign(h) == nil && goesBack(h, spec):
		p.warn(abortTitle(spec, open), abortBody(open))
	case rollout:
		f, err := e.Forecast(ctx, spec)
		if err != nil {
			p.diags.AddError(diags.Unable("plan", "release", p.plan.name(), err))
			return
		}
		if open != nil {
			f.Warnings = append(f.Warnings, fmt.Sprintf("rollout %d (%s, %s) is open; it is aborted and goes back first", open.Number, open.Spec.Payload.Label(), open.State))
		}
		if spec.Mode == engine.Observe {
			f.Warnings = append(f.Warnings, fmt.Sprintf("in mode \"observe\" nothing is written to the target; apply succeeds when somebody else has brought %s up by its end", spec.Payload.Label()))
		}
		if owner := p.foreign(h); owner != nil {
			f = refusedBy(*owner, h.Key, f)
		}
		p.warn(forecastTitle(spec, f), forecastBody(f, finishLines(ctx, e, spec, f)...))
		p.warnOfAgent(ctx, e.Ledger, spec)
	case p.edited() != "":
		p.warn(fmt.Sprintf("%s in %s: the edit holds from the next rollout on", spec.Service, spec.Environment.Name),
			fmt.Sprintf("Changed: %s. No rollout is opened for it, and what serves stays as it is.", p.edited()))
	}
}

// goesBack reports whether the wish is what served before the open rollout, so that
// its abort is all that is needed.
func goesBack(h *engine.History, spec engine.Spec) bool {
	serving := h.Serving()
	return serving != nil && serving.Same(spec.Payload)
}

// refuseTarget refuses to change the target under an open rollout.
func (p *planning) refuseTarget(open *engine.Rollout) {
	if p.state == nil || p.state.Target.IsNull() && p.state.Targets.IsNull() {
		return
	}
	at, same := "target", p.plan.Target.Equal(p.state.Target) && p.plan.waved() == p.state.waved()
	if p.plan.waved() {
		at, same = "targets", !p.placedAnew() && len(p.plan.Targets.Elements()) == len(p.state.Targets.Elements())
	}
	if same {
		return
	}
	key := p.plan.ID.ValueString()
	p.diags.AddAttributeError(path.Root(at), "Unable to change the target of release "+key,
		fmt.Sprintf("Rollout %d is still open (%s), and it could not be brought back on another target. Allowed is a change while no rollout is open: "+
			"finish it with the old target, or stop it first, for example: sluice abort %s --reason \"moving to another target\"", open.Number, open.State, key))
}

// edited names the attributes whose edit opens no rollout by itself.
func (p *planning) edited() string {
	if p.state == nil {
		return ""
	}
	var names []string
	for _, a := range []struct {
		name          string
		before, after attrValue
	}{
		{"service_definition", p.state.ServiceDefinition, p.plan.ServiceDefinition},
		{"environment", p.state.Environment, p.plan.Environment},
		{"target", p.state.Target, p.plan.Target},
		{"targets", p.state.Targets, p.plan.Targets},
		{"waves", p.state.Waves, p.plan.Waves},
		{"strategy", p.state.Strategy, p.plan.Strategy},
		{"rollback_policy", p.state.RollbackPolicy, p.plan.RollbackPolicy},
		{"signals", p.state.Signals, p.plan.Signals},
		{"mode", p.state.Mode, p.plan.Mode},
		{"irreversible", p.state.Irreversible, p.plan.Irreversible},
		{"evidence", p.state.Evidence, p.plan.Evidence},
		{"continued_by", p.state.ContinuedBy, p.plan.ContinuedBy},
	} {
		if !a.after.Equal(a.before) && !sameContent(a.before, a.after) {
			names = append(names, a.name)
		}
	}
	return join(names)
}

// sameContent reports whether two definitions differ in nothing but how they are
// written, by name or in full.
func sameContent(before, after attrValue) bool {
	b, okB := before.(types.Object)
	a, okA := after.(types.Object)
	if !okA || !okB || !a.Type(context.Background()).Equal(definition.Type()) {
		return false
	}
	x, y := definition.Read(b), definition.Read(a)
	return x.Name.Equal(y.Name) && (x.ByName() || y.ByName())
}
