package calendar

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// recurrence makes a window of one recurrence.
func recurrence(kind Kind, zone string, rec Recurrence) Window {
	return Window{Name: "w", Kind: kind, TimeZone: zone, Recurrence: []Recurrence{rec}}
}

func TestRecurrence(t *testing.T) {
	hours := func(rule string) Recurrence {
		return Recurrence{Start: "2026-01-05T09:00", End: "2026-01-05T17:00", RRule: rule}
	}
	with := func(rec Recurrence, change func(*Recurrence)) Recurrence { change(&rec); return rec }
	for _, tc := range []struct {
		name string
		kind Kind
		zone string
		gap  DSTGap
		rec  Recurrence
		from string
		want []string // The first occurrences.
	}{
		{"last Friday of the month", Freeze, berlin, "", Recurrence{Start: "2026-01-30T12:00", Duration: "PT2H", RRule: "FREQ=MONTHLY;BYDAY=-1FR"}, "2026-06-01",
			[]string{"2026-06-26T12:00:00+02:00 2026-06-26T14:00:00+02:00", "2026-07-31T12:00:00+02:00 2026-07-31T14:00:00+02:00"}},
		{"whole days", Freeze, berlin, "", Recurrence{Start: "2026-12-24", End: "2026-12-26", RRule: "FREQ=YEARLY"}, "2027-06-01",
			[]string{"2027-12-24T00:00:00+01:00 2027-12-27T00:00:00+01:00", "2028-12-24T00:00:00+01:00 2028-12-27T00:00:00+01:00"}},
		{"a day by itself", Freeze, berlin, "", Recurrence{Start: "2026-03-29", RRule: "FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU"}, "2026-01-01",
			[]string{"2026-03-29T00:00:00+01:00 2026-03-30T00:00:00+02:00", "2027-03-28T00:00:00+01:00 2027-03-29T00:00:00+02:00"}},
		{"seen from its middle", Allow, berlin, "", hours("FREQ=WEEKLY"), "2026-01-12T12:00", []string{"2026-01-12T09:00:00+01:00 2026-01-12T17:00:00+01:00"}},
		{"not before its start", Allow, berlin, "", hours("FREQ=WEEKLY"), "2025-12-01", []string{"2026-01-05T09:00:00+01:00 2026-01-05T17:00:00+01:00"}},
		{"count", Allow, berlin, "", hours("FREQ=DAILY;COUNT=2"), "2026-01-01",
			[]string{"2026-01-05T09:00:00+01:00 2026-01-05T17:00:00+01:00", "2026-01-06T09:00:00+01:00 2026-01-06T17:00:00+01:00", "end"}},
		{"count counts what exdates takes away", Allow, berlin, "", with(hours("FREQ=DAILY;COUNT=2"), func(r *Recurrence) { r.ExDates = []string{"2026-01-05T09:00"} }), "2026-01-01",
			[]string{"2026-01-06T09:00:00+01:00 2026-01-06T17:00:00+01:00", "end"}},
		{"until in UTC is inclusive", Allow, berlin, "", hours("FREQ=DAILY;UNTIL=20260106T080000Z"), "2026-01-06",
			[]string{"2026-01-06T09:00:00+01:00 2026-01-06T17:00:00+01:00", "end"}},
		{"until in UTC, a second before", Allow, berlin, "", hours("FREQ=DAILY;UNTIL=20260106T075959Z"), "2026-01-05",
			[]string{"2026-01-05T09:00:00+01:00 2026-01-05T17:00:00+01:00", "end"}},
		{"until in local time", Allow, berlin, "", hours("FREQ=DAILY;UNTIL=20260106T090000"), "2026-01-06",
			[]string{"2026-01-06T09:00:00+01:00 2026-01-06T17:00:00+01:00", "end"}},
		{"until a day", Freeze, berlin, "", Recurrence{Start: "2026-01-05", RRule: "FREQ=DAILY;INTERVAL=2;UNTIL=20260107"}, "2026-01-06",
			[]string{"2026-01-07T00:00:00+01:00 2026-01-08T00:00:00+01:00", "end"}},
		{"exdates by time, day and instant", Allow, berlin, "", with(hours("FREQ=DAILY;UNTIL=20260109T230000Z"), func(r *Recurrence) {
			r.ExDates = []string{"2026-01-06T09:00", "2026-01-07", "2026-01-08T08:00:00Z"}
		}), "2026-01-01", []string{"2026-01-05T09:00:00+01:00 2026-01-05T17:00:00+01:00", "2026-01-09T09:00:00+01:00 2026-01-09T17:00:00+01:00", "end"}},
		{"exdates of another time leave a freeze closed", Freeze, berlin, "", with(hours("FREQ=DAILY;COUNT=1"), func(r *Recurrence) { r.ExDates = []string{"2026-01-05T10:00"} }), "2026-01-01",
			[]string{"2026-01-05T09:00:00+01:00 2026-01-05T17:00:00+01:00", "end"}},
		{"rdates beside a rule", Allow, berlin, "", with(hours("FREQ=DAILY;COUNT=1"), func(r *Recurrence) {
			r.RDates = []string{"2026-01-20T10:00", "2026-01-22T11:00:00Z", "2026-01-05T09:00"}
		}), "2026-01-01", []string{"2026-01-05T09:00:00+01:00 2026-01-05T17:00:00+01:00", "2026-01-20T10:00:00+01:00 2026-01-20T18:00:00+01:00", "2026-01-22T12:00:00+01:00 2026-01-22T20:00:00+01:00", "end"}},
		{"rdates alone", Freeze, berlin, "", Recurrence{Start: "2026-04-03", RDates: []string{"2026-04-06", "2026-05-01"}}, "2026-01-01",
			[]string{"2026-04-03T00:00:00+02:00 2026-04-04T00:00:00+02:00", "2026-04-06T00:00:00+02:00 2026-04-07T00:00:00+02:00", "2026-05-01T00:00:00+02:00 2026-05-02T00:00:00+02:00", "end"}},
		{"exdates beat rdates", Freeze, berlin, "", Recurrence{Start: "2026-04-03", RDates: []string{"2026-04-06"}, ExDates: []string{"2026-04-06"}}, "2026-01-01",
			[]string{"2026-04-03T00:00:00+02:00 2026-04-04T00:00:00+02:00", "end"}},
		{"a start that the rule lacks is taken away", Freeze, "America/New_York", "", Recurrence{Start: "1997-09-02", RRule: "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ExDates: []string{"1997-09-02"}}, "1997-09-01",
			[]string{"1998-02-13T00:00:00-05:00 1998-02-14T00:00:00-05:00"}},
		{"overlapping occurrences are one", Freeze, "UTC", "", Recurrence{Start: "2026-01-05T00:00", Duration: "PT30H", RRule: "FREQ=DAILY;COUNT=3"}, "2026-01-01",
			[]string{"2026-01-05T00:00:00Z 2026-01-08T06:00:00Z", "end"}},
		{"a year's length is seen from its end", Freeze, "UTC", "", Recurrence{Start: "2020-02-29", Duration: "P366D", RRule: "FREQ=YEARLY"}, "2021-02-28T12:00",
			[]string{"2020-02-29T00:00:00Z 2021-03-01T00:00:00Z"}},

		{"a nominal day over the gap", Freeze, berlin, "", Recurrence{Start: "2026-03-28T12:00", Duration: "P1D", RRule: "FREQ=YEARLY"}, "2026-01-01",
			[]string{"2026-03-28T12:00:00+01:00 2026-03-29T12:00:00+02:00"}},
		{"24 exact hours over the gap", Freeze, berlin, "", Recurrence{Start: "2026-03-28T12:00", Duration: "PT24H", RRule: "FREQ=YEARLY"}, "2026-01-01",
			[]string{"2026-03-28T12:00:00+01:00 2026-03-29T13:00:00+02:00"}},
		{"a day and an hour over the gap", Freeze, berlin, "", Recurrence{Start: "2026-03-28T12:00", Duration: "P1DT1H", RRule: "FREQ=YEARLY"}, "2026-01-01",
			[]string{"2026-03-28T12:00:00+01:00 2026-03-29T13:00:00+02:00"}},
		{"an end over the fold", Freeze, berlin, "", Recurrence{Start: "2026-10-24T12:00", End: "2026-10-25T12:00", RRule: "FREQ=YEARLY"}, "2026-01-01",
			[]string{"2026-10-24T12:00:00+02:00 2026-10-25T12:00:00+01:00"}},
		{"24 exact hours over the fold", Freeze, berlin, "", Recurrence{Start: "2026-10-24T12:00", Duration: "24h", RRule: "FREQ=YEARLY"}, "2026-01-01",
			[]string{"2026-10-24T12:00:00+02:00 2026-10-25T11:00:00+01:00"}},
		{"allow in the gap is left out, and not counted", Allow, berlin, "", Recurrence{Start: "2026-03-28T02:30", Duration: "1h", RRule: "FREQ=DAILY;COUNT=2"}, "2026-03-28",
			[]string{"2026-03-28T02:30:00+01:00 2026-03-28T03:30:00+01:00", "2026-03-30T02:30:00+02:00 2026-03-30T03:30:00+02:00", "end"}},
		{"freeze in the gap starts at the jump, and is counted", Freeze, berlin, "", Recurrence{Start: "2026-03-28T02:30", Duration: "1h", RRule: "FREQ=DAILY;COUNT=2"}, "2026-03-29",
			[]string{"2026-03-29T03:00:00+02:00 2026-03-29T04:30:00+02:00", "end"}},
		{"allow in the gap, shifted", Allow, berlin, Shift, Recurrence{Start: "2026-03-28T02:30", Duration: "1h", RRule: "FREQ=DAILY"}, "2026-03-29",
			[]string{"2026-03-29T03:30:00+02:00 2026-03-29T04:30:00+02:00"}},
		{"freeze in the gap, skipped", Freeze, berlin, Skip, Recurrence{Start: "2026-03-28T02:30", Duration: "1h", RRule: "FREQ=DAILY"}, "2026-03-29",
			[]string{"2026-03-30T02:30:00+02:00 2026-03-30T03:30:00+02:00"}},
		{"the first of a fold", Freeze, berlin, "", Recurrence{Start: "2026-10-25T02:30", Duration: "30m", RRule: "FREQ=DAILY"}, "2026-10-25",
			[]string{"2026-10-25T02:30:00+02:00 2026-10-25T02:00:00+01:00"}},
		{"an rdate's own instant of a fold", Freeze, berlin, "", Recurrence{Start: "2026-10-01T02:30", Duration: "15m", RDates: []string{"2026-10-25T01:30:00Z"}}, "2026-10-25",
			[]string{"2026-10-25T02:30:00+01:00 2026-10-25T02:45:00+01:00", "end"}},
		{"New York's gap", Freeze, "America/New_York", "", Recurrence{Start: "2024-03-09T02:30", Duration: "1h", RRule: "FREQ=DAILY"}, "2024-03-10",
			[]string{"2024-03-10T03:00:00-04:00 2024-03-10T04:30:00-04:00"}},
		{"Sydney's gap", Allow, "Australia/Sydney", Shift, Recurrence{Start: "2026-10-03T02:30", Duration: "1h", RRule: "FREQ=DAILY"}, "2026-10-03T15:00",
			[]string{"2026-10-04T03:30:00+11:00 2026-10-04T04:30:00+11:00"}},
		{"Lord Howe's gap is half an hour", Allow, "Australia/Lord_Howe", Shift, Recurrence{Start: "2026-10-03T02:15", Duration: "1h", RRule: "FREQ=DAILY"}, "2026-10-03T14:00",
			[]string{"2026-10-04T02:45:00+11:00 2026-10-04T03:45:00+11:00"}},
		{"Sao Paulo's days begin at one", Freeze, "America/Sao_Paulo", "", Recurrence{Start: "2018-11-03", RRule: "FREQ=WEEKLY;BYDAY=SA,SU;INTERVAL=2"}, "2018-11-03T12:00",
			[]string{"2018-11-03T00:00:00-03:00 2018-11-05T00:00:00-02:00"}},
		{"Sao Paulo's midnight, left out", Allow, "America/Sao_Paulo", "", Recurrence{Start: "2018-11-03T00:00", Duration: "2h", RRule: "FREQ=DAILY"}, "2018-11-04",
			[]string{"2018-11-05T00:00:00-02:00 2018-11-05T02:00:00-02:00"}},
		{"Apia's missing day", Freeze, "Pacific/Apia", "", Recurrence{Start: "2011-12-23", RRule: "FREQ=WEEKLY;BYDAY=FR;COUNT=2"}, "2011-12-20",
			[]string{"2011-12-23T00:00:00-10:00 2011-12-24T00:00:00-10:00", "2012-01-06T00:00:00+14:00 2012-01-07T00:00:00+14:00", "end"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := recurrence(tc.kind, tc.zone, tc.rec)
			w.DSTGap = tc.gap
			layout := "2006-01-02T15:04"
			from, err := time.Parse(layout[:len(tc.from)], tc.from)
			if err != nil {
				t.Fatal(err)
			}
			got, err := Upcoming([]Window{w}, Subject{}, from, from.AddDate(2, 0, 0))
			if err != nil {
				t.Fatal(err)
			}
			lines := []string{}
			for _, o := range got {
				lines = append(lines, o.Start.Format(time.RFC3339)+" "+o.End.Format(time.RFC3339))
			}
			lines = append(lines, "end")
			if diff := cmp.Diff(tc.want, lines[:min(len(tc.want), len(lines))]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRecurrenceRefused(t *testing.T) {
	good := Recurrence{Start: "2026-01-05T09:00", Duration: "8h", RRule: "FREQ=WEEKLY"}
	many := func(n int) []string { return strings.Fields(strings.Repeat("2026-01-12T09:00 ", n)) }
	for _, tc := range []struct {
		name   string
		kind   Kind
		change func(*Recurrence)
		path   string
		want   string
	}{
		{"no start", Freeze, func(r *Recurrence) { r.Start = "" }, "start", "is empty"},
		{"a start with an offset", Freeze, func(r *Recurrence) { r.Start = "2026-01-05T09:00:00Z" }, "start", "follows the zone's clocks"},
		{"no length", Freeze, func(r *Recurrence) { r.Duration = "" }, "duration", "so that the window never opens"},
		{"two lengths", Freeze, func(r *Recurrence) { r.End = "2026-01-05T10:00" }, "duration", "is given beside end"},
		{"an end of another form", Freeze, func(r *Recurrence) { r.Duration, r.End = "", "2026-01-05" }, "end", "has not the form of start"},
		{"an end before the start", Freeze, func(r *Recurrence) { r.Duration, r.End = "", "2026-01-05T09:00" }, "end", "lies not after start"},
		{"an end years later", Freeze, func(r *Recurrence) { r.Duration, r.End = "", "2028-01-05T09:00" }, "end", "more than 366 days"},
		{"no duration", Freeze, func(r *Recurrence) { r.Duration = "eight hours" }, "duration", `"eight hours" is no duration; allowed are`},
		{"half a duration", Freeze, func(r *Recurrence) { r.Duration = "P1DT" }, "duration", "is no duration"},
		{"negative", Freeze, func(r *Recurrence) { r.Duration = "-PT1H" }, "duration", "is no duration"},
		{"negative, in Go", Freeze, func(r *Recurrence) { r.Duration = "-1h" }, "duration", "too short or too long"},
		{"nothing", Freeze, func(r *Recurrence) { r.Duration = "PT0S" }, "duration", "too short or too long"},
		{"too long", Freeze, func(r *Recurrence) { r.Duration = "P367D" }, "duration", "too short or too long"},
		{"parts of a second", Freeze, func(r *Recurrence) { r.Duration = "1.5s" }, "duration", "is no duration"},
		{"hours of days", Freeze, func(r *Recurrence) { r.Start, r.Duration = "2026-01-05", "PT24H" }, "duration", "is no number of days"},
		{"no rule and no dates", Freeze, func(r *Recurrence) { r.RRule = "" }, "rrule", "is empty, and so is rdates"},
		{"a rule that hangs others", Freeze, func(r *Recurrence) { r.RRule = "FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1" }, "rrule", "FREQ=SECONDLY is refused"},
		{"a megabyte of rule", Freeze, func(r *Recurrence) { r.RRule = strings.Repeat("FREQ=DAILY;", 100_000) }, "rrule", "at most 2048"},
		{"two rules", Freeze, func(r *Recurrence) { r.RRule = "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY" }, "rrule", "more than one property"},
		{"too often a day", Freeze, func(r *Recurrence) { r.RRule = "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,1,2,3,4,5,6,7,8,9,10,11,12" }, "rrule", "starts 26 times a day; at most 24"},
		{"a start outside its rule", Freeze, func(r *Recurrence) { r.RRule = "FREQ=WEEKLY;BYDAY=TU" }, "start", `"2026-01-05T09:00" is not in the rule "FREQ=WEEKLY;BYDAY=TU"`},
		{"a rule that never comes", Freeze, func(r *Recurrence) { r.RRule = "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30" }, "start", "is not in the rule"},
		{"a start outside a counted rule", Freeze, func(r *Recurrence) {
			r.RRule, r.ExDates = "FREQ=WEEKLY;BYDAY=TU;COUNT=2", []string{"2026-01-05T09:00"}
		}, "start", "is not in the rule"},
		{"endless counting", Freeze, func(r *Recurrence) { r.RRule = "FREQ=DAILY;COUNT=60000" }, "rrule", "takes more than 100000 steps to count"},
		{"nothing is left", Freeze, func(r *Recurrence) { r.RRule, r.ExDates = "FREQ=WEEKLY;COUNT=1", []string{"2026-01-05"} }, "", "never opens"},
		{"nothing is left before the end", Freeze, func(r *Recurrence) {
			r.RRule, r.ExDates = "FREQ=WEEKLY;UNTIL=20260106T000000Z", []string{"2026-01-05"}
		}, "", "never opens"},
		{"an end before its start", Freeze, func(r *Recurrence) { r.RRule = "FREQ=WEEKLY;UNTIL=20251231T000000Z" }, "", "never opens"},
		{"an exdate that is none", Freeze, func(r *Recurrence) { r.ExDates = []string{"Christmas"} }, "exdates[0]", `"Christmas" is no time or day`},
		{"an exdate that takes nothing from an allow", Allow, func(r *Recurrence) { r.ExDates = []string{"2026-01-12", "2026-01-13T09:00"} }, "exdates[1]", "takes nothing away"},
		{"an exdate with an hour, of days", Freeze, func(r *Recurrence) { r.Start, r.Duration, r.ExDates = "2026-01-05", "", []string{"2026-01-12T00:00"} }, "exdates[0]", "is no day, but start is one"},
		{"an rdate of another form", Freeze, func(r *Recurrence) { r.RDates = []string{"2026-01-13"} }, "rdates[0]", "is a day, but start is a time"},
		{"a period", Freeze, func(r *Recurrence) { r.RDates = []string{"2026-01-13T09:00/PT1H"} }, "rdates[0]", "is a period"},
		{"an rdate in the gap of an allow", Allow, func(r *Recurrence) { r.RDates = []string{"2026-03-29T02:30"} }, "rdates[0]", "never exists in Europe/Berlin"},
		{"a start in the gap of an allow", Allow, func(r *Recurrence) { r.Start = "2026-03-29T02:30" }, "start", "never exists in Europe/Berlin"},
		{"too many exdates", Freeze, func(r *Recurrence) { r.ExDates = many(1001) }, "exdates", "has 1001 entries; at most 1000"},
		{"too many rdates", Freeze, func(r *Recurrence) { r.RDates = many(1001) }, "rdates", "has 1001 entries; at most 1000"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			rec := good
			tc.change(&rec)
			w := recurrence(tc.kind, berlin, rec)
			path := strings.TrimSuffix("recurrence[0]."+tc.path, ".")
			fields := w.Validate()
			if len(fields) != 1 || fields[0].Path != path || !strings.Contains(fields[0].Msg, tc.want) {
				t.Fatalf("got %v, want %q at %s", fields, tc.want, path)
			}
			state, err := StateOf(w, at(t, "2026-01-05T09:30:00Z"))
			if err == nil || state.Open || state.Known {
				t.Errorf("state %+v, %v", state, err)
			}
		})
	}
	w := recurrence(Freeze, berlin, good)
	w.Recurrence = make([]Recurrence, MaxRecurrences+1)
	if fields := w.Validate(); len(fields) != 1 || !strings.Contains(fields[0].Msg, "has 101 entries") {
		t.Errorf("got %v", fields)
	}
	w.TimeZone, w.Recurrence = "Mars/Olympus", []Recurrence{good}
	if fields := w.Validate(); len(fields) != 1 || fields[0].Path != "time_zone" {
		t.Errorf("got %v", fields)
	}
}

// A subject in several regions may go forward when it may in each.
func TestRegions(t *testing.T) {
	eu := weekly(Allow, "eu", "UTC", "mon", "08:00", "16:00")
	eu.Scope.Regions = []string{"eu"}
	us := weekly(Allow, "us", "UTC", "mon", "13:00", "21:00")
	us.Scope.Regions = []string{"us"}
	freeze := absolute(Freeze, "ap", "UTC", "2026-11-23T14:00", "2026-11-23T15:00")
	freeze.Scope.Regions = []string{"ap"}
	for _, tc := range []struct {
		regions []string
		want    string // Open hours of the day, and why it is closed at 12:00.
	}{
		{nil, "00-24 "},
		{[]string{"eu"}, "08-16 "},
		{[]string{"ap"}, "00-14 15-24 "},
		{[]string{"eu", "us"}, `13-16 outside allow "us"`},
		{[]string{"us", "eu", "eu"}, `13-16 outside allow "us"`},
		{[]string{"us", "eu", "ap"}, `13-14 15-16 outside allow "us"`},
		{[]string{"ap", "eu"}, "08-14 15-16 "},
	} {
		cal, err := New([]Window{eu, us, freeze})
		if err != nil {
			t.Fatal(err)
		}
		from := at(t, "2026-11-23T00:00:00Z")
		periods, err := cal.OpenPeriods(Subject{Regions: tc.regions}, from, from.AddDate(0, 0, 1))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, p := range periods {
			got += fmt.Sprintf("%02.0f-%02.0f ", p.Start.Sub(from).Hours(), p.End.Sub(from).Hours())
		}
		state, err := cal.State(Subject{Regions: tc.regions}, from.Add(12*time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if !state.Open {
			got += state.Reason
		}
		if got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.regions, got, tc.want)
		}
	}
}
