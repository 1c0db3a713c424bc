// Package definition is the form in which one declared object is handed to
// another: its name, and its content as canonical JSON. It is known at plan, also
// for an object that the same apply creates.
package definition

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema"
	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// AttrTypes are the types of a definition's attributes.
func AttrTypes() map[string]attr.Type {
	return map[string]attr.Type{"name": types.StringType, "content": types.StringType}
}

// Type is the type of a definition.
func Type() types.ObjectType { return types.ObjectType{AttrTypes: AttrTypes()} }

// Null is a definition that is not given.
func Null() types.Object { return types.ObjectNull(AttrTypes()) }

// Of makes a definition that is known.
func Of(name string, content json.RawMessage) types.Object {
	return types.ObjectValueMust(AttrTypes(), map[string]attr.Value{
		"name": types.StringValue(name), "content": types.StringValue(string(content)),
	})
}

// ByName makes a definition that names an object of the ledger.
func ByName(name types.String) types.Object {
	return types.ObjectValueMust(AttrTypes(), map[string]attr.Value{"name": name, "content": types.StringNull()})
}

// Unknown makes a definition whose content is not known yet.
func Unknown(name types.String) types.Object {
	return types.ObjectValueMust(AttrTypes(), map[string]attr.Value{"name": name, "content": types.StringUnknown()})
}

// Value is a definition in pieces. Either piece may be null or unknown.
type Value struct {
	Name    types.String
	Content types.String
}

// Read takes a definition apart. A definition that is null or unknown has pieces
// that are.
func Read(o types.Object) Value {
	switch {
	case o.IsUnknown():
		return Value{Name: types.StringUnknown(), Content: types.StringUnknown()}
	case o.IsNull():
		return Value{Name: types.StringNull(), Content: types.StringNull()}
	}
	v := Value{}
	v.Name, _ = o.Attributes()["name"].(types.String)
	v.Content, _ = o.Attributes()["content"].(types.String)
	return v
}

// Known reports whether both pieces are known; the content may be null.
func (v Value) Known() bool { return !v.Name.IsUnknown() && !v.Content.IsUnknown() }

// ByName reports whether only a name is given, which the ledger must resolve.
func (v Value) ByName() bool { return v.Content.IsNull() && !v.Name.IsNull() }

// Computed is the attribute of a declared object that holds its own definition. It
// is one attribute and not a nested one: the framework walks through each nested
// attribute in every call, and nobody writes these.
func Computed(noun string) schema.ObjectAttribute {
	return schema.ObjectAttribute{
		Computed:       true,
		AttributeTypes: AttrTypes(),
		MarkdownDescription: fmt.Sprintf("The %s as other objects take it, for example `sluice_release`: its name, and its content as canonical JSON, "+
			"whose form may gain members in later versions. It is known at plan, also when the same apply creates the %s.", noun, noun),
	}
}

// Reference is the attribute that takes a definition of another object.
func Reference(noun, resource, more string, required bool) schema.SingleNestedAttribute {
	return schema.SingleNestedAttribute{
		Required: required, Optional: !required,
		MarkdownDescription: fmt.Sprintf("The %s, as `%s.example.definition`. "+
			"`{ name = \"example\" }` takes one that the ledger knows already.%s", noun, resource, more),
		Attributes: map[string]schema.Attribute{
			"name": schema.StringAttribute{
				Required: true, MarkdownDescription: fmt.Sprintf("The name of the %s.", noun), Validators: []validator.String{Name()},
			},
			"content": schema.StringAttribute{
				Optional:            true,
				PlanModifiers:       []planmodifier.String{sameJSON{}},
				MarkdownDescription: fmt.Sprintf("The content of the %s as JSON, from its `definition`. Without it the ledger is asked for the name.", noun),
			},
		},
	}
}

// Name checks the name of an object, a service or an environment.
func Name() validator.String { return nameCheck{} }

type nameCheck struct{}

// Description implements validator.String.
func (nameCheck) Description(context.Context) string {
	return "1 to 128 characters without slashes and control characters"
}

// MarkdownDescription implements validator.String.
func (c nameCheck) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (nameCheck) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if msg := field.Name(req.ConfigValue.ValueString()); msg != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid name", msg)
	}
}
