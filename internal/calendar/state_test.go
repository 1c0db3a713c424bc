package calendar

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// at reads an instant.
func at(t testing.TB, s string) time.Time {
	t.Helper()
	instant, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		t.Fatal(err)
	}
	return instant
}

// weekly makes a window of one weekly entry.
func weekly(kind Kind, name, zone, days, from, to string) Window {
	return Window{Name: name, Kind: kind, TimeZone: zone, Weekly: []Weekly{{Days: strings.Fields(days), From: from, To: to}}}
}

// absolute makes a window of one span.
func absolute(kind Kind, name, zone, from, to string) Window {
	return Window{Name: name, Kind: kind, TimeZone: zone, Absolute: []Span{{from, to}}}
}

const berlin = "Europe/Berlin"

func TestState(t *testing.T) {
	office := weekly(Allow, "office", berlin, "mon tue wed thu fri", "09:00", "17:00")
	peak := absolute(Freeze, "peak", berlin, "2026-11-25", "2026-11-30")
	peak.Reason, peak.Owner = "peak trade", "retail-ops"
	freeze := func(name, from, to string) Window { return absolute(Freeze, name, "UTC", from, to) }
	for _, tc := range []struct {
		name    string
		windows []Window
		at      string
		open    bool
		until   string // Empty means zero.
		window  string
		reason  string
	}{
		{"no windows", nil, "2026-11-27T12:00:00Z", true, "", "", "no window in scope forbids changes"},
		{"inside allow", []Window{office}, "2026-11-23T12:00:00Z", true, "2026-11-23T17:00:00+01:00", "office", `inside allow "office"`},
		{"allow's first moment", []Window{office}, "2026-11-23T08:00:00Z", true, "2026-11-23T17:00:00+01:00", "office", `inside allow "office"`},
		{"just before allow", []Window{office}, "2026-11-23T07:59:59.999999999Z", false, "2026-11-23T09:00:00+01:00", "office", `outside allow "office"`},
		{"allow's end", []Window{office}, "2026-11-27T16:00:00Z", false, "2026-11-30T09:00:00+01:00", "office", `outside allow "office"`},
		{"before freeze", []Window{peak}, "2026-11-24T22:59:59Z", true, "2026-11-24T23:00:00Z", "", "no window in scope forbids changes"},
		{"freeze's first moment", []Window{peak}, "2026-11-24T23:00:00Z", false, "2026-12-01T00:00:00+01:00", "peak", `freeze "peak": peak trade (retail-ops)`},
		{"the last day belongs to the freeze", []Window{peak}, "2026-11-30T22:59:59Z", false, "2026-12-01T00:00:00+01:00", "peak", `freeze "peak": peak trade (retail-ops)`},
		{"freeze's end", []Window{peak}, "2026-11-30T23:00:00Z", true, "", "", "no window in scope forbids changes"},
		{"freeze beats allow", []Window{office, peak}, "2026-11-25T12:00:00Z", false, "2026-12-01T09:00:00+01:00", "peak", `freeze "peak": peak trade (retail-ops)`},
		{"freeze comes before allow's end", []Window{office, absolute(Freeze, "noon", "UTC", "2026-11-23T12:00", "2026-11-23T13:00")},
			"2026-11-23T11:00:00Z", true, "2026-11-23T13:00:00+01:00", "office", `inside allow "office"`},
		{"outside allow, whose next start is frozen", []Window{office, peak}, "2026-11-24T20:00:00Z", false, "2026-12-01T09:00:00+01:00", "office", `outside allow "office"`},
		{"through overlapping and adjoining freezes", []Window{
			freeze("a", "2026-12-01T00:00", "2026-12-02T00:00"), freeze("b", "2026-12-01T12:00", "2026-12-03T00:00"),
			freeze("c", "2026-12-03T00:00", "2026-12-04T00:00"), freeze("d", "2026-12-04T00:00:01", "2026-12-05T00:00")},
			"2026-12-01T13:00:00Z", false, "2026-12-04T00:00:00Z", "b", `freeze "a", "b"`},
		{"a freeze that ends now no longer counts", []Window{freeze("b", "2026-12-01T12:00", "2026-12-03T00:00"), freeze("c", "2026-12-03T00:00", "2026-12-04T00:00")},
			"2026-12-03T00:00:00Z", false, "2026-12-04T00:00:00Z", "c", `freeze "c"`},
		{"adjoining allows are one", []Window{weekly(Allow, "day", "UTC", "mon", "09:00", "17:00"), weekly(Allow, "late", "UTC", "mon", "17:00", "22:00")},
			"2026-11-23T12:00:00Z", true, "2026-11-23T22:00:00Z", "day", `inside allow "day"`},
		{"an allow that has passed", []Window{absolute(Allow, "once", "UTC", "2026-01-01", "2026-01-02")}, "2026-11-23T12:00:00Z",
			false, "", "once", `outside allow "once"`},
		{"a span's end is not in it", []Window{absolute(Allow, "once", "UTC", "2026-11-23T10:00", "2026-11-23T12:00")}, "2026-11-23T12:00:00Z",
			false, "", "once", `outside allow "once"`},
		{"the allow that opens next decides", []Window{weekly(Allow, "later", "UTC", "fri", "09:00", "17:00"), weekly(Allow, "sooner", berlin, "thu", "09:00", "17:00")},
			"2026-11-23T12:00:00Z", false, "2026-11-26T09:00:00+01:00", "sooner", `outside allow "later", "sooner"`},
		{"a transition where the search goes on", []Window{freeze("a", "2026-12-01T12:00", "2026-12-02T12:00")}, "2026-11-23T12:00:00Z",
			true, "2026-12-01T12:00:00Z", "", "no window in scope forbids changes"},
		{"always open by weekly", []Window{weekly(Allow, "always", "UTC", "sun mon tue wed thu fri sat", "00:00", "24:00")},
			"2026-11-23T12:00:00Z", true, "", "always", `inside allow "always"`},
		{"frozen for good", []Window{absolute(Freeze, "end", "UTC", "2026-01-01", "2199-12-31")}, "2026-11-23T12:00:00Z", false, "", "end", `freeze "end"`},
		{"long reasons are cut", []Window{freeze("a", "2026-12-01", "2026-12-01"), freeze("b", "2026-12-01", "2026-12-01"), freeze("c", "2026-12-01", "2026-12-01"),
			freeze("d", "2026-12-01", "2026-12-01"), freeze("e", "2026-12-01", "2026-12-01")},
			"2026-12-01T13:00:00Z", false, "2026-12-02T00:00:00Z", "a", `freeze "a", "b", "c" and 2 more`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			state, err := Evaluate(tc.windows, Subject{}, at(t, tc.at))
			if err != nil {
				t.Fatal(err)
			}
			until := ""
			if !state.Until.IsZero() {
				until = state.Until.Format(time.RFC3339)
			}
			got := []any{state.Open, state.Known, until, state.Window, state.Reason}
			if diff := cmp.Diff([]any{tc.open, true, tc.until, tc.window, tc.reason}, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLocalTimes(t *testing.T) {
	shifted := weekly(Allow, "w", berlin, "sun", "02:30", "05:00")
	shifted.DSTGap = Shift
	skipped := weekly(Freeze, "w", berlin, "sun", "02:30", "05:00")
	skipped.DSTGap = Skip
	for _, tc := range []struct {
		name       string
		window     Window
		from       string // Where the listing starts.
		start, end string
	}{
		{"over midnight", weekly(Freeze, "w", berlin, "fri", "22:00", "06:00"), "2026-11-27T12:00:00Z", "2026-11-27T22:00:00+01:00", "2026-11-28T06:00:00+01:00"},
		{"over midnight, seen after it", weekly(Freeze, "w", berlin, "fri", "22:00", "06:00"), "2026-11-28T04:00:00Z", "2026-11-27T22:00:00+01:00", "2026-11-28T06:00:00+01:00"},
		{"over midnight and the gap", weekly(Allow, "w", berlin, "saturday", "22:00", "06:00"), "2027-03-27T12:00:00Z", "2027-03-27T22:00:00+01:00", "2027-03-28T06:00:00+02:00"},
		{"over midnight and the fold", weekly(Allow, "w", berlin, "sat", "22:00", "06:00"), "2027-10-30T12:00:00Z", "2027-10-30T22:00:00+02:00", "2027-10-31T06:00:00+01:00"},
		{"to midnight", weekly(Allow, "w", berlin, "sat", "22:00", "00:00"), "2026-11-28T12:00:00Z", "2026-11-28T22:00:00+01:00", "2026-11-29T00:00:00+01:00"},
		{"freeze starts in the gap", weekly(Freeze, "w", berlin, "sun", "02:30", "05:00"), "2027-03-28T00:00:00Z", "2027-03-28T03:00:00+02:00", "2027-03-28T05:00:00+02:00"},
		{"freeze starts in the gap and is told to skip", skipped, "2027-03-28T00:00:00Z", "2027-04-04T02:30:00+02:00", "2027-04-04T05:00:00+02:00"},
		{"allow starts in the gap", weekly(Allow, "w", berlin, "sun", "02:30", "05:00"), "2027-03-28T00:00:00Z", "2027-04-04T02:30:00+02:00", "2027-04-04T05:00:00+02:00"},
		{"allow starts in the gap and is told to shift", shifted, "2027-03-28T00:00:00Z", "2027-03-28T03:30:00+02:00", "2027-03-28T05:00:00+02:00"},
		{"freeze ends in the gap", weekly(Freeze, "w", berlin, "sun", "01:00", "02:30"), "2027-03-28T00:00:00Z", "2027-03-28T01:00:00+01:00", "2027-03-28T03:30:00+02:00"},
		{"allow ends in the gap", weekly(Allow, "w", berlin, "sun", "01:00", "02:30"), "2027-03-28T00:00:00Z", "2027-03-28T01:00:00+01:00", "2027-03-28T03:00:00+02:00"},
		{"freeze within the gap", weekly(Freeze, "w", berlin, "sun", "02:15", "02:45"), "2027-03-28T00:00:00Z", "2027-03-28T03:00:00+02:00", "2027-03-28T03:45:00+02:00"},
		{"freeze starts in the fold", weekly(Freeze, "w", berlin, "sun", "02:30", "05:00"), "2027-10-31T00:00:00Z", "2027-10-31T02:30:00+02:00", "2027-10-31T05:00:00+01:00"},
		{"freeze ends in the fold", weekly(Freeze, "w", berlin, "sun", "01:00", "02:30"), "2027-10-31T00:00:00Z", "2027-10-31T01:00:00+02:00", "2027-10-31T02:30:00+01:00"},
		{"allow ends in the fold", weekly(Allow, "w", berlin, "sun", "01:00", "02:30"), "2027-10-31T00:00:00Z", "2027-10-31T01:00:00+02:00", "2027-10-31T02:30:00+02:00"},
		{"whole day with a gap", weekly(Freeze, "w", berlin, "sun", "00:00", "24:00"), "2027-03-28T10:00:00Z", "2027-03-28T00:00:00+01:00", "2027-03-29T00:00:00+02:00"},
		{"days of a weekend are one", weekly(Freeze, "w", berlin, "sat sun", "00:00", "24:00"), "2027-03-27T10:00:00Z", "2027-03-27T00:00:00+01:00", "2027-03-29T00:00:00+02:00"},
		{"absolute freeze in the gap", absolute(Freeze, "w", berlin, "2027-03-28T02:30", "2027-03-28T03:15"), "2027-03-01T00:00:00Z", "2027-03-28T03:00:00+02:00", "2027-03-28T03:15:00+02:00"},
		{"absolute freeze ends in the fold", absolute(Freeze, "w", berlin, "2027-10-31T00:00:00", "2027-10-31T02:30:00"), "2027-10-01T00:00:00Z", "2027-10-31T00:00:00+02:00", "2027-10-31T02:30:00+01:00"},
		{"instants keep their offset's meaning", absolute(Freeze, "w", berlin, "2026-12-24T18:00:00-05:00", "2026-12-25T18:00:00Z"), "2026-12-01T00:00:00Z", "2026-12-25T00:00:00+01:00", "2026-12-25T19:00:00+01:00"},
		{"a day and a time", absolute(Freeze, "w", berlin, "2026-12-24", "2026-12-27T06:00"), "2026-12-01T00:00:00Z", "2026-12-24T00:00:00+01:00", "2026-12-27T06:00:00+01:00"},
		{"days where midnight is left out", absolute(Freeze, "w", "America/Sao_Paulo", "2018-11-04", "2018-11-04"), "2018-11-01T00:00:00Z", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"},
		{"days around a day that is left out", absolute(Freeze, "w", "Pacific/Apia", "2011-12-29", "2011-12-31"), "2011-12-01T00:00:00Z", "2011-12-29T00:00:00-10:00", "2012-01-01T00:00:00+14:00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			from := at(t, tc.from)
			got, err := Upcoming([]Window{tc.window}, Subject{}, from, from.AddDate(0, 1, 0))
			if err != nil || len(got) == 0 {
				t.Fatalf("no occurrence: %v, %v", got, err)
			}
			if diff := cmp.Diff([]string{tc.start, tc.end}, []string{got[0].Start.Format(time.RFC3339), got[0].End.Format(time.RFC3339)}); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestUnknownIsClosed(t *testing.T) {
	good := weekly(Allow, "good", "UTC", "mon", "09:00", "17:00")
	bad := good
	bad.Name, bad.TimeZone = "bad", "Mars/Olympus"
	bad.Scope.Environments = []string{"elsewhere"}
	monday := at(t, "2026-11-23T12:00:00Z")
	for _, tc := range []struct {
		name    string
		windows []Window
		at      time.Time
		want    error
	}{
		{"invalid window, even out of scope", []Window{good, bad}, monday, ErrInvalid},
		{"the zero window", []Window{{}}, monday, ErrInvalid},
		{"the zero time", []Window{good}, time.Time{}, ErrInstant},
		{"the zero time without windows", nil, time.Time{}, ErrInstant},
		{"too late", []Window{good}, monday.AddDate(300, 0, 0), ErrInstant},
	} {
		t.Run(tc.name, func(t *testing.T) {
			state, err := Evaluate(tc.windows, Subject{Environment: "here"}, tc.at)
			if !errors.Is(err, tc.want) || state.Open || state.Known || state.Reason != err.Error() || !state.Until.IsZero() {
				t.Errorf("got %+v, %v", state, err)
			}
			if next, err := NextOpen(tc.windows, Subject{}, tc.at); !errors.Is(err, tc.want) || !next.IsZero() {
				t.Errorf("NextOpen: %v, %v", next, err)
			}
			if next, err := NextTransition(tc.windows, Subject{}, tc.at); !errors.Is(err, tc.want) || !next.IsZero() {
				t.Errorf("NextTransition: %v, %v", next, err)
			}
		})
	}
	if state, err := StateOf(bad, monday); !errors.Is(err, ErrInvalid) || state.Open || state.Known {
		t.Errorf("StateOf: %+v, %v", state, err)
	}
}
