package tfconv

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/attr"
	"github.com/hashicorp/terraform-plugin-framework/types"

	"github.com/sluice/terraform-provider-sluice/internal/provider/durationtype"
	"github.com/sluice/terraform-provider-sluice/internal/provider/percenttype"
)

// everything has one attribute of each sort that a schema of ours uses.
var everything = types.ObjectType{AttrTypes: map[string]attr.Type{
	"text":     types.StringType,
	"duration": durationtype.Type{},
	"share":    percenttype.Type{},
	"flag":     types.BoolType,
	"whole":    types.Int64Type,
	"weight":   types.Float64Type,
	"list":     types.ListType{ElemType: types.StringType},
	"map":      types.MapType{ElemType: types.StringType},
	"objects": types.ListType{ElemType: types.ObjectType{AttrTypes: map[string]attr.Type{
		"weight": types.Float64Type, "at_least": durationtype.Type{},
	}}},
	"by_name": types.MapType{ElemType: types.ObjectType{AttrTypes: map[string]attr.Type{"critical": types.BoolType}}},
	"empty":   types.ObjectType{AttrTypes: map[string]attr.Type{}},
}}

func TestJSONGoesThroughAValueUnchanged(t *testing.T) {
	cases := map[string]string{
		"nothing":           `{}`,
		"scalars":           `{"duration":"5m","flag":true,"share":0.01,"text":"<a> & b","weight":12.5,"whole":3}`,
		"zero is not null":  `{"flag":false,"text":"","weight":0,"whole":0}`,
		"collections":       `{"list":["a","b"],"map":{"k":"v"}}`,
		"empty collections": `{"list":[],"map":{},"objects":[]}`,
		"nested":            `{"by_name":{"errors":{"critical":true},"slow":{}},"objects":[{"at_least":"1m","weight":5},{"weight":100}]}`,
		"an empty object":   `{"empty":{}}`,
		"many digits":       `{"weight":33.333333333333336}`,
	}
	for name, raw := range cases {
		t.Run(name, func(t *testing.T) {
			v, err := FromJSON(context.Background(), everything, json.RawMessage(raw))
			if err != nil {
				t.Fatal(err)
			}
			back, err := ToJSON(context.Background(), v)
			if err != nil {
				t.Fatal(err)
			}
			var want, got any
			if err := errors.Join(json.Unmarshal([]byte(raw), &want), json.Unmarshal(back, &got)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhatDoesNotFitTheSchemaIsAnErrorAndNotDropped(t *testing.T) {
	cases := map[string]struct{ raw, want string }{
		"an unknown member":  {`{"later":1}`, `"later"`},
		"text for a number":  {`{"weight":"5"}`, "not a number"},
		"number for a text":  {`{"text":5}`, "text"},
		"list for a map":     {`{"map":[]}`, "a list is not a map"},
		"object for a list":  {`{"list":{}}`, "an object is not a list"},
		"scalar for a list":  {`{"list":1}`, "not a collection"},
		"scalar for object":  {`{"empty":1}`, "not an object"},
		"text for a share":   {`{"share":"1%"}`, "not a share"},
		"inside a list":      {`{"objects":[{"weight":"x"}]}`, "[0]"},
		"inside a map":       {`{"by_name":{"errors":{"critical":1}}}`, `["errors"]`},
		"not JSON":           {`{`, "EOF"},
		"a list as a whole":  {`[]`, "not an object"},
		"number for a truth": {`{"flag":1}`, "flag"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			v, err := FromJSON(context.Background(), everything, json.RawMessage(tc.raw))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, %v, want an error with %q", v, err, tc.want)
			}
		})
	}
}

func TestAValueThatIsUnknownAnywhereHasNoJSON(t *testing.T) {
	list := func(v ...attr.Value) attr.Value { return types.ListValueMust(types.StringType, v) }
	cases := map[string]attr.Value{
		"itself":      types.StringUnknown(),
		"an element":  list(types.StringValue("a"), types.StringUnknown()),
		"an object's": types.ObjectValueMust(map[string]attr.Type{"a": types.StringType}, map[string]attr.Value{"a": types.StringUnknown()}),
		"a map's":     types.MapValueMust(types.StringType, map[string]attr.Value{"a": types.StringUnknown()}),
		"a share":     percenttype.Value{StringValue: types.StringUnknown()},
	}
	for name, v := range cases {
		if raw, err := ToJSON(context.Background(), v); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %s, %v, want ErrUnknown", name, raw, err)
		}
	}
}

func TestNamedMembersAreLeftOut(t *testing.T) {
	v := types.ObjectValueMust(
		map[string]attr.Type{"a": types.StringType, "definition": types.StringType},
		map[string]attr.Value{"a": types.StringValue("x"), "definition": types.StringUnknown()},
	)
	raw, err := ToJSON(context.Background(), v, "definition")
	if err != nil || string(raw) != `{"a":"x"}` {
		t.Errorf("got %s, %v", raw, err)
	}
}
