// Package percenttype is the framework type of a share that an author writes as
// text with its unit, "1%", so that nobody has to guess whether 1 means 1 % or
// all. The rest of Sluice has shares from 0 to 1.
package percenttype

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

var (
	_ basetypes.StringTypable                    = Type{}
	_ basetypes.StringValuableWithSemanticEquals = Value{}
)

// Type is the type of the attribute.
type Type struct{ basetypes.StringType }

// Value is a share, null or unknown.
type Value struct{ basetypes.StringValue }

// String describes the type.
func (Type) String() string { return "percenttype.Type" }

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

// TextOf writes a share of the domain as text; it is how tfconv reads one.
func (Type) TextOf(share any) (string, error) {
	number, ok := share.(float64)
	if !ok {
		return "", fmt.Errorf("%v is not a share", share)
	}
	return Format(number), nil
}

// Type gives the value's type.
func (Value) Type(context.Context) attr.Type { return Type{} }

// Equal reports whether o is the same text.
func (v Value) Equal(o attr.Value) bool {
	other, ok := o.(Value)
	return ok && v.StringValue.Equal(other.StringValue)
}

// StringSemanticEquals reports whether both texts mean the same share.
func (v Value) StringSemanticEquals(_ context.Context, other basetypes.StringValuable) (bool, diag.Diagnostics) {
	o, ok := other.(Value)
	if !ok {
		return false, nil
	}
	a, msgA := Parse(v.ValueString())
	b, msgB := Parse(o.ValueString())
	return msgA == "" && msgB == "" && a == b, nil
}

// Domain gives the share as the domain has it, 0 to 1; it is how tfconv writes
// one.
func (v Value) Domain() (any, error) {
	share, msg := Parse(v.ValueString())
	if msg != "" {
		return nil, fmt.Errorf("%s", msg)
	}
	return share, nil
}

var pattern = regexp.MustCompile(`^([0-9]{1,3}(?:\.[0-9]{1,12})?) ?%$`)

// Parse reads a share: "1%" is 0.01. It returns what is wrong, what is allowed
// and an example when the text is none.
func Parse(text string) (float64, string) {
	const allowed = "; a share is a number from 0 to 100 with a percent sign, for example \"1%\" or \"0.5%\""
	m := pattern.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil {
		if _, err := strconv.ParseFloat(text, 64); err == nil {
			return 0, fmt.Sprintf("%q has no percent sign%s", text, allowed)
		}
		return 0, fmt.Sprintf("%.40q is not a share%s", text, allowed)
	}
	// The exponent moves the point without rounding twice.
	share, err := strconv.ParseFloat(m[1]+"e-2", 64)
	if err != nil || share > 1 {
		return 0, fmt.Sprintf("%q is more than 100 %%%s", text, allowed)
	}
	return share, ""
}

// Format writes a share: 0.01 is "1%".
func Format(share float64) string {
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(share, 'e', -1, 64), "e")
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return strconv.FormatFloat(share, 'g', -1, 64)
	}
	percent, err := strconv.ParseFloat(fmt.Sprintf("%se%d", mantissa, power+2), 64)
	if err != nil {
		return strconv.FormatFloat(share, 'g', -1, 64)
	}
	return strconv.FormatFloat(percent, 'f', -1, 64) + "%"
}

// Valid checks that a text is a share.
func Valid() validator.String { return check{} }

type check struct{}

// Description implements validator.String.
func (check) Description(context.Context) string { return "a share such as 1%" }

// MarkdownDescription implements validator.String.
func (c check) MarkdownDescription(ctx context.Context) string { return c.Description(ctx) }

// ValidateString implements validator.String.
func (check) ValidateString(_ context.Context, req validator.StringRequest, resp *validator.StringResponse) {
	if req.ConfigValue.IsNull() || req.ConfigValue.IsUnknown() {
		return
	}
	if _, msg := Parse(req.ConfigValue.ValueString()); msg != "" {
		resp.Diagnostics.AddAttributeError(req.Path, "Invalid share", msg)
	}
}
