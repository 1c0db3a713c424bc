package declared

import (
	"context"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/list"
	listschema "github.com/hashicorp/terraform-plugin-framework/list/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/listing"
)

var _ list.ListResourceWithConfigure = (*Resource)(nil)

// listConfig is the configuration of a list of declared objects.
type listConfig struct {
	NamePrefix types.String `tfsdk:"name_prefix"`
}

// named is the identity of a declared object.
type named struct {
	Name types.String `tfsdk:"name"`
}

// ListResourceConfigSchema implements list.ListResource.
func (r *Resource) ListResourceConfigSchema(_ context.Context, _ list.ListResourceSchemaRequest, resp *list.ListResourceSchemaResponse) {
	resp.Schema = listschema.Schema{
		MarkdownDescription: fmt.Sprintf("Lists every %s that the ledger knows, whichever state declared it, in the order of names.\n\n"+
			"Lists need Terraform 1.14. Everywhere else `sluice objects %s` shows the same, and an `import` block with an `id` takes one over.", r.Object.Noun, r.Object.Type),
		Attributes: map[string]listschema.Attribute{
			"name_prefix": listschema.StringAttribute{
				Optional:            true,
				MarkdownDescription: "How the names begin that are listed. Default: all names. Example: `\"pay\"`.",
			},
		},
	}
}

// List implements list.ListResource.
func (r *Resource) List(ctx context.Context, req list.ListRequest, stream *list.ListResultsStream) {
	var config listConfig
	failed := req.Config.Get(ctx, &config)
	prefix, more := listing.Known("name_prefix", config.NamePrefix)
	if failed.Append(more...); failed.HasError() {
		stream.Results = list.ListResultsStreamDiagnostics(failed)
		return
	}
	stream.Results = listing.Stream(ctx, r.client, r.Object.Noun, req, func(ctx context.Context, l ledger.Ledger, id string) (listing.Seq, error) {
		objects, err := ledger.ListObjects(ctx, l, r.Object.Type, prefix)
		if err != nil {
			return nil, err
		}
		return func(yield func(listing.Found, error) bool) {
			for _, o := range objects {
				if !yield(r.found(o, id), nil) {
					return
				}
			}
		}, nil
	})
}

// found is one object in a list.
func (r *Resource) found(o ledger.Object, ledgerID string) listing.Found {
	return listing.Found{
		Name:     o.Name,
		Display:  fmt.Sprintf("%s, revision %d by %s, %s", o.Name, o.Revision, o.Actor, o.UpdatedAt.UTC().Format("2006-01-02 15:04Z")),
		Identity: named{Name: types.StringValue(o.Name)},
		Resource: func(ctx context.Context) (any, error) {
			return r.Object.value(ctx, r.Object.imported(ctx, o.Name), o.Content, ledgerID)
		},
	}
}

// imported is the state of an object between its import and the first read: its name
// alone.
func (o Object) imported(ctx context.Context, name string) types.Object {
	typ := o.attrTypes(ctx)
	values := map[string]attr.Value{}
	for member, t := range typ {
		// A null of a type that cannot be made is no value of any: the read fails then.
		values[member], _ = t.ValueFromTerraform(ctx, tftypes.NewValue(t.TerraformType(ctx), nil))
	}
	values[nameAttr] = types.StringValue(name)
	return types.ObjectValueMust(typ, values)
}
