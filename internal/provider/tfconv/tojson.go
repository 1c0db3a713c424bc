// Package tfconv carries values between the framework and the domain. The
// attributes of a schema have the names that the domain has in JSON, so one
// conversion serves every object: a value becomes the JSON of the domain type,
// and the domain's JSON becomes a value of the schema's type.
package tfconv

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

// ErrUnknown says that a value is not known yet, so it has no JSON.
var ErrUnknown = errors.New("the value is not known yet")

// domainValue is a value whose form in the domain is not its own text.
type domainValue interface {
	Domain() (any, error)
}

// ToJSON gives a value as JSON, without the attributes named. Null attributes of objects are left out; a value
// that is null itself is "null". A value that is unknown anywhere is ErrUnknown.
func ToJSON(ctx context.Context, v attr.Value, without ...string) (json.RawMessage, error) {
	var tree any
	var err error
	if o, ok := v.(basetypes.ObjectValue); ok && len(without) > 0 && !o.IsNull() && !o.IsUnknown() {
		values := o.Attributes()
		for _, name := range without {
			delete(values, name)
		}
		tree, err = members(ctx, values, true)
	} else {
		tree, err = toTree(ctx, v)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(tree)
}

// Known is ToJSON for a configuration: false while something in the value is not
// known yet, or is written wrongly, which a validator of its own has said.
func Known(ctx context.Context, v attr.Value, without ...string) (json.RawMessage, bool) {
	raw, err := ToJSON(ctx, v, without...)
	return raw, err == nil
}

func toTree(ctx context.Context, v attr.Value) (any, error) {
	switch {
	case v == nil || v.IsNull():
		return nil, nil
	case v.IsUnknown():
		return nil, ErrUnknown
	}
	if d, ok := v.(domainValue); ok {
		return d.Domain()
	}
	switch v := v.(type) {
	case basetypes.StringValuable:
		s, diags := v.ToStringValue(ctx)
		if diags.HasError() {
			return nil, fmt.Errorf("%s", diags[0].Detail())
		}
		return s.ValueString(), nil
	case basetypes.BoolValue:
		return v.ValueBool(), nil
	case basetypes.Int64Value:
		return v.ValueInt64(), nil
	case basetypes.Float64Value:
		return v.ValueFloat64(), nil
	case basetypes.NumberValue:
		return json.Number(v.ValueBigFloat().Text('g', -1)), nil
	case basetypes.ListValue:
		return elements(ctx, v.Elements())
	case basetypes.SetValue:
		return elements(ctx, v.Elements())
	case basetypes.TupleValue:
		return elements(ctx, v.Elements())
	case basetypes.MapValue:
		return members(ctx, v.Elements(), false)
	case basetypes.ObjectValuable:
		o, diags := v.ToObjectValue(ctx)
		if diags.HasError() {
			return nil, fmt.Errorf("%s", diags[0].Detail())
		}
		return members(ctx, o.Attributes(), true)
	case basetypes.DynamicValue:
		return toTree(ctx, v.UnderlyingValue())
	default:
		return nil, fmt.Errorf("a %T cannot be written as JSON", v)
	}
}

func elements(ctx context.Context, values []attr.Value) (any, error) {
	out := make([]any, len(values))
	for i, v := range values {
		tree, err := toTree(ctx, v)
		if err != nil {
			return nil, err
		}
		out[i] = tree
	}
	return out, nil
}

func members(ctx context.Context, values map[string]attr.Value, dropNull bool) (any, error) {
	out := make(map[string]any, len(values))
	for name, v := range values {
		if dropNull && v.IsNull() {
			continue
		}
		tree, err := toTree(ctx, v)
		if err != nil {
			return nil, err
		}
		out[name] = tree
	}
	return out, nil
}

// number reads a JSON number without losing digits.
func number(v any) (*big.Float, error) {
	n, ok := v.(json.Number)
	if !ok {
		return nil, fmt.Errorf("%v is not a number", v)
	}
	f, _, err := big.ParseFloat(n.String(), 10, 512, big.ToNearestEven)
	return f, err
}
