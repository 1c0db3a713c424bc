package calendar

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// holidays is a freeze of two events, one of them in another zone.
func holidays() Window {
	return Window{
		Name: "holidays", Kind: Freeze, TimeZone: berlin, Reason: "nobody is there", Regulation: "SOX 404", Owner: "hr",
		Events: []Event{
			{Summary: "Christmas", Absolute: []Span{{"2026-12-24", "2026-12-26"}}},
			{Summary: "Thanksgiving", TimeZone: "America/New_York", Recurrence: []Recurrence{{Start: "2026-11-26", RRule: "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"}}},
		},
	}
}

func TestEventsHaveTheirOwnZoneAndSummary(t *testing.T) {
	for _, c := range []struct {
		at, reason, until string
	}{
		{"2026-12-25T12:00:00Z", `freeze "holidays": nobody is there: Christmas [SOX 404] (hr)`, "2026-12-27T00:00:00+01:00"},
		{"2026-11-26T06:00:00Z", `freeze "holidays": nobody is there: Thanksgiving [SOX 404] (hr)`, "2026-11-27T00:00:00-05:00"},
		{"2026-11-26T04:59:59Z", "no window in scope forbids changes", "2026-11-26T05:00:00Z"},
	} {
		state, err := Evaluate([]Window{holidays()}, Subject{}, at(t, c.at))
		if err != nil || state.Reason != c.reason || state.Until.Format(time.RFC3339) != c.until {
			t.Errorf("%s: %q until %s, %v; want %q until %s", c.at, state.Reason, state.Until.Format(time.RFC3339), err, c.reason, c.until)
		}
	}
	got, err := Upcoming([]Window{holidays()}, Subject{}, at(t, "2026-11-01T00:00:00Z"), at(t, "2027-01-01T00:00:00Z"))
	if err != nil || len(got) != 2 || got[0].Reason != "nobody is there: Thanksgiving" {
		t.Errorf("%+v, %v", got, err)
	}
}

// The parts of one window neither overlap with nor contradict each other.
func TestEventsAreOneWindow(t *testing.T) {
	from, to := at(t, "2026-11-01T00:00:00Z"), at(t, "2027-01-01T00:00:00Z")
	w := holidays()
	w.Events = append(w.Events, Event{Absolute: []Span{{"2026-12-20", "2026-12-30"}}})
	allow := Window{Name: "winter", Kind: Allow, TimeZone: berlin, Events: []Event{
		{Absolute: []Span{{"2026-12-24", "2026-12-25"}}}, {Absolute: []Span{{"2026-12-31", "2026-12-31"}}},
	}}
	windows := []Window{w, allow}
	overlaps, err := Overlaps(windows, Subject{}, from, to)
	if err != nil || len(overlaps) != 1 || overlaps[0].First != "holidays" || overlaps[0].Second != "winter" || overlaps[0].Total != 48*time.Hour {
		t.Errorf("overlaps: %+v, %v", overlaps, err)
	}
	contradictions, err := Contradictions(windows, Subject{}, from, to)
	if err != nil || len(contradictions) != 0 {
		t.Errorf("contradictions: %+v, %v", contradictions, err)
	}
}

func TestEventsAreValidated(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Window)
		path   string
		want   string
	}{
		"no times":             {func(w *Window) { w.Events[0].Absolute = nil }, "events[0]", "the event has no times"},
		"an unknown zone":      {func(w *Window) { w.Events[1].TimeZone = "Mars/Olympus" }, "events[1].time_zone", "is not the name of an IANA time zone"},
		"a bad rule":           {func(w *Window) { w.Events[1].Recurrence[0].RRule = "FREQ=HOURLY" }, "events[1].recurrence[0].rrule", "FREQ=HOURLY is refused"},
		"a bad span":           {func(w *Window) { w.Events[0].Absolute[0].EndsAt = "2026-12-20" }, "events[0].absolute[0].ends_at", "never opens"},
		"too many":             {func(w *Window) { w.Events = make([]Event, MaxEvents+1) }, "events", "has 5001 entries; at most 5000 are allowed"},
		"a summary of lines":   {func(w *Window) { w.Events[0].Summary = "a\nb" }, "events[0].summary", "cannot be printed"},
		"a regulation of them": {func(w *Window) { w.Regulation = "a\nb" }, "regulation", "cannot be printed"},
		"nobody in particular": {func(w *Window) { w.OverrideBy = []string{""} }, "override_by[0]", "is empty"},
		"too many who may":     {func(w *Window) { w.OverrideBy = make([]string, MaxScope+1) }, "override_by", "at most 1000 are allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			w := holidays()
			c.change(&w)
			fields := w.Validate()
			if len(fields) != 1 || fields[0].Path != c.path || !strings.Contains(fields[0].Msg, c.want) {
				t.Errorf("%+v, want one on %q that says %q", fields, c.path, c.want)
			}
		})
	}
}

