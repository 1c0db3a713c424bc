package advice

import (
	"slices"
	"time"
)

// Hour is one hour of the week, over the weeks of a series.
type Hour struct {
	// Day and Hour are of the wall clock.
	Day  time.Weekday
	Hour int
	// Requests is the median over the weeks, per hour: one holiday or one attack
	// changes nothing. Of an even number it is the greater of the two in the middle,
	// so that with two weeks an hour is quiet only when it was quiet twice.
	Requests float64
	// ErrorShare is the share of requests that failed, over all weeks.
	ErrorShare float64
	// Samples is in how many weeks the hour is known. Known is false when that is in
	// fewer than half of them; what is not known is never quiet.
	Samples int
	Known   bool
}

// week holds the hours from Monday 00:00 on.
type week [hoursOfWeek]Hour

// slot is the index of an hour of the week.
func slot(day time.Weekday, hour int) int { return (int(day)+6)%7*24 + hour }

// cell is one hour on the wall clock of one day.
type cell struct {
	covered          time.Duration
	requests, errors float64
}

// wholeHour is how much of an hour must be covered for it to count. A part of one
// would take the busy minutes for the whole or leave them out. An hour that clocks
// leave out in part, as those of Lord Howe do, is not known in that week.
const wholeHour = time.Hour - 30*time.Second

// fold adds the series up by hours of the week on the wall clock of the zone. An
// hour that comes twice when clocks go back counts as one of the same rate, and one
// that is left out has no sample in that week.
func fold(s Series, loc *time.Location) *week {
	type wall struct {
		year  int
		month time.Month
		day   int
		hour  int
	}
	cells := map[wall]*cell{}
	for _, p := range s.Points {
		end := p.Start.Add(s.Interval)
		for at := p.Start; at.Before(end); {
			next := nextHour(at, loc)
			if next.After(end) {
				next = end
			}
			local := at.In(loc)
			key := wall{local.Year(), local.Month(), local.Day(), local.Hour()}
			c := cells[key]
			if c == nil {
				c = &cell{}
				cells[key] = c
			}
			part := float64(next.Sub(at)) / float64(s.Interval)
			c.covered += next.Sub(at)
			c.requests += p.Requests * part
			c.errors += p.Errors * part
			at = next
		}
	}
	var samples [hoursOfWeek][]float64
	var requests, errors [hoursOfWeek]float64
	for key, c := range cells {
		if c.covered < wholeHour {
			continue
		}
		i := slot(time.Date(key.year, key.month, key.day, 0, 0, 0, 0, time.UTC).Weekday(), key.hour)
		samples[i] = append(samples[i], c.requests*float64(time.Hour)/float64(c.covered))
		requests[i] += c.requests
		errors[i] += c.errors
	}
	wanted := (s.weeks(loc) + 1) / 2
	out := &week{}
	for i := range out {
		h := Hour{Day: time.Weekday((i/24 + 1) % 7), Hour: i % 24, Samples: len(samples[i])}
		if h.Known = h.Samples >= wanted; h.Known {
			slices.Sort(samples[i])
			h.Requests = samples[i][h.Samples/2]
		}
		if requests[i] > 0 {
			h.ErrorShare = errors[i] / requests[i]
		}
		out[i] = h
	}
	return out
}

// nextHour is the next instant at which the wall clock comes to another hour, or
// jumps.
func nextHour(at time.Time, loc *time.Location) time.Time {
	local := at.In(loc)
	into := time.Duration(local.Minute())*time.Minute + time.Duration(local.Second())*time.Second + time.Duration(local.Nanosecond())
	next := at.Add(time.Hour - into)
	if _, jump := local.ZoneBounds(); !jump.IsZero() && jump.After(at) && jump.Before(next) {
		return jump
	}
	return next
}

// mean is of the hours that are known, and how many those are.
func (w *week) mean() (float64, int) {
	sum, n := 0.0, 0
	for _, h := range w {
		if h.Known {
			sum += h.Requests
			n++
		}
	}
	if n == 0 {
		return 0, 0
	}
	return sum / float64(n), n
}
