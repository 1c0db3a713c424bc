package choice

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/terraform-plugin-framework/diag"
	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
)

func TestAChoiceSaysWhatIsAllowedAndGivesAnExample(t *testing.T) {
	cases := map[string]struct {
		value types.String
		want  []string
	}{
		"allowed":     {types.StringValue("enforce"), nil},
		"null":        {types.StringNull(), nil},
		"unknown":     {types.StringUnknown(), nil},
		"not allowed": {types.StringValue("watch"), []string{"mode", "Invalid mode", `"watch" is not a mode; it must be enforce, observe or rest, for example "enforce"`}},
		"empty":       {types.StringValue(""), []string{"mode", "Invalid mode", `"" is not a mode; it must be enforce, observe or rest, for example "enforce"`}},
	}
	for name, tc := range cases {
		var resp validator.StringResponse
		Of("mode", []string{"enforce", "observe", "rest"}).ValidateString(context.Background(),
			validator.StringRequest{Path: path.Root("mode"), ConfigValue: tc.value}, &resp)
		if diff := cmp.Diff(tc.want, flat(resp.Diagnostics)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestLimitsHoldAtBothEnds(t *testing.T) {
	limits := Limits{Noun: "limit", Min: 1, Max: 100, Example: 3}
	for value, bad := range map[int64]bool{0: true, 1: false, 100: false, 101: true} {
		var whole validator.Int64Response
		limits.ValidateInt64(context.Background(), validator.Int64Request{Path: path.Root("x"), ConfigValue: types.Int64Value(value)}, &whole)
		var share validator.Float64Response
		limits.ValidateFloat64(context.Background(), validator.Float64Request{Path: path.Root("x"), ConfigValue: types.Float64Value(float64(value))}, &share)
		if whole.Diagnostics.HasError() != bad || share.Diagnostics.HasError() != bad {
			t.Errorf("%d: %v, %v; want an error: %v", value, whole.Diagnostics, share.Diagnostics, bad)
		}
	}
	var resp validator.Int64Response
	limits.ValidateInt64(context.Background(), validator.Int64Request{Path: path.Root("x"), ConfigValue: types.Int64Value(200)}, &resp)
	want := []string{"x", "Invalid limit", "200 is not a limit; it must be from 1 to 100, for example 3"}
	if diff := cmp.Diff(want, flat(resp.Diagnostics)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for _, v := range []types.Int64{types.Int64Null(), types.Int64Unknown()} {
		var resp validator.Int64Response
		limits.ValidateInt64(context.Background(), validator.Int64Request{ConfigValue: v}, &resp)
		if resp.Diagnostics.HasError() {
			t.Errorf("%v: %v", v, resp.Diagnostics)
		}
	}
}

// flat gives path, summary and detail of each error.
func flat(list diag.Diagnostics) []string {
	var out []string
	for _, d := range list {
		at := ""
		if p, ok := d.(diag.DiagnosticWithPath); ok {
			at = p.Path().String()
		}
		out = append(out, at, d.Summary(), d.Detail())
	}
	return out
}
