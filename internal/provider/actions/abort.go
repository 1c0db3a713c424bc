package actions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Abort is the action sluice_abort.
type Abort struct{ base }

var (
	_ action.ActionWithConfigure  = (*Abort)(nil)
	_ action.ActionWithModifyPlan = (*Abort)(nil)
)

// NewAbort makes the action.
func NewAbort() action.Action { return &Abort{base{name: "abort", verb: "abort"}} }

type abortConfig struct {
	Release    types.String `tfsdk:"release"`
	Reason     types.String `tfsdk:"reason"`
	Quarantine types.Bool   `tfsdk:"quarantine"`
	Request    types.Bool   `tfsdk:"request"`
}

// Schema implements action.Action.
func (*Abort) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Stops the rollout that is open: the request is recorded, the lease is taken from whoever drives, and all traffic goes back to what served before. No gate is asked. " +
			"Without access to the target the request alone is recorded, and whoever drives the rollout goes back; it is an error when nobody lives to do that." +
			byHand("abort RELEASE --reason TEXT"),
		Attributes: map[string]schema.Attribute{
			releaseAttr: releaseAttribute(), reasonAttr: reasonAttribute("errors in the shop"),
			"quarantine": schema.BoolAttribute{Optional: true, MarkdownDescription: "The artifact is bad: do not let it be released here again. Default: `false`."},
			"request":    schema.BoolAttribute{Optional: true, MarkdownDescription: "Only ask whoever drives the rollout, even with access to the target. Default: `false`."},
		},
	}
}

// ModifyPlan warns where nothing is open yet: a rollout may be by the time of the apply.
func (a *Abort) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config abortConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.foresee(ctx, config.Release, true, func(h *release.History) error {
		if h.Open() == nil {
			resp.Diagnostics.AddAttributeWarning(path.Root(releaseAttr), "Nothing to abort in "+h.Key.String()+" now",
				"The action will fail unless a rollout is open by then: "+operator.NothingOpen(h.Key).Error()+".")
		}
		return nil
	})...)
}

// Invoke implements action.Action.
func (a *Abort) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config abortConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	ask := operator.AbortRequest{Reason: config.Reason.ValueString(), Quarantine: config.Quarantine.ValueBool(), Request: config.Request.ValueBool()}
	a.urgently(ctx, config.Release.ValueString(), ask.Reason, resp, func(o operator.Operator, key release.Key) (operator.Done, error) {
		return o.Abort(ctx, key, ask)
	})
}
