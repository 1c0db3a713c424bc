package target_test

import (
	"math"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestTrafficStates(t *testing.T) {
	header := func(name, value string) target.TrafficState {
		return target.TrafficState{Cohort: &target.Cohort{Header: name, Value: value}}
	}
	cookie := func(name, value string) target.TrafficState {
		return target.TrafficState{Cohort: &target.Cohort{Cookie: name, Value: value}}
	}
	for name, good := range map[string]target.TrafficState{
		"nothing": {}, "all": {Weight: 100, Mirror: 100, Batch: &target.Batch{Share: 100, MinHealthy: 100}},
		"a header with blanks": header("X-Beta", `a "b"; c`), "a cookie": cookie("beta", "a.b=+/"),
	} {
		if errs := good.Validate(); len(errs) > 0 {
			t.Errorf("%s: %v", name, errs)
		}
	}
	for name, tc := range map[string]struct {
		state      target.TrafficState
		path, says string
	}{
		"weight":       {target.TrafficState{Weight: math.NaN()}, "weight", "not between 0 and 100"},
		"mirror":       {target.TrafficState{Mirror: 101}, "mirror", "not between 0 and 100"},
		"share":        {target.TrafficState{Batch: &target.Batch{Share: -1}}, "batch.share", "not between 0 and 100"},
		"minimum":      {target.TrafficState{Batch: &target.Batch{MinHealthy: 101}}, "batch.min_healthy", "not between 0 and 100"},
		"neither":      {header("", "1"), "cohort", "exactly one of header and cookie"},
		"both":         {target.TrafficState{Cohort: &target.Cohort{Header: "A", Cookie: "a", Value: "1"}}, "cohort", "exactly one of header and cookie"},
		"name":         {header("X Beta", "1"), "cohort.header", "not the name of a header"},
		"long name":    {cookie(strings.Repeat("a", 129), "1"), "cohort.cookie", "not the name of a cookie"},
		"a secret":     {header("authorization", "1"), "cohort.header", "holds secrets"},
		"all cookies":  {header("Cookie", "a=1"), "cohort.header", "holds secrets"},
		"no value":     {header("A", ""), "cohort.value", "from 1 to 128 characters"},
		"line break":   {header("A", "1\r\nB: 2"), "cohort.value", "printable ASCII"},
		"blank at end": {header("A", "1 "), "cohort.value", "without blanks at its ends"},
		"cookie value": {cookie("a", "1;b=2"), "cohort.value", "semicolons"},
	} {
		errs := tc.state.Validate()
		if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.says) {
			t.Errorf("%s: got %+v, want one at %q that says %q", name, errs, tc.path, tc.says)
		}
	}
}

func TestExposed(t *testing.T) {
	arm := &target.ArmState{}
	for name, tc := range map[string]struct {
		o    target.Observation
		want bool
	}{
		"nothing":  {target.Observation{}, false},
		"weight 0": {target.Observation{Canary: arm}, false},
		"weight 5": {target.Observation{Canary: &target.ArmState{Weight: 5}}, true},
		"a cohort": {target.Observation{Canary: arm, Traffic: &target.TrafficState{Cohort: &target.Cohort{Header: "A", Value: "1"}}}, true},
		"a mirror": {target.Observation{Canary: arm, Traffic: &target.TrafficState{Mirror: 50}}, false},
	} {
		if got := tc.o.Exposed(); got != tc.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}
