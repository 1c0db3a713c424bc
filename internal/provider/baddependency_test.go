package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestAccABadDependencyIsRefusedAtPlanOnItsAttribute has one message for each mistake.
func TestAccABadDependencyIsRefusedAtPlanOnItsAttribute(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	check := func(more string) string {
		return `checks = [{ name = "status", url = "https://psp.example/status"` + more + ` }]`
	}
	maintenance := func(times string) string {
		return `maintenance = { time_zone = "UTC", ` + times + ` }`
	}
	cases := map[string]struct{ name, body, path, want string }{
		"no name":                      {"", "", "name", "the name is empty"},
		"a long name":                  {strings.Repeat("x", 101), "", "name", "at most 100 are allowed"},
		"a contact of two lines":       {"psp", `contact = "a\nb"`, "contact", "cannot be printed"},
		"an unknown zone":              {"psp", `maintenance = { time_zone = "Europe/Belin", absolute = [{ starts_at = "2026-12-24", ends_at = "2026-12-24" }] }`, "maintenance.time_zone", "Europe/Berlin"},
		"no times":                     {"psp", `maintenance = { time_zone = "UTC" }`, "maintenance", "never opens"},
		"1 MB of rule":                 {"psp", maintenance(`recurrence = [{ start = "2026-01-05T09:00", duration = "8h", rrule = "FREQ=DAILY;BYMONTHDAY=` + strings.Repeat("1,", 1<<19) + `1" }]`), "maintenance.recurrence[0].rrule", "at most 2048 are allowed"},
		"a page instead of a calendar": {"psp", maintenance(`ics = { content = "<html>404</html>" }`), "maintenance.ics.content", "does not begin with BEGIN:VCALENDAR"},
		"neither file nor text":        {"psp", maintenance(`ics = {}`), "maintenance.ics", "exactly one of content and file must be given"},
		"nobody in particular":         {"psp", `override_by = [""]`, "override_by[0]", "is empty"},
		"no URL":                       {"psp", `checks = [{ name = "status", url = "" }]`, "checks[0].url", "there is no URL"},
		"a URL without a scheme":       {"psp", `checks = [{ name = "status", url = "psp.example/status" }]`, "checks[0].url", "it must be http or https"},
		"a password in the URL":        {"psp", `checks = [{ name = "status", url = "https://u:p@psp.example/" }]`, "checks[0].url", "holds a user or password"},
		"a secret in a header":         {"psp", check(`, headers = { Authorization = "Bearer x" }`), `checks[0].headers["Authorization"]`, "refer to it instead"},
		"a token of two kinds":         {"psp", check(`, token = { env = "A", file = "b" }`), "checks[0].token", "sets env and file"},
		"an empty assertion":           {"psp", check(`, expect = { json = { state = {} } }`), `checks[0].expect.json["state"]`, "exactly one of equals and matches"},
		"a status of nothing":          {"psp", check(`, expect = { status = [99] }`), "checks[0].expect.status[0]", "99 is not an HTTP status"},
		"a latency past the timeout":   {"psp", check(`, timeout = "1s", expect = { within = "2s" }`), "checks[0].expect.within", "at most the timeout, 1s"},
		"a timeout of a minute":        {"psp", check(`, timeout = "1m"`), "checks[0].timeout", "at most 10s are allowed"},
		"an unknown phase":             {"psp", check(`, when = ["later"]`), "checks[0].when[0]", `"later" is not a phase`},
		"a check of no phase":          {"psp", check(`, when = []`), "checks[0].when", "would never be asked"},
		"a check twice":                {"psp", `checks = [{ name = "a", url = "https://psp.example/a" }, { name = "a", url = "https://psp.example/b" }]`, "checks[1].name", `"a" is there already`},
		"an unknown method":            {"psp", check(`, method = "DELETE"`), "checks[0].method", `"DELETE" is not a method`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", fmt.Sprintf(`
provider "sluice" {
  ledger = "sqlite:%s"
}
resource "sluice_external_dependency" "psp" {
  name = %q
  %s
}
`, filepath.Join(tf.Dir, "ledger.db"), tc.name, tc.body))
			tf.Seen()
			plan := tf.Plan()
			if errs := plan.Of("error"); plan.Exit != 1 || len(errs) != 1 {
				t.Fatalf("exit %d with %d errors, want one: %.2000s", plan.Exit, len(errs), plan.Text("error"))
			}
			tf.Golden("bad dependency: "+name, plan, "error")
			wantOneOn(t, tf.Seen(), "sluice_external_dependency", tc.path, tc.want)
		})
	}
}

// TestAccAWindowMayNotTakeTheNameOfAMaintenance keeps an override from meaning two
// windows.
func TestAccAWindowMayNotTakeTheNameOfAMaintenance(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	tf.Write("main.tf", fmt.Sprintf(`
provider "sluice" {
  ledger = "sqlite:%s"
}
resource "sluice_change_window" "w" {
  name      = "dependency:psp"
  kind      = "freeze"
  time_zone = "UTC"
  absolute  = [{ starts_at = "2026-12-24", ends_at = "2026-12-24" }]
}
`, filepath.Join(tf.Dir, "ledger.db")))
	plan := tf.Plan()
	tf.Golden("bad input: a window with the name of a maintenance", plan, "error")
	wantOneOn(t, tf.Seen(), "sluice_change_window", "name", `names that begin with "dependency:" are those of the maintenance of external dependencies`)
}
