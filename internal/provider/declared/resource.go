package declared

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
)

// Resource is the Terraform resource of one kind of declared object.
type Resource struct {
	Object Object
	client *client.Client
}

var (
	_ resource.ResourceWithConfigure      = (*Resource)(nil)
	_ resource.ResourceWithIdentity       = (*Resource)(nil)
	_ resource.ResourceWithImportState    = (*Resource)(nil)
	_ resource.ResourceWithModifyPlan     = (*Resource)(nil)
	_ resource.ResourceWithValidateConfig = (*Resource)(nil)
)

// Metadata implements resource.Resource.
func (r *Resource) Metadata(_ context.Context, req resource.MetadataRequest, resp *resource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + r.Object.Type
}

// Schema implements resource.Resource.
func (r *Resource) Schema(_ context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = r.Object.Schema()
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		nameAttr: identityschema.StringAttribute{RequiredForImport: true, Description: "The name of the " + r.Object.Noun + "."},
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

// ValidateConfig checks what is known. While something is not, each attribute is
// checked by itself alone.
func (r *Resource) ValidateConfig(ctx context.Context, req resource.ValidateConfigRequest, resp *resource.ValidateConfigResponse) {
	if !req.Config.Raw.IsFullyKnown() {
		return
	}
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	_, _, _, errs := r.Object.content(ctx, config)
	resp.Diagnostics.Append(diags.Fields(path.Empty(), "Invalid "+r.Object.Noun, errs)...)
}

// ModifyPlan computes the definition, so that it is known at plan.
func (r *Resource) ModifyPlan(ctx context.Context, req resource.ModifyPlanRequest, resp *resource.ModifyPlanResponse) {
	if req.Plan.Raw.IsNull() {
		return
	}
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	known, content, ok, errs := r.Object.content(ctx, config)
	resp.Diagnostics.Append(diags.Fields(path.Empty(), "Invalid "+r.Object.Noun, errs)...)
	planned := definition.Unknown(nameIn(config))
	if ok && len(errs) == 0 {
		planned = definition.Of(known, content)
	}
	if name := nameIn(config); !name.IsNull() && !name.IsUnknown() && len(errs) == 0 {
		resp.Diagnostics.Append(r.above(ctx, name.ValueString(), req.State.Raw.IsNull())...)
	}
	if err := setRaw(ctx, &resp.Plan.Raw, definitionAttr, planned); err != nil {
		resp.Diagnostics.AddError(diags.Unable("plan", r.Object.Noun, known, err))
	}
}

// Create declares the object, which must not be there yet.
func (r *Resource) Create(ctx context.Context, req resource.CreateRequest, resp *resource.CreateResponse) {
	name, state, err := r.put(ctx, req.Plan, nil)
	if err != nil {
		var conflict *ledger.ConflictError
		if errors.As(err, &conflict) {
			resp.Diagnostics.AddAttributeError(path.Root(nameAttr), fmt.Sprintf("Unable to create %s %s", r.Object.Noun, name), r.taken(ctx, name))
			return
		}
		resp.Diagnostics.AddError(diags.Unable("create", r.Object.Noun, name, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(nameAttr), name)...)
}

// taken says who declared the object that somebody wants to create.
func (r *Resource) taken(ctx context.Context, name string) string {
	by := "somebody"
	if l, err := r.client.Existing(ctx); err == nil {
		if found, err := ledger.GetObject(ctx, l, r.Object.Type, name); err == nil {
			by = fmt.Sprintf("%s (revision %d, %s)", found.Actor, found.Revision, found.UpdatedAt.UTC().Format("2006-01-02 15:04Z"))
		}
	}
	return fmt.Sprintf("What happened: the ledger has the %s already, declared by %s.\n"+
		"What to do: choose another name, take it over with: terraform import ADDRESS %s, or use the data source sluice_%s.", r.Object.Noun, by, name, r.Object.Type)
}

// Read takes over what the ledger says. An object that is gone is removed from the
// state, with a warning; a ledger that is gone is an error.
func (r *Resource) Read(ctx context.Context, req resource.ReadRequest, resp *resource.ReadResponse) {
	var state types.Object
	resp.Diagnostics.Append(req.State.Get(ctx, &state)...)
	if resp.Diagnostics.HasError() {
		return
	}
	name := nameIn(state)
	if err := setRaw(ctx, &resp.Identity.Raw, nameAttr, name); err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", r.Object.Noun, name.ValueString(), err))
	}
	if resp.Diagnostics.HasError() || r.client.Unknown {
		return
	}
	fresh, err := r.read(ctx, name.ValueString(), state)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		resp.State.RemoveResource(ctx)
		resp.Diagnostics.AddWarning(fmt.Sprintf("The %s %s is gone", r.Object.Noun, name.ValueString()),
			fmt.Sprintf("Somebody deleted it from the ledger outside of this state (%v). It is planned anew; remove it from the configuration when it is not wanted any more.", err))
	case err != nil:
		resp.Diagnostics.AddError(diags.Unable("read", r.Object.Noun, name.ValueString(), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, fresh)...)
	}
}

