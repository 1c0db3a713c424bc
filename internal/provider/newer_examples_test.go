package provider_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestEachExampleOfAnActionOrAListIsValid reads the examples that need Terraform 1.14
// as it does, and has the provider check what they say.
func TestEachExampleOfAnActionOrAListIsValid(t *testing.T) {
	url, _ := declare(t)
	p := acctest.Speak(t, acctest.World(), url)
	tried := 0
	for _, o := range documentedObjects(t) {
		if !o.newer() {
			continue
		}
		for _, file := range []string{o.smallest, o.full} {
			for _, block := range blocks(t, file) {
				tried++
				if err := check(t, p, block); err != nil {
					t.Errorf("%s: %v", file, err)
				}
			}
		}
	}
	if want := 2 * (len(p.Schemas.ActionSchemas) + len(p.Schemas.ListResourceSchemas) + len(p.Schemas.EphemeralResourceSchemas)); tried < want {
		t.Errorf("%d blocks were tried, want at least %d", tried, want)
	}
}

// blocks gives the actions, lists and ephemeral resources of a file.
func blocks(t *testing.T, file string) []*hclsyntax.Block {
	t.Helper()
	parsed, diags := hclparse.NewParser().ParseHCL([]byte(content(t, file)), file)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	var out []*hclsyntax.Block
	for _, b := range parsed.Body.(*hclsyntax.Body).Blocks {
		if b.Type == "action" || b.Type == "list" || b.Type == "ephemeral" {
			out = append(out, b)
		}
	}
	return out
}

func check(t *testing.T, p *acctest.Protocol, block *hclsyntax.Block) error {
	t.Helper()
	name, given := block.Labels[0], map[string]tftypes.Value{}
	if block.Type == "ephemeral" {
		return checkEphemeral(t, p, block)
	}
	for _, inner := range block.Body.Blocks {
		if inner.Type != "config" {
			t.Errorf("%s has a block %s", name, inner.Type)
		}
		for attribute, a := range inner.Body.Attributes {
			given[attribute] = evaluated(t, a.Expr)
		}
	}
	if block.Type == "action" {
		config := p.Value(acctest.Filled(p.Schemas.ActionSchemas[name].Schema.ValueType(), given))
		resp, err := p.ValidateActionConfig(t.Context(), &tfprotov6.ValidateActionConfigRequest{ActionType: name, Config: config})
		if err != nil {
			return err
		}
		return acctest.Errors(resp.Diagnostics)
	}
	if provider := block.Body.Attributes["provider"]; provider == nil {
		t.Errorf("the list of %s names no provider, which Terraform wants", name)
	}
	config := p.Value(acctest.Filled(p.Schemas.ListResourceSchemas[name].ValueType(), given))
	resp, err := p.ValidateListResourceConfig(t.Context(), &tfprotov6.ValidateListResourceConfigRequest{TypeName: name, Config: config})
	if err != nil {
		return err
	}
	return acctest.Errors(resp.Diagnostics)
}

// evaluated is a value of an example; what it takes from elsewhere is not known.
func evaluated(t *testing.T, expr hcl.Expression) tftypes.Value {
	t.Helper()
	ctx := &hcl.EvalContext{Variables: map[string]cty.Value{
		"each": cty.ObjectVal(map[string]cty.Value{"value": cty.UnknownVal(cty.String)}),
		"var":  cty.ObjectVal(map[string]cty.Value{"reason": cty.UnknownVal(cty.String)}),
	}}
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	typ := tftypes.Type(tftypes.String)
	if v.Type() == cty.Bool {
		typ = tftypes.Bool
	}
	switch {
	case !v.IsKnown():
		return tftypes.NewValue(typ, tftypes.UnknownValue)
	case v.Type() == cty.Bool:
		return tftypes.NewValue(typ, v.True())
	default:
		return tftypes.NewValue(typ, strings.Clone(v.AsString()))
	}
}

// checkEphemeral has the provider check an ephemeral resource, which has literals alone.
func checkEphemeral(t *testing.T, p *acctest.Protocol, block *hclsyntax.Block) error {
	t.Helper()
	name := block.Labels[0]
	schema := p.Schemas.EphemeralResourceSchemas[name]
	types, given := map[string]tftypes.Type{}, map[string]tftypes.Value{}
	for _, a := range schema.Block.Attributes {
		types[a.Name] = a.ValueType()
	}
	for attribute, a := range block.Body.Attributes {
		v, diags := a.Expr.Value(nil)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		raw, err := ctyjson.Marshal(v, v.Type())
		if err != nil {
			t.Fatal(err)
		}
		var plain any
		if err := json.Unmarshal(raw, &plain); err != nil {
			t.Fatal(err)
		}
		given[attribute] = acctest.Given(types[attribute], plain)
	}
	config := p.Value(acctest.Filled(schema.ValueType(), given))
	resp, err := p.ValidateEphemeralResourceConfig(t.Context(), &tfprotov6.ValidateEphemeralResourceConfigRequest{TypeName: name, Config: config})
	if err != nil {
		return err
	}
	return acctest.Errors(resp.Diagnostics)
}
