package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/resource"
	"github.com/hashicorp/terraform-plugin-framework/resource/identityschema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-log/tflog"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Resource is sluice_release.
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
	resp.TypeName = req.ProviderTypeName + "_release"
}

// Schema implements resource.Resource.
func (r *Resource) Schema(ctx context.Context, _ resource.SchemaRequest, resp *resource.SchemaResponse) {
	resp.Schema = releaseSchema(ctx)
}

// identity is what identifies a release for good.
type identity struct {
	Service     types.String `tfsdk:"service"`
	Environment types.String `tfsdk:"environment"`
}

// IdentitySchema implements resource.ResourceWithIdentity.
func (r *Resource) IdentitySchema(_ context.Context, _ resource.IdentitySchemaRequest, resp *resource.IdentitySchemaResponse) {
	resp.IdentitySchema = identityschema.Schema{Attributes: map[string]identityschema.Attribute{
		"service":     identityschema.StringAttribute{RequiredForImport: true, Description: "The service."},
		"environment": identityschema.StringAttribute{RequiredForImport: true, Description: "The name of the environment."},
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

// finder looks declared objects up in a ledger.
func finder(ctx context.Context, l ledger.Ledger) lookup {
	return func(kind, name string) (json.RawMessage, error) {
		o, err := scope.Find(ctx, l, kind, name)
		return o.Content, err
	}
}

// look observes the target of a model, or of the ledger where the model has none.
// nil with a reason when it cannot be seen.
func (r *Resource) look(ctx context.Context, m model, h *engine.History) (*target.Observation, error) {
	var config target.Config
	if c, ok, errs := driverOf(ctx, m.Target, "target", exampleTarget); ok && len(errs) == 0 && !m.Target.IsNull() {
		config = target.Config{Driver: c.driver, Config: c.config}
	} else if h.Spec != nil {
		config = h.Spec.Target
	}
	t, err := r.client.Targets.Open(ctx, config, target.Deps{Clock: r.client.Clock, UserAgent: "terraform-provider-sluice/" + r.client.Version})
	if err != nil {
		return nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, engine.DefaultCallTimeout)
	defer cancel()
	obs, err := t.Observe(bounded)
	if err != nil {
		return nil, err
	}
	if !obs.Known {
		return nil, errors.New("the target could not tell what serves")
	}
	return &obs, nil
}

// lookAtParts observes all targets of a release over many; ok is false for any
// other. The targets are those of the ledger, since a state may be older.
func (r *Resource) lookAtParts(ctx context.Context, h *engine.History) (looks []engine.PartLook, ok bool) {
	if h.Spec == nil || !h.Spec.Waved() {
		return nil, false
	}
	return (&engine.Engine{
		Targets: r.client.Targets, Clock: r.client.Clock, UserAgent: "terraform-provider-sluice/" + r.client.Version,
	}).LookAtTargets(ctx, *h.Spec), true
}

// The private state holds which owner this state is.
const ownerKey = "owner"

type private interface {
	GetKey(ctx context.Context, key string) ([]byte, diagnostics)
}

type privateWriter interface {
	SetKey(ctx context.Context, key string, value []byte) diagnostics
}

// ownerOf reads the owner that this state is. Its ID is empty after an import.
func (r *Resource) ownerOf(ctx context.Context, p private) (engine.Owner, diagnostics) {
	var owner engine.Owner
	raw, diags := p.GetKey(ctx, ownerKey)
	if diags.HasError() || len(raw) == 0 {
		return engine.Owner{}, diags
	}
	if err := json.Unmarshal(raw, &owner); err != nil {
		diags.AddError("Unexpected private state", fmt.Sprintf("The owner of the release cannot be read from the private state: %v", err))
	}
	return owner, diags
}

// keepOwner remembers the owner that the ledger has on record for this state.
func keepOwner(ctx context.Context, p privateWriter, owner engine.Owner, h *engine.History) diagnostics {
	if h != nil && h.Owner != nil {
		owner = *h.Owner
	}
	raw, err := json.Marshal(owner)
	if err != nil {
		var diags diagnostics
		diags.AddError("Unexpected owner", err.Error())
		return diags
	}
	return p.SetKey(ctx, ownerKey, raw)
}

func (r *Resource) newOwner() engine.Owner {
	return engine.Owner{ID: uuid.NewString(), Label: r.client.Actor}
}

// ImportState takes "service/environment", or the identity.
func (r *Resource) ImportState(ctx context.Context, req resource.ImportStateRequest, resp *resource.ImportStateResponse) {
	id := req.ID
	if id == "" && req.Identity != nil {
		var given identity
		resp.Diagnostics.Append(req.Identity.Get(ctx, &given)...)
		id = given.Service.ValueString() + "/" + given.Environment.ValueString()
	}
	key, err := engine.ParseKey(id)
	if err != nil {
		resp.Diagnostics.AddError("Unable to import release "+id, err.Error())
		return
	}
	if err := r.known(ctx, key); err != nil {
		resp.Diagnostics.AddError("Unable to import release "+id, fmt.Sprintf("What happened: %v.\nWhat to do: create it instead, or name the ledger that knows it; `sluice status` lists the releases of a ledger.", err))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root("id"), key.String())...)
	resp.Diagnostics.Append(resp.Identity.Set(ctx, identityOf(key))...)
	tflog.Debug(ctx, "importing a release", map[string]any{"release": key.String()})
}

// known reports an error unless the ledger knows the release.
func (r *Resource) known(ctx context.Context, key engine.Key) error {
	if r.client.Unknown {
		return errors.New("the provider block is not known yet, so no ledger can be asked")
	}
	l, err := r.client.Existing(ctx)
	if err != nil {
		return err
	}
	_, err = r.client.Engine(l).Load(ctx, key)
	return err
}

func identityOf(key engine.Key) identity {
	return identity{Service: types.StringValue(key.Service), Environment: types.StringValue(key.Environment)}
}
