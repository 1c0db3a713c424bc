package tfconv

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// textualType is a type whose text is not the domain's form of the value.
type textualType interface {
	TextOf(domain any) (string, error)
}

// FromJSON gives the value that JSON of the domain has in a type of a schema.
// Members that the JSON does not have are null; members that the type does not
// have are an error, since dropping them would show a plan that lies.
func FromJSON(ctx context.Context, typ attr.Type, raw json.RawMessage) (attr.Value, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	var tree any
	if err := dec.Decode(&tree); err != nil {
		return nil, err
	}
	v, err := fromTree(ctx, typ, tree)
	if err != nil {
		return nil, err
	}
	return typ.ValueFromTerraform(ctx, v)
}

func fromTree(ctx context.Context, typ attr.Type, tree any) (tftypes.Value, error) {
	tf := typ.TerraformType(ctx)
	if tree == nil {
		return tftypes.NewValue(tf, nil), nil
	}
	if t, ok := typ.(textualType); ok {
		return textOf(t, tree)
	}
	switch t := typ.(type) {
	case attr.TypeWithAttributeTypes:
		return object(ctx, t, tree)
	case attr.TypeWithElementType:
		return collection(ctx, t, tree)
	}
	if tf.Is(tftypes.Number) {
		n, err := number(tree)
		if err != nil {
			return tftypes.Value{}, err
		}
		return tftypes.NewValue(tf, n), nil
	}
	if err := tftypes.ValidateValue(tf, tree); err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(tf, tree), nil
}

func textOf(t textualType, tree any) (tftypes.Value, error) {
	if n, ok := tree.(json.Number); ok {
		f, err := n.Float64()
		if err != nil {
			return tftypes.Value{}, err
		}
		tree = f
	}
	text, err := t.TextOf(tree)
	if err != nil {
		return tftypes.Value{}, err
	}
	return tftypes.NewValue(tftypes.String, text), nil
}

func object(ctx context.Context, t attr.TypeWithAttributeTypes, tree any) (tftypes.Value, error) {
	members, ok := tree.(map[string]any)
	if !ok {
		return tftypes.Value{}, fmt.Errorf("%v is not an object", tree)
	}
	types := t.AttributeTypes()
	for name := range members {
		if _, ok := types[name]; !ok {
			return tftypes.Value{}, fmt.Errorf("this version does not know the member %q", name)
		}
	}
	values := make(map[string]tftypes.Value, len(types))
	for name, typ := range types {
		v, err := fromTree(ctx, typ, members[name])
		if err != nil {
			return tftypes.Value{}, fmt.Errorf("%s: %w", name, err)
		}
		values[name] = v
	}
	return tftypes.NewValue(t.TerraformType(ctx), values), nil
}

func collection(ctx context.Context, t attr.TypeWithElementType, tree any) (tftypes.Value, error) {
	tf := t.TerraformType(ctx)
	switch tree := tree.(type) {
	case []any:
		values := make([]tftypes.Value, len(tree))
		for i, item := range tree {
			v, err := fromTree(ctx, t.ElementType(), item)
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("[%d]: %w", i, err)
			}
			values[i] = v
		}
		if tf.Is(tftypes.Map{}) {
			return tftypes.Value{}, fmt.Errorf("a list is not a map")
		}
		return tftypes.NewValue(tf, values), nil
	case map[string]any:
		if !tf.Is(tftypes.Map{}) {
			return tftypes.Value{}, fmt.Errorf("an object is not a list")
		}
		values := make(map[string]tftypes.Value, len(tree))
		for name, item := range tree {
			v, err := fromTree(ctx, t.ElementType(), item)
			if err != nil {
				return tftypes.Value{}, fmt.Errorf("[%q]: %w", name, err)
			}
			values[name] = v
		}
		return tftypes.NewValue(tf, values), nil
	default:
		return tftypes.Value{}, fmt.Errorf("%v is not a collection", tree)
	}
}
