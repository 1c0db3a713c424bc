package releasetimeline_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

const declared = `
resource "sluice_environment" "test" {
  name  = "test"
  order = 1
}
resource "sluice_environment" "production" {
  name  = "production"
  tier  = "production"
  order = 2
}
resource "sluice_deployment_strategy" "at_once" {
  name        = "at-once"
  all_at_once = {}
  bake        = "1h"
}
resource "sluice_deployment_strategy" "careful" {
  name   = "careful"
  bake   = "1h"
  canary = { steps = [{ weight = 10, at_least = "1h" }, { weight = 50, at_least = "1h" }, { weight = 100 }] }
}
resource "sluice_change_window" "audit" {
  name      = "audit"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "the auditors are here"
  owner     = "finance"
  scope     = { tiers = ["production"] }
  absolute  = [{ starts_at = "2026-12-02T12:00", ends_at = "2026-12-03" }]
}
`

func stage(t *testing.T) (*acctest.Terraform, string) {
	t.Helper()
	tf := acctest.New(t, acctest.World())
	return tf, fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", filepath.Join(tf.Dir, "ledger.db"))
}

func asked(body string) string {
	return "data \"sluice_release_timeline\" \"x\" {\n" + body + "\n}\n"
}

const both = `  service = "checkout"
  time_zone = "Europe/Berlin"
  start = "2026-11-30T08:00:00+01:00"
  environments = [
    { environment = sluice_environment.test.definition, strategy = sluice_deployment_strategy.at_once.definition, soak = "48h" },
    { environment = sluice_environment.production.definition, strategy = sluice_deployment_strategy.careful.definition },
  ]
`

