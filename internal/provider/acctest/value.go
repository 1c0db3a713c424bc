package acctest

import (
	"fmt"

	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

// Given writes what JSON can say as a value of that type; members that are not given
// are null. It panics where the two do not fit, which is a mistake of the test.
func Given(typ tftypes.Type, v any) tftypes.Value {
	switch t := typ.(type) {
	case tftypes.Object:
		given, ok := v.(map[string]any)
		if v != nil && !ok {
			panic(fmt.Sprintf("%v is no object", v))
		}
		if v == nil {
			return tftypes.NewValue(typ, nil)
		}
		members := map[string]tftypes.Value{}
		for name, of := range t.AttributeTypes {
			members[name] = Given(of, given[name])
		}
		return tftypes.NewValue(typ, members)
	case tftypes.List:
		given, ok := v.([]any)
		if !ok {
			return tftypes.NewValue(typ, nil)
		}
		list := make([]tftypes.Value, len(given))
		for i, item := range given {
			list[i] = Given(t.ElementType, item)
		}
		return tftypes.NewValue(typ, list)
	}
	return tftypes.NewValue(typ, v)
}
