package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Occurrence is a stretch during which one window is on, half-open. What adjoins
// or overlaps in one window is one occurrence.
type Occurrence struct {
	Window string
	Kind   Kind
	// Start and End are whole, also where they lie outside of what was asked for,
	// and in the window's zone. Weekly times that adjoin without an end, such as
	// all days from 00:00 to 24:00, are cut within a few days of what was asked for.
	Start, End    time.Time
	Reason, Owner string
}

// Upcoming returns the occurrences of the windows in scope that reach into
// [from, to), by start, end and name. The time between is at most Horizon.
func Upcoming(windows []Window, subject Subject, from, to time.Time) ([]Occurrence, error) {
	cal, err := New(windows)
	if err != nil {
		return nil, err
	}
	return cal.Upcoming(subject, from, to)
}

// Upcoming is the function of that name, for windows that have been read.
func (cal *Calendar) Upcoming(subject Subject, from, to time.Time) ([]Occurrence, error) {
	first, last, err := span(from, to)
	if err != nil {
		return nil, err
	}
	s := cal.selectFor(subject)
	windows := slices.Concat(s.freezes, s.allows)
	slices.SortStableFunc(windows, func(a, b *compiled) int {
		return cmp.Or(cmp.Compare(a.window.Name, b.window.Name), cmp.Compare(a.window.Kind, b.window.Kind))
	})
	// Small entries are collected and sorted first: there may be very many. The place
	// of a window stands for its name.
	type entry struct {
		interval
		place int
	}
	var entries []entry
	var intervals []interval
	budget := searchBudget
	for i, c := range windows {
		if intervals, err = c.expand(intervals[:0], first, last, &budget); err != nil {
			return nil, err
		}
		for _, v := range union(intervals) {
			entries = append(entries, entry{v, i})
		}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		switch {
		case a.start != b.start:
			return cmp.Compare(a.start, b.start)
		case a.end != b.end:
			return cmp.Compare(a.end, b.end)
		}
		return a.place - b.place
	})
	out := make([]Occurrence, len(entries))
	for i, e := range entries {
		c := windows[e.place]
		out[i] = Occurrence{
			Window: c.window.Name, Kind: c.window.Kind,
			Start: c.zone.time(e.start), End: c.zone.time(e.end),
			Reason: c.window.Reason, Owner: c.window.Owner,
		}
	}
	return out, nil
}

// Period is a stretch of one state, half-open, in UTC.
type Period struct {
	Start, End time.Time
}

// OpenPeriods returns when, within [from, to), changes may go forward: all
// windows in scope taken together, cut to what was asked for. The time between is
// at most Horizon.
func (cal *Calendar) OpenPeriods(subject Subject, from, to time.Time) ([]Period, error) {
	first, last, err := span(from, to)
	if err != nil {
		return nil, err
	}
	budget := searchBudget
	intervals, err := cal.selectFor(subject).open(first, last, &budget)
	if err != nil {
		return nil, err
	}
	out := make([]Period, len(intervals))
	for i, v := range intervals {
		out[i] = Period{time.Unix(v.start, 0).UTC(), time.Unix(v.end, 0).UTC()}
	}
	return out, nil
}

// span reads the ends of a listing.
func span(from, to time.Time) (int64, int64, error) {
	first, err := seconds(from)
	if err != nil {
		return 0, 0, err
	}
	last, err := seconds(to)
	if err != nil {
		return 0, 0, err
	}
	if last < first || to.Sub(from) > Horizon {
		return 0, 0, fmt.Errorf("from %s to %s is no time that can be listed; allowed is up to ten years, for example from %s to %s",
			from.Format(time.RFC3339), to.Format(time.RFC3339), from.Format(time.RFC3339), from.Add(30*24*time.Hour).Format(time.RFC3339))
	}
	return first, last, nil
}
