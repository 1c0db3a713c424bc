package ics

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// file makes a calendar of events, each given by its lines.
func file(events ...string) string {
	var b strings.Builder
	b.WriteString("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n")
	for _, e := range events {
		b.WriteString("BEGIN:VEVENT\r\n" + strings.ReplaceAll(e, "\n", "\r\n") + "\r\nEND:VEVENT\r\n")
	}
	return b.String() + "END:VCALENDAR\r\n"
}

var freeze = Options{Template: calendar.Window{Name: "holidays", Kind: calendar.Freeze, TimeZone: "America/New_York", Reason: "nobody is there"}}

func TestImport(t *testing.T) {
	span := func(zone, from, to string) calendar.Event {
		return calendar.Event{TimeZone: zone, Absolute: []calendar.Span{{StartsAt: from, EndsAt: to}}}
	}
	again := func(zone string, r calendar.Recurrence) calendar.Event {
		return calendar.Event{TimeZone: zone, Recurrence: []calendar.Recurrence{r}}
	}
	for name, c := range map[string]struct {
		event string
		want  calendar.Event
	}{
		"days": {"UID:1\nDTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261227", span("", "2026-12-24", "2026-12-26")},
		"one day": {"UID:1\nDTSTART;VALUE=DATE:20261224", again("", calendar.Recurrence{
			Start: "2026-12-24", RRule: "FREQ=DAILY;COUNT=1",
		})},
		"an IANA zone":        {"UID:1\nDTSTART;TZID=Europe/Berlin:20261224T180000\nDTEND;TZID=Europe/Berlin:20261224T200000", span("Europe/Berlin", "2026-12-24T18:00:00", "2026-12-24T20:00:00")},
		"a zone of Windows":   {"UID:1\nDTSTART;TZID=W. Europe Standard Time:20261224T180000\nDTEND;TZID=W. Europe Standard Time:20261224T200000", span("Europe/Berlin", "2026-12-24T18:00:00", "2026-12-24T20:00:00")},
		"a zone in quotes":    {"UID:1\nDTSTART;TZID=\"Tokyo Standard Time\":20261224T180000\nDTEND;TZID=\"Tokyo Standard Time\":20261224T200000", span("Asia/Tokyo", "2026-12-24T18:00:00", "2026-12-24T20:00:00")},
		"a zone of Evolution": {"UID:1\nDTSTART;TZID=/freeassociation.sourceforge.net/Europe/Berlin:20261224T180000\nDURATION:PT2H", again("Europe/Berlin", calendar.Recurrence{Start: "2026-12-24T18:00:00", Duration: "PT2H", RRule: "FREQ=DAILY;COUNT=1"})},
		"UTC":                 {"UID:1\nDTSTART:20261224T180000Z\nDTEND:20261224T200000Z", span("UTC", "2026-12-24T18:00:00Z", "2026-12-24T20:00:00Z")},
		"a floating time":     {"UID:1\nDTSTART:20261224T180000\nDTEND:20261224T200000", span("", "2026-12-24T18:00:00", "2026-12-24T20:00:00")},
		"two zones":           {"UID:1\nDTSTART;TZID=Europe/Berlin:20261224T180000\nDTEND;TZID=Asia/Tokyo:20261225T080000", span("Europe/Berlin", "2026-12-24T18:00:00+01:00", "2026-12-25T08:00:00+09:00")},
		"names in lower case": {"uid:1\ndtstart;value=date:20261224\ndtend;value=date:20261225", span("", "2026-12-24", "2026-12-24")},
		"a rule with exceptions": {"UID:1\nDTSTART;TZID=Europe/Berlin:20260130T180000\nDURATION:PT4H\nRRULE:FREQ=MONTHLY;BYDAY=-1FR\n" +
			"EXDATE;TZID=Europe/Berlin:20260227T180000,20260327T180000\nRDATE;TZID=Europe/Berlin:20260401T180000",
			again("Europe/Berlin", calendar.Recurrence{
				Start: "2026-01-30T18:00:00", Duration: "PT4H", RRule: "FREQ=MONTHLY;BYDAY=-1FR",
				ExDates: []string{"2026-02-27T18:00:00", "2026-03-27T18:00:00"}, RDates: []string{"2026-04-01T18:00:00"},
			})},
		"a summary, folded": {"UID:1\nSUMMARY:Christ\n mas\n\t Eve\nDTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225", calendar.Event{
			Summary: "Christmas Eve", Absolute: []calendar.Span{{StartsAt: "2026-12-24", EndsAt: "2026-12-24"}},
		}},
		"an owner who is free": {"UID:1\nTRANSP:TRANSPARENT\nDTSTART;VALUE=DATE:20261224\nDTEND;VALUE=DATE:20261225", span("", "2026-12-24", "2026-12-24")},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Import([]byte(file(c.event)), freeze)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]calendar.Event{c.want}, got.Events(freeze.Template)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// An occurrence that was moved by a RECURRENCE-ID is where it was moved to.
func TestImportMovesOccurrences(t *testing.T) {
	got, err := Import([]byte(file(
		"UID:1\nSUMMARY:standup\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;COUNT=3",
		"UID:1\nSUMMARY:standup\nRECURRENCE-ID:20260106T090000Z\nDTSTART:20260106T150000Z\nDURATION:PT1H",
		"UID:1\nSUMMARY:standup\nRECURRENCE-ID:20260107T090000Z\nSTATUS:CANCELLED\nDTSTART:20260107T090000Z\nDURATION:PT1H",
	)), freeze)
	if err != nil {
		t.Fatal(err)
	}
	w := freeze.Template
	w.Events = got.Events(w)
	found, err := calendar.Upcoming([]calendar.Window{w}, calendar.Subject{}, time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 2, 1, 0, 0, 0, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	var starts []string
	for _, o := range found {
		starts = append(starts, o.Start.UTC().Format("02T15"))
	}
	if diff := cmp.Diff([]string{"05T09", "06T15"}, starts); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(got.Skipped) != 1 || got.Skipped[0].Why != "it is cancelled" {
		t.Errorf("skipped: %+v", got.Skipped)
	}
}

func TestImportRefuses(t *testing.T) {
	day := "UID:1\nDTSTART;VALUE=DATE:20261224"
	whole := file(day)
	for name, c := range map[string]struct{ data, want string }{
		"a page of HTML":         {"<html><body>404</body></html>", "it does not begin with BEGIN:VCALENDAR"},
		"nothing":                {"", "END:VCALENDAR is missing"},
		"a file that is cut off": {strings.TrimSuffix(whole, "END:VCALENDAR\r\n"), "it is cut off: END:VCALENDAR is missing"},
		"no events":              {file(), "none of its 0 events becomes a window"},
		"what is not text":       {"BEGIN:VCALENDAR\x00", "it is not text in UTF-8"},
		"something behind":       {whole + whole, "something follows END:VCALENDAR"},
		"a wrong end":            {strings.Replace(whole, "END:VEVENT", "END:VTODO", 1), "closes BEGIN:"},
		"an unknown zone":        {file("UID:1\nDTSTART;TZID=Mars/Olympus:20261224T180000\nDURATION:PT1H"), `"Mars/Olympus", which is neither an IANA name nor one of Windows`},
		"an abbreviation":        {file("UID:1\nDTSTART;TZID=CEST:20261224T180000\nDURATION:PT1H"), `"CEST", which is neither`},
		"two rules":              {file("UID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY"), "it has two lines RRULE"},
		"an EXRULE":              {file("UID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY\nEXRULE:FREQ=WEEKLY"), "EXRULE is refused"},
		"an endless rule":        {file("UID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1"), "FREQ=SECONDLY is refused"},
		"1 MB of RRULE":          {file("UID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY;BYHOUR=" + strings.Repeat("1,", 1<<19) + "1"), "at most 2048 are allowed"},
		"an extension":           {file("UID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:RSCALE=CHINESE;FREQ=YEARLY"), "RSCALE"},
		"no start":               {file("UID:1\nSUMMARY:x"), "it has no DTSTART"},
		"two starts":             {file(day + "\nDTSTART;VALUE=DATE:20261225"), "it has two lines DTSTART"},
		"end and duration":       {file("UID:1\nDTSTART:20260105T090000Z\nDTEND:20260105T100000Z\nDURATION:PT1H"), "which exclude each other"},
		"the same UID twice":     {file(day, day), "two events have this UID"},
		"this and future":        {file("UID:1\nDTSTART:20260105T090000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY", "UID:1\nRECURRENCE-ID;RANGE=THISANDFUTURE:20260106T090000Z\nDTSTART:20260106T100000Z\nDURATION:PT1H"), "RECURRENCE-ID with RANGE"},
		"an end before it":       {file("UID:1\nDTSTART:20260105T090000Z\nDTEND:20260105T080000Z"), "is not after starts_at"},
		"a day that is none":     {file("UID:1\nDTSTART;VALUE=DATE:20260230"), "no time or day that exists"},
		"too many events":        {file(make([]string, MaxEvents+1)...), "it has 5001 events; at most 5000 are allowed"},
		"too many bytes":         {strings.Repeat("x", MaxSize+1), "at most 4194304 are allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := Import([]byte(c.data), freeze)
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, ErrFile) {
				t.Errorf("%+v, %.200v; want %q", got, err, c.want)
			}
			if err != nil && len(err.Error()) > 1000 {
				t.Errorf("the message has %d bytes", len(err.Error()))
			}
		})
	}
}

