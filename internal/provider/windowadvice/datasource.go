package windowadvice

import (
	"context"
	"errors"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
)

// DataSource advises when to release.
type DataSource struct{ source.Base }

var (
	_ datasource.DataSourceWithConfigure      = (*DataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*DataSource)(nil)
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{source.Base{Name: "window_advice"}} }

const invalid = "Invalid window advice"

// ValidateConfig checks what is asked, once it is known.
func (d *DataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config types.Object
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	if _, q, ok, errs := source.Asked[question](ctx, config); ok {
		errs = append(errs, q.check()...)
		errs = append(errs, q.checkSignal(signals.Drivers())...)
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
	errs = append(errs, q.check()...)
	if len(errs) > 0 {
		resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
		return
	}
	var out any = struct{}{}
	if d.Client.Unknown && q.byName() {
		resp.Diagnostics.AddWarning("The window advice cannot be given yet",
			"The provider block is not known, so no ledger can be asked for the objects that are given by name; the advice is null in this plan.")
	} else {
		a, errs, err := d.advise(ctx, q)
		if err != nil {
			resp.Diagnostics.AddError(diags.Unable("read", "window advice", "", err))
			return
		}
		if len(errs) > 0 {
			resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
			return
		}
		out = a
	}
	state, err := tfconv.Merged(ctx, config.Type(ctx), raw, out)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", "window advice", "", err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (d *DataSource) advise(ctx context.Context, q question) (advice.Advice, field.Errors, error) {
	var l ledger.Ledger
	if q.byName() {
		var err error
		if l, err = d.Client.Forecasting(ctx); err != nil {
			return advice.Advice{}, nil, err
		}
	}
	o, errs, err := q.resolve(ctx, l)
	if err != nil || len(errs) > 0 {
		return advice.Advice{}, errs, err
	}
	var s advice.Series
	at := "csv.content"
	switch {
	case q.CSV == nil:
		at = "signal." + q.driver()
		s, errs = q.past(ctx, d.Client.Signals, signal.Deps{Clock: d.Client.Clock, UserAgent: "terraform-provider-sluice/" + d.Client.Version})
	default:
		if q.CSV.File != nil {
			at = "csv.file"
		}
		s, errs = q.series()
	}
	if len(errs) > 0 {
		return advice.Advice{}, errs, nil
	}
	a, err := advice.Advise(s, o)
	var series *advice.SeriesError
	if errors.As(err, &series) {
		return advice.Advice{}, field.Errors{{Path: at, Msg: series.Error()}}, nil
	}
	if err != nil {
		return advice.Advice{}, nil, err
	}
	return a, nil, nil
}
