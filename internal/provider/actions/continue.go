package actions

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Continue is the action sluice_continue.
type Continue struct{ base }

var (
	_ action.ActionWithConfigure  = (*Continue)(nil)
	_ action.ActionWithModifyPlan = (*Continue)(nil)
)

// NewContinue makes the action.
func NewContinue() action.Action { return &Continue{base{name: "continue", verb: "continue"}} }

type continueConfig struct {
	Release types.String `tfsdk:"release"`
}

// Schema implements action.Action.
func (*Continue) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Takes up a rollout that nobody drives and brings it to its end, exactly as the next apply would: from the step where it stands, with the specification that it was opened with. " +
			"A rollback that somebody asked for is taken up too. Where no rollout is open it does nothing. It fails when the rollout does not succeed; Ctrl-C leaves it open." +
			byHand("continue RELEASE"),
		Attributes: map[string]schema.Attribute{releaseAttr: releaseAttribute()},
	}
}

// ModifyPlan refuses a release that the ledger does not know.
func (a *Continue) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config continueConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.foresee(ctx, config.Release, false, func(*release.History) error { return nil })...)
}

// Invoke implements action.Action.
func (a *Continue) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config continueConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	id := config.Release.ValueString()
	var done operator.Done
	key, err := release.ParseKey(id)
	if err == nil {
		err = a.client.Acting(ctx, 0, func(l ledger.Ledger) (err error) {
			done, err = a.acting(l, resp).Continue(ctx, key, release.Stay{Deadline: a.client.Until})
			return err
		})
	}
	a.finish(id, done, err, resp)
}
