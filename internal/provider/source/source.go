// Package source has what data sources have in common.
package source

import (
	"context"
	"encoding/json"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// Base is embedded by data sources. Its methods are those of datasource.DataSource and
// datasource.DataSourceWithConfigure.
type Base struct {
	// Name is that of the data source behind the provider's: "release".
	Name string
	// Client is the provider's, nil before it is configured.
	Client *client.Client
}

// Metadata implements datasource.DataSource.
func (b *Base) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + b.Name
}

// Configure implements datasource.DataSourceWithConfigure.
func (b *Base) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c, wrong := client.From(req.ProviderData)
	if wrong != "" {
		resp.Diagnostics.AddError(client.Wrong, wrong)
	}
	b.Client = c
}

// Asked gives a configuration as JSON, and as the question that it asks. ok is false while
// something in it is not known yet.
func Asked[Q any](ctx context.Context, config types.Object) (raw json.RawMessage, q Q, ok bool, errs field.Errors) {
	if raw, ok = tfconv.Known(ctx, config); !ok {
		return nil, q, false, nil
	}
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, q, true, field.Errors{{Msg: err.Error()}}
	}
	return raw, q, true, nil
}