func TestMayOverride(t *testing.T) {
	for _, c := range []struct {
		patterns []string
		actor    string
		want     bool
	}{
		{nil, "kim@acme", true}, {[]string{}, "kim@acme", false}, {[]string{"kim@acme"}, "kim@acme", true}, {[]string{"kim@acme"}, "kim@acme.example", false},
		{[]string{"*@sre.example"}, "kim@sre.example", true}, {[]string{"*@sre.example"}, "kim@sre.example.evil", false}, {[]string{"*"}, "", true},
		{[]string{"ci@*/deploy*"}, "ci@acme/deploy-prod", true}, {[]string{"ci@*/deploy*"}, "ci@acme/test", false}, {[]string{"a*a"}, "a", false}, {[]string{"a*b*b"}, "ab", false},
		{[]string{"jo@acme", "kim@*"}, "kim@acme", true},
	} {
		if got := (Window{OverrideBy: c.patterns}).MayOverride(c.actor); got != c.want {
			t.Errorf("%q by %q: %t", c.patterns, c.actor, got)
		}
	}
}

func TestLiftedTakesAwayWhatOneWindowDoes(t *testing.T) {
	freeze := absolute(Freeze, "peak", berlin, "2026-11-26", "2026-11-30")
	other := absolute(Freeze, "audit", berlin, "2026-11-27T12:00", "2026-11-27T13:00")
	office := weekly(Allow, "office", berlin, "mon tue wed thu fri", "09:00", "17:00")
	lift := func(name, from, until string) Lift { return Lift{name, at(t, from), at(t, until)} }
	for name, c := range map[string]struct {
		windows []Window
		lifts   []Lift
		want    []string
	}{
		"none":            {[]Window{freeze}, nil, nil},
		"a freeze":        {[]Window{freeze}, []Lift{lift("peak", "2026-11-27T10:00:00Z", "2026-11-27T13:00:00Z")}, []string{"10:00 13:00"}},
		"another freeze":  {[]Window{freeze, other}, []Lift{lift("peak", "2026-11-27T10:00:00Z", "2026-11-27T13:00:00Z")}, []string{"10:00 11:00", "12:00 13:00"}},
		"both":            {[]Window{freeze, other}, []Lift{lift("peak", "2026-11-27T10:00:00Z", "2026-11-27T13:00:00Z"), lift("audit", "2026-11-27T11:00:00Z", "2026-11-27T11:30:00Z")}, []string{"10:00 11:30", "12:00 13:00"}},
		"an allow":        {[]Window{office}, []Lift{lift("office", "2026-11-27T15:00:00Z", "2026-11-27T20:00:00Z")}, []string{"08:00 20:00"}},
		"nothing that is": {[]Window{freeze}, []Lift{lift("no", "2026-11-27T10:00:00Z", "2026-11-27T13:00:00Z")}, nil},
		"the wrong way":   {[]Window{freeze}, []Lift{lift("peak", "2026-11-27T13:00:00Z", "2026-11-27T10:00:00Z")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			cal, err := New(c.windows)
			if err != nil {
				t.Fatal(err)
			}
			lifted, err := cal.Lifted(c.lifts)
			if err != nil {
				t.Fatal(err)
			}
			periods, err := lifted.OpenPeriods(Subject{}, at(t, "2026-11-27T00:00:00Z"), at(t, "2026-11-28T00:00:00Z"))
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range periods {
				got = append(got, p.Start.Format("15:04")+" "+p.End.Format("15:04"))
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
