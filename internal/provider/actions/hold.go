package actions

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Hold is the action sluice_hold.
type Hold struct{ base }

var (
	_ action.ActionWithConfigure      = (*Hold)(nil)
	_ action.ActionWithModifyPlan     = (*Hold)(nil)
	_ action.ActionWithValidateConfig = (*Hold)(nil)
)

// NewHold makes the action.
func NewHold() action.Action { return &Hold{base{name: "hold", verb: "hold"}} }

type holdConfig struct {
	Scope  types.String `tfsdk:"scope"`
	Reason types.String `tfsdk:"reason"`
	Until  types.String `tfsdk:"until"`
}

// Schema implements action.Action.
func (*Hold) Schema(_ context.Context, _ action.SchemaRequest, resp *action.SchemaResponse) {
	resp.Schema = schema.Schema{
		MarkdownDescription: "Places a stop order: nothing within the scope goes forward until somebody lifts it, or until its end. It never stops a rollback. " +
			"It is lifted with `sluice hold lift SCOPE --reason TEXT`." + byHand("hold SCOPE --reason TEXT"),
		Attributes: map[string]schema.Attribute{
			"scope":    schema.StringAttribute{Required: true, MarkdownDescription: "What is stopped: `all`, `environment/NAME`, `service/NAME` or `release/SERVICE/ENVIRONMENT`. Example: `\"environment/production\"`."},
			reasonAttr: reasonAttribute("moving the database"),
			"until":    schema.StringAttribute{Optional: true, MarkdownDescription: "When it ends by itself: a time such as `2026-12-01T08:00:00Z`, or a duration from the action on such as `2h`. Default: never."},
		},
	}
}

// ValidateConfig checks what is known.
func (a *Hold) ValidateConfig(ctx context.Context, req action.ValidateConfigRequest, resp *action.ValidateConfigResponse) {
	var config holdConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	if !config.Scope.IsUnknown() {
		if _, err := hold.ParseScope(config.Scope.ValueString()); err != nil {
			resp.Diagnostics.AddAttributeError(path.Root("scope"), "Invalid scope", sentence(err))
		}
	}
	if _, err := hold.ParseUntil(config.Until.ValueString(), time.Time{}); err != nil {
		resp.Diagnostics.AddAttributeError(path.Root("until"), "Invalid end of a hold", err.Error()+".")
	}
}

// ModifyPlan refuses an end that has passed, and warns of a scope in which there is
// nothing yet, as a name that was mistyped has.
func (a *Hold) ModifyPlan(ctx context.Context, req action.ModifyPlanRequest, resp *action.ModifyPlanResponse) {
	var config holdConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	scope, err := hold.ParseScope(config.Scope.ValueString())
	if err != nil || a.client == nil || a.client.Unknown {
		return
	}
	now := a.client.Clock.Now()
	if until, err := hold.ParseUntil(config.Until.ValueString(), now); err == nil && !until.IsZero() && !until.After(now) {
		resp.Diagnostics.AddAttributeError(path.Root("until"), a.unable(string(scope)),
			fmt.Sprintf("It would end at %s, which has passed; give an end that lies ahead, for example 2h, or leave it out.", until.UTC().Format("2006-01-02 15:04Z")))
		return
	}
	within := func(k release.Key) bool {
		return scope.Matches(gate.Subject{Service: k.Service, Environment: k.Environment})
	}
	if a.client.PlannedAny(within) {
		return // It is there when the action's turn comes.
	}
	l, err := a.client.Existing(ctx)
	var keys []release.Key
	if err == nil {
		keys, err = release.Keys(ctx, l, "")
	}
	switch {
	case errors.Is(err, ledger.ErrMissing):
		// A trigger may have the action behind what creates the ledger.
		resp.Diagnostics.AddWarning("No ledger yet for a hold of "+string(scope),
			"The action will fail unless the same apply creates the ledger first: "+err.Error()+".")
	case err != nil:
		resp.Diagnostics.AddError(a.unable(string(scope)), sentence(err))
	case !slices.ContainsFunc(keys, within):
		resp.Diagnostics.AddAttributeWarning(path.Root("scope"), "Nothing is within "+string(scope),
			"No release that the ledger knows is within the scope, so nothing is stopped by it yet; all of them: sluice status.")
	}
}

// Invoke implements action.Action.
func (a *Hold) Invoke(ctx context.Context, req action.InvokeRequest, resp *action.InvokeResponse) {
	var config holdConfig
	if resp.Diagnostics.Append(req.Config.Get(ctx, &config)...); resp.Diagnostics.HasError() {
		return
	}
	until, err := a.place(ctx, config)
	if err != nil {
		resp.Diagnostics.Append(a.failed(config.Scope.ValueString(), release.Outcome{}, err)...)
		return
	}
	end := "until it is lifted"
	if !until.IsZero() {
		end = "until " + until.UTC().Format("2006-01-02 15:04Z")
	}
	teller(resp)(fmt.Sprintf("%s is on hold %s; rollbacks are not held; to lift it: sluice hold lift %s --reason \"...\"", config.Scope.ValueString(), end, config.Scope.ValueString()))
}

func (a *Hold) place(ctx context.Context, config holdConfig) (until time.Time, err error) {
	scope, err := hold.ParseScope(config.Scope.ValueString())
	if err != nil {
		return until, err
	}
	now := a.client.Clock.Now()
	if until, err = hold.ParseUntil(config.Until.ValueString(), now); err != nil {
		return until, err
	}
	return until, a.client.Acting(ctx, 0, func(l ledger.Ledger) error {
		return hold.Place(ctx, l, hold.Hold{Scope: scope, Reason: config.Reason.ValueString(), By: a.client.Actor, At: now, Until: until})
	})
}
