package calendar

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestUpcoming(t *testing.T) {
	office := weekly(Allow, "office", berlin, "mon wed", "09:00", "17:00")
	peak := absolute(Freeze, "peak", berlin, "2026-11-25", "2026-11-25")
	peak.Reason, peak.Owner = "peak trade", "retail-ops"
	other := absolute(Freeze, "other", berlin, "2026-11-25", "2026-11-25")
	other.Scope.Services = []string{"cart"}
	got, err := Upcoming([]Window{office, peak, other}, Subject{Service: "checkout"}, at(t, "2026-11-23T12:00:00Z"), at(t, "2026-11-30T08:00:00Z"))
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, o := range got {
		lines = append(lines, fmt.Sprintf("%s %s %s %s %s %s", o.Start.Format(time.RFC3339), o.End.Format(time.RFC3339), o.Kind, o.Window, o.Reason, o.Owner))
	}
	want := []string{
		"2026-11-23T09:00:00+01:00 2026-11-23T17:00:00+01:00 allow office  ",
		"2026-11-25T00:00:00+01:00 2026-11-26T00:00:00+01:00 freeze peak peak trade retail-ops",
		"2026-11-25T09:00:00+01:00 2026-11-25T17:00:00+01:00 allow office  ",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
}

func TestListingsAreBounded(t *testing.T) {
	cal, err := New([]Window{weekly(Allow, "office", berlin, "mon", "09:00", "17:00")})
	if err != nil {
		t.Fatal(err)
	}
	from := at(t, "2026-11-23T12:00:00Z")
	for name, to := range map[string]time.Time{"backwards": from.Add(-time.Hour), "too long": from.Add(Horizon + time.Second), "out of range": from.AddDate(300, 0, 0)} {
		if got, err := cal.Upcoming(Subject{}, from, to); err == nil {
			t.Errorf("%s: upcoming gave %v", name, got)
		}
		if got, err := cal.OpenPeriods(Subject{}, from, to); err == nil {
			t.Errorf("%s: open periods gave %v", name, got)
		}
	}
	if got, err := cal.OpenPeriods(Subject{}, from, from.Add(Horizon)); err != nil || len(got) < 520 {
		t.Errorf("ten years gave %d periods, %v", len(got), err)
	}
}

func TestBudget(t *testing.T) {
	every := Window{Name: "w", Kind: Freeze, TimeZone: "UTC"}
	for range MaxWeekly {
		every.Weekly = append(every.Weekly, Weekly{Days: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}, From: "00:00", To: "24:00"})
	}
	var windows []Window
	for i := range 24 {
		every.Name = fmt.Sprint("w", i)
		windows = append(windows, every)
	}
	state, err := Evaluate(windows, Subject{}, at(t, "2026-11-23T12:00:00Z"))
	if !errors.Is(err, ErrBudget) || state.Open || state.Known || state.Reason == "" {
		t.Errorf("got %+v, %v", state, err)
	}
}

func TestOverrun(t *testing.T) {
	freeze := func(name string, overrun bool) Window {
		w := absolute(Freeze, name, "UTC", "2026-11-23", "2026-11-23")
		w.Overrun = overrun
		return w
	}
	office := weekly(Allow, "office", "UTC", "tue", "09:00", "17:00")
	office.Overrun = true
	for _, tc := range []struct {
		name    string
		windows []Window
		want    bool
	}{
		{"open", []Window{weekly(Allow, "monday", "UTC", "mon", "00:00", "24:00")}, false},
		{"freeze that does not", []Window{freeze("a", false)}, false},
		{"freeze that does", []Window{freeze("a", true)}, true},
		{"one of two", []Window{freeze("a", true), freeze("b", false)}, false},
		{"both", []Window{freeze("a", true), freeze("b", true)}, true},
		{"outside an allow that does", []Window{office}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			state, err := Evaluate(tc.windows, Subject{}, at(t, "2026-11-23T12:00:00Z"))
			if err != nil || state.Overrun != tc.want {
				t.Errorf("got %+v, %v", state, err)
			}
		})
	}
}

func TestNextOpen(t *testing.T) {
	office := weekly(Allow, "office", berlin, "mon", "09:00", "17:00")
	for _, tc := range []struct{ name, at, want string }{
		{"open now", "2026-11-23T12:00:00.5Z", "2026-11-23T12:00:00.5Z"},
		{"closed", "2026-11-23T16:00:00Z", "2026-11-30T08:00:00Z"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := NextOpen([]Window{office}, Subject{}, at(t, tc.at))
			if err != nil || !got.Equal(at(t, tc.want)) {
				t.Errorf("got %s, %v", got, err)
			}
		})
	}
	passed := absolute(Allow, "once", "UTC", "2026-01-01", "2026-01-01")
	if got, err := NextOpen([]Window{passed}, Subject{}, at(t, "2026-11-23T12:00:00Z")); err != nil || !got.IsZero() {
		t.Errorf("an allow that has passed gave %s, %v", got, err)
	}
}

func TestStateOfIgnoresScope(t *testing.T) {
	w := absolute(Freeze, "w", "UTC", "2026-11-23", "2026-11-23")
	w.Scope.Environments = []string{"production"}
	state, err := StateOf(w, at(t, "2026-11-23T12:00:00Z"))
	if err != nil || state.Open || state.Window != "w" {
		t.Errorf("got %+v, %v", state, err)
	}
}
