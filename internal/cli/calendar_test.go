package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

func TestExpandPrintsTheInstantsOfARule(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"the last Friday of each month": {
			[]string{"--dtstart", "2026-01-30T18:00", "--zone", "Europe/Berlin", "--rrule", "FREQ=MONTHLY;BYDAY=-1FR", "--limit", "4"},
			"2026-01-30T18:00:00+01:00\n2026-02-27T18:00:00+01:00\n2026-03-27T18:00:00+01:00\n2026-04-24T18:00:00+02:00\n",
		},
		"a gap is skipped": {
			[]string{"--dtstart", "20260328T023000", "--zone", "Europe/Berlin", "--rrule", "FREQ=DAILY;COUNT=2"},
			"2026-03-28T02:30:00+01:00\n2026-03-30T02:30:00+02:00\n",
		},
		"a gap is shifted, with ends": {
			[]string{"--dtstart", "2026-03-28T02:30", "--zone", "Europe/Berlin", "--rrule", "FREQ=DAILY;COUNT=2", "--dst-gap", "shift", "--duration", "PT1H", "--ends"},
			"2026-03-28T02:30:00+01:00 2026-03-28T03:30:00+01:00\n2026-03-29T03:30:00+02:00 2026-03-29T04:30:00+02:00\n",
		},
		"a fold is its first": {
			[]string{"--dtstart", "2026-10-25T02:30", "--zone", "Europe/Berlin", "--rrule", "FREQ=DAILY;COUNT=1"},
			"2026-10-25T02:30:00+02:00\n",
		},
		"exceptions and additions, within bounds": {
			[]string{"--dtstart", "2026-01-05", "--zone", "America/New_York", "--rrule", "FREQ=WEEKLY", "--exdate", "2026-01-12", "--exdate", "20260126",
				"--rdate", "2026-01-14", "--from", "2026-01-06T00:00:00Z", "--to", "2026-02-03T00:00:00Z"},
			"2026-01-14T00:00:00-05:00\n2026-01-19T00:00:00-05:00\n2026-02-02T00:00:00-05:00\n",
		},
		"nothing": {
			[]string{"--dtstart", "2026-01-05", "--zone", "UTC", "--rrule", "FREQ=DAILY;COUNT=3", "--from", "2027-01-01T00:00:00Z"}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := w.expect(Done, append([]string{"calendar", "expand"}, c.args...)...).out; got != c.want {
				t.Errorf("it prints\n%swant\n%s", got, c.want)
			}
		})
	}
}

