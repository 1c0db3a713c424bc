package main

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
)

// windowsAt is the instant from which windows are expanded.
var windowsAt = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// benchZones are where clocks change in different ways.
var benchZones = []string{"America/New_York", "Europe/Berlin", "Australia/Sydney", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC", "Asia/Kolkata"}

// recurring makes a freeze that comes by a rule.
func recurring(i int, start, rule string) calendar.Window {
	return calendar.Window{
		Name: fmt.Sprint("w", i), Kind: calendar.Freeze, TimeZone: benchZones[i%len(benchZones)],
		Recurrence: []calendar.Recurrence{{Start: start, Duration: "PT2H", RRule: rule}},
	}
}

// mixed are windows as an organisation has them: one kind of rule in four each, on
// days and hours that differ. The starts are in their rules: 2026-01-05 is a Monday,
// and 2026-01-30 the last Friday of a month.
func mixed(n int) []calendar.Window {
	windows := make([]calendar.Window, n)
	for i := range windows {
		hour := fmt.Sprintf("T%02d:00", i%24)
		switch i % 4 {
		case 0:
			windows[i] = recurring(i, "2026-01-05"+hour, "FREQ=WEEKLY;BYDAY=MO,WE")
		case 1:
			windows[i] = recurring(i, "2026-01-30"+hour, "FREQ=MONTHLY;BYDAY=-1FR")
		case 2:
			windows[i] = recurring(i, "2026-03-31"+hour, "FREQ=YEARLY;BYMONTH=3,6,9,12;BYMONTHDAY=-1")
		default:
			windows[i] = calendar.Window{
				Name: fmt.Sprint("w", i), Kind: calendar.Freeze, TimeZone: benchZones[i%len(benchZones)],
				Weekly: []calendar.Weekly{{Days: []string{"fri"}, From: "16:00", To: "24:00"}},
			}
		}
	}
	return windows
}

// expansion measures the listing of ten years of 1,000 windows, and states a second.
func expansion(_ context.Context, b *bench) error {
	for _, c := range []struct {
		name    string
		windows []calendar.Window
		wanted  bool
	}{
		{"expand_1000_windows_10y", mixed(1000), true},
		{"expand_1000_daily_rules_10y", daily(1000), false},
	} {
		cal, err := calendar.New(c.windows)
		if err != nil {
			return err
		}
		var took []float64
		occurrences := 0
		for range b.rounds(7, 2) {
			began := time.Now()
			found, err := cal.Upcoming(calendar.Subject{}, windowsAt, windowsAt.Add(calendar.Horizon))
			if err != nil {
				return err
			}
			took, occurrences = append(took, time.Since(began).Seconds()*1000), len(found)
		}
		if c.wanted {
			b.want(c.name, median(took), "ms", atMost(500))
		} else {
			b.add(c.name, median(took), "ms")
		}
		b.add(c.name+"_occurrences", float64(occurrences), "occurrences")
	}
	return states(b)
}

// daily are windows that come every day.
func daily(n int) []calendar.Window {
	windows := make([]calendar.Window, n)
	for i := range windows {
		windows[i] = recurring(i, fmt.Sprintf("2026-01-05T%02d:00", i%24), "FREQ=DAILY")
	}
	return windows
}

// states counts states a second: read anew from its definition each time, as the
// function window_state does, and of 1,000 windows that have been read.
func states(b *bench) error {
	content, err := json.Marshal(mixed(2)[1])
	if err != nil {
		return err
	}
	limit := time.Duration(b.rounds(2000, 300)) * time.Millisecond
	count := func(ask func(at time.Time) error) (float64, error) {
		began, n := time.Now(), 0
		for at := windowsAt; time.Since(began) < limit; n++ {
			if err := ask(at); err != nil {
				return 0, err
			}
			at = at.Add(time.Minute)
		}
		return float64(n) / time.Since(began).Seconds(), nil
	}
	perSecond, err := count(func(at time.Time) error {
		w, err := calendar.Decode(content)
		if err != nil {
			return err
		}
		_, err = calendar.StateOf(w, at)
		return err
	})
	if err != nil {
		return err
	}
	b.add("window_state", perSecond, "per_s")
	cal, err := calendar.New(mixed(1000))
	if err != nil {
		return err
	}
	perSecond, err = count(func(at time.Time) error {
		_, err := cal.State(calendar.Subject{}, at)
		return err
	})
	if err != nil {
		return err
	}
	b.add("window_state_of_1000_windows", perSecond, "per_s")
	return nil
}
