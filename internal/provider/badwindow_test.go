package provider_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// TestAccBadWindowsAreRefusedAtPlanOnTheirAttribute holds what other tools let
// through, or fail open on, to one message on the path of the attribute.
func TestAccBadWindowsAreRefusedAtPlanOnTheirAttribute(t *testing.T) {
	tf := acctest.New(t, acctest.World())
	tf.Write("empty.ics", "")
	tf.Write("html.ics", "<html>404</html>")
	rule := func(text string) string {
		return fmt.Sprintf(`recurrence = [{ start = "2026-01-05T09:00", duration = "8h", rrule = %q }]`, text)
	}
	event := func(lines string) string {
		return "ics = { content = <<-ICS\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n" + lines + "\nEND:VEVENT\nEND:VCALENDAR\nICS\n}"
	}
	cases := map[string]struct{ body, path, want string }{
		"no times":               {``, "", "the window never opens"},
		"an empty list":          {`recurrence = []`, "", "the window never opens"},
		"no start":               {`recurrence = [{ start = "", rrule = "FREQ=DAILY" }]`, "recurrence[0].start", "is empty"},
		"a start with an offset": {`recurrence = [{ start = "2026-01-05T09:00:00Z", duration = "8h", rrule = "FREQ=DAILY" }]`, "recurrence[0].start", "has an offset"},
		"no length":              {`recurrence = [{ start = "2026-01-05T09:00", rrule = "FREQ=DAILY" }]`, "recurrence[0].duration", "so that the window never opens"},
		"two lengths":            {`recurrence = [{ start = "2026-01-05T09:00", end = "2026-01-05T10:00", duration = "1h", rrule = "FREQ=DAILY" }]`, "recurrence[0].duration", "is given beside end"},
		"an end before it":       {`recurrence = [{ start = "2026-01-05T09:00", end = "2026-01-05T08:00", rrule = "FREQ=DAILY" }]`, "recurrence[0].end", "lies not after start"},
		"no rule and no dates":   {`recurrence = [{ start = "2026-01-05" }]`, "recurrence[0].rrule", "is empty, and so is rdates"},
		"hourly":                 {rule("FREQ=HOURLY"), "recurrence[0].rrule", "FREQ=HOURLY is refused"},
		"the rule that hangs":    {rule("FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1"), "recurrence[0].rrule", "FREQ=SECONDLY is refused"},
		"1 MB of rule":           {rule("FREQ=DAILY;BYMONTHDAY=" + strings.Repeat("1,", 1<<19) + "1"), "recurrence[0].rrule", "at most 2048 are allowed"},
		"COUNT and UNTIL":        {rule("FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z"), "recurrence[0].rrule", "COUNT"},
		"an extension":           {rule("RSCALE=CHINESE;FREQ=YEARLY"), "recurrence[0].rrule", "RSCALE, of RFC 7529, is refused"},
		"two rules in one":       {rule("FREQ=DAILY\nRRULE:FREQ=WEEKLY"), "recurrence[0].rrule", "holds more than one property"},
		"too often":              {rule("FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,5,10,15,20,25,30,35,40,45,50,55,59"), "recurrence[0].rrule", "at most 24 are allowed"},
		"a start outside":        {rule("FREQ=WEEKLY;BYDAY=TU"), "recurrence[0].start", "is not in the rule"},
		"never again":            {`recurrence = [{ start = "2026-01-05", rrule = "FREQ=DAILY;COUNT=1", exdates = ["2026-01-05"] }]`, "recurrence[0]", "never opens"},
		"a date that is none":    {`recurrence = [{ start = "2026-01-05", rrule = "FREQ=DAILY", exdates = ["2026-02-30"] }]`, "recurrence[0].exdates[0]", "is no time or day that exists"},
		"a further start":        {`recurrence = [{ start = "2026-01-05T09:00", duration = "8h", rdates = ["2026-01-06"] }]`, "recurrence[0].rdates[0]", "is a day, but start is a time"},
		"a span that is gone":    {`absolute = [{ starts_at = "2026-03-29T02:30", ends_at = "2026-03-29T05:00" }]` + "\ndst_gap = \"skip\"", "absolute[0].starts_at", "never exists in Europe/Berlin"},
		"an event without times": {`events = [{ summary = "Christmas" }]`, "events[0]", "the event has no times"},
		"an event's zone":        {`events = [{ time_zone = "CEST", absolute = [{ starts_at = "2026-12-24", ends_at = "2026-12-24" }] }]`, "events[0].time_zone", `"CEST" is not the name of an IANA time zone`},
		"an event's rule":        {`events = [{ recurrence = [{ start = "2026-01-05", rrule = "FREQ=DAYLY" }] }]`, "events[0].recurrence[0].rrule", `"DAYLY" is no FREQ`},
		"a region without name":  {`scope = { regions = [""] }` + "\n" + rule("FREQ=DAILY"), "scope.regions[0]", "is empty"},
		"a team given twice":     {`scope = { teams = ["a", "a"] }` + "\n" + rule("FREQ=DAILY"), "scope.teams[1]", "is given twice"},
		"nobody in particular":   {`override_by = [""]` + "\n" + rule("FREQ=DAILY"), "override_by[0]", "is empty"},
		"a page instead of it":   {fmt.Sprintf(`ics = { file = "%s/html.ics" }`, tf.Dir), "ics.file", "it does not begin with BEGIN:VCALENDAR"},
		"an empty file":          {fmt.Sprintf(`ics = { file = "%s/empty.ics" }`, tf.Dir), "ics.file", "END:VCALENDAR is missing"},
		"no such file":           {`ics = { file = "nowhere.ics" }`, "ics.file", "no such file"},
		"a folder":               {`ics = { file = "." }`, "ics.file", "cannot be read: is a directory"},
		"neither":                {`ics = {}`, "ics", "exactly one of content and file must be given"},
		"both":                   {`ics = { file = "x", content = "y" }`, "ics", "exactly one of content and file must be given"},
		"a foreign zone":         {event("DTSTART;TZID=Mars/Olympus:20261224T180000\nDURATION:PT1H"), "ics.content", "which is neither an IANA name nor one of Windows"},
		"a rule in a file":       {event("DTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=MINUTELY"), "ics.content", "FREQ=MINUTELY is refused"},
		"an unknown treatment":   {strings.Replace(event("DTSTART;VALUE=DATE:20261224"), "ics = {", "ics = {\n transparent = \"drop\"\n", 1), "ics.transparent", `"drop" is not a treatment`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			zone := "Europe/Berlin"
			tf.Write("main.tf", fmt.Sprintf("provider \"sluice\" {\n  ledger = \"sqlite:%s\"\n}\n", filepath.Join(tf.Dir, "ledger.db"))+
				fmt.Sprintf("resource \"sluice_change_window\" \"w\" {\n  name = \"w\"\n  kind = \"freeze\"\n  time_zone = %q\n%s\n}\n", zone, tc.body))
			tf.Seen()
			plan := tf.Plan()
			if errs := plan.Of("error"); plan.Exit != 1 || len(errs) != 1 {
				t.Fatalf("exit %d with %d errors, want one: %.3000s", plan.Exit, len(errs), plan.Text("error"))
			}
			tf.Golden("bad window: "+name, plan, "error")
			wantOneOn(t, tf.Seen(), "sluice_change_window", tc.path, tc.want)
		})
	}
}
