package calendar

import (
	"fmt"
	"testing"
	"time"
)

// thousand makes windows in many zones, each on one day a week.
func thousand(b *testing.B) *Calendar {
	zones := []string{"America/New_York", berlin, "Australia/Sydney", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC", "Asia/Kolkata"}
	days := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	var windows []Window
	for i := range 1000 {
		windows = append(windows, weekly(Freeze, fmt.Sprint("w", i), zones[i%len(zones)], days[i/7%7], fmt.Sprintf("%02d:00", i%24), fmt.Sprintf("%02d:30", i%24)))
	}
	cal, err := New(windows)
	if err != nil {
		b.Fatal(err)
	}
	return cal
}

// BenchmarkExpand is 1,000 weekly windows over ten years, listed.
func BenchmarkExpand(b *testing.B) {
	cal, from := thousand(b), at(b, "2026-11-23T12:00:00Z")
	for b.Loop() {
		got, err := cal.Upcoming(Subject{}, from, from.Add(Horizon))
		if err != nil || len(got) < 500_000 {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkOpenPeriods is the same, taken together.
func BenchmarkOpenPeriods(b *testing.B) {
	cal, from := thousand(b), at(b, "2026-11-23T12:00:00Z")
	for b.Loop() {
		if _, err := cal.OpenPeriods(Subject{}, from, from.Add(Horizon)); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkState is one allow and one freeze, read once.
func BenchmarkState(b *testing.B) {
	cal, err := New([]Window{weekly(Allow, "a", berlin, "mon tue wed thu fri", "09:00", "17:00"), absolute(Freeze, "b", berlin, "2026-12-20", "2027-01-03")})
	if err != nil {
		b.Fatal(err)
	}
	instant := at(b, "2026-11-23T12:00:00Z")
	for b.Loop() {
		if _, err := cal.State(Subject{}, instant); err != nil {
			b.Fatal(err)
		}
		instant = instant.Add(time.Minute)
	}
}

// BenchmarkEvaluate is the same, read each time, as the provider's function does.
func BenchmarkEvaluate(b *testing.B) {
	windows := []Window{weekly(Allow, "a", berlin, "mon tue wed thu fri", "09:00", "17:00"), absolute(Freeze, "b", berlin, "2026-12-20", "2027-01-03")}
	instant := at(b, "2026-11-23T12:00:00Z")
	for b.Loop() {
		if _, err := Evaluate(windows, Subject{}, instant); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRules is 1,000 windows that come every working day by a rule, over ten
// years, listed.
func BenchmarkRules(b *testing.B) {
	var windows []Window
	for i := range 1000 {
		windows = append(windows, Window{
			Name: fmt.Sprint("w", i), Kind: Freeze, TimeZone: berlin,
			Recurrence: []Recurrence{{Start: fmt.Sprintf("2026-01-05T%02d:00", i%24), Duration: "PT2H", RRule: "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"}},
		})
	}
	cal, err := New(windows)
	if err != nil {
		b.Fatal(err)
	}
	from := at(b, "2026-11-23T12:00:00Z")
	for b.Loop() {
		got, err := cal.Upcoming(Subject{}, from, from.Add(Horizon))
		if err != nil || len(got) < 2_000_000 {
			b.Fatal(len(got), err)
		}
	}
}
