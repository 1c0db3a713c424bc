package definition

import (
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

// TestADefinitionWrittenAnewIsTheSame keeps the state's text for what Terraform makes of
// it when it generates a configuration, and for nothing else.
func TestADefinitionWrittenAnewIsTheSame(t *testing.T) {
	state := types.StringValue(`{"name":"peak","reason":"peak <trade>","share":0.05}`)
	for name, c := range map[string]struct {
		state, plan types.String
		kept        bool
	}{
		"another order, with escapes": {state, types.StringValue("{ \"share\": 5e-2, \"reason\": \"peak \\u003ctrade\\u003e\", \"name\": \"peak\" }"), true},
		"another value":               {state, types.StringValue(`{"name":"peak","reason":"peak <trade>","share":0.06}`), false},
		"a member more":               {state, types.StringValue(`{"name":"peak","reason":"peak <trade>","share":0.05,"owner":null}`), false},
		"no JSON":                     {types.StringValue("{"), types.StringValue("{ "), false},
		"not known":                   {state, types.StringUnknown(), false},
		"by its name":                 {state, types.StringNull(), false},
		"new":                         {types.StringNull(), types.StringValue(`{}`), false},
	} {
		resp := planmodifier.StringResponse{PlanValue: c.plan}
		sameJSON{}.PlanModifyString(t.Context(), planmodifier.StringRequest{StateValue: c.state, PlanValue: c.plan}, &resp)
		want := c.plan
		if c.kept {
			want = c.state
		}
		if !resp.PlanValue.Equal(want) {
			t.Errorf("%s: planned is %s, want %s", name, resp.PlanValue, want)
		}
	}
}
