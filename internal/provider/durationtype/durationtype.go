// Package durationtype is the framework type of a duration that an author writes
// as text: "5m". Two texts that mean the same time are the same value, and every
// text is checked with the one message that the rest of Sluice uses.
package durationtype

import (
	"context"
	"fmt"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

var (
	_ basetypes.StringTypable                    = Type{}
	_ basetypes.StringValuableWithSemanticEquals = Value{}
)

// Type is the type of the attribute.
type Type struct{ basetypes.StringType }

// Value is a duration, null or unknown.
type Value struct{ basetypes.StringValue }

// String describes the type.
func (Type) String() string { return "durationtype.Type" }

// Equal reports whether o is the same type.
func (Type) Equal(o attr.Type) bool {
	_, ok := o.(Type)
	return ok
}

// ValueType gives an empty value.
func (Type) ValueType(context.Context) attr.Value { return Value{} }

// ValueFromString implements basetypes.StringTypable.
func (Type) ValueFromString(_ context.Context, in basetypes.StringValue) (basetypes.StringValuable, diag.Diagnostics) {
	return Value{in}, nil
}

// ValueFromTerraform implements attr.Type.
func (t Type) ValueFromTerraform(ctx context.Context, in tftypes.Value) (attr.Value, error) {
	value, err := t.StringType.ValueFromTerraform(ctx, in)
	if err != nil {
		return nil, err
	}
	text, ok := value.(basetypes.StringValue)
	if !ok {
		return nil, fmt.Errorf("unexpected value type %T", value)
	}
	return Value{text}, nil
}

// Type gives the value's type.
func (Value) Type(context.Context) attr.Type { return Type{} }

// Equal reports whether o is the same text.
func (v Value) Equal(o attr.Value) bool {
	other, ok := o.(Value)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals reports whether both texts mean the same time.
func (v Value) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(Value)
	if !ok {
		return false, nil
	}
	a, errA := time.ParseDuration(v.ValueString())
	b, errB := time.ParseDuration(o.ValueString())
	return errA == nil && errB == nil && a == b, nil
}

// Domain gives the text as the domain has it; it is how tfconv writes a duration. A
// text that is none is an error, and the attribute's own validator has said so.
func (v Value) Domain() (any, error) {
	if _, err := time.ParseDuration(v.ValueString()); err != nil {
		return nil, err
	}
	return v.ValueString(), nil
}

// Of gives the value of a duration.
func Of(d time.Duration) Value { return Value{basetypes.NewStringValue(field.FormatDuration(d))} }

// Positive checks that a duration is longer than zero.
func Positive() validator.String { return check{} }

// NotNegative checks a duration where 0s means none.
func NotNegative() validator.String { return check{zeroOK: true} }

type check struct{ zeroOK bool }

// Description implements validator.String.
func (c check) Description(context.Context) string {
	if c.zeroOK {
		return "a duration such as 5m, or 0s for none"
	}
	return "a duration such as 5m"
}

// MarkdownDescription implements validator.String.
func (c check) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (c check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, msg := field.ParseDuration(req.ConfigValue.ValueString(), c.zeroOK); msg != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid duration", msg)
	}
}
