package changecalendar_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

const windows = `
resource "sluice_environment" "e" {
  name    = "production"
  tier    = "production"
  regions = ["eu-central-1"]
}
resource "sluice_change_window" "office" {
  name      = "office"
  kind      = "allow"
  time_zone = "Europe/Berlin"
  recurrence = [{ start = "2026-01-05T09:00", duration = "PT8H", rrule = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR" }]
  scope     = { tiers = ["production"] }
}
resource "sluice_change_window" "christmas" {
  name      = "christmas"
  kind      = "freeze"
  time_zone = "Europe/Berlin"
  reason    = "nobody is there"
  owner     = "retail-ops"
  absolute  = [{ starts_at = "2026-12-23", ends_at = "2027-01-03" }]
  scope     = { regions = ["eu-central-1"] }
}
`

func stage(t *testing.T) (*acctest.Terraform, string) {
	t.Helper()
	tf := acctest.New(t, acctest.World())
	return tf, fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", filepath.Join(tf.Dir, "ledger.db"))
}

// asked is the data source with what is asked.
func asked(body string) string {
	return "data \"sluice_change_calendar\" \"x\" {\n" + body + "\n}\n"
}

func TestAccTheCalendarAnswersAtAnyInstant(t *testing.T) {
	tf, provider := stage(t)
	// Before the ledger is there, the definitions of the configuration are enough.
	given := `  windows = [sluice_change_window.office.definition, sluice_change_window.christmas.definition]
  environment = sluice_environment.e.definition
`
	at := func(instant string) map[string]any {
		t.Helper()
		tf.Write("main.tf", provider+windows+asked(given+"  horizon = \"240h\"\n  at = \""+instant+"\""))
		tf.MustApply()
		return tf.State("data.sluice_change_calendar.x")
	}
	open := at("2026-12-22T12:00:00+01:00")
	want := map[string]any{"open": true, "known": true, "reason": `inside allow "office"`, "window": "office", "closed_by": []any{},
		"next_transition": "2026-12-22T17:00:00+01:00", "next_open": "2026-12-22T12:00:00+01:00"}
	for name, value := range want {
		if diff := cmp.Diff(value, open[name]); diff != "" {
			t.Errorf("%s, while it is open (-want +got):\n%s", name, diff)
		}
	}
	frozen := at("2026-12-24T12:00:00Z")
	want = map[string]any{"open": false, "known": true, "reason": `freeze "christmas": nobody is there (retail-ops)`, "window": "christmas",
		"closed_by": []any{"christmas"}, "next_transition": "2027-01-04T09:00:00+01:00", "next_open": "2027-01-04T09:00:00+01:00", "contradictions": []any{},
		"open_periods": []any{},
		"overlaps": []any{map[string]any{"first": "christmas", "second": "office", "first_kind": "freeze", "second_kind": "allow",
			"starts_at": "2026-12-24T12:00:00Z", "ends_at": "2026-12-24T16:00:00Z", "count": 7.0, "total": "52h"}},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, frozen[name]); diff != "" {
			t.Errorf("%s, in a freeze (-want +got):\n%s", name, diff)
		}
	}
	coming, _ := frozen["upcoming"].([]any)
	if len(coming) != 8 {
		t.Errorf("there are %d upcoming windows: %v", len(coming), coming)
	}
}

func TestAccContradictoryWindowsAreSaidAndClosed(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("main.tf", provider+`
resource "sluice_change_window" "allow" {
  name      = "nights"
  kind      = "allow"
  time_zone = "UTC"
  weekly    = [{ days = ["mon"], from = "22:00", to = "23:00" }]
}
resource "sluice_change_window" "freeze" {
  name      = "never"
  kind      = "freeze"
  time_zone = "UTC"
  recurrence = [{ start = "2026-01-01", rrule = "FREQ=DAILY" }]
}
`+asked(`  at = "2026-06-01T22:30:00Z"
  windows = [sluice_change_window.allow.definition, sluice_change_window.freeze.definition]`))
	tf.MustApply()
	state := tf.State("data.sluice_change_calendar.x")
	if state["open"] != false || state["next_open"] != nil {
		t.Errorf("it is open %v, next %v", state["open"], state["next_open"])
	}
	list, _ := state["contradictions"].([]any)
	var kinds []string
	for _, c := range list {
		one, _ := c.(map[string]any)
		kinds = append(kinds, fmt.Sprint(one["kind"]))
	}
	if diff := cmp.Diff([]string{"shut_allow", "never_open"}, kinds); diff != "" {
		t.Errorf("the contradictions (-want +got):\n%s", diff)
	}
}

func TestAccTheCalendarRefusesBadInputOnItsAttribute(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("main.tf", provider+windows)
	tf.MustApply()
	for name, c := range map[string]struct{ body, path, want string }{
		"no instant":            {`at = "tomorrow"`, "at", `"tomorrow" is not an instant`},
		"an instant too far":    {`at = "2500-01-01T00:00:00Z"`, "at", "in the years 1970 to 2199"},
		"no unit":               {`horizon = "30"`, "horizon", `"30" has no unit`},
		"a horizon too far":     {`horizon = "100000h"`, "horizon", "longer than ten years"},
		"too many entries":      {`at = "2026-06-01T00:00:00Z"` + "\n" + `horizon = "80000h"` + "\n" + `tier = "production"`, "horizon", "at most 1000 are shown"},
		"an unknown tier":       {`tier = "prod"`, "tier", `"prod" is not a tier`},
		"an unknown window":     {`windows = [{ name = "nobody", content = null }]`, "windows[0].content", "a name alone is not enough"},
		"another content":       {`windows = [{ name = "x", content = "{}" }]`, "windows[0].content", "it is not the content of the change window"},
		"an unknown place":      {`environment = { name = "nowhere" }`, "environment.name", `no ledger knows the environment "nowhere"`},
		"another place":         {`environment = { name = "x", content = "[]" }`, "environment.content", `it is not the content of the environment "x"`},
		"a service with a dash": {`service = "a/b"`, "service", "contains a slash"},
	} {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", provider+windows+asked(c.body))
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
