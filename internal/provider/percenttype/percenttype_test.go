package percenttype

import (
	"context"
	"strings"
	"testing"

	"github.com/hashicorp/terraform-plugin-framework/path"
	"github.com/hashicorp/terraform-plugin-framework/schema/validator"
	"github.com/hashicorp/terraform-plugin-framework/types"
	"github.com/hashicorp/terraform-plugin-framework/types/basetypes"
)

func value(text string) Value { return Value{basetypes.NewStringValue(text)} }

func TestAShareNeedsItsUnit(t *testing.T) {
	cases := map[string]struct {
		text string
		want float64
		msg  string
	}{
		"one":             {"1%", 0.01, ""},
		"a fraction":      {"2.3%", 0.023, ""},
		"a small one":     {"0.001%", 0.00001, ""},
		"with a space":    {"5 %", 0.05, ""},
		"all":             {"100%", 1, ""},
		"none":            {"0%", 0, ""},
		"no unit":         {"1", 0, `"1" has no percent sign`},
		"a bare share":    {"0.01", 0, `"0.01" has no percent sign`},
		"more than all":   {"101%", 0, "more than 100 %"},
		"negative":        {"-1%", 0, "is not a share"},
		"words":           {"one%", 0, "is not a share"},
		"an exponent":     {"1e-3%", 0, "is not a share"},
		"nothing":         {"", 0, "is not a share"},
		"not a number":    {"NaN%", 0, "is not a share"},
		"two units":       {"1%%", 0, "is not a share"},
		"a comma":         {"1,5%", 0, "is not a share"},
		"no digit before": {".5%", 0, "is not a share"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got, msg := Parse(tc.text)
			if got != tc.want || (msg == "") != (tc.msg == "") || !strings.Contains(msg, tc.msg) {
				t.Errorf("Parse(%q) = %v, %q, want %v, %q", tc.text, got, msg, tc.want, tc.msg)
			}
			if msg != "" && !strings.Contains(msg, `for example "1%"`) {
				t.Errorf("%q gives no example", msg)
			}
		})
	}
}

func TestAShareIsWrittenAsItWasRead(t *testing.T) {
	for _, text := range []string{"1%", "2.3%", "0.001%", "100%", "0%", "33.333%", "0.7%"} {
		share, msg := Parse(text)
		if msg != "" {
			t.Fatal(msg)
		}
		if got := Format(share); got != text {
			t.Errorf("%q became %v and then %q", text, share, got)
		}
	}
}

func TestTwoTextsOfTheSameShareAreTheSame(t *testing.T) {
	for other, want := range map[string]bool{"1%": true, "1.0%": true, "1 %": true, "2%": false, "1": false} {
		if got, _ := value("1%").StringSemanticEquals(context.Background(), value(other)); got != want {
			t.Errorf("1%% and %q: %v, want %v", other, got, want)
		}
	}
}

func TestAShareOnAnAttributeIsChecked(t *testing.T) {
	for in, bad := range map[types.String]bool{
		types.StringValue("1%"): false, types.StringNull(): false, types.StringUnknown(): false, types.StringValue("1"): true,
	} {
		var resp validator.StringResponse
		Valid().ValidateString(context.Background(), validator.StringRequest{Path: path.Root("ceiling"), ConfigValue: in}, &resp)
		if resp.Diagnostics.HasError() != bad {
			t.Errorf("%v: %v", in, resp.Diagnostics)
		}
	}
}

func TestOnlyANumberOfTheDomainBecomesAShare(t *testing.T) {
	if text, err := (Type{}).TextOf(0.05); err != nil || text != "5%" {
		t.Errorf("TextOf(0.05) = %q, %v", text, err)
	}
	if _, err := (Type{}).TextOf("5%"); err == nil {
		t.Error("a text of the domain is no share")
	}
	if _, err := value("x").Domain(); err == nil {
		t.Error("an invalid text has a share")
	}
}
