package calendar

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestExpand(t *testing.T) {
	list := func(s ...string) []string { return s }
	for _, tc := range []struct {
		name string
		e    Expansion
		want string
	}{
		{"first Friday", Expansion{DTStart: "1997-09-05T09:00", Zone: "America/New_York", RRules: list("FREQ=MONTHLY;BYDAY=1FR;COUNT=3")},
			"1997-09-05T09:00:00-04:00 1997-10-03T09:00:00-04:00 1997-11-07T09:00:00-05:00"},
		{"forms of iCalendar", Expansion{DTStart: "19970902T090000", Zone: "America/New_York", RRules: list("RRULE:FREQ=DAILY;UNTIL=19970905T130000Z"),
			ExDates: list("19970903T090000", "19970904T130000Z"), RDates: list("19970910T100000")},
			"1997-09-02T09:00:00-04:00 1997-09-05T09:00:00-04:00 1997-09-10T10:00:00-04:00"},
		{"days", Expansion{DTStart: "20261224", Zone: berlin, RRules: list("FREQ=YEARLY"), Limit: 2}, "2026-12-24T00:00:00+01:00 2027-12-24T00:00:00+01:00"},
		{"no rule", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", RDates: list("2026-01-04T09:00")}, "2026-01-04T09:00:00Z 2026-01-05T09:00:00Z"},
		{"Friday the 13th, with its start taken away", Expansion{DTStart: "19970902T090000", Zone: "America/New_York", RRules: list("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13"), ExDates: list("19970902T090000"), Limit: 2},
			"1998-02-13T09:00:00-05:00 1998-03-13T09:00:00-05:00"},
		{"a gap is left out, and not counted", Expansion{DTStart: "2027-03-27T02:30", Zone: berlin, RRules: list("FREQ=DAILY;COUNT=2")}, "2027-03-27T02:30:00+01:00 2027-03-29T02:30:00+02:00"},
		{"a gap is shifted", Expansion{DTStart: "2027-03-27T02:30", Zone: berlin, RRules: list("FREQ=DAILY;COUNT=2"), DSTGap: Shift}, "2027-03-27T02:30:00+01:00 2027-03-28T03:30:00+02:00"},
		{"a start in the gap is left out", Expansion{DTStart: "2027-03-28T02:30", Zone: berlin, RRules: list("FREQ=DAILY;COUNT=1")}, "2027-03-29T02:30:00+02:00"},
		{"a fold is its first instant", Expansion{DTStart: "2026-10-25T02:30", Zone: berlin, RRules: list("FREQ=DAILY;COUNT=1")}, "2026-10-25T02:30:00+02:00"},
		{"overlapping ones stay apart", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", Duration: "PT30H", RRules: list("FREQ=DAILY;COUNT=2")}, "2026-01-05T09:00:00Z 2026-01-06T09:00:00Z"},
		{"from and to are half-open", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", RRules: list("FREQ=DAILY"), From: at(t, "2026-02-01T09:00:00Z"), To: at(t, "2026-02-03T09:00:00Z")},
			"2026-02-01T09:00:00Z 2026-02-02T09:00:00Z"},
		{"parts of a second", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", RRules: list("FREQ=DAILY"), From: at(t, "2026-02-01T09:00:00.5Z"), To: at(t, "2026-02-03T09:00:00.5Z")},
			"2026-02-02T09:00:00Z 2026-02-03T09:00:00Z"},
		{"limit counts from from on", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", RRules: list("FREQ=WEEKLY"), From: at(t, "2100-01-01T00:00:00Z"), Limit: 1}, "2100-01-04T09:00:00Z"},
		{"more than ten years ahead with a limit", Expansion{DTStart: "2096-02-29", Zone: "UTC", RRules: list("FREQ=YEARLY"), Limit: 3}, "2096-02-29T00:00:00Z 2104-02-29T00:00:00Z 2108-02-29T00:00:00Z"},
		{"an exdate that takes nothing", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", RRules: list("FREQ=DAILY;COUNT=1"), ExDates: list("2026-01-07")}, "2026-01-05T09:00:00Z"},
		{"nothing is left", Expansion{DTStart: "2026-01-05T09:00", Zone: "UTC", RRules: list("FREQ=DAILY;COUNT=1"), ExDates: list("2026-01-05")}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Expand(tc.e)
			if err != nil {
				t.Fatal(err)
			}
			var lines []string
			for _, i := range got {
				lines = append(lines, i.Start.Format(time.RFC3339))
			}
			if diff := cmp.Diff(tc.want, strings.Join(lines, " ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestExpandEnds(t *testing.T) {
	for _, tc := range []struct{ start, duration, want string }{
		{"2026-03-28T12:00", "P1D", "23h0m0s"}, {"2026-03-28T12:00", "PT24H", "24h0m0s"}, {"2026-03-28T12:00", "", "0s"}, {"2026-03-29", "", "23h0m0s"}, {"2026-03-28", "P2D", "47h0m0s"},
	} {
		got, err := Expand(Expansion{DTStart: tc.start, Zone: berlin, Duration: tc.duration, RRules: []string{"FREQ=DAILY"}, Limit: 1})
		if err != nil || len(got) != 1 || got[0].End.Sub(got[0].Start).String() != tc.want {
			t.Errorf("%+v: %v, %v", tc, got, err)
		}
	}
	got, err := Expand(Expansion{DTStart: "2026-01-01T09:00", Zone: "UTC", RRules: []string{"FREQ=DAILY"}})
	if err != nil || len(got) != 3653 {
		t.Errorf("without an end: %d, %v; want ten years", len(got), err)
	}
}

func TestExpandRefuses(t *testing.T) {
	every := "FREQ=DAILY;BYHOUR=0,1,2,3,4,5,6,7,8,9,10,11;BYMINUTE=0,5,10,15,20,25"
	for _, tc := range []struct {
		name string
		e    Expansion
		want string
	}{
		{"two rules", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY", "FREQ=WEEKLY"}}, "rrule: two rules are refused"},
		{"no zone", Expansion{DTStart: "2026-01-05", RRules: []string{"FREQ=DAILY"}}, "zone: is empty; allowed is an IANA name"},
		{"unknown zone", Expansion{DTStart: "2026-01-05", Zone: "Europe/Berln", RRules: []string{"FREQ=DAILY"}}, `zone: "Europe/Berln" is not the name of an IANA time zone`},
		{"no start", Expansion{Zone: "UTC", RRules: []string{"FREQ=DAILY"}}, "dtstart: is empty"},
		{"an instant", Expansion{DTStart: "20260105T090000Z", Zone: "UTC", RRules: []string{"FREQ=DAILY"}}, "dtstart: \"2026-01-05T09:00:00Z\" has an offset"},
		{"neither rule nor dates", Expansion{DTStart: "2026-01-05", Zone: "UTC"}, "rrule: is empty, and so is rdates"},
		{"a start outside the rule", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=WEEKLY;BYDAY=TU"}}, "dtstart: \"2026-01-05\" is not in the rule"},
		{"by the second", Expansion{DTStart: "2026-01-05T00:00", Zone: "UTC", RRules: []string{"FREQ=SECONDLY;INTERVAL=86400;BYSECOND=1"}}, "rrule: FREQ=SECONDLY is refused"},
		{"EXRULE", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY;EXRULE=X"}}, "rrule: EXRULE is refused"},
		{"a bad date", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY"}, RDates: []string{"x"}}, "rdates[0]: \"x\" is no time"},
		{"a bad duration", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY"}, Duration: "x"}, "duration: \"x\" is no duration"},
		{"limit", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY"}, Limit: -1}, "limit: -1 is not allowed"},
		{"gap", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY"}, DSTGap: "drop"}, `dst_gap: "drop" is not allowed`},
		{"an end before the beginning", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY"}, From: at(t, "2026-02-01T00:00:00Z"), To: at(t, "2026-01-01T00:00:00Z")}, "to: 2026-01-01T00:00:00Z lies before from"},
		{"from nowhere", Expansion{DTStart: "2026-01-05", Zone: "UTC", RRules: []string{"FREQ=DAILY"}, From: at(t, "1900-01-01T00:00:00Z")}, "from: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := Expand(tc.e)
			if err == nil || !strings.HasPrefix(err.Error(), tc.want) || got != nil {
				t.Errorf("got %v, %v, want %q", got, err, tc.want)
			}
		})
	}
	if _, err := Expand(Expansion{DTStart: "2026-01-05T00:00", Zone: "UTC", RRules: []string{every}}); !errors.Is(err, ErrBudget) {
		t.Errorf("72 starts a day for ten years: %v", err)
	}
	if got, err := Expand(Expansion{DTStart: "2026-01-05T00:00", Zone: "UTC", RRules: []string{every}, Limit: 100}); err != nil || len(got) != 100 {
		t.Errorf("the first 100 of them: %d, %v", len(got), err)
	}
}
