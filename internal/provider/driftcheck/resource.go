package driftcheck

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Resource is sluice_drift_check.
type Resource struct {
	client *client.Client
}

var (
	_ resource.ResourceWithConfigure      = (*Resource)(nil)
	_ resource.ResourceWithIdentity       = (*Resource)(nil)
	_ resource.ResourceWithImportState    = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan     = (*Resource)(nil)
	_ resource.ResourceWithValidateConfig = (*Resource)(nil)
)

// NewResource makes the resource.
func NewResource() resource.Resource { return &Resource{} }

// Metadata implements resource.Resource.
func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_drift_check"
}

// Schema implements resource.Resource.
func (r *Resource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = checkSchema(ctx)
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"release": identityschema.StringAttribute{RequiredForImport: true, Description: "The id of the release."},
	}}
}

// Configure implements resource.ResourceWithConfigure.
func (r *Resource) Configure(_ context.Context, req resource.ConfigureRequest, resp *resource.ConfigureResponse) {
	c, wrong := client.From(req.ProviderData)
	if wrong != "" {
		resp.Diagnostics.AddError(client.Wrong, wrong)
	}
	r.client = c
}

// ValidateConfig checks what is known.
func (r *Resource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	var config model
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	_, _, errs := config.toCheck(ctx)
	for _, e := range errs {
		if e.Path != "release" { // It has a validator of its own.
			resp.Diagnostics.AddAttributeError(diags.Path(path.Empty(), e.Path), "Invalid drift check", e.Msg)
		}
	}
}

// ImportState takes the release's id, or the identity.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		var given identity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &given)...)
		id = given.Release.ValueString()
	}
	key, err := release.ParseKey(id)
	if err != nil {
		resp.Diagnostics.AddError("Unable to import drift check "+id, err.Error())
		return
	}
	if r.unheardOf(ctx, key) {
		resp.Diagnostics.AddError("Unable to import drift check "+id, "What happened: the ledger knows no drift check of that release.\n"+
			"What to do: create it instead, or name the ledger that knows it; `sluice objects drift_check` lists those of a ledger.")
		return
	}
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root("release"), path.Root("release"), req, resp)
}

// unheardOf reports whether the ledger knows no check of the release. What else is wrong
// the read says.
func (r *Resource) unheardOf(ctx context.Context, key release.Key) bool {
	if r.client == nil || r.client.Unknown {
		return false
	}
	l, err := r.client.Existing(ctx)
	if err == nil {
		_, err = ledger.GetObject(ctx, l, drift.ObjectKind, drift.NameOf(key))
	}
	return errors.Is(err, ledger.ErrNotFound)
}

// declare writes the check into the ledger.
func (r *Resource) declare(ctx context.Context, l ledger.Ledger, check drift.Check, create bool) error {
	content, err := json.Marshal(check)
	if err != nil {
		return err
	}
	put := ledger.Put{Kind: drift.ObjectKind, Name: check.Name, Content: content, Actor: r.client.Actor, At: r.client.Clock.Now()}
	if !create {
		found, err := ledger.GetObject(ctx, l, drift.ObjectKind, check.Name)
		if err != nil && !errors.Is(err, ledger.ErrNotFound) {
			return err
		}
		if err == nil {
			put.Expected = found.Revision
		}
	}
	_, err = ledger.PutObject(ctx, l, put)
	return err
}

// Delete stops checking.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.remove(ctx, state); err != nil {
		resp.Diagnostics.AddError(diags.Unable("delete", "drift check", state.Release.ValueString(), err))
	}
}

func (r *Resource) remove(ctx context.Context, state model) error {
	key, err := release.ParseKey(state.Release.ValueString())
	if err != nil {
		return err
	}
	l, err := r.client.Same(ctx, state.LedgerID.ValueString())
	if err != nil {
		return err
	}
	found, err := ledger.GetObject(ctx, l, drift.ObjectKind, drift.NameOf(key))
	if err == nil {
		err = ledger.DeleteObject(ctx, l, ledger.Delete{
			Kind: drift.ObjectKind, Name: drift.NameOf(key), Expected: found.Revision, Actor: r.client.Actor, At: r.client.Clock.Now(),
		})
	}
	if errors.Is(err, ledger.ErrNotFound) {
		return nil
	}
	return err
}

// Read looks, and takes over what the ledger says of the check itself.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state model
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root("release"), state.Release)...)
	if resp.Diagnostics.HasError() || r.client.Unknown {
		return
	}
	fresh, err := r.read(ctx, state)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.AddWarning("The drift check of "+state.Release.ValueString()+" is gone",
			fmt.Sprintf("Somebody deleted it from the ledger outside of this state (%v). It is planned anew; remove it from the configuration when it is not wanted any more.", err))
	case err != nil:
		resp.Diagnostics.AddError(diags.Unable("read", "drift check", state.Release.ValueString(), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, fresh)...)
	}
}

func (r *Resource) read(ctx context.Context, state model) (model, error) {
	key, err := release.ParseKey(state.Release.ValueString())
	if err != nil {
		return state, err
	}
	l, err := r.client.Same(ctx, state.LedgerID.ValueString())
	if err != nil {
		return state, err
	}
	found, err := ledger.GetObject(ctx, l, drift.ObjectKind, drift.NameOf(key))
	if err != nil {
		return state, err
	}
	check, err := drift.Decode(found.Content)
	if err != nil {
		return state, err
	}
	if state.LedgerID.IsNull() {
		id, err := l.ID(ctx)
		if err != nil {
			return state, err
		}
		state.LedgerID = types.StringValue(id)
	}
	if state, err = state.fromCheck(ctx, check); err != nil {
		return state, err
	}
	report, err := r.look(ctx, l, check)
	if err != nil {
		return state, err
	}
	return state.fromReport(report), nil
}
