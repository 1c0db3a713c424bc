// Package actions has the provider's actions (Terraform 1.14 and later): what somebody
// on call does, from a configuration. Each does what the command of its name does,
// through the same calls, so that none of them is ever needed.
package actions

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/action"
	"github.com/hashicorp/terraform-plugin-framework/action/schema"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The attributes that most actions have.
const (
	releaseAttr = "release"
	reasonAttr  = "reason"
)

// base is what all actions have in common.
type base struct {
	// name is the action's without the provider's: "rollback". verb is what messages
	// say: "roll back".
	name, verb string
	client     *client.Client
}

// Metadata implements action.Action.
func (b *base) Metadata(_ context.Context, req action.MetadataRequest, resp *action.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + b.name
}

// Configure implements action.ActionWithConfigure.
func (b *base) Configure(_ context.Context, req action.ConfigureRequest, resp *action.ConfigureResponse) {
	c, wrong := client.From(req.ProviderData)
	if wrong != "" {
		resp.Diagnostics.AddError(client.Wrong, wrong)
	}
	b.client = c
}

// releaseAttribute names the release that an action is about.
func releaseAttribute() schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "The release, as its `id`: `sluice_release.checkout.id`, or `\"checkout/production\"`.",
		Validators:          []validator.String{releaseCheck{}},
	}
}

// reasonAttribute says why a person acts.
func reasonAttribute(example string) schema.StringAttribute {
	return schema.StringAttribute{
		Required:            true,
		MarkdownDescription: "Why, for the record. Example: `\"" + example + "\"`.",
		Validators:          []validator.String{reasonCheck{example}},
	}
}

// byHand says with which command the same is done without an action.
func byHand(command string) string {
	return "\n\nActions need Terraform 1.14. Everywhere else, and from any machine that reaches the ledger, the same is done by `sluice " + command + "`."
}

// foresee looks into the ledger at plan, where the release is known, and hands the
// history to check, whose error is shown on the attribute. What is wrong with the
// ledger itself is a warning where urgent is set: the action goes on without it. Of a
// release that the same apply releases first, as a trigger may have it, the ledger
// knows nothing yet that holds when the action's turn comes.
func (b *base) foresee(ctx context.Context, given types.String, urgent bool, check func(*release.History) error) diag.Diagnostics {
	var out diag.Diagnostics
	if b.client == nil || b.client.Unknown || given.IsUnknown() || given.IsNull() {
		return out
	}
	key, err := release.ParseKey(given.ValueString())
	if err != nil {
		return out // The attribute's validator has said so.
	}
	if b.client.Planned(key) {
		return out
	}
	at := path.Root(releaseAttr)
	l, err := b.client.Existing(ctx)
	if err == nil {
		var h *release.History
		if h, err = b.client.Engine(l).Load(ctx, key); err == nil {
			err = check(h)
		}
	}
	switch {
	case err == nil:
	case errors.Is(err, release.ErrUnknown), errors.Is(err, ledger.ErrMissing):
		out.AddAttributeError(at, b.unable(key.String()), fmt.Sprintf("What happened: %v.\nWhat to do: name a release that the ledger knows; sluice status lists them. Where the same apply creates it, refer to its id, for example release = sluice_release.checkout.id.", err))
	case urgent && operator.OfTheLedger(err):
		out.AddAttributeWarning(at, "The ledger does not work", fmt.Sprintf("%v\nThe action goes by what it still says, and the target must agree with that.", err))
	default:
		out.AddAttributeError(at, b.unable(key.String()), sentence(err))
	}
	return out
}

// unable is the summary of an error.
func (b *base) unable(what string) string { return fmt.Sprintf("Unable to %s %s", b.verb, what) }

// failed puts an error into a diagnostic, in the words of the command line. Terraform
// 1.14 makes one paragraph of both parts, "summary: detail", so lines that stand under
// each other begin on one of their own.
func (b *base) failed(what string, out release.Outcome, err error) diag.Diagnostics {
	var diags diag.Diagnostics
	var told *operator.Error
	key, _ := release.ParseKey(what) // A scope is none, and needs no words of the engine.
	if errors.As(operator.Explain(err, key, out), &told) {
		diags.AddError(told.Summary, "\n"+prose.Indented(told.Detail, "  "))
		return diags
	}
	if errors.Is(err, context.Canceled) {
		diags.AddError(b.unable(what), "It was interrupted before it knew its request to be in the record; sluice status says what serves and what is under way. To do it all the same, invoke it again.")
		return diags
	}
	diags.AddError(b.unable(what), sentence(err))
	return diags
}

// sentence begins an error with a capital and ends it with a full stop.
func sentence(err error) string {
	text := err.Error()
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

// acting is the operator on a ledger, whose words go to whoever waits.
func (b *base) acting(l ledger.Ledger, resp *action.InvokeResponse) operator.Operator {
	return operator.Operator{Engine: b.client.Engine(l), Tell: teller(resp)}
}

// teller sends lines as progress.
func teller(resp *action.InvokeResponse) func(string) {
	return func(text string) { resp.SendProgress(action.InvokeProgressEvent{Message: text}) }
}

// finish tells how it ended.
func (b *base) finish(what string, done operator.Done, err error, resp *action.InvokeResponse) {
	for _, w := range done.Warnings {
		resp.Diagnostics.AddWarning(what, w)
	}
	if err != nil {
		resp.Diagnostics.Append(b.failed(what, done.Outcome, err)...)
		return
	}
	teller(resp)(done.Text)
}
