package partial

import (
	"context"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework-validators/float64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/int64validator"
	"github.com/hashicorp/terraform-plugin-framework-validators/stringvalidator"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/tfsdk"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func TestAValidatorSpeaksOnlyWhileSomethingIsUnknown(t *testing.T) {
	object := tftypes.Object{AttributeTypes: map[string]tftypes.Type{"other": tftypes.String}}
	for name, other := range map[string]any{"known": "x", "unknown": tftypes.UnknownValue} {
		config := tfsdk.Config{Raw: tftypes.NewValue(object, map[string]tftypes.Value{"other": tftypes.NewValue(tftypes.String, other)})}
		var s validator.StringResponse
		var i validator.Int64Response
		var f validator.Float64Response
		String(stringvalidator.OneOf("a")).ValidateString(context.Background(), validator.StringRequest{Config: config, ConfigValue: types.StringValue("b")}, &s)
		Int64(int64validator.Between(1, 2)).ValidateInt64(context.Background(), validator.Int64Request{Config: config, ConfigValue: types.Int64Value(3)}, &i)
		Float64(float64validator.Between(1, 2)).ValidateFloat64(context.Background(), validator.Float64Request{Config: config, ConfigValue: types.Float64Value(3)}, &f)
		want := name == "unknown"
		if s.Diagnostics.HasError() != want || i.Diagnostics.HasError() != want || f.Diagnostics.HasError() != want {
			t.Errorf("%s: %v %v %v", name, s.Diagnostics, i.Diagnostics, f.Diagnostics)
		}
	}
}
