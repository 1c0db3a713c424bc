package changecalendar

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
)

// DataSource shows the windows of a ledger, taken together.
type DataSource struct{ source.Base }

var (
	_ datasource.DataSourceWithConfigure      = (*DataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*DataSource)(nil)
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{source.Base{Name: "change_calendar"}} }

const invalid = "Invalid change calendar"

// ValidateConfig checks what is asked, once it is known.
func (d *DataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if _, q, ok, errs := source.Asked[question](ctx, config); ok {
		errs = append(errs, q.check()...)
		resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
	}
}

// Read implements datasource.DataSource.
func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	raw, q, _, errs := source.Asked[question](ctx, config)
	if errs = append(errs, q.check()...); len(errs) > 0 {
		resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
		return
	}
	a := answer{}
	if d.Client.Unknown {
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
