package declared

import (
	"context"
	"errors"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/datasource"
	"github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/definition"
	"github.com/sluice/terraform-provider-sluice/internal/provider/diags"
	"github.com/sluice/terraform-provider-sluice/internal/provider/source"
	"github.com/sluice/terraform-provider-sluice/internal/provider/tfconv"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// DataSource finds a declared object by its name.
type DataSource struct {
	source.Base
	Object Object
}

var _ datasource.DataSourceWithConfigure = (*DataSource)(nil)

// Metadata implements datasource.DataSource.
func (d *DataSource) Metadata(_ context.Context, req datasource.MetadataRequest, resp *datasource.MetadataResponse) {
	resp.TypeName = req.ProviderTypeName + "_" + d.Object.Type
}

// Schema implements datasource.DataSource.
func (d *DataSource) Schema(_ context.Context, _ datasource.SchemaRequest, resp *datasource.SchemaResponse) {
	noun := d.Object.Noun
	resp.Schema = schema.Schema{
		MarkdownDescription: fmt.Sprintf("Finds %s that the ledger knows, by its name, and gives its `definition` for other objects. "+
			"Use it where another Terraform state declares the %s.", tfconv.A(noun), noun),
		Attributes: map[string]schema.Attribute{
			nameAttr: schema.StringAttribute{
				Required: true, MarkdownDescription: fmt.Sprintf("The name of the %s.", noun), Validators: []validator.String{definition.Name()},
			},
			scopeAttr: schema.StringAttribute{
				Computed: true, MarkdownDescription: fmt.Sprintf("The scope that declares the %s: the ledger's own, or one above it; the nearest is found. Null where the ledger belongs to no scope.", noun),
			},
			definitionAttr: schema.SingleNestedAttribute{
				Computed: true, MarkdownDescription: fmt.Sprintf("The %s as other objects take it, for example `sluice_release`.", noun),
				Attributes: map[string]schema.Attribute{
					"name":    schema.StringAttribute{Computed: true, MarkdownDescription: "The name."},
					"content": schema.StringAttribute{Computed: true, MarkdownDescription: "The content, as canonical JSON."},
				},
			},
		},
	}
}

// Read implements datasource.DataSource.
func (d *DataSource) Read(ctx context.Context, req datasource.ReadRequest, resp *datasource.ReadResponse) {
	name, more := nameOf(ctx, req.Config)
	resp.Diagnostics.Append(more...)
	if resp.Diagnostics.HasError() {
		return
	}
	found, by, err := d.find(ctx, name.ValueString())
	if errors.Is(err, ledger.ErrNotFound) || errors.Is(err, ledger.ErrMissing) {
		resp.Diagnostics.AddAttributeError(path.Root(nameAttr), fmt.Sprintf("Unable to find %s %s", d.Object.Noun, name.ValueString()),
			NoSuch(d.Object.Noun, d.Object.Type, name.ValueString()))
		return
	}
	if err != nil {
		resp.Diagnostics.AddError(diags.Unable("read", d.Object.Noun, name.ValueString(), err))
		return
	}
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(nameAttr), name)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(scopeAttr), by)...)
	resp.Diagnostics.Append(resp.State.SetAttribute(ctx, path.Root(definitionAttr), found)...)
}

// find gives the definition, and the scope that declares it. While the provider block is not known, that is the
// name alone, which an apply resolves: a data source may not answer "unknown".
func (d *DataSource) find(ctx context.Context, name string) (types.Object, types.String, error) {
	nobody := types.StringNull()
	if d.Client.Unknown {
		return definition.ByName(types.StringValue(name)), nobody, nil
	}
	// A scope above may declare it before the scope itself has a ledger.
	l, err := d.Client.Forecasting(ctx)
	if err != nil {
		return definition.Null(), nobody, err
	}
	o, err := scope.Find(ctx, l, d.Object.Type, name)
	if err != nil {
		return definition.Null(), nobody, err
	}
	content, errs := d.Object.Canonical(o.Content)
	if err := errs.Err(); err != nil {
		return definition.Null(), nobody, fmt.Errorf("the ledger holds %s that this version cannot take: %w", tfconv.A(d.Object.Noun), err)
	}
	if o.Level.Scope != "" {
		return definition.Of(name, content), types.StringValue(string(o.Level.Scope)), nil
	}
	return definition.Of(name, content), nobody, nil
}

// NoSuch is the message about a name that no ledger knows.
func NoSuch(noun, typ, name string) string {
	return fmt.Sprintf("No ledger knows the %s %q; a literal name must be declared already. "+
		"For one that is declared in the same configuration use its definition, for example sluice_%s.%s.definition.", noun, name, typ, label(name))
}

// label makes a name usable as a label in an example of HCL.
func label(name string) string {
	out := []rune(name)
	for i, r := range out {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '_') {
			out[i] = '_'
		}
	}
	if len(out) == 0 {
		return "example"
	}
	return string(out)
}
