// Package releases is the data source sluice_releases: every release of a set of
// ledgers.
package releases

import (
	"context"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
)

const description = "Every release of the ledger, and of others that this workspace may read: what should serve, which rollout is open, and who manages it, by the record. " +
	"It is how an organisation looks across its business units: each ledger is read where it is, and nothing central collects. No target is asked. " +
	"A ledger that cannot be read is an error, since a list without it would say that nothing is there. One that is named twice is listed once."

// row are the names of the attributes of one release.
var row = map[string]string{
	"scope":        "The scope that the ledger says it is that of; null where it says none.",
	"ledger_id":    "The UUID of the ledger.",
	"release":      "The release: `checkout/production`.",
	"service":      "The service.",
	"environment":  "The environment.",
	"version":      "The version that should serve while no rollout is open; null before the first success.",
	"digest":       "The digest of that artifact.",
	"state":        "`steady`, `mixed` where targets were left with different artifacts, or the state of the rollout that is open, for example `stepping`.",
	"open_rollout": "The rollout that is open: `checkout/production/3`; null where none is.",
	"open_version": "The version that the open rollout carries.",
	"owner":        "The label of the Terraform state that manages it; null where none does.",
	"changed_at":   "When the record of the release last grew, RFC 3339 in UTC.",
}

func rowType() types.ObjectType {
	attrs := map[string]attrType{}
	for name := range row {
		attrs[name] = types.StringType
	}
	return types.ObjectType{AttrTypes: attrs}
}

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	inside := map[string]schema.Attribute{}
	for name, text := range row {
		inside[name] = schema.StringAttribute{Computed: true, MarkdownDescription: text}
	}
	resp.Schema = schema.Schema{MarkdownDescription: description, Attributes: map[string]schema.Attribute{
		"ledgers": schema.MapAttribute{
			Optional: true, ElementType: types.StringType,
			MarkdownDescription: "The URLs of other ledgers, by scope; each must say that it is that scope's. They are opened for reading alone. Default: none, and then only the ledger of the provider block is looked at. Example: `{ \"acme/retail\" = \"postgres://ledger.example/sluice?sluice_schema=retail\" }`.",
		},
		"skip_missing": schema.BoolAttribute{
			Optional:            true,
			MarkdownDescription: "Whether a ledger of `ledgers` that is not there yet is left out, with a warning, instead of being an error: so the organisation's first apply may name units whose own first apply is still to come. One that is there and cannot be read is an error all the same. Default: `false`.",
		},
		"missing": schema.ListAttribute{
			Computed: true, ElementType: types.StringType,
			MarkdownDescription: "The scopes whose ledgers were left out, since they are not there. Null while the provider block is not known.",
		},
		"service":     schema.StringAttribute{Optional: true, MarkdownDescription: "Only releases of this service.", Validators: []validator.String{definition.Name()}},
		"environment": schema.StringAttribute{Optional: true, MarkdownDescription: "Only releases in this environment.", Validators: []validator.String{definition.Name()}},
		"state":       schema.StringAttribute{Optional: true, MarkdownDescription: "Only releases in this state, for example `steady`.", Validators: []validator.String{stateCheck{}}},
		"releases": schema.ListNestedAttribute{
			Computed: true, MarkdownDescription: "The releases, by scope, service and environment. Null while the provider block is not known.",
			NestedObject: schema.NestedAttributeObject{Attributes: inside},
		},
	}}
}
