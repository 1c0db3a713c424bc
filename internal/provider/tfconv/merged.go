package tfconv

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// Merged gives the object of a data source: what was asked, as Known gave it, and
// the domain's answer, put together. Both are JSON objects; where they share a
// member, what was asked stays.
func Merged(ctx context.Context, typ attr.Type, asked json.RawMessage, answer any) (types.Object, error) {
	answered, err := json.Marshal(answer)
	if err != nil {
		return types.Object{}, err
	}
	all := map[string]json.RawMessage{}
	for _, raw := range []json.RawMessage{answered, asked} {
		if err := json.Unmarshal(raw, &all); err != nil {
			return types.Object{}, err
		}
	}
	raw, err := json.Marshal(all)
	if err != nil {
		return types.Object{}, err
	}
	value, err := FromJSON(ctx, typ, raw)
	if err != nil {
		return types.Object{}, err
	}
	out, ok := value.(types.Object)
	if !ok {
		return types.Object{}, fmt.Errorf("unexpected value type %T", value)
	}
	return out, nil
}
