package releasetimeline

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release/timeline"
)

// DataSource says when a release can be through.
type DataSource struct{ source.Base }

var (
	_ datasource.DataSourceWithConfigure      = (*DataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*DataSource)(nil)
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{source.Base{Name: "release_timeline"}} }

const invalid = "Invalid release timeline"

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
	var out any = struct{}{}
	if d.Client.Unknown {
		resp.Diagnostics.AddWarning("The release timeline cannot be shown yet",
			"The provider block is not known, so no ledger can be asked; everything about the times is null in this plan.")
	} else {
		report, errs, err := d.answer(ctx, q)
		if err != nil {
			resp.Diagnostics.AddError(diags.Unable("read", "release timeline", q.Service, err))
			return
		}
		if len(errs) > 0 {
			resp.Diagnostics.Append(diags.Fields(path.Empty(), invalid, errs)...)
			return
		}
		if !report.Reachable && q.Deadline != "" && q.failOnMiss() {
			resp.Diagnostics.AddAttributeError(path.Root("deadline"), "The deadline of "+q.Service+" cannot be met",
				report.Reason+".\nAllowed is a later deadline, or a change of what stands in the way; fail_on_miss = false makes this an output, reachable.")
			return
		}
		out = report
	}
	state, err := tfconv.Merged(ctx, config.Type(ctx), raw, out)
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", "release timeline", q.Service, err))
		return
	}
	resp.Diagnostics.Append(resp.State.Set(ctx, state)...)
}

func (q question) failOnMiss() bool { return q.FailOnMiss == nil || *q.FailOnMiss }

func (d *DataSource) answer(ctx context.Context, q question) (timeline.Report, field.Errors, error) {
	loc, err := q.zone()
	if err != nil {
		return timeline.Report{}, nil, err
	}
	from, err := instant(q.Start)
	if err != nil {
		return timeline.Report{}, nil, err
	}
	if from.IsZero() {
		from = d.Client.Clock.Now()
	}
	from = from.In(loc).Truncate(time.Second)
	deadline, err := instant(q.Deadline)
	if err != nil {
		return timeline.Report{}, nil, err
	}
	if !deadline.IsZero() && !deadline.After(from) && q.failOnMiss() {
		return timeline.Report{}, field.Errors{{Path: "deadline", Msg: fmt.Sprintf("%s is past: the release begins at %s at the earliest; the deadline must lie behind that, for example %q",
			deadline.Format(time.RFC3339), from.Format(time.RFC3339), from.Add(7*24*time.Hour).Format(time.RFC3339))}}, nil
	}
	l, err := d.Client.Forecasting(ctx)
	if err != nil {
		return timeline.Report{}, nil, err
	}
	p, errs, err := q.plan(ctx, l, from)
	if err != nil || len(errs) > 0 {
		return timeline.Report{}, errs, err
	}
	v, err := p.Judge(deadline)
	return v.Report(loc), nil, err
}