func TestAccTheTimelineGoesThroughAllEnvironments(t *testing.T) {
	tf, provider := stage(t)
	// Nothing of it is in a ledger yet when Terraform plans.
	tf.Write("main.tf", provider+declared+asked(both+`windows = [sluice_change_window.audit.definition]`))
	tf.MustApply()
	if plan := tf.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
	got := tf.State("data.sluice_release_timeline.x")
	want := map[string]any{
		"reachable": true, "reason": "", "earliest_start": "2026-11-30T08:00:00+01:00", "earliest_finish": "2026-12-02T12:00:00+01:00", "total": "52h",
		"stages": []any{
			map[string]any{"environment": "test", "ready": "2026-11-30T08:00:00+01:00", "earliest_start": "2026-11-30T08:00:00+01:00", "earliest_finish": "2026-11-30T09:00:00+01:00",
				"takes": "1h", "takes_from": `the time that the strategy "at-once" plans at the least; no rollout by it is recorded here`, "soak": "48h", "why": "may begin at once", "waits": []any{}},
			map[string]any{"environment": "production", "ready": "2026-12-02T09:00:00+01:00", "earliest_start": "2026-12-02T09:00:00+01:00", "earliest_finish": "2026-12-02T12:00:00+01:00",
				"takes": "3h", "takes_from": `the time that the strategy "careful" plans at the least; no rollout by it is recorded here`, "soak": "0s",
				"why": "may begin once test has it and 48h of soak are over", "waits": []any{}},
		},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, got[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	// Ninety minutes later the freeze, which the ledger knows by now, comes in between.
	tf.Write("main.tf", provider+declared+strings.Replace(asked(both), "T08:00:00+01:00", "T09:30:00+01:00", 1))
	tf.MustApply()
	got = tf.State("data.sluice_release_timeline.x")
	stages, _ := got["stages"].([]any)
	last, _ := stages[1].(map[string]any)
	waits := []any{map[string]any{"from": "2026-12-02T12:30:00+01:00", "until": "2026-12-04T00:00:00+01:00", "step": 3.0, "window": "audit", "reason": `freeze "audit": the auditors are here (finance)`}}
	if diff := cmp.Diff(waits, last["waits"]); diff != "" || last["earliest_finish"] != "2026-12-04T01:00:00+01:00" {
		t.Errorf("production is through at %v (-want +got):\n%s", last["earliest_finish"], diff)
	}
	const why = `may begin once test has it and 48h of soak are over; is interrupted before step 3 until 2026-12-04 00:00 Europe/Berlin: freeze "audit": the auditors are here (finance)`
	if last["why"] != why {
		t.Errorf("why: %v", last["why"])
	}
	acctest.Golden(t, "the picture", fmt.Sprint(got["picture"]))
}

func TestAccADeadline(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("main.tf", provider+declared)
	tf.MustApply()
	late := strings.Replace(both, "T08:00:00+01:00", "T11:00:00+01:00", 1)
	tf.Write("main.tf", provider+declared+asked(late+`deadline = "2026-12-03T18:00:00+01:00"`))
	tf.Golden("a deadline that cannot be met", tf.MustFail("The deadline of checkout cannot be met", `In the way: freeze "audit"`), "error")
	tf.Write("main.tf", provider+declared+asked(late+"deadline = \"2026-12-03T18:00:00+01:00\"\nfail_on_miss = false"))
	tf.MustApply()
	got := tf.State("data.sluice_release_timeline.x")
	if got["reachable"] != false || got["earliest_finish"] != "2026-12-04T03:00:00+01:00" || !strings.Contains(fmt.Sprint(got["reason"]), "the earliest finish is 2026-12-04 03:00 Europe/Berlin, which is 9h behind") {
		t.Errorf("reachable %v, finish %v, %v", got["reachable"], got["earliest_finish"], got["reason"])
	}
	tf.Write("main.tf", provider+declared+asked(late+`deadline = "2026-12-04T03:00:00+01:00"`))
	tf.MustApply()
	// One in the past is a mistake, and with fail_on_miss = false an answer.
	tf.Write("main.tf", provider+declared+asked(both+"deadline = \"2026-11-01T00:00:00Z\"\nfail_on_miss = false"))
	tf.MustApply()
	if got := tf.State("data.sluice_release_timeline.x"); got["reachable"] != false {
		t.Errorf("a deadline that is past is reachable: %v", got["reason"])
	}
	// What never opens has no finish.
	tf.Write("main.tf", provider+declared+asked(both+"deadline = \"2030-01-01T00:00:00Z\"\nwindows = [sluice_change_window.end.definition]")+`
resource "sluice_change_window" "end" {
  name      = "end-of-life"
  kind      = "freeze"
  time_zone = "UTC"
  absolute  = [{ starts_at = "2026-12-01", ends_at = "2199-12-31" }]
}
`)
	tf.Golden("a window that never opens", tf.MustFail("it can never start in production", "end-of-life"), "error")
}

func TestAccTheTimelineRefusesBadInputOnItsAttribute(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("main.tf", provider+declared)
	tf.MustApply()
	one := `environments = [{ environment = { name = "test" }, strategy = { name = "careful" } }]` + "\n"
	const service = `service = "checkout"` + "\n"
	for name, c := range map[string]struct{ body, path, want string }{
		"no environments":         {service + `environments = []`, "environments", "there are 0 environments"},
		"an unknown environment":  {service + strings.Replace(one, "test", "moon", 1), "environments[0].environment.name", `no ledger knows the environment "moon"`},
		"an unknown strategy":     {service + strings.Replace(one, "careful", "reckless", 1), "environments[0].strategy.name", `no ledger knows the deployment_strategy "reckless"`},
		"an environment twice":    {service + strings.Replace(one, "]", `, { environment = { name = "test" }, strategy = { name = "careful" } }]`, 1), "environments[1].environment.name", `"test" is there already, as environments[0]`},
		"another order":           {service + `environments = [{ environment = { name = "production" }, strategy = { name = "careful" } }, { environment = { name = "test" }, strategy = { name = "careful" } }]`, "environments[1].environment", `"test" has the order of promotion 1 and stands behind one of order 2`},
		"a zone of no world":      {service + one + `time_zone = "Mars/Olympus"`, "time_zone", `"Mars/Olympus" is not the name of an IANA time zone`},
		"no instant":              {service + one + `start = "soon"`, "start", `"soon" is not an instant`},
		"a deadline in words":     {service + one + `deadline = "Friday"`, "deadline", `"Friday" is not an instant`},
		"a deadline that is past": {service + one + "start = \"2026-12-01T00:00:00Z\"\ndeadline = \"2026-11-01T00:00:00Z\"", "deadline", "2026-11-01T00:00:00Z is past"},
		"a negative soak":         {service + strings.Replace(one, "} }]", `}, soak = "-1h" }]`, 1), "environments[0].soak", `"-1h" is negative`},
		"a window by name":        {service + one + `windows = [{ name = "audit", content = null }]`, "windows[0].content", "a name alone is not enough"},
		"a window of nothing":     {service + one + `windows = [{ name = "audit", content = "{}" }]`, "windows[0].content", `it is not the content of the change window "audit"`},
		"another's service":       {service + one + `service_definition = { name = "x", content = "{\"name\":\"x\"}" }`, "service_definition", `the definition is of the service "x" and the release of "checkout"`},
		"a service with a slash":  {`service = "a/b"` + "\n" + one, "service", "contains a slash"},
	} {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", provider+declared+asked(c.body))
			tf.Seen()
			plan := tf.Plan()
			if plan.Exit != 1 {
				t.Fatalf("exit %d: %s", plan.Exit, plan.Output)
			}
			tf.Golden("bad input: "+name, plan, "error")
			var errs []acctest.Seen
			for _, s := range tf.Seen() {
				if s.Error {
					errs = append(errs, s)
				}
			}
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Detail, c.want) || !strings.Contains(errs[0].Detail, "for example") {
				t.Errorf("the errors are %+v, want one on %q that says %q", errs, c.path, c.want)
			}
		})
	}
}

// TestAccTheExampleOfATimeline looks at what the page's examples give.
func TestAccTheExampleOfATimeline(t *testing.T) {
	applied := func(file string) *acctest.Terraform {
		tf, provider := stage(t)
		content, err := os.ReadFile("../../../examples/data-sources/sluice_release_timeline/" + file)
		if err != nil {
			t.Fatal(err)
		}
		tf.Write("main.tf", provider+string(content))
		// The check of the full one warns in every plan, which is what it is for.
		if applied := tf.Apply(); applied.Exit != 0 {
			t.Fatal(applied.Output)
		}
		return tf
	}
	tf := applied("full.tf")
	got := tf.State("data.sluice_release_timeline.full")
	if got["reachable"] != false || got["earliest_finish"] != "2026-12-07T11:30:00+01:00" {
		t.Errorf("reachable %v, finish %v", got["reachable"], got["earliest_finish"])
	}
	acctest.Golden(t, "the example: picture", fmt.Sprint(got["picture"]))
	acctest.Golden(t, "the example: reason", fmt.Sprint(got["reason"]))
	if applied("data-source.tf").State("data.sluice_release_timeline.smallest")["reachable"] != true {
		t.Error("the smallest one has no finish")
	}
}
