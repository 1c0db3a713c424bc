// Package advice says when in the week the fewest users are there: it folds a
// series of traffic into the hours of a week in a time zone, finds the quiet ones,
// and makes windows of them that can be declared. It is pure.
package advice

import (
	"fmt"
	"time"
)

// Point is what happened in one interval of a series.
type Point struct {
	Start            time.Time
	Requests, Errors float64
}

// Series is traffic over time. What is not known has no point: "nobody came" is a
// point of zero requests, and a gap is not.
type Series struct {
	// Interval is how long each point lasts: at least a minute, and a part of an hour.
	Interval time.Duration
	// Points are in the order of time, none twice, on a grid of the interval.
	Points []Point
	// Errors is whether the source counts errors at all.
	Errors bool
}

const (
	// MaxPoints bounds a series.
	MaxPoints = 400_000

	hoursOfWeek = 7 * 24
)

// SeriesError says what is wrong with a series. Place is such as "line 7", or empty.
type SeriesError struct {
	Place, Msg string
}

// Error implements error.
func (e *SeriesError) Error() string {
	if e.Place == "" {
		return e.Msg
	}
	return e.Place + ": " + e.Msg
}

// From and To are the ends of the series; zero without points.
func (s Series) From() time.Time {
	if len(s.Points) == 0 {
		return time.Time{}
	}
	return s.Points[0].Start
}

// To is the end of the last point.
func (s Series) To() time.Time {
	if len(s.Points) == 0 {
		return time.Time{}
	}
	return s.Points[len(s.Points)-1].Start.Add(s.Interval)
}

// weeks is how many whole weeks the series spans on the wall clock: one in which
// clocks go forward has an hour less.
func (s Series) weeks(loc *time.Location) int {
	n, from := 0, s.From().In(loc)
	for !from.AddDate(0, 0, 7*(n+1)).After(s.To()) {
		n++
	}
	return n
}

// long says what is wrong with the length of the series; nil when nothing is.
func (s Series) long(loc *time.Location) error {
	if len(s.Points) == 0 {
		return &SeriesError{Msg: "there is no data at all; a weekly pattern needs at least 7 days of it, and 4 weeks are better"}
	}
	if s.weeks(loc) > 0 {
		return nil
	}
	span := s.To().Sub(s.From())
	return &SeriesError{Msg: fmt.Sprintf("there are %s of data, from %s to %s; a weekly pattern needs at least 7 days, and 4 weeks are better",
		days(span), s.From().Format(time.RFC3339), s.To().Format(time.RFC3339))}
}

// days writes a time in days and hours.
func days(d time.Duration) string {
	d = d.Round(time.Minute)
	whole, hours, minutes := d/(24*time.Hour), d%(24*time.Hour)/time.Hour, d%time.Hour/time.Minute
	text := ""
	for _, part := range []struct {
		n    time.Duration
		unit string
	}{{whole, "day"}, {hours, "hour"}, {minutes, "minute"}} {
		if part.n == 0 {
			continue
		}
		if text != "" {
			text += " "
		}
		text += fmt.Sprintf("%d %s", part.n, part.unit)
		if part.n != 1 {
			text += "s"
		}
	}
	if text == "" {
		return "0 minutes"
	}
	return text
}
