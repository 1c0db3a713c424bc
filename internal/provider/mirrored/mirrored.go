// Package mirrored turns the attributes of a resource into those of a data source
// that takes the same configuration. The framework has two sets of types for them,
// and writing the schema of a driver twice would let one of them go stale.
package mirrored

import (
	"fmt"

	data "github.com/hashicorp/terraform-plugin-framework/datasource/schema"
	resource "github.com/hashicorp/terraform-plugin-framework/resource/schema"
)

// Attributes converts what an author writes; defaults and plan modifiers, which a
// data source has none of, are left behind. It panics on a type of attribute that
// it does not know, which a test of each schema rules out.
func Attributes(in map[string]resource.Attribute) map[string]data.Attribute {
	out := make(map[string]data.Attribute, len(in))
	for name, a := range in {
		out[name] = attribute(name, a)
	}
	return out
}

func attribute(name string, in resource.Attribute) data.Attribute {
	switch a := in.(type) {
	case resource.StringAttribute:
		return data.StringAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, CustomType: a.CustomType, Validators: a.Validators}
	case resource.BoolAttribute:
		return data.BoolAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case resource.Int64Attribute:
		return data.Int64Attribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case resource.Float64Attribute:
		return data.Float64Attribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators}
	case resource.MapAttribute:
		return data.MapAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, ElementType: a.ElementType, Validators: a.Validators}
	case resource.ListAttribute:
		return data.ListAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, ElementType: a.ElementType, Validators: a.Validators}
	case resource.ObjectAttribute:
		return data.ObjectAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, AttributeTypes: a.AttributeTypes, Validators: a.Validators}
	case resource.SingleNestedAttribute:
		return data.SingleNestedAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators, Attributes: Attributes(a.Attributes)}
	case resource.MapNestedAttribute:
		return data.MapNestedAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators, NestedObject: nested(a.NestedObject)}
	case resource.ListNestedAttribute:
		return data.ListNestedAttribute{Required: a.Required, Optional: a.Optional, MarkdownDescription: a.MarkdownDescription, Validators: a.Validators, NestedObject: nested(a.NestedObject)}
	}
	panic(fmt.Sprintf("mirrored: the attribute %q is a %T, which has no counterpart yet", name, in))
}

func nested(in resource.NestedAttributeObject) data.NestedAttributeObject {
	return data.NestedAttributeObject{Validators: in.Validators, Attributes: Attributes(in.Attributes)}
}
