package calendar

import "time"

// Lift takes away what one window does, for a time: an override. A freeze is off
// from From until just before Until, and an allow is on.
type Lift struct {
	// Window is the name of the window.
	Window      string
	From, Until time.Time
}

// Lifted returns a calendar in which the lifts hold, for every subject: the caller
// gives those of the subject that it asks about. A lift of a window that is not
// there changes nothing. The error wraps ErrInstant.
func (cal *Calendar) Lifted(lifts []Lift) (*Calendar, error) {
	byName := map[string][]interval{}
	for _, l := range lifts {
		from, err := seconds(l.From)
		if err != nil {
			return nil, err
		}
		until, err := seconds(l.Until)
		if err != nil {
			return nil, err
		}
		if until > from {
			byName[l.Window] = append(byName[l.Window], interval{from, until})
		}
	}
	out := &Calendar{windows: make([]*compiled, len(cal.windows))}
	for i, c := range cal.windows {
		out.windows[i] = c
		if spans := byName[c.window.Name]; len(spans) > 0 {
			one := *c
			one.lifted = union(append([]interval(nil), spans...))
			out.windows[i] = &one
		}
	}
	return out, nil
}

// expand appends the occurrences that reach into [from, to), whole and in no order,
// as lifts leave them, and counts against the budget what it looks at.
func (c *compiled) expand(out []interval, from, to int64, budget *int) ([]interval, error) {
	if len(c.lifted) == 0 {
		return c.written(out, from, to, budget)
	}
	mine, err := c.written(nil, from, to, budget)
	if err != nil {
		return out, err
	}
	if c.window.Kind == Freeze {
		mine = subtract(union(mine), c.lifted)
	} else {
		mine = append(mine, c.lifted...)
	}
	for _, v := range mine {
		if v.start < to && v.end > from {
			out = append(out, v)
		}
	}
	return out, nil
}
