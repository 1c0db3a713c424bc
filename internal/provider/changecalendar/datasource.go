package changecalendar

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// DataSource shows the windows of a ledger, taken together.
type DataSource struct {
	client *client.Client
}

var (
	_ datasource.DataSourceWithConfigure      = (*DataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*DataSource)(nil)
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{} }

// Metadata implements datasource.DataSource.
func (d *DataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_change_calendar"
}

// Configure implements datasource.DataSourceWithConfigure.
func (d *DataSource) Configure(_ context.Context, req datasource.ConfigureRequest, resp *datasource.ConfigureResponse) {
	c, wrong := client.From(req.ProviderData)
	if wrong != "" {
		resp.Diagnostics.AddError(client.Wrong, wrong)
	}
	d.client = c
}

const invalid = "Invalid change calendar"

// ValidateConfig checks what is asked, once it is known.
func (d *DataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if _, q, ok, errs := read(ctx, config); ok {
		errs = append(errs, q.check()...)
		resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
	}
}

// read gives the configuration as JSON, and what it asks. ok is false while
// something in it is not known yet.
func read(ctx context.Context, config types.Object) (raw json.RawMessage, q question, ok bool, errs field.Errors) {
	raw, ok = tfconv.Known(ctx, config)
	if !ok {
		return nil, q, false, nil
	}
	if err := json.Unmarshal(raw, &q); err != nil {
		return nil, q, true, field.Errors{{Msg: err.Error()}}
	}
	return raw, q, true, nil
}

// Read implements datasource.DataSource.
func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	raw, q, _, errs := read(ctx, config)
	if errs = append(errs, q.check()...); len(errs) > 0 {
		resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
		return
	}
	a := answer{}
	if d.client.Unknown {
		resp.Diagnostics.AddWarning("The change calendar cannot be shown yet",
			"The provider block is not known, so no ledger can be asked; everything about the windows is null in this plan.")
	} else {
		var err error
		if a, errs, err = d.ask(ctx, q); err != nil {
			d.fail(resp, err)
			return
		}
		if len(errs) > 0 {
			resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
			return
		}
	}
	state, err := tfconv.Merged(ctx, config.Type(ctx), raw, a)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", "change calendar", "", err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (d *DataSource) fail(resp *datasource.ReadResponse, err error) {
	if errors.Is(err, ledger.ErrMissing) {
		resp.Diagnostics.AddError("Unable to read the change calendar",
			"There is no ledger yet, so nobody has declared a window there. Apply what declares them first, or give those of this configuration, "+
				"for example windows = [sluice_change_window.example.definition].\nOriginal error: "+err.Error())
		return
	}
	resp.Diagnostics.AddError(diags.Unable("read", "change calendar", "", err))
}