// Update writes a new revision.
func (r *Resource) Update(ctx context.Context, req resource.UpdateRequest, resp *resource.UpdateResponse) {
	name, state, err := r.put(ctx, req.Plan, &req.State)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("update", r.Object.Noun, name, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
	resp.Diagnostics.Append(resp.Identity.SetAttribute(ctx, path.Root(nameAttr), name)...)
}

// Delete takes the object away. One that is gone already is fine.
func (r *Resource) Delete(ctx context.Context, req resource.DeleteRequest, resp *resource.DeleteResponse) {
	name, more := nameOf(ctx, req.State)
	resp.Diagnostics.Append(more...)
	if resp.Diagnostics.HasError() {
		return
	}
	if err := r.remove(ctx, name.ValueString(), req.State); err != nil {
		var guarded *GuardError
		if errors.As(err, &guarded) {
			resp.Diagnostics.AddError(fmt.Sprintf("Unable to delete %s %s", r.Object.Noun, name.ValueString()), guarded.Error())
			return
		}
		resp.Diagnostics.AddError(diags.Unable("delete", r.Object.Noun, name.ValueString(), err))
		return
	}
	if text := r.left(ctx, name.ValueString(), req.State); text != "" {
		resp.Diagnostics.AddWarning(fmt.Sprintf("The %s %s is still named", r.Object.Noun, name.ValueString()), text)
	}
}

// ImportState takes the name, by id or by identity.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	name := req.ID
	if name == "" && req.Identity != nil {
		var given types.String
		resp.Diagnostics.Append(req.Identity.GetAttribute(ctx, path.Root(nameAttr), &given)...)
		name = given.ValueString()
	}
	if problem := field.Name(name); problem != "" {
		resp.Diagnostics.AddError("Unable to import "+r.Object.Noun+" "+name, problem)
		return
	}
	if r.unheardOf(ctx, name) {
		resp.Diagnostics.AddError("Unable to import "+r.Object.Noun+" "+name, fmt.Sprintf("What happened: the ledger knows no %s of that name.\n"+
			"What to do: create it instead, or name the ledger that knows it; `sluice objects %s` lists those of a ledger.", r.Object.Noun, r.Object.Type))
		return
	}
	resource.ImportStatePassthroughWithIdentity(ctx, path.Root(nameAttr), path.Root(nameAttr), req, resp)
}

// unheardOf reports whether the ledger knows no object of the name. Terraform's own
// words for that are of regions and endpoints. What else is wrong the read says.
func (r *Resource) unheardOf(ctx context.Context, name string) bool {
	if r.client == nil || r.client.Unknown {
		return false
	}
	l, err := r.client.Existing(ctx)
	if err == nil {
		_, err = ledger.GetObject(ctx, l, r.Object.Type, name)
	}
	return errors.Is(err, ledger.ErrNotFound)
}

// ledgerIDOf reads the ledger's id out of a state.
func ledgerIDOf(ctx context.Context, state tfsdk.State) string {
	var id types.String
	if state.GetAttribute(ctx, path.Root(ledgerAttr), &id).HasError() {
		return ""
	}
	return id.ValueString()
}
