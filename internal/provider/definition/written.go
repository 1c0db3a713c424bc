package definition

import (
	"context"
	"encoding/json"
	"reflect"

	"github.com/hashicorp/terraform-plugin-framework/resource/schema/planmodifier"
)

// sameJSON keeps the content as the state has it where the configuration says the same
// in another order, with other white space or other escapes. Terraform itself writes
// it anew, as jsonencode({...}), when it generates the configuration of an import, and
// the plan of that shall be empty.
type sameJSON struct{}

// Description implements planmodifier.String.
func (sameJSON) Description(context.Context) string { return "JSON that says the same is the same." }

// MarkdownDescription implements planmodifier.String.
func (m sameJSON) MarkdownDescription(ctx context.Context) string { return m.Description(ctx) }

// PlanModifyString implements planmodifier.String.
func (sameJSON) PlanModifyString(_ context.Context, req planmodifier.StringRequest, resp *planmodifier.StringResponse) {
	if req.StateValue.IsNull() || req.PlanValue.IsNull() || req.PlanValue.IsUnknown() {
		return
	}
	if saysTheSame(req.StateValue.ValueString(), req.PlanValue.ValueString()) {
		resp.PlanValue = req.StateValue
	}
}

// saysTheSame reports whether both are JSON of the same value. What is no JSON says
// nothing: the release's own check has an error for it.
func saysTheSame(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return false
	}
	return reflect.DeepEqual(x, y)
}