func TestExpandSaysWhyARuleIsRefused(t *testing.T) {
	w := newWorld(t)
	whole := []string{"calendar", "expand", "--dtstart", "2026-01-05T09:00", "--zone", "Europe/Berlin", "--rrule"}
	rule := func(text string, more ...string) []string {
		return append(append(append([]string{}, whole...), text), more...)
	}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no arguments":           {whole[:2], "--zone: is empty"},
		"an unknown zone":        {[]string{"calendar", "expand", "--dtstart", "2026-01-05T09:00", "--zone", "Europe/Belin", "--rrule", "FREQ=DAILY"}, `did you mean "Europe/Berlin"?`},
		"a rule without end":     {rule("FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1"), "--rrule: FREQ=SECONDLY is refused"},
		"an hourly rule":         {rule("FREQ=HOURLY"), "allowed are DAILY, WEEKLY, MONTHLY and YEARLY"},
		"1 MB of rule":           {rule("FREQ=DAILY;BYMONTHDAY=" + strings.Repeat("1,", 1<<19) + "1"), "the rule has 1048599 bytes; at most 2048 are allowed"},
		"COUNT and UNTIL":        {rule("FREQ=DAILY;COUNT=3;UNTIL=20270101T000000Z"), "COUNT"},
		"two rules":              {rule("FREQ=DAILY", "--rrule", "FREQ=WEEKLY"), "--rrule: two rules are refused"},
		"an extension":           {rule("FREQ=DAILY;RSCALE=CHINESE"), "RSCALE, of RFC 7529, is refused"},
		"a start outside":        {rule("FREQ=WEEKLY;BYDAY=TU"), `--dtstart: "2026-01-05T09:00" is not in the rule`},
		"a day that is none":     {rule("FREQ=DAILY", "--exdate", "2026-02-30"), "--exdate: "},
		"a malformed addition":   {rule("FREQ=DAILY", "--rdate", "x"), "--rdate: "},
		"a negative limit":       {rule("FREQ=DAILY", "--limit", "-1"), "--limit: -1 is not allowed"},
		"an unknown treatment":   {rule("FREQ=DAILY", "--dst-gap", "drop"), `--dst-gap: "drop" is not allowed`},
		"a from without a zone":  {rule("FREQ=DAILY", "--from", "2026-01-05"), `--from "2026-01-05" is no time`},
		"a rule that never ends": {rule("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "is not in the rule"},
	} {
		t.Run(name, func(t *testing.T) {
			got := w.expect(BadUsage, c.args...)
			contains(t, got.errors, c.want)
			if got.out != "" || len(got.errors) > 1000 {
				t.Errorf("it prints %q, and %d bytes of errors", got.out, len(got.errors))
			}
		})
	}
}

func TestCalendarPrintsAMonthAndAFeed(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.declare(closing(), calendar.Window{
		Name: "office", Kind: calendar.Allow, TimeZone: "Europe/Berlin",
		Weekly: []calendar.Weekly{{Days: []string{"mon", "tue", "wed", "thu", "fri"}, From: "09:00", To: "17:00"}},
		Scope:  calendar.Scope{Environments: []string{"production"}},
	})
	golden(t, "calendar.txt", w.expect(Done, "calendar", "checkout/production").out)
	// Without a subject every window counts.
	contains(t, w.expect(Done, "calendar", "--month", "2026-03").out, "1#   2#", `allow "office"`, `freeze "quarter end": closing of the books`)
	contains(t, w.expect(Done, "calendar", "--environment", "test").out, "now: open, no window in scope forbids changes")
	contains(t, w.expect(Done, "calendar", "--month", "2026-03", "--tier", "production", "--environment", "production").out, "1#   ")

	var days []dayJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "calendar", "checkout/production", "--json", "--month", "2026-03").out), &days); err != nil || len(days) != 31 {
		t.Fatal(err, days)
	}
	if days[0].State != "closed" || days[3].State != "partly" || days[3].Open[0].Start.Hour() != 9 {
		t.Errorf("the days are %+v", days[:4])
	}

	feed := w.expect(Done, "calendar", "--ics", "--to", "2026-03-15T00:00:00Z").out
	contains(t, feed, "BEGIN:VCALENDAR", "SUMMARY:freeze: quarter end: closing of the books (finance)", "CATEGORIES:allow")
	for line := range strings.Lines(feed) {
		if len(line) > 77 || !strings.HasSuffix(line, "\r\n") {
			t.Errorf("a line is not as RFC 5545 wants it: %q", line)
		}
	}
	if scoped := w.expect(Done, "calendar", "--ics", "--environment", "test").out; strings.Contains(scoped, "VEVENT") {
		t.Errorf("the feed of another environment has events:\n%s", scoped)
	}
	for want, args := range map[string][]string{
		`--month "March" is no month`:            {"calendar", "--month", "March"},
		`--zone "CET+1" is not the name`:         {"calendar", "--zone", "CET+1"},
		`--to "later" is no time`:                {"calendar", "--ics", "--to", "later"},
		"give it, or flags such as --service":    {"calendar", "checkout/production", "--service", "x"},
		"--json and --ics cannot be given":       {"calendar", "--json", "--ics"},
		"from 2026-03-02T09":                     {"calendar", "--ics", "--to", "2020-01-01T00:00:00Z"},
		"12-24T00:00:00Z is no time that can be": {"calendar", "--ics", "--to", "2066-12-24T00:00:00Z"},
	} {
		contains(t, w.expect(BadUsage, args...).errors, want)
	}
}
