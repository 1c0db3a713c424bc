package hold_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
)

func TestParseScope(t *testing.T) {
	for _, text := range []string{"all", "environment/production", "service/checkout", "release/checkout/production", "service/release", "environment/all"} {
		scope, err := hold.ParseScope(text)
		if err != nil || scope.String() != text {
			t.Errorf("%q reads as %q, %v", text, scope, err)
		}
	}
	bad := []struct{ text, want string }{
		{"", "the scope is empty"},
		{"all/production", "says more than all"},
		{"production", `begins with "production", which is no kind of scope`},
		{"env/production", `begins with "env", which is no kind of scope`},
		{"Environment/production", `begins with "Environment"`},
		{"environment", "has 0 names where environment wants 1"},
		{"environment/", "the name is empty"},
		{"environment/a/b", "has 2 names where environment wants 1"},
		{"release/checkout", "has 1 names where release wants 2"},
		{"release/checkout/production/eu", "has 3 names where release wants 2"},
		{"release//production", "the name is empty"},
		{"service/check\x00out", "control character"},
		{"service/" + strings.Repeat("x", 300), "300 characters"},
	}
	for _, c := range bad {
		t.Run(c.text, func(t *testing.T) {
			scope, err := hold.ParseScope(c.text)
			if err == nil {
				t.Fatalf("%q reads as %q", c.text, scope)
			}
			for _, want := range []string{c.want, "a scope is all, environment/NAME", `for example "environment/production"`} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("the error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestScopeMatches(t *testing.T) {
	subjects := map[string]gate.Subject{
		"checkout in production": {Service: "checkout", Environment: "production"},
		"checkout in staging":    {Service: "checkout", Environment: "staging"},
		"search in production":   {Service: "search", Environment: "production"},
		"production in checkout": {Service: "production", Environment: "checkout"},
	}
	want := map[hold.Scope][]string{
		hold.Everything:                              {"checkout in production", "checkout in staging", "production in checkout", "search in production"},
		hold.OfEnvironment("production"):             {"checkout in production", "search in production"},
		hold.OfService("checkout"):                   {"checkout in production", "checkout in staging"},
		hold.OfRelease("checkout", "production"):     {"checkout in production"},
		hold.OfService("check"):                      nil,
		hold.OfEnvironment("Production"):             nil,
		hold.Scope("environment/production/and-so"):  nil,
		hold.OfRelease("production", "checkout"):     {"production in checkout"},
		hold.OfRelease("checkout", "pre-production"): nil,
	}
	got := map[hold.Scope][]string{}
	for scope := range want {
		got[scope] = nil
		for _, name := range []string{"checkout in production", "checkout in staging", "production in checkout", "search in production"} {
			if scope.Matches(subjects[name]) {
				got[scope] = append(got[scope], name)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the scopes stop (-want +got):\n%s", diff)
	}
}
