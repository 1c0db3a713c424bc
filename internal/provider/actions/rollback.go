package actions

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Rollback is the action sluice_rollback.
type Rollback struct{ base }

var (
	_ action.ActionWithConfigure  = (*Rollback)(nil)
	_ action.ActionWithModifyPlan = (*Rollback)(nil)
)

// NewRollback makes the action.
func NewRollback() action.Action { return &Rollback{base{name: "rollback", verb: "roll back"}} }

type rollbackConfig struct {
	Release types.String `tfsdk:"release"`
	Reason  types.String `tfsdk:"reason"`
}

// Schema implements action.Action.
func (*Rollback) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Goes back to the last artifact that succeeded before the one that serves and is not quarantined, and quarantines the one it leaves. A rollout that is open is aborted instead. " +
			"It passes through no gate, and waits for no lease: no window, hold or approval delays it. A ledger that is locked, full or damaged does not stop it either; it then goes by what the ledger still says, and nothing is recorded." +
			byHand("rollback RELEASE --reason TEXT"),
		Attributes: map[string]schema.Attribute{releaseAttr: releaseAttribute(), reasonAttr: reasonAttribute("checkout is slow")},
	}
}

// ModifyPlan refuses a rollback that has nowhere to go.
func (a *Rollback) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config rollbackConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	resp.Diagnostics.Append(a.foresee(ctx, config.Release, true, (*release.History).MayGoBack)...)
}

// Invoke implements action.Action.
func (a *Rollback) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config rollbackConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	a.urgently(ctx, config.Release.ValueString(), config.Reason.ValueString(), resp, func(o operator.Operator, key release.Key) (operator.Done, error) {
		return o.Rollback(ctx, key, config.Reason.ValueString())
	})
}

// urgently opens the ledger for what a person cannot wait for. Where the ledger is
// what stands in the way, it goes back by what can still be read.
func (b *base) urgently(ctx context.Context, id, reason string, resp *action.InvokeResponse, act func(operator.Operator, release.Key) (operator.Done, error)) {
	key, err := release.ParseKey(id)
	if err != nil {
		resp.Diagnostics.Append(b.failed(id, release.Outcome{}, err)...)
		return
	}
	var done operator.Done
	err = b.client.Acting(ctx, operator.UrgentPatience, func(l ledger.Ledger) (err error) {
		done, err = act(b.acting(l, resp), key)
		return err
	})
	if err != nil && operator.OfTheLedger(err) && ctx.Err() == nil {
		b.anyway(ctx, key, reason, err, resp)
		return
	}
	b.finish(id, done, err, resp)
}

// anyway goes back without a ledger that works.
func (b *base) anyway(ctx context.Context, key release.Key, reason string, cause error, resp *action.InvokeResponse) {
	salvager := b.client.Salvager()
	spec, err := salvager.Salvaged(ctx, key, cause)
	if err != nil {
		resp.Diagnostics.Append(b.failed(key.String(), release.Outcome{}, err)...)
		return
	}
	teller(resp)(fmt.Sprintf("the ledger does not work (%v): going back to %s all the same, by what it still says", cause, spec.Payload.Label()))
	obs, err := salvager.Revert(ctx, spec)
	if err != nil {
		resp.Diagnostics.Append(b.failed(key.String(), release.Outcome{}, err)...)
		return
	}
	resp.Diagnostics.AddWarning(fmt.Sprintf("%s is back, and the ledger does not know of it", key),
		fmt.Sprintf("The ledger does not work: %v\nWrite down: %s by %s at %s: %s\n%s", cause, key, b.client.Actor,
			b.client.Clock.Now().UTC().Format("2006-01-02 15:04:05Z"), reason, operator.Unrecorded(spec)))
	teller(resp)(fmt.Sprintf("%s is back: %s", key, release.ServesText(&obs, time.Time{})))
}
