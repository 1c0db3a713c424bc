package advice_test

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/advice"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// shape says how many requests an hour of the wall clock has.
type shape func(at time.Time) float64

// nights is a service that sleeps from 01:00 to 06:00.
func nights(at time.Time) float64 {
	if h := at.Hour(); h >= 1 && h < 6 {
		return 100
	}
	return 1000
}

// series is traffic of a shape, from a local day on, for so many weeks.
func series(loc *time.Location, from string, weeks int, interval time.Duration, of shape) advice.Series {
	day, err := time.ParseInLocation(time.DateOnly, from, loc)
	if err != nil {
		panic(err)
	}
	s := advice.Series{Interval: interval}
	for at, end := day, day.AddDate(0, 0, 7*weeks); at.Before(end); at = at.Add(interval) {
		s.Points = append(s.Points, advice.Point{Start: at, Requests: of(at.In(loc)) * interval.Hours()})
	}
	return s
}

// without takes away the points for which lost is true.
func without(s advice.Series, lost func(at time.Time) bool) advice.Series {
	out := s
	out.Points = nil
	for _, p := range s.Points {
		if !lost(p.Start) {
			out.Points = append(out.Points, p)
		}
	}
	return out
}

func advise(t *testing.T, s advice.Series, o advice.Options) advice.Advice {
	t.Helper()
	a, err := advice.Advise(s, o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// rules are the windows in short.
func rules(a advice.Advice) []string {
	var out []string
	for _, w := range a.Windows {
		out = append(out, w.Weekly.RRule+" "+w.Weekly.Start+" "+w.Weekly.End)
	}
	return out
}
