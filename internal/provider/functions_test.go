package provider_test

import (
	"path/filepath"
	"regexp"
	"testing"

	"github.com/hashicorp/terraform-plugin-testing/helper/resource"
	"github.com/hashicorp/terraform-plugin-testing/knownvalue"
	"github.com/hashicorp/terraform-plugin-testing/statecheck"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestAccFunctionsAnswerAndRefuseInTheDomainsWords(t *testing.T) {
	t.Parallel()
	const window = `{ name = "x", content = jsonencode({ name = "x", kind = "freeze", time_zone = "Europe/Berlin", reason = "peak trade", absolute = [{ starts_at = "2026-11-27", ends_at = "2026-11-30T22:00" }] }) }`
	step := func(weight float64, atLeast knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{"weight": knownvalue.Float64Exact(weight), "at_least": atLeast, "at_most": knownvalue.Null()})
	}
	state := func(open bool, reason string, until knownvalue.Check) knownvalue.Check {
		return knownvalue.ObjectExact(map[string]knownvalue.Check{"open": knownvalue.Bool(open), "reason": knownvalue.StringExact(reason), "until": until})
	}
	cases := map[string]struct {
		call  string
		want  knownvalue.Check
		error string
	}{
		"steps": {call: `canary_steps([5, 25.5, 100], "90s")`, want: knownvalue.ListExact([]knownvalue.Check{
			step(5, knownvalue.StringExact("1m30s")), step(25.5, knownvalue.StringExact("1m30s")), step(100, knownvalue.Null()),
		})},
		"steps without a time":       {call: `canary_steps([100], "0s")`, want: knownvalue.ListExact([]knownvalue.Check{step(100, knownvalue.Null())})},
		"steps that do not end":      {call: `canary_steps([5, 50], "1m")`, error: `last\s+weight\s+must\s+be\s+100`},
		"steps of no weight":         {call: `canary_steps([], "1m")`, error: `there\s+are\s+0\s+steps`},
		"steps without a unit":       {call: `canary_steps([100], "1")`, error: `"1"\s+has\s+no\s+unit`},
		"a window that is on":        {call: `window_state(` + window + `, "2026-11-28T12:00:00+01:00")`, want: state(false, `freeze "x": peak trade`, knownvalue.StringExact("2026-11-30T22:00:00+01:00"))},
		"a window that is over":      {call: `window_state(` + window + `, "2027-01-01T00:00:00Z")`, want: state(true, "no window in scope forbids changes", knownvalue.Null())},
		"not an instant":             {call: `window_state(` + window + `, "tomorrow")`, error: `"tomorrow"\s+is\s+not\s+an\s+instant`},
		"a name alone":               {call: `window_state({ name = "x", content = null }, "2027-01-01T00:00:00Z")`, error: `a\s+name\s+alone\s+is\s+not\s+enough`},
		"not a description":          {call: `recommend_strategy("big")`, error: `the\s+description\s+is\s+no\s+object`},
		"a description of nothing":   {call: `recommend_strategy({})`, error: `requests_per_minute:\s+the\s+traffic\s+is\s+not\s+given`},
		"a member that nobody knows": {call: `recommend_strategy({ requests_per_minute = 1, statefull = true })`, error: `a\s+member\s+"statefull"\s+that\s+is\s+not\s+known`},
		"a member of another type":   {call: `recommend_strategy({ requests_per_minute = 1, stateful = "often" })`, error: `stateful:\s+a\s+string\s+is\s+not\s+allowed\s+here,\s+a\s+bool\s+is`},
		"a share without a sign":     {call: `recommend_strategy({ requests_per_minute = 1, spare_capacity = 1 })`, error: `spare_capacity:\s+"1"\s+has\s+no\s+percent\s+sign`},
		"a time without a unit":      {call: `recommend_strategy({ requests_per_minute = 1, go_back_within = 60 })`, error: `go_back_within:\s+"60"\s+has\s+no\s+unit`},
		"a change that is none":      {call: `recommend_strategy({ requests_per_minute = 1, schema_change = "big" })`, error: `schema_change:\s+"big"\s+is\s+not\s+a\s+schema\s+change`},
		"content of something else":  {call: `window_state({ name = "x", content = "{}" }, "2027-01-01T00:00:00Z")`, error: `not\s+a\s+change\s+window`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			s := resource.TestStep{Config: `output "answer" {
  value = provider::sluice::` + tc.call + `
}
`}
			if tc.error != "" {
				s.ExpectError = regexp.MustCompile(tc.error)
			} else {
				s.ConfigStateChecks = []statecheck.StateCheck{statecheck.ExpectKnownOutputValue("answer", tc.want)}
			}
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(acctest.World()), Steps: []resource.TestStep{s}})
		})
	}
}

// TestAccARecommendationIsDeclaredAsItIs composes each kind with the resource that
// takes it, and plans nothing more the second time.
func TestAccARecommendationIsDeclaredAsItIs(t *testing.T) {
	t.Parallel()
	for kind, description := range map[string]string{
		"canary":      `{ requests_per_minute = 6000, error_rate = "0.1%", stateful = null }`,
		"linear":      `{ requests_per_minute = 6000, stateful = true, dispersion = 1 }`,
		"blue_green":  `{ requests_per_minute = 6000, traffic_splitting = false }`,
		"rolling":     `{ requests_per_minute = 6000, traffic_splitting = false, spare_capacity = "25%" }`,
		"all_at_once": `{ requests_per_minute = 6000, side_by_side = false, go_back_within = "5m" }`,
	} {
		t.Run(kind, func(t *testing.T) {
			config := `
provider "sluice" {
  ledger = "sqlite:` + filepath.Join(t.TempDir(), "ledger.db") + `"
}
locals {
  r = provider::sluice::recommend_strategy(` + description + `)
}
resource "sluice_deployment_strategy" "x" {
  name        = "x"
  canary      = local.r.canary
  linear      = local.r.linear
  all_at_once = local.r.all_at_once
  blue_green  = local.r.blue_green
  rolling     = local.r.rolling
  bake        = local.r.bake
}
output "kind" {
  value = local.r.kind
}
output "given" {
  value = [for k in ["canary", "linear", "all_at_once", "blue_green", "rolling"] : k if sluice_deployment_strategy.x[k] != null]
}
output "harm" {
  value = local.r.steps[0].harm_seen_after != null
}
`
			resource.Test(t, resource.TestCase{ProtoV6ProviderFactories: acctest.Factories(acctest.World()), Steps: []resource.TestStep{{
				Config: config,
				ConfigStateChecks: []statecheck.StateCheck{
					statecheck.ExpectKnownOutputValue("kind", knownvalue.StringExact(kind)),
					statecheck.ExpectKnownOutputValue("given", knownvalue.TupleExact([]knownvalue.Check{knownvalue.StringExact(kind)})),
					statecheck.ExpectKnownOutputValue("harm", knownvalue.Bool(kind != "all_at_once" && kind != "blue_green")),
				},
			}}})
		})
	}
}
