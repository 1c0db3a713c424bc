package definition

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestADefinitionIsTakenApart(t *testing.T) {
	cases := map[string]struct {
		object        types.Object
		known, byName bool
	}{
		"whole":            {Of("x", []byte(`{}`)), true, false},
		"by name":          {ByName(types.StringValue("x")), true, true},
		"not given":        {Null(), true, false},
		"content unknown":  {Unknown(types.StringValue("x")), false, false},
		"name unknown":     {ByName(types.StringUnknown()), false, true},
		"unknown entirely": {types.ObjectUnknown(AttrTypes()), false, false},
	}
	for name, tc := range cases {
		v := Read(tc.object)
		if v.Known() != tc.known || v.ByName() != tc.byName {
			t.Errorf("%s: known %v, by name %v", name, v.Known(), v.ByName())
		}
	}
}

func TestANameIsChecked(t *testing.T) {
	for in, want := range map[types.String]string{
		types.StringValue("checkout"): "", types.StringNull(): "", types.StringUnknown(): "", types.StringValue("a/b"): "contains a slash",
	} {
		var resp validator.StringResponse
		Name().ValidateString(context.Background(), validator.StringRequest{Path: path.Root("name"), ConfigValue: in}, &resp)
		if resp.Diagnostics.HasError() != (want != "") || want != "" && !strings.Contains(resp.Diagnostics[0].Detail(), want) {
			t.Errorf("%v: %v", in, resp.Diagnostics)
		}
	}
}
