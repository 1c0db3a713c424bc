package changewindow_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

func TestMain(m *testing.M) { acctest.Main(m) }

// provider is the block that these tests begin with.
func provider(dir string) string {
	return fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", filepath.Join(dir, "ledger.db"))
}

// holidays is a file as Exchange and Google write them: folded, with a zone of
// Windows, and with an owner who is free.
const holidays = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Christ\r\n mas\r\nTRANSP:TRANSPARENT\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=W. Europe Standard Time:20260130T180000\r\nDURATION:PT4H\r\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\r\n" +
	"EXDATE;TZID=W. Europe Standard Time:20260529T180000\r\nSUMMARY:Closing of the books\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"

const freeze = `resource "sluice_change_window" "x" {
  name        = "holidays"
  kind        = "freeze"
  time_zone   = "America/New_York"
  reason      = "nobody is there"
  regulation  = "SOX 404"
  override_by = []
  scope       = { regions = ["eu-central-1"], teams = ["payments"] }
  ics         = { file = "%s" }
}
`

func TestAccAWindowTakesItsTimesFromACalendarFile(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	file := filepath.Join(tf.Dir, "holidays.ics")
	tf.Write("holidays.ics", holidays)
	tf.Write("main.tf", provider(tf.Dir)+fmt.Sprintf(freeze, file))
	tf.MustApply()
	content := func() calendar.Window {
		t.Helper()
		definition, _ := tf.State("sluice_change_window.x")["definition"].(map[string]any)
		var w calendar.Window
		if err := json.Unmarshal([]byte(fmt.Sprint(definition["content"])), &w); err != nil {
			t.Fatal(err)
		}
		return w
	}
	w := content()
	if len(w.Events) != 2 || w.Events[0].Summary != "Christmas" || w.Events[1].TimeZone != "Europe/Berlin" || w.OverrideBy == nil {
		t.Errorf("the definition is %+v", w)
	}

	// A file that changed is a change of the plan, and what is applied is what was planned.
	tf.Write("holidays.ics", strings.ReplaceAll(holidays, "20261227", "20261228"))
	if plan := tf.Plan(); plan.Exit != 2 {
		t.Fatalf("the plan does not see the new file: exit %d: %s", plan.Exit, plan.Output)
	}
	tf.MustApply()
	if got := content().Events[0].Absolute[0].EndsAt; got != "2026-12-27" {
		t.Errorf("the event ends at %s", got)
	}

	// A file that is gone is an error, and the window stays.
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	tf.Seen()
	if plan := tf.Plan(); plan.Exit != 1 {
		t.Fatalf("without the file: exit %d: %s", plan.Exit, plan.Output)
	}
	for _, s := range tf.Seen() {
		if s.Error && (s.Path != "ics.file" || !strings.Contains(s.Detail, "no such file or directory; give one that is there when Terraform plans, for example")) {
			t.Errorf("the error on %q says %s", s.Path, s.Detail)
		}
	}
}

func TestAccAWindowIsImportedWithTheEventsOfItsFile(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	tf.Write("holidays.ics", holidays)
	config := provider(tf.Dir) + fmt.Sprintf(freeze, filepath.Join(tf.Dir, "holidays.ics"))
	tf.Write("main.tf", config)
	tf.MustApply()
	if r := tf.Run("state", "rm", "sluice_change_window.x"); r.Exit != 0 {
		t.Fatal(r.Output)
	}
	if r := tf.Run("import", "-input=false", "sluice_change_window.x", "holidays"); r.Exit != 0 {
		t.Fatal(r.Output)
	}
	// The state has the events, and the configuration the file: one update says so, and then it is settled.
	if plan := tf.Plan(); plan.Exit != 2 || tf.Change("sluice_change_window.x").Actions.Replace() {
		t.Fatalf("the plan after the import: exit %d: %s", plan.Exit, plan.Output)
	}
	tf.MustApply()
}
