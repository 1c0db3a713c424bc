package windowadvice_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// traffic writes hours of a service that sleeps from 01:00 to 06:00 UTC.
func traffic(hours int) string {
	var b strings.Builder
	b.WriteString("time,requests,errors\n")
	at := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	for range hours {
		requests := 1000
		if at.Hour() >= 1 && at.Hour() < 6 {
			requests = 100
		}
		fmt.Fprintf(&b, "%s,%d,%d\n", at.Format(time.RFC3339), requests, requests/100)
		at = at.Add(time.Hour)
	}
	return b.String()
}

func stage(t *testing.T) (*acctest.Terraform, string) {
	t.Helper()
	tf := acctest.New(t, acctest.World())
	tf.Write("traffic.csv", traffic(14*24))
	return tf, fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", filepath.Join(tf.Dir, "ledger.db"))
}

func asked(body string) string {
	return "data \"sluice_window_advice\" \"x\" {\n" + body + "\n}\n"
}

const smallest = `  time_zone = "UTC"
  csv       = { content = file("${path.module}/traffic.csv") }
`

func TestAccTheAdviceGoesFromTrafficToAWindow(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("main.tf", provider+`
resource "sluice_service" "s" {
  name       = "checkout"
  objectives = { error_ceiling = "5%" }
}
resource "sluice_deployment_strategy" "s" {
  name   = "careful"
  bake   = "1h"
  canary = { steps = [{ weight = 10, at_least = "30m" }, { weight = 100 }] }
}
resource "sluice_change_window" "w" {
  name       = "quiet"
  kind       = "allow"
  time_zone  = data.sluice_window_advice.x.time_zone
  recurrence = data.sluice_window_advice.x.windows[*].recurrence
}
`+asked(smallest+`  service_definition = sluice_service.s.definition
  strategy           = sluice_deployment_strategy.s.definition`))
	tf.MustApply()
	if plan := tf.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
	got := tf.State("data.sluice_window_advice.x")
	windows, _ := got["windows"].([]any)
	if len(windows) != 1 || got["found"] != true || got["weeks_known"] != 2.0 {
		t.Fatalf("%d windows, found %v, %v weeks", len(windows), got["found"], got["weeks_known"])
	}
	w, _ := windows[0].(map[string]any)
	want := map[string]any{
		"from": "01:00", "to": "06:00", "duration": "5h", "requests_per_hour": 100.0, "best_start": "monday 01:00", "requests_touched_at_worst": 105.0,
		"recurrence": map[string]any{"start": "2024-01-01T01:00", "end": "2024-01-01T06:00", "rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU"},
	}
	for name, value := range want {
		if diff := cmp.Diff(value, w[name]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got["budget_spent"] != 0.2 || got["unknown_hours"] != 0.0 || len(fmt.Sprint(got["picture"])) < 500 {
		t.Errorf("budget %v, unknown %v, picture %v", got["budget_spent"], got["unknown_hours"], got["picture"])
	}
	touched, _ := got["touched"].(map[string]any)
	if touched["takes"] != "1h30m" || touched["requests_at_busiest"] != 1050.0 {
		t.Errorf("touched %v", touched)
	}
	rule := tf.State("sluice_change_window.w")["recurrence"]
	if diff := cmp.Diff(`[map[duration:<nil> end:2024-01-01T06:00 exdates:<nil> rdates:<nil> rrule:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU start:2024-01-01T01:00]]`, fmt.Sprint(rule)); diff != "" {
		t.Errorf("the declared window (-want +got):\n%s", diff)
	}
	// The objects by name, and the CSV as a file, give the same.
	tf.Write("other.tf", strings.Replace(asked(`  time_zone = "UTC"
  csv = { file = "`+filepath.Join(tf.Dir, "traffic.csv")+`" }
  service_definition = { name = "checkout" }
  strategy = { name = "careful" }`), `"x"`, `"y"`, 1))
	tf.MustApply()
	for _, name := range []string{"windows", "reasons", "touched", "quiet_hours"} {
		if diff := cmp.Diff(got[name], tf.State("data.sluice_window_advice.y")[name]); diff != "" {
			t.Errorf("%s by name (-want +got):\n%s", name, diff)
		}
	}
}

func TestAccTheAdviceWithoutAPatternSaysSo(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("traffic.csv", strings.ReplaceAll(traffic(7*24), ",100,1\n", ",1000,10\n"))
	tf.Write("main.tf", provider+asked(smallest))
	tf.MustApply()
	got := tf.State("data.sluice_window_advice.x")
	if got["found"] != false || !strings.Contains(fmt.Sprint(got["reasons"]), "no hour is quiet") || fmt.Sprint(got["windows"]) != "[]" || got["touched"] != nil {
		t.Errorf("found %v, windows %v, touched %v, reasons %v", got["found"], got["windows"], got["touched"], got["reasons"])
	}
}

func TestAccTheAdviceRefusesBadInputOnItsAttribute(t *testing.T) {
	tf, provider := stage(t)
	tf.Write("main.tf", provider+`
resource "sluice_service" "s" {
  name = "plain"
}
resource "sluice_deployment_strategy" "s" {
  name        = "sudden"
  all_at_once = {}
}
`)
	tf.MustApply()
	csv := func(lines string) string {
		return "time_zone = \"UTC\"\ncsv = { content = \"time,requests\\n" + lines + "\" }"
	}
	const lines = `2026-06-01T00:00:00Z,5\n`
	for name, c := range map[string]struct{ body, path, want string }{
		"no zone of the world":      {strings.Replace(smallest, "UTC", "Europe/Belin", 1), "time_zone", `did you mean "Europe/Berlin"?`},
		"nothing to read":           {`time_zone = "UTC"`, "csv", "exactly one of csv and signal must be given"},
		"two to read":               {smallest + `signal = { openmetrics = { url = "http://127.0.0.1:1/metrics", preset = "lab" } }`, "csv", "exactly one of csv and signal"},
		"no content":                {"time_zone = \"UTC\"\ncsv = {}", "csv", "exactly one of content and file"},
		"no file":                   {"time_zone = \"UTC\"\ncsv = { file = \"none.csv\" }", "csv.file", `the file "none.csv" cannot be read: no such file`},
		"an empty file":             {"time_zone = \"UTC\"\ncsv = { content = \"\" }", "csv.content", "the file is empty"},
		"no data":                   {csv(""), "csv.content", "there is no data at all"},
		"too short":                 {csv(lines + `2026-06-01T01:00:00Z,5\n`), "csv.content", "there are 2 hours of data"},
		"malformed":                 {csv(lines + `2026-06-01T01:00:00Z;5\n`), "csv.content", "line 3: it has 1 fields"},
		"out of order":              {csv(lines + `2026-05-01T01:00:00Z,5\n`), "csv.content", "line 3: 2026-05-01T01:00:00Z lies before"},
		"twice":                     {csv(lines + lines), "csv.content", "line 3: 2026-06-01T00:00:00Z is there already, in line 2"},
		"negative":                  {csv(lines + `2026-06-01T01:00:00Z,-5\n`), "csv.content", "line 3: requests is -5, which is negative"},
		"no past":                   {"time_zone = \"UTC\"\nsignal = { openmetrics = { url = \"http://127.0.0.1:1/metrics\", preset = \"lab\" } }", "signal.openmetrics", "openmetrics keeps no past"},
		"two drivers":               {"time_zone = \"UTC\"\nsignal = {}", "signal", "exactly one driver must be given, and 0 are"},
		"a driver's own mistake":    {"time_zone = \"UTC\"\nsignal = { prometheus = { url = \"x\", preset = \"haproxy\", arms = { baseline = \"a\", canary = \"b\" } } }", "signal.prometheus.url", "for example"},
		"weeks of a CSV":            {smallest + "weeks = 4", "weeks", "it is about a signal"},
		"an end that is none":       {"time_zone = \"UTC\"\nuntil = \"now\"\nsignal = { prometheus = { url = \"http://127.0.0.1:1\", preset = \"haproxy\", arms = { baseline = \"a\", canary = \"b\" } } }", "until", `"now" is not an instant`},
		"a year of weeks":           {"time_zone = \"UTC\"\nweeks = 52\nsignal = { prometheus = { url = \"http://127.0.0.1:1\", preset = \"haproxy\", arms = { baseline = \"a\", canary = \"b\" } } }", "weeks", "52 is not a number of weeks"},
		"two budgets":               {smallest + "error_ceiling = \"1%\"\nservice_definition = { name = \"plain\" }", "error_ceiling", "give only one of"},
		"no budget":                 {smallest + "error_ceiling = \"0%\"", "error_ceiling", "0 % leaves no budget"},
		"all the budget":            {smallest + "error_ceiling = \"100%\"", "error_ceiling", "1 is not a ceiling"},
		"a service without goals":   {smallest + "service_definition = { name = \"plain\" }", "service_definition", `the service "plain" has no error objective`},
		"an unknown service":        {smallest + "service_definition = { name = \"nobody\" }", "service_definition.name", `no ledger knows the service "nobody"`},
		"another content":           {smallest + "strategy = { name = \"x\", content = \"[]\" }", "strategy.content", `it is not the content of the deployment_strategy "x"`},
		"a strategy without time":   {smallest + "strategy = { name = \"sudden\" }", "strategy", `the strategy "sudden" plans no time`},
		"two releases":              {smallest + "strategy = { name = \"sudden\" }\nrelease = { takes = \"1h\", share = \"10%\" }", "release", "give only one of strategy and release"},
		"a release of days":         {smallest + "release = { takes = \"30h\", share = \"10%\" }", "release", "a release of 30h fits in no window"},
		"a share without a unit":    {smallest + "release = { takes = \"1h\", share = \"10\" }", "release.share", `"10" has no percent sign`},
		"a time of day":             {smallest + "within = [{ days = [\"mon\"], from = \"8\", to = \"18:00\" }]", "within[0].from", `"8" is no time of day`},
		"a day":                     {smallest + "within = [{ days = [\"mo\"], from = \"08:00\", to = \"18:00\" }]", "within[0].days[0]", `"mo"`},
		"no quiet":                  {smallest + "quiet_share = \"0%\"", "quiet_share", "0 % makes only hours"},
		"a window of days":          {smallest + "min_length = \"25h\"", "min_length", "25h is not the length of a window"},
		"no windows":                {smallest + "max_windows = 0", "max_windows", "0 is not a number of windows"},
		"a metric nobody has asked": {smallest + "metric = \"errors\"", "metric", "it is about a signal"},
	} {
		t.Run(name, func(t *testing.T) {
			tf.Write("main.tf", provider+`
resource "sluice_service" "s" {
  name = "plain"
}
resource "sluice_deployment_strategy" "s" {
  name        = "sudden"
  all_at_once = {}
}
`+asked(c.body))
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
			if len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Detail, c.want) {
				t.Errorf("the errors are %+v, want one on %q that says %q", errs, c.path, c.want)
			}
		})
	}
}

// TestAccTheExampleOfQuietHours applies examples/window-advice.
func TestAccTheExampleOfQuietHours(t *testing.T) {
	world := acctest.World()
	ledger := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	world.Getenv = func(key string) string {
		return map[string]string{"SLUICE_LEDGER": ledger, "SLUICE_ACTOR": "tester@acme"}[key]
	}
	tf := acctest.New(t, world)
	const folder = "../../../examples/window-advice"
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(folder, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		tf.Write(entry.Name(), string(content))
	}
	tf.MustApply()
	if plan := tf.Plan(); plan.Exit != 0 {
		t.Errorf("the second plan is not empty: %s", plan.Output)
	}
	advice := tf.State("data.sluice_window_advice.shop")
	acctest.Golden(t, "the example: picture", fmt.Sprint(advice["picture"]))
	reasons, _ := advice["reasons"].([]any)
	acctest.Golden(t, "the example: reasons", strings.Trim(strings.Join(strings.Fields(fmt.Sprint(reasons)), " "), "[]"))
	calendar := tf.State("data.sluice_change_calendar.next_week")
	want := []any{
		map[string]any{"starts_at": "2026-11-24T08:00:00Z", "ends_at": "2026-11-24T10:00:00Z"},
		map[string]any{"starts_at": "2026-11-25T08:00:00Z", "ends_at": "2026-11-25T10:00:00Z"},
	}
	if diff := cmp.Diff(want, calendar["open_periods"]); diff != "" {
		t.Errorf("production is open (-want +got):\n%s", diff)
	}
}
