package releases

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	"github.com/sluice/terraform-provider-sluice/internal/release/survey"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

type attrType = attr.Type

// DataSource lists releases.
type DataSource struct{ source.Base }

var _ datasource.DataSourceWithConfigure = (*DataSource)(nil)

// NewDataSource makes the data source.
func NewDataSource() datasource.DataSource { return &DataSource{source.Base{Name: "releases"}} }

// model is the data source as Terraform has it.
type model struct {
	Ledgers     types.Map    `tfsdk:"ledgers"`
	SkipMissing types.Bool   `tfsdk:"skip_missing"`
	Missing     types.List   `tfsdk:"missing"`
	Service     types.String `tfsdk:"service"`
	Environment types.String `tfsdk:"environment"`
	State       types.String `tfsdk:"state"`
	Releases    types.List   `tfsdk:"releases"`
}

const unable = "Unable to list the releases"

// Read implements datasource.DataSource.
func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	var m model
	resp.Diagnostics.Append(req.Config.Get(ctx, &m)...)
	if resp.Diagnostics.HasError() {
		return
	}
	m.Releases, m.Missing = types.ListNull(rowType()), types.ListNull(types.StringType)
	if d.Client.Unknown {
		resp.Diagnostics.AddWarning("The releases cannot be listed yet",
			"The provider block is not known, so no ledger can be asked; the list is null in this plan.")
		resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
		return
	}
	f := survey.Filter{Service: m.Service.ValueString(), Environment: m.Environment.ValueString(), State: m.State.ValueString()}
	rows, err := d.own(ctx, f)
	if err != nil {
		resp.Diagnostics.AddError(unable, fmt.Sprintf("The ledger of the provider block cannot be read: %v", err))
		return
	}
	given := map[string]string{}
	resp.Diagnostics.Append(m.Ledgers.ElementsAs(ctx, &given, false)...)
	missing := []attr.Value{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		more, err := d.of(ctx, name, given[name], f)
		at := path.Root("ledgers").AtMapKey(name)
		switch {
		case errors.Is(err, ledger.ErrMissing) && m.SkipMissing.ValueBool():
			missing = append(missing, types.StringValue(name))
			resp.Diagnostics.AddAttributeWarning(at, "A ledger is not there yet", fmt.Sprintf("The ledger of the scope %s is left out, and stands in missing: %v. The first apply of its workspace creates it. If it was there before, it is lost: its own workspace says what to do.", name, err))
		case errors.Is(err, ledger.ErrMissing):
			resp.Diagnostics.AddAttributeError(at, unable, fmt.Sprintf("The ledger of the scope %s cannot be listed: %v. If it is not there yet, since the first apply of its workspace creates it, set skip_missing = true.", name, err))
		case err != nil:
			resp.Diagnostics.AddAttributeError(at, unable, fmt.Sprintf("The ledger of the scope %s cannot be listed: %v", name, err))
		}
		rows = survey.Add(rows, more)
	}
	if resp.Diagnostics.HasError() {
		return
	}
	slices.SortStableFunc(rows, func(a, b survey.Row) int {
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Service, b.Service), cmp.Compare(a.Environment, b.Environment))
	})
	m.Releases, m.Missing = values(rows), types.ListValueMust(types.StringType, missing)
	resp.Diagnostics.Append(resp.State.Set(ctx, m)...)
}

// own lists the ledger of the provider block; one that is not there yet has none.
func (d *DataSource) own(ctx context.Context, f survey.Filter) ([]survey.Row, error) {
	l, err := d.Client.Existing(ctx)
	if errors.Is(err, ledger.ErrMissing) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return survey.Of(ctx, l, f)
}

// of lists another ledger.
func (d *DataSource) of(ctx context.Context, name, url string, f survey.Filter) (rows []survey.Row, err error) {
	p, err := scope.ParsePath(name)
	if err != nil {
		return nil, err
	}
	l, err := ledgers.Open(ctx, url, ledgers.Options{ReadOnly: true, Clock: d.Client.Clock})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	if err := errors.Join(scope.Is(ctx, l, p), ledger.StillHere(ctx, l)); err != nil {
		return nil, err
	}
	return survey.Of(ctx, l, f)
}

// values are the rows as Terraform has them; an empty text is null.
func values(rows []survey.Row) types.List {
	list := make([]attr.Value, 0, len(rows))
	for _, r := range rows {
		attrs := map[string]attr.Value{}
		for name, text := range map[string]string{
			"scope": r.Scope, "ledger_id": r.Ledger, "release": r.Release, "service": r.Service, "environment": r.Environment,
			"version": r.Version, "digest": r.Digest, "state": r.State, "open_rollout": r.Rollout, "open_version": r.To,
			"owner": r.Owner, "changed_at": r.ChangedAt,
		} {
			attrs[name] = types.StringNull()
			if text != "" {
				attrs[name] = types.StringValue(text)
			}
		}
		list = append(list, types.ObjectValueMust(rowType().AttrTypes, attrs))
	}
	return types.ListValueMust(rowType(), list)
}

// stateCheck refuses what is no state, so that a misspelt one does not list nothing.
type stateCheck struct{}

// Description implements validator.String.
func (stateCheck) Description(context.Context) string { return "a state of a release" }

// MarkdownDescription implements validator.String.
func (c stateCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (stateCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() || slices.Contains(survey.States(), req.ConfigValue.ValueString()) {
		return
	}
	resp.Diagnostics.AddAttributeError(req.Path, "Invalid state",
		fmt.Sprintf("%.40q is not a state of a release; it must be one of %s, for example %q", req.ConfigValue.ValueString(), strings.Join(survey.States(), ", "), survey.Steady))
}