// What may not be meant to block time closes when it is kept, and opens nothing.
func TestImportLeavesOutWhatOpens(t *testing.T) {
	free := file("UID:1\nTRANSP:TRANSPARENT\nDTSTART;VALUE=DATE:20261224", "UID:2\nSTATUS:TENTATIVE\nDTSTART;VALUE=DATE:20261225", "UID:3\nDTSTART;VALUE=DATE:20261226",
		"UID:4\nDTSTART:20261226T090000Z")
	count := func(kind calendar.Kind, treatment Treatment) int {
		o := freeze
		o.Template.Kind, o.Transparent = kind, treatment
		got, err := Import([]byte(free), o)
		if err != nil {
			t.Fatal(err)
		}
		return len(got.Windows)
	}
	got := []int{count(calendar.Freeze, ""), count(calendar.Allow, ""), count(calendar.Freeze, LeaveIt), count(calendar.Allow, Keep)}
	if diff := cmp.Diff([]int{3, 1, 1, 3}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	o := freeze
	o.Transparent = "drop"
	if _, err := Import([]byte(free), o); err == nil || !strings.Contains(err.Error(), `"drop" is no treatment`) {
		t.Errorf("an unknown treatment: %v", err)
	}
}

// What is exported reads back as the same times.
func TestExportReadsBack(t *testing.T) {
	from, to := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	w := calendar.Window{
		Name: "weekends, and \"more\"", Kind: calendar.Freeze, TimeZone: "Europe/Berlin", Reason: strings.Repeat("größer; als, 75 Oktette ", 5),
		Weekly: []calendar.Weekly{{Days: []string{"sat"}, From: "00:30", To: "24:00"}},
	}
	data, err := Export([]calendar.Window{w}, from, to)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		if len(strings.TrimSuffix(line, "\r\n")) > 75 || !strings.HasSuffix(line, "\r\n") {
			t.Errorf("a line is not as RFC 5545 wants it: %q", line)
		}
	}
	read, err := Import(data, freeze)
	if err != nil {
		t.Fatal(err)
	}
	back := freeze.Template
	back.Events = read.Events(back)
	times := func(windows ...calendar.Window) (out []string) {
		found, err := calendar.Upcoming(windows, calendar.Subject{}, from, to)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range found {
			out = append(out, o.Start.UTC().String()+" "+o.End.UTC().String())
		}
		return out
	}
	if diff := cmp.Diff(times(w), times(back)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEveryZoneOfWindowsIsKnown(t *testing.T) {
	for name, iana := range windowsZones {
		if !calendar.KnownZone(iana) || name != strings.ToLower(name) {
			t.Errorf("%q is %q", name, iana)
		}
	}
}
