package mirrored_test

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	data "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/mirrored"
	"github.com/sluice/terraform-provider-sluice/internal/provider/release"
)

// The schema of every signal has a mirror of the same type, also in what is nested.
func TestTheMirrorOfASignalHasItsType(t *testing.T) {
	in := release.SignalDrivers()
	out := mirrored.Attributes(in)
	if len(in) == 0 {
		t.Fatal("there is no signal")
	}
	for name, a := range in {
		b, ok := out[name]
		if !ok || !a.GetType().Equal(b.GetType()) || a.IsRequired() != b.IsRequired() || a.IsOptional() != b.IsOptional() || a.GetMarkdownDescription() != b.GetMarkdownDescription() {
			t.Errorf("%s is mirrored as %+v", name, b)
		}
	}
}

func TestEachKindOfAttributeHasAMirror(t *testing.T) {
	object := resource.NestedAttributeObject{Attributes: map[string]resource.Attribute{"x": resource.BoolAttribute{Required: true}}}
	in := map[string]resource.Attribute{
		"bool": resource.BoolAttribute{Optional: true, MarkdownDescription: "b"}, "int": resource.Int64Attribute{Required: true}, "float": resource.Float64Attribute{Optional: true},
		"list": resource.ListAttribute{Optional: true, ElementType: types.StringType}, "map": resource.MapAttribute{Optional: true, ElementType: types.Int64Type},
		"object": resource.ObjectAttribute{Optional: true, AttributeTypes: map[string]attr.Type{"a": types.StringType}},
		"single": resource.SingleNestedAttribute{Optional: true, Attributes: object.Attributes},
		"many":   resource.ListNestedAttribute{Optional: true, NestedObject: object}, "named": resource.MapNestedAttribute{Optional: true, NestedObject: object},
		"text": resource.StringAttribute{Optional: true},
	}
	for name, b := range mirrored.Attributes(in) {
		if a := in[name]; !a.GetType().Equal(b.GetType()) || a.IsRequired() != b.IsRequired() || a.GetMarkdownDescription() != b.GetMarkdownDescription() {
			t.Errorf("%s is mirrored as %+v", name, b)
		}
	}
	if single, ok := mirrored.Attributes(in)["single"].(data.SingleNestedAttribute); !ok || !single.Attributes["x"].IsRequired() {
		t.Error("what is nested is not mirrored")
	}
	defer func() {
		if recover() == nil {
			t.Error("a set, which has no mirror, is let through")
		}
	}()
	mirrored.Attributes(map[string]resource.Attribute{"set": resource.SetAttribute{ElementType: types.StringType}})
}
