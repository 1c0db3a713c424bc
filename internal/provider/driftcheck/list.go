package driftcheck

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/listing"
)

var _ list.ListResourceWithConfigure = (*Resource)(nil)

// listConfig is the configuration of a list of drift checks.
type listConfig struct {
	Service     types.String `tfsdk:"service"`
	Environment types.String `tfsdk:"environment"`
}

// identity is what identifies a drift check for good.
type identity struct {
	Release types.String `tfsdk:"release"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *Resource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{
		MarkdownDescription: "Lists every drift check that the ledger knows, in the order of releases. It looks at no target: `status`, `observed` and `differences` are null, and come with the first read.\n\n" +
			"Lists need Terraform 1.14. Everywhere else `sluice objects drift_check` shows the same, and an `import` block with an `id` takes one over.",
		Attributes: map[string]listschema.Attribute{
			"service":     listschema.StringAttribute{Optional: true, MarkdownDescription: "The service whose checks are listed. Default: all. Example: `\"checkout\"`."},
			"environment": listschema.StringAttribute{Optional: true, MarkdownDescription: "The environment whose checks are listed. Default: all. Example: `\"production\"`."},
		},
	}
}

// List implements list.ListResource.
func (r *Resource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config listConfig
	failed := req.Config.Get(ctx, &config)
	service, more := listing.Known("service", config.Service)
	failed.Append(more...)
	environment, more := listing.Known("environment", config.Environment)
	if failed.Append(more...); failed.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(failed)
		return
	}
	stream.Results = listing.Stream(ctx, r.client, "drift check", req, func(ctx context.Context, l ledger.Ledger, id string) (listing.Seq, error) {
		prefix := ""
		if service != "" {
			prefix = service + "@"
		}
		objects, err := ledger.ListObjects(ctx, l, drift.ObjectKind, prefix)
		if err != nil {
			return nil, err
		}
		blank, err := nothing(ctx)
		if err != nil {
			return nil, err
		}
		blank.LedgerID = types.StringValue(id)
		return func(yield func(listing.Found, error) bool) {
			for _, o := range objects {
				check, err := drift.Decode(o.Content)
				switch {
				case err != nil:
					if !yield(listing.Found{Name: o.Name}, err) {
						return
					}
				case service != "" && check.Release.Service != service, environment != "" && check.Release.Environment != environment:
				case !yield(found(o, check, blank), nil):
					return
				}
			}
		}, nil
	})
}

// found is one check in a list.
func found(o ledger.Object, check drift.Check, blank model) listing.Found {
	blank.Release = types.StringValue(check.Release.String())
	return listing.Found{
		Name:     check.Release.String(),
		Display:  fmt.Sprintf("%s, mode %s, by %s", check.Release, check.EffectiveMode(), o.Actor),
		Identity: identity{Release: blank.Release},
		Resource: func(ctx context.Context) (any, error) { return blank.fromCheck(ctx, check) },
	}
}

// nothing is a model in which everything is null.
func nothing(ctx context.Context) (model, error) {
	var m model
	schema := checkSchema(ctx)
	state := tfsdk.State{Schema: schema, Raw: tftypes.NewValue(schema.Type().TerraformType(ctx), nil)}
	// The framework reads no object that is null itself into a struct.
	failed := state.SetAttribute(ctx, path.Root("mode"), types.StringNull())
	failed.Append(state.Get(ctx, &m)...)
	if failed.HasError() {
		return m, fmt.Errorf("%s: %s", failed[0].Summary(), failed[0].Detail())
	}
	return m, nil
}
