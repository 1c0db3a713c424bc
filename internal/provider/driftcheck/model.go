package driftcheck

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework-timeouts/resource/timeouts"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// model is a sluice_drift_check as Terraform has it.
type model struct {
	Release     types.String   `tfsdk:"release"`
	Mode        types.String   `tfsdk:"mode"`
	Ignore      types.List     `tfsdk:"ignore"`
	Severity    types.Map      `tfsdk:"severity"`
	Fields      types.Map      `tfsdk:"fields"`
	Documents   types.Map      `tfsdk:"documents"`
	Groups      types.Map      `tfsdk:"security_groups"`
	Resources   types.Map      `tfsdk:"resources"`
	Images      types.Map      `tfsdk:"images"`
	Accepted    types.List     `tfsdk:"accepted"`
	Blocks      types.String   `tfsdk:"blocks"`
	Status      types.String   `tfsdk:"status"`
	Observed    types.String   `tfsdk:"observed"`
	Differences types.List     `tfsdk:"differences"`
	LedgerID    types.String   `tfsdk:"ledger_id"`
	Timeouts    timeouts.Value `tfsdk:"timeouts"`
}

// toCheck gives the domain's check. known is false, without an error, while
// something is not known yet.
func (m model) toCheck(ctx context.Context) (check drift.Check, known bool, errs field.Errors) {
	if m.Release.IsUnknown() || m.Mode.IsUnknown() || m.Blocks.IsUnknown() {
		return check, false, nil
	}
	raw, ok := tfconv.Known(ctx, m.Ignore)
	if !ok {
		return check, false, nil
	}
	key, err := release.ParseKey(m.Release.ValueString())
	if err != nil {
		return check, true, field.Errors{{Path: "release", Msg: err.Error()}}
	}
	check = drift.Check{Name: drift.NameOf(key), Release: key, Mode: drift.Mode(m.Mode.ValueString()), Blocks: drift.Scope(m.Blocks.ValueString())}
	for _, part := range m.parts(&check) {
		raw, ok := tfconv.Known(ctx, part.value)
		if !ok {
			return check, false, nil
		}
		if err := json.Unmarshal(raw, part.domain); err != nil {
			return check, true, field.Errors{{Path: part.name, Msg: err.Error()}}
		}
	}
	var entries []struct {
		Path    string `json:"path"`
		Reason  string `json:"reason"`
		Expires string `json:"expires"`
	}
	if err := json.Unmarshal(raw, &entries); err != nil {
		return check, true, field.Errors{{Path: "ignore", Msg: err.Error()}}
	}
	for i, e := range entries {
		at, err := time.Parse(time.RFC3339, e.Expires)
		if err != nil {
			errs = append(errs, field.Error{Path: fmt.Sprintf("ignore[%d].expires", i), Msg: fmt.Sprintf("%q is not an instant; it must be RFC 3339 with an offset, for example \"2026-12-01T00:00:00Z\"", e.Expires)})
			continue
		}
		check.Ignore = append(check.Ignore, drift.Ignore{Path: e.Path, Reason: e.Reason, Expires: at})
	}
	if len(errs) > 0 {
		return check, true, errs
	}
	return check, true, append(check.Validate(), observed.Validate(check)...)
}

// part is an attribute whose JSON is that of the domain.
type part struct {
	name   string
	value  attr.Value
	domain any
}

func (m model) parts(check *drift.Check) []part {
	return []part{
		{"severity", m.Severity, &check.Severity},
		{"fields", m.Fields, &check.Fields},
		{"documents", m.Documents, &check.Documents},
		{"security_groups", m.Groups, &check.SecurityGroups},
		{"resources", m.Resources, &check.Resources},
		{"images", m.Images, &check.Images},
		{"accepted", m.Accepted, &check.Accepted},
	}
}

// fromReport puts what a look came to into the model.
func (m model) fromReport(r drift.Report) model {
	m.Status = types.StringValue(string(r.Status))
	values := make([]attr.Value, len(r.Differences))
	for i, d := range r.Differences {
		values[i] = types.ObjectValueMust(differenceType.AttrTypes, map[string]attr.Value{
			"path": types.StringValue(d.Path), "expected": types.StringValue(d.Expected), "observed": types.StringValue(d.Observed),
			"kind": types.StringValue(string(d.Kind)), "severity": types.StringValue(string(d.Severity)),
		})
	}
	m.Differences = types.ListValueMust(differenceType, values)
	m.Observed = types.StringValue(r.Observed)
	return m
}

// forget marks what only the apply will know.
func (m model) forget() model {
	m.Status = types.StringUnknown()
	m.Observed = types.StringUnknown()
	m.Differences = types.ListUnknown(differenceType)
	return m
}

// releaseCheck checks the id of a release.
type releaseCheck struct{}

// Description implements validator.String.
func (releaseCheck) Description(context.Context) string { return "SERVICE/ENVIRONMENT" }

// MarkdownDescription implements validator.String.
func (c releaseCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (releaseCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, err := release.ParseKey(req.ConfigValue.ValueString()); err != nil {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid release", err.Error())
	}
}
