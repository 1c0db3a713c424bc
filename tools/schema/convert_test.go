package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestConvertWritesTerraformsFormat(t *testing.T) {
	weight := &tfprotov6.SchemaAttribute{
		Name: "weight", Type: tftypes.Number, Required: true,
		Description: "Share of *traffic*.", DescriptionKind: tfprotov6.StringKindMarkdown,
	}
	resource := &tfprotov6.Schema{Version: 2, Block: &tfprotov6.SchemaBlock{
		Description: "A release.",
		Attributes: []*tfprotov6.SchemaAttribute{
			{Name: "labels", Type: tftypes.Map{ElementType: tftypes.String}, Optional: true, Computed: true},
			{Name: "token", Type: tftypes.String, Optional: true, Sensitive: true, WriteOnly: true, Deprecated: true},
			{Name: "steps", Optional: true, NestedType: &tfprotov6.SchemaObject{
				Nesting: tfprotov6.SchemaObjectNestingModeList, Attributes: []*tfprotov6.SchemaAttribute{weight},
			}},
		},
		BlockTypes: []*tfprotov6.SchemaNestedBlock{{
			TypeName: "timeouts", Nesting: tfprotov6.SchemaNestedBlockNestingModeSingle, Block: &tfprotov6.SchemaBlock{}, MaxItems: 1,
		}},
	}}
	in := &tfprotov6.GetProviderSchemaResponse{
		Provider:        &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{}},
		ResourceSchemas: map[string]*tfprotov6.Schema{"sluice_release": resource},
		Functions: map[string]*tfprotov6.Function{"canary_steps": {
			Summary: "Steps.", Parameters: []*tfprotov6.FunctionParameter{{Name: "weights", Type: tftypes.List{ElementType: tftypes.Number}, AllowNullValue: true}},
			VariadicParameter: &tfprotov6.FunctionParameter{Name: "more", Type: tftypes.String},
			Return:            &tfprotov6.FunctionReturn{Type: tftypes.Bool},
		}},
	}
	ids := &tfprotov6.GetResourceIdentitySchemasResponse{IdentitySchemas: map[string]*tfprotov6.ResourceIdentitySchema{
		"sluice_release": {IdentityAttributes: []*tfprotov6.ResourceIdentitySchemaAttribute{
			{Name: "service", Type: tftypes.String, RequiredForImport: true},
		}},
	}}
	got, err := convert(in, ids)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"format_version": "1.0", "provider_schemas": {"registry.terraform.io/hashicorp/sluice": {
		"provider": {"version": 0, "block": {"description_kind": "plain"}},
		"resource_schemas": {"sluice_release": {"version": 2, "block": {
			"description": "A release.", "description_kind": "plain",
			"attributes": {
				"labels": {"type": ["map", "string"], "description_kind": "plain", "optional": true, "computed": true},
				"token": {"type": "string", "description_kind": "plain", "optional": true, "sensitive": true, "write_only": true, "deprecated": true},
				"steps": {"description_kind": "plain", "optional": true, "nested_type": {"nesting_mode": "list", "attributes": {
					"weight": {"type": "number", "description": "Share of *traffic*.", "description_kind": "markdown", "required": true}}}}
			},
			"block_types": {"timeouts": {"nesting_mode": "single", "block": {"description_kind": "plain"}, "max_items": 1}}}}},
		"functions": {"canary_steps": {"summary": "Steps.", "return_type": "bool",
			"parameters": [{"name": "weights", "type": ["list", "number"], "is_nullable": true}],
			"variadic_parameter": {"name": "more", "type": "string"}}},
		"resource_identity_schemas": {"sluice_release": {"version": 0, "attributes": {"service": {"type": "string", "required_for_import": true}}}}
	}}}`
	if diff := cmp.Diff(tree(t, []byte(want)), tree(t, marshal(t, got))); diff != "" {
		t.Errorf("the schema in Terraform's format (-want +got):\n%s", diff)
	}
}

func TestConvertRefusesWhatItDoesNotKnow(t *testing.T) {
	attribute := &tfprotov6.SchemaAttribute{Name: "steps", NestedType: &tfprotov6.SchemaObject{Nesting: 99}}
	in := &tfprotov6.GetProviderSchemaResponse{Provider: &tfprotov6.Schema{Block: &tfprotov6.SchemaBlock{
		Attributes: []*tfprotov6.SchemaAttribute{attribute},
	}}}
	_, err := convert(in, &tfprotov6.GetResourceIdentitySchemasResponse{})
	if err == nil || !strings.Contains(err.Error(), `attribute "steps"`) {
		t.Errorf("an unknown nesting mode must be an error that names the attribute, got %v", err)
	}
}

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func tree(t *testing.T, raw []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
