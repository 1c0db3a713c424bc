package release

import (
	"context"
	"errors"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	engine "github.com/sluice/terraform-provider-sluice/internal/release"
)

// DataSource shows a release: what serves, what was, and what stands in the way.
type DataSource struct{ source.Base }

var (
	_ datasource.DataSourceWithConfigure      = (*DataSource)(nil)
	_ datasource.DataSourceWithValidateConfig = (*DataSource)(nil)
)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{source.Base{Name: "release"}} }

// ValidateConfig checks the artifact that is asked about, as far as it is known.
func (d *DataSource) ValidateConfig(ctx context.Context, req datasource.ValidateConfigRequest, resp *datasource.ValidateConfigResponse) {
	var config shown
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	asked := model{Artifact: config.Artifact, ConfigurationDigest: config.ConfigurationDigest}
	resp.Diagnostics.Append(diags.Fields(path.Empty(), "Invalid release", asked.validateArtifact())...)
}

// shown is the data source as Terraform has it.
type shown struct {
	Service             types.String `tfsdk:"service"`
	Environment         types.String `tfsdk:"environment"`
	Artifact            types.Object `tfsdk:"artifact"`
	ConfigurationDigest types.String `tfsdk:"configuration_digest"`
	ID                  types.String `tfsdk:"id"`
	Status              types.String `tfsdk:"status"`
	Serving             types.Object `tfsdk:"serving"`
	TargetsServing      types.Map    `tfsdk:"targets_serving"`
	Steps               types.List   `tfsdk:"steps"`
	CanStart            types.Bool   `tfsdk:"can_start"`
	StartAt             types.String `tfsdk:"start_at"`
	Gates               types.List   `tfsdk:"gates"`
	Progress            types.Object `tfsdk:"progress"`
	History             types.List   `tfsdk:"history"`
	Procedure           types.String `tfsdk:"procedure"`
}

var gateType = types.ObjectType{AttrTypes: map[string]attrType{
	"gate": types.StringType, "status": types.StringType, "reason": types.StringType, "remedy": types.StringType, "next_at": types.StringType,
}}

// Read implements datasource.DataSource.
func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var config shown
	resp.Diagnostics.Append(req.Config.Get(ctx, &config)...)
	if resp.Diagnostics.HasError() {
		return
	}
	key := engine.Key{Service: config.Service.ValueString(), Environment: config.Environment.ValueString()}
	config = config.blank(key)
	if d.Client.Unknown {
		resp.Diagnostics.AddWarning("The release "+key.String()+" cannot be shown yet",
			"The provider block is not known, so no ledger can be asked; everything about the release is null in this plan.")
		resp.Diagnostics.Append(resp.State.Set(ctx, config)...)
		return
	}
	answer, err := d.show(ctx, key, config)
	switch {
	case errors.Is(err, engine.ErrUnknown), errors.Is(err, ledger.ErrMissing):
		resp.Diagnostics.AddAttributeError(path.Root("service"), "Unable to find release "+key.String(),
			"No ledger knows this release; it must have been released already. `sluice status` lists the releases of a ledger.")
	case err != nil:
		resp.Diagnostics.AddError(diags.Unable("read", "release", key.String(), err))
	default:
		resp.Diagnostics.Append(resp.State.Set(ctx, answer)...)
	}
}

// blank is an answer that knows nothing.
func (s shown) blank(key engine.Key) shown {
	s.ID = types.StringValue(key.String())
	s.Status, s.StartAt, s.CanStart = types.StringNull(), types.StringNull(), types.BoolNull()
	s.Serving = types.ObjectNull(servingType.AttrTypes)
	s.TargetsServing = types.MapNull(servingType)
	s.Steps = types.ListNull(types.StringType)
	s.Gates = types.ListNull(gateType)
	s.Progress = types.ObjectNull(progressType.AttrTypes)
	s.History = types.ListNull(lastRolloutType)
	s.Procedure = types.StringNull()
	return s
}

func (d *DataSource) show(ctx context.Context, key engine.Key, s shown) (shown, error) {
	l, err := d.Client.Existing(ctx)
	if err != nil {
		return s, err
	}
	e := d.Client.Engine(l)
	status, err := e.Describe(ctx, key, true)
	if err != nil {
		return s, err
	}
	s.Status = types.StringValue(status.State)
	if status.Serving != nil && status.Serving.Known {
		s.Serving = serving(*status.Serving)
	}
	if status.History.Mixed() {
		s.Status = types.StringValue(mixed)
	}
	if len(status.Parts) > 0 {
		m := model{TargetsServing: s.TargetsServing}.withParts(status.Parts)
		s.Serving, s.TargetsServing = m.Serving, m.TargetsServing
	}
	s.Progress = progress(status.History)
	s.History = historyList(status.History)
	s.Procedure = textOrNull(e.Procedure(ctx, status))
	if status.History.Spec == nil {
		return s, nil
	}
	spec := *status.History.Spec
	spec.Evidence = nil // It was judged with the rollout that it let begin, and may have grown old since.
	if status.Payload != nil {
		spec.Payload = *status.Payload
	}
	if p, given := s.candidate(); given {
		spec.Payload = p
	}
	return s.forecast(ctx, e, spec)
}

// candidate is the artifact that the author asks about, if any.
func (s shown) candidate() (artifact.Payload, bool) {
	if s.Artifact.IsNull() {
		return artifact.Payload{}, false
	}
	p, known := model{Artifact: s.Artifact, ConfigurationDigest: s.ConfigurationDigest}.payload()
	return p, known
}

func (s shown) forecast(ctx context.Context, e *engine.Engine, spec engine.Spec) (shown, error) {
	f, err := e.Forecast(ctx, spec)
	if err != nil {
		return s, err
	}
	s.Steps = list(f.Steps)
	s.CanStart = types.BoolValue(f.CanStart && len(f.Obstacles) == 0)
	if !f.StartAt.IsZero() && !f.CanStart {
		s.StartAt = types.StringValue(f.StartAt.Format(time.RFC3339))
	}
	values := make([]attr.Value, len(f.Gates))
	for i, g := range f.Gates {
		next := types.StringNull()
		if !g.NextAt.IsZero() {
			next = types.StringValue(g.NextAt.Format(time.RFC3339))
		}
		values[i] = types.ObjectValueMust(gateType.AttrTypes, map[string]attr.Value{
			"gate": types.StringValue(g.Gate), "status": types.StringValue(string(g.Status)), "reason": textOrNull(g.Reason),
			"remedy": textOrNull(g.Remedy), "next_at": next,
		})
	}
	s.Gates = types.ListValueMust(gateType, values)
	return s, nil
}

// historyList lists the rollouts, the newest first.
func historyList(h *engine.History) types.List {
	values := make([]attr.Value, 0, len(h.Rollouts))
	for i := len(h.Rollouts) - 1; i >= 0; i-- {
		values = append(values, lastRollout(h.Rollouts[i]))
	}
	return types.ListValueMust(lastRolloutType, values)
}
