package calendar

import (
	"fmt"
	"math/rand"
	"testing"
	"time"
)

// minutes is what wall clocks show, minute by minute, by Go's conversion from
// instants alone: the slow and obvious way to read a window.
type minutes struct {
	start time.Time
	walls []int64 // Wall seconds.
}

func scan(loc *time.Location, start time.Time, days int) minutes {
	m := minutes{start: start}
	for i := range days * 24 * 60 {
		at := start.Add(time.Duration(i) * time.Minute)
		_, offset := at.In(loc).Zone()
		m.walls = append(m.walls, at.Unix()+int64(offset))
	}
	return m
}

// firstFrom returns the first minute at which clocks show the time or later, and whether any shows it.
func (m minutes) firstFrom(wall int64) (first int, shown bool) {
	first = -1
	for i, w := range m.walls {
		if first < 0 && w >= wall {
			first = i
		}
		shown = shown || w == wall
	}
	return first, shown
}

// lastFrom returns the last minute at which clocks show the time. Where none
// does, it is the jump over it.
func (m minutes) lastFrom(wall int64) int {
	last, before := -1, 0
	for i, w := range m.walls {
		if w == wall {
			last = i
		}
		if w < wall {
			before = i + 1
		}
	}
	return max(last, before)
}

// mark sets the minutes at which a weekly window is on.
func (m minutes) mark(on []bool, w Window, t *testing.T) {
	weekly := w.Weekly[0]
	from, err := parseClock(weekly.From, false)
	to, err2 := parseClock(weekly.To, true)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if to < from {
		to += day
	}
	seen := map[int64]bool{}
	for d := m.walls[0]/day + 1; d < m.walls[len(m.walls)-1]/day-1; d++ {
		name := time.Unix(d*day, 0).UTC().Weekday()
		for _, text := range weekly.Days {
			if wanted, _ := parseDay(text); wanted != name || seen[d] {
				continue
			}
			seen[d] = true
			start, shown := m.firstFrom(d*day + from)
			if !shown && w.gap() == Skip {
				continue
			}
			if !shown && w.Kind == Allow {
				// As much after the jump as the time lies in the gap.
				start += int((d*day + from - m.walls[start-1] - 60) / 60)
			}
			end, ends := m.firstFrom(d*day + to)
			if w.Kind == Freeze {
				end = m.lastFrom(d*day + to)
				if !ends {
					end += int((d*day + to - m.walls[end-1] - 60) / 60)
				}
			}
			for i := start; i < end; i++ {
				on[i] = true
			}
		}
	}
}

// randomWeekly makes a weekly window, mostly in the hours in which clocks change.
func randomWeekly(random *rand.Rand, kind Kind, zone string, i int) Window {
	names := []string{"sun", "monday", "tue", "wed", "thursday", "fri", "sat"}
	random.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	clock := func() string {
		hours := 24
		if random.Intn(3) > 0 {
			hours = 4
		}
		return fmt.Sprintf("%02d:%02d", random.Intn(hours), 15*random.Intn(4))
	}
	w := Window{Name: fmt.Sprint("w", i), Kind: kind, TimeZone: zone, DSTGap: []DSTGap{"", Shift, Skip}[random.Intn(3)]}
	from, to := clock(), clock()
	if random.Intn(6) == 0 {
		to = "24:00"
	}
	if from == to {
		to = "05:00"
	}
	w.Weekly = []Weekly{{Days: names[:1+random.Intn(7)], From: from, To: to}}
	return w
}

func TestAgainstWallClocks(t *testing.T) {
	for _, tc := range []struct{ zone, change string }{
		{"America/New_York", "2024-03-10T07:00:00Z"}, {"America/New_York", "2024-11-03T06:00:00Z"},
		{"Europe/Berlin", "2027-03-28T01:00:00Z"}, {"Europe/Berlin", "2027-10-31T01:00:00Z"},
		{"Australia/Sydney", "2026-10-03T16:00:00Z"}, {"Australia/Sydney", "2027-04-03T16:00:00Z"},
		{"Australia/Lord_Howe", "2026-10-03T15:30:00Z"}, {"Australia/Lord_Howe", "2027-04-03T15:00:00Z"},
		{"America/Sao_Paulo", "2018-11-04T03:00:00Z"}, {"America/Sao_Paulo", "2018-02-18T02:00:00Z"},
		{"Pacific/Apia", "2011-12-30T10:00:00Z"}, {"Asia/Kathmandu", "2027-01-10T00:00:00Z"},
	} {
		t.Run(tc.zone+" "+tc.change, func(t *testing.T) {
			random := rand.New(rand.NewSource(7))
			m := scan(mustZone(t, tc.zone).loc, at(t, tc.change).Add(-10*24*time.Hour), 20)
			for trial := range 60 {
				m.compare(t, random, tc.zone, trial)
			}
		})
	}
}

// compare holds random windows to the scan, in the middle days.
func (m minutes) compare(t *testing.T, random *rand.Rand, zone string, trial int) {
	var windows []Window
	frozen, allowed := make([]bool, len(m.walls)), make([]bool, len(m.walls))
	anyAllow := false
	for i := range 1 + random.Intn(3) {
		kind, on := Freeze, frozen
		if random.Intn(2) == 0 {
			kind, on, anyAllow = Allow, allowed, true
		}
		windows = append(windows, randomWeekly(random, kind, zone, i))
		m.mark(on, windows[i], t)
	}
	want := func(i int) bool { return !frozen[i] && (allowed[i] || !anyAllow) }
	cal, err := New(windows)
	if err != nil {
		t.Fatal(err)
	}
	first, last := 4*24*60, 16*24*60
	minute := func(i int) time.Time { return m.start.Add(time.Duration(i) * time.Minute) }
	periods, err := cal.OpenPeriods(Subject{}, minute(first), minute(last))
	if err != nil {
		t.Fatal(err)
	}
	got := make([]bool, last)
	for _, p := range periods {
		for i := int(p.Start.Sub(m.start) / time.Minute); i < int(p.End.Sub(m.start)/time.Minute); i++ {
			got[i] = true
		}
	}
	for i := first; i < last; i++ {
		if got[i] != want(i) {
			t.Fatalf("trial %d: at %s (local %s) open is %v, want %v, for %+v", trial, minute(i).UTC(), minute(i).In(cal.windows[0].zone.loc), got[i], want(i), windows)
		}
	}
	for range 20 {
		i := first + random.Intn(last-first)
		state, err := cal.State(Subject{}, minute(i).Add(time.Duration(random.Intn(int(time.Minute)))))
		if err != nil || state.Open != want(i) {
			t.Fatalf("trial %d: at %s state is %+v, %v, want open %v, for %+v", trial, minute(i).UTC(), state, err, want(i), windows)
		}
	}
}
