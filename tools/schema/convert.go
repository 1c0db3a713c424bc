package main

import (
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// address is where tfplugindocs looks for a provider of this name.
const address = "registry.terraform.io/hashicorp/sluice"

// convert writes what the provider says of itself in Terraform's own format.
func convert(s *tfprotov6.GetProviderSchemaResponse, ids *tfprotov6.GetResourceIdentitySchemasResponse) (*document, error) {
	var c converter
	p := &provider{
		Provider:    c.schema(s.Provider),
		Resources:   c.schemas(s.ResourceSchemas),
		DataSources: c.schemas(s.DataSourceSchemas),
		Ephemeral:   c.schemas(s.EphemeralResourceSchemas),
		Lists:       c.schemas(s.ListResourceSchemas),
		Functions:   map[string]*function{},
		Identities:  map[string]*identity{},
		Actions:     map[string]*action{},
	}
	for name, a := range s.ActionSchemas {
		p.Actions[name] = &action{Block: c.schema(a.Schema).Block}
	}
	for name, f := range s.Functions {
		p.Functions[name] = c.function(f)
	}
	for name, id := range ids.IdentitySchemas {
		p.Identities[name] = c.identity(id)
	}
	if c.err != nil {
		return nil, c.err
	}
	return &document{FormatVersion: "1.0", Schemas: map[string]*provider{address: p}}, nil
}

// converter keeps the first error, so that the walk over the schema reads straight.
type converter struct{ err error }

func (c *converter) typ(t tftypes.Type) json.RawMessage {
	if t == nil {
		return nil
	}
	raw, err := json.Marshal(t)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("encoding the type %s: %w", t, err)
	}
	return raw
}

func (c *converter) schemas(in map[string]*tfprotov6.Schema) map[string]*schema {
	out := make(map[string]*schema, len(in))
	for name, s := range in {
		out[name] = c.schema(s)
	}
	return out
}

func (c *converter) schema(s *tfprotov6.Schema) *schema {
	if s == nil {
		return &schema{Block: &block{}}
	}
	return &schema{Version: s.Version, Block: c.block(s.Block)}
}

func (c *converter) block(b *tfprotov6.SchemaBlock) *block {
	if b == nil {
		return &block{}
	}
	out := &block{
		Attributes:  c.attributes(b.Attributes),
		Blocks:      map[string]*nested{},
		Description: b.Description,
		Kind:        kind(b.DescriptionKind),
		Deprecated:  b.Deprecated,
	}
	for _, n := range b.BlockTypes {
		out.Blocks[n.TypeName] = &nested{
			Nesting:  c.blockNesting(n),
			Block:    c.block(n.Block),
			MinItems: n.MinItems,
			MaxItems: n.MaxItems,
		}
	}
	return out
}

func (c *converter) attributes(in []*tfprotov6.SchemaAttribute) map[string]*attribute {
	out := make(map[string]*attribute, len(in))
	for _, a := range in {
		out[a.Name] = &attribute{
			Type:        c.typ(a.Type),
			NestedType:  c.object(a),
			Description: a.Description,
			Kind:        kind(a.DescriptionKind),
			Deprecated:  a.Deprecated,
			Required:    a.Required,
			Optional:    a.Optional,
			Computed:    a.Computed,
			Sensitive:   a.Sensitive,
			WriteOnly:   a.WriteOnly,
		}
	}
	return out
}

func (c *converter) object(a *tfprotov6.SchemaAttribute) *object {
	if a.NestedType == nil {
		return nil
	}
	modes := map[tfprotov6.SchemaObjectNestingMode]string{
		tfprotov6.SchemaObjectNestingModeSingle: "single",
		tfprotov6.SchemaObjectNestingModeList:   "list",
		tfprotov6.SchemaObjectNestingModeSet:    "set",
		tfprotov6.SchemaObjectNestingModeMap:    "map",
	}
	mode, ok := modes[a.NestedType.Nesting]
	if !ok && c.err == nil {
		c.err = fmt.Errorf("attribute %q has the unknown nesting mode %s", a.Name, a.NestedType.Nesting)
	}
	return &object{Attributes: c.attributes(a.NestedType.Attributes), Nesting: mode}
}

func (c *converter) blockNesting(n *tfprotov6.SchemaNestedBlock) string {
	modes := map[tfprotov6.SchemaNestedBlockNestingMode]string{
		tfprotov6.SchemaNestedBlockNestingModeSingle: "single",
		tfprotov6.SchemaNestedBlockNestingModeList:   "list",
		tfprotov6.SchemaNestedBlockNestingModeSet:    "set",
		tfprotov6.SchemaNestedBlockNestingModeMap:    "map",
		tfprotov6.SchemaNestedBlockNestingModeGroup:  "group",
	}
	mode, ok := modes[n.Nesting]
	if !ok && c.err == nil {
		c.err = fmt.Errorf("block %q has the unknown nesting mode %s", n.TypeName, n.Nesting)
	}
	return mode
}

func (c *converter) function(f *tfprotov6.Function) *function {
	out := &function{
		Summary:     f.Summary,
		Description: f.Description,
		Deprecation: f.DeprecationMessage,
		Variadic:    c.parameter(f.VariadicParameter),
	}
	if f.Return != nil {
		out.Return = c.typ(f.Return.Type)
	}
	for _, p := range f.Parameters {
		out.Parameters = append(out.Parameters, c.parameter(p))
	}
	return out
}

func (c *converter) parameter(p *tfprotov6.FunctionParameter) *parameter {
	if p == nil {
		return nil
	}
	return &parameter{Name: p.Name, Description: p.Description, Nullable: p.AllowNullValue, Type: c.typ(p.Type)}
}

func (c *converter) identity(s *tfprotov6.ResourceIdentitySchema) *identity {
	out := &identity{Version: s.Version, Attributes: map[string]*identityAttribute{}}
	for _, a := range s.IdentityAttributes {
		out.Attributes[a.Name] = &identityAttribute{
			Type:        c.typ(a.Type),
			Description: a.Description,
			Required:    a.RequiredForImport,
			Optional:    a.OptionalForImport,
		}
	}
	return out
}

func kind(k tfprotov6.StringKind) string {
	if k == tfprotov6.StringKindMarkdown {
		return "markdown"
	}
	return "plain"
}
