package durationtype

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
)

func value(text string) Value { return Value{basetypes.NewStringValue(text)} }

func TestTwoTextsOfTheSameTimeAreTheSame(t *testing.T) {
	cases := map[string]struct {
		a, b string
		want bool
	}{
		"same text":       {"5m", "5m", true},
		"other unit":      {"90s", "1m30s", true},
		"zero units":      {"1h", "1h0m0s", true},
		"another time":    {"5m", "6m", false},
		"not a duration":  {"soon", "soon", false},
		"empty and empty": {"", "", false},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, diags := value(tc.a).StringSemanticEquals(context.Background(), value(tc.b))
			if got != tc.want || diags.HasError() {
				t.Errorf("%q and %q: %v (%v), want %v", tc.a, tc.b, got, diags, tc.want)
			}
		})
	}
	if got, _ := value("5m").StringSemanticEquals(context.Background(), types.StringValue("5m")); got {
		t.Error("a plain string is no duration")
	}
}

func TestAValueOfTerraformKeepsNullAndUnknown(t *testing.T) {
	for name, in := range map[string]any{"null": nil, "unknown": tftypes.UnknownValue, "text": "5m"} {
		v, err := Type{}.ValueFromTerraform(context.Background(), tftypes.NewValue(tftypes.String, in))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if v.IsNull() != (name == "null") || v.IsUnknown() != (name == "unknown") {
			t.Errorf("%s became %v", name, v)
		}
		if _, ok := v.(Value); !ok {
			t.Errorf("%s became a %T", name, v)
		}
	}
	if _, err := (Type{}).ValueFromTerraform(context.Background(), tftypes.NewValue(tftypes.Bool, true)); err == nil {
		t.Error("a bool became a duration")
	}
}

func TestADurationIsCheckedWithOneMessage(t *testing.T) {
	cases := map[string]struct {
		v     validator.String
		in    types.String
		wants string
	}{
		"good":              {Positive(), types.StringValue("5m"), ""},
		"null":              {Positive(), types.StringNull(), ""},
		"unknown":           {Positive(), types.StringUnknown(), ""},
		"zero":              {Positive(), types.StringValue("0s"), `"0s" is zero; a duration is a positive number with a unit`},
		"zero where none":   {NotNegative(), types.StringValue("0s"), ""},
		"negative":          {NotNegative(), types.StringValue("-5m"), `"-5m" is negative`},
		"no unit":           {Positive(), types.StringValue("5"), `"5" has no unit; a duration is a positive number with a unit (ms, s, m, h), for example "5m"`},
		"words":             {Positive(), types.StringValue("soon"), `"soon" is not a duration`},
		"empty":             {Positive(), types.StringValue(""), "the duration is empty"},
		"not allowed units": {Positive(), types.StringValue("1d"), `"1d" is not a duration`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var resp validator.StringResponse
			tc.v.ValidateString(context.Background(), validator.StringRequest{Path: path.Root("bake"), ConfigValue: tc.in}, &resp)
			switch {
			case tc.wants == "" && resp.Diagnostics.HasError():
				t.Errorf("refused: %v", resp.Diagnostics)
			case tc.wants != "" && (len(resp.Diagnostics) != 1 || !strings.Contains(resp.Diagnostics[0].Detail(), tc.wants)):
				t.Errorf("got %v, want one error with %q", resp.Diagnostics, tc.wants)
			}
		})
	}
}

func TestADurationIsWrittenWithoutNeedlessUnits(t *testing.T) {
	if got := Of(5 * time.Minute).ValueString(); got != "5m" {
		t.Errorf("Of(5m) = %q", got)
	}
	if !(Type{}).Equal(Type{}) || (Type{}).Equal(types.StringType) {
		t.Error("a type must equal itself alone")
	}
}

func TestATextThatIsNoDurationHasNoDomainForm(t *testing.T) {
	if got, err := value("90s").Domain(); err != nil || got != "90s" {
		t.Errorf("Domain() = %v, %v", got, err)
	}
	if _, err := value("90").Domain(); err == nil {
		t.Error("a text without a unit is no duration")
	}
}
