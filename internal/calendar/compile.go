package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// interval is half-open, in Unix seconds.
type interval struct{ start, end int64 }

// weeklyRule is a Weekly that has been read.
type weeklyRule struct {
	days     [7]bool // By time.Weekday.
	from, to int64   // Wall seconds from the start of the day; to may lie past its end.
}

// compiled is a window that is ready to be expanded.
type compiled struct {
	window   Window
	zone     *zone
	absolute []interval // Sorted and merged.
	weekly   []weeklyRule

	recurrence []*recurring
	// source is the place of the declared window: its events share it.
	source int
	// lifted is when an override takes away what the window does; sorted and merged.
	lifted []interval
	// trial is true for an Expansion, which guards nothing.
	trial bool
}

// compile reads a window. Validation and evaluation share it, so that what
// validates is what can be evaluated. The first result counts only without errors:
// the window's own times, where it has any, and each of its events.
func compile(w Window) ([]*compiled, []FieldError) {
	var p problems
	p.head(w)
	c := &compiled{window: w, zone: p.zone(w.TimeZone)}
	var out []*compiled
	own := len(w.Absolute)+len(w.Weekly)+len(w.Recurrence) > 0
	if own || len(w.Events) == 0 {
		out = append(out, c)
	}
	if !own && len(w.Events) == 0 {
		p.add("", `the window never opens; give at least one of "absolute", "weekly", "recurrence" and "events", for example `+
			`weekly = [{ days = ["monday"], from = "09:00", to = "17:00" }]`)
	}
	c.addTimes(&p, "")
	if len(w.Events) > MaxEvents {
		p.add("events", "has %d entries; at most %d are allowed", len(w.Events), MaxEvents)
	} else {
		for i, event := range w.Events {
			out = append(out, c.event(&p, fmt.Sprintf("events[%d]", i), event))
		}
	}
	p.scope(w.Scope)
	return out, p
}

// addTimes reads the times of the window; prefix begins the paths of their problems.
func (c *compiled) addTimes(p *problems, prefix string) {
	w := &c.window
	if len(w.Absolute) > MaxSpans {
		p.add(prefix+"absolute", "has %d entries; at most %d are allowed", len(w.Absolute), MaxSpans)
	} else {
		for i, span := range w.Absolute {
			c.addSpan(p, fmt.Sprintf("%sabsolute[%d]", prefix, i), span)
		}
		c.absolute = union(c.absolute)
	}
	if len(w.Weekly) > MaxWeekly {
		p.add(prefix+"weekly", "has %d entries; at most %d are allowed", len(w.Weekly), MaxWeekly)
	} else {
		for i, weekly := range w.Weekly {
			c.addWeekly(p, fmt.Sprintf("%sweekly[%d]", prefix, i), weekly)
		}
	}
	if len(w.Recurrence) > MaxRecurrences {
		p.add(prefix+"recurrence", "has %d entries; at most %d are allowed", len(w.Recurrence), MaxRecurrences)
	} else {
		for i, rec := range w.Recurrence {
			c.addRecurrence(p, fmt.Sprintf("%srecurrence[%d]", prefix, i), rec)
		}
	}
}

// addSpan reads one absolute span.
func (c *compiled) addSpan(p *problems, path string, span Span) {
	from, err := parseMoment(span.StartsAt)
	if err != nil {
		p.add(path+".starts_at", "%v", err)
	}
	to, err2 := parseMoment(span.EndsAt)
	if err2 != nil {
		p.add(path+".ends_at", "%v", err2)
	}
	if err != nil || err2 != nil || c.zone == nil {
		return
	}
	start, end := c.startInstant(from), c.endInstant(to)
	if from.form == formLocal {
		if r := c.zone.resolve(from.value); !r.exists && c.window.gap() == Skip {
			p.add(path+".starts_at", `%s never exists in %s, where clocks go forward over it; give a time that exists, `+
				`for example %q, or dst_gap = "shift"`, quote(span.StartsAt), c.zone.loc, c.zone.time(r.first).Format("2006-01-02T15:04:05"))
			return
		}
	}
	if end > start {
		c.absolute = append(c.absolute, interval{start, end})
		return
	}
	p.add(path+".ends_at", `%s is not after starts_at, %s, so that the window never opens; give a later end, for example %q`,
		quote(span.EndsAt), quote(span.StartsAt), c.zone.time(start+2*day).Format("2006-01-02"))
}

// startInstant resolves the start of a span.
func (c *compiled) startInstant(m moment) int64 {
	switch m.form {
	case formLocal:
		return c.start(c.zone.resolve(m.value))
	case formDay:
		return c.zone.startOfDay(m.value)
	default:
		return m.value
	}
}

// endInstant resolves the end of a span. The day of an end belongs to the span.
func (c *compiled) endInstant(m moment) int64 {
	switch m.form {
	case formLocal:
		return c.end(c.zone.resolve(m.value))
	case formDay:
		return c.zone.startOfDay(m.value + 1)
	default:
		return m.value
	}
}

// start and end choose among the instants of a local time. In a gap they choose
// so that more is closed. In a fold a window starts the first time that clocks
// show its start, a freeze ends the last time that they show its end, and an
// allow the first.
func (c *compiled) start(r resolved) int64 {
	if !r.exists && c.window.Kind == Allow {
		return r.last
	}
	return r.first
}

func (c *compiled) end(r resolved) int64 {
	if c.window.Kind == Freeze {
		return r.last
	}
	return r.first
}

// addWeekly reads one weekly entry.
func (c *compiled) addWeekly(p *problems, path string, weekly Weekly) {
	before := len(*p)
	var rule weeklyRule
	if len(weekly.Days) == 0 {
		p.add(path+".days", `the list of days is empty, so that the window never opens; give at least one day, for example ["monday", "friday"]`)
	}
	for i, name := range weekly.Days {
		at := fmt.Sprintf("%s.days[%d]", path, i)
		d, ok := parseDay(name)
		switch {
		case !ok:
			p.add(at, `%s is no day of the week; allowed are "monday" to "sunday" and "mon" to "sun", for example "friday"`, quote(name))
		case rule.days[d]:
			p.add(at, "%s is given twice; name each day once", quote(name))
		default:
			rule.days[d] = true
		}
		if len(*p)-before > 7 {
			break // A list of that many wrong days needs no longer answer.
		}
	}
	var err, err2 error
	if rule.from, err = parseClock(weekly.From, false); err != nil {
		p.add(path+".from", "%v", err)
	}
	if rule.to, err2 = parseClock(weekly.To, true); err2 != nil {
		p.add(path+".to", "%v", err2)
	}
	if err == nil && err2 == nil && rule.from == rule.to {
		p.add(path+".to", `%s is the same as from, so that the window never opens; give another time, for example from = "00:00", to = "24:00" for whole days`, quote(weekly.To))
	}
	if rule.to < rule.from {
		rule.to += day
	}
	if len(*p) == before {
		c.weekly = append(c.weekly, rule)
	}
}

// written appends the occurrences that reach into [from, to) as they were written,
// whole and in no order, and counts each day it looks at against the budget.
func (c *compiled) written(out []interval, from, to int64, budget *int) ([]interval, error) {
	for _, v := range c.absolute[after(c.absolute, from):] {
		if v.start >= to {
			break
		}
		if *budget--; *budget < 0 {
			return out, ErrBudget
		}
		out = append(out, v)
	}
	for _, r := range c.recurrence {
		var err error
		if out, err = r.expand(out, from, to, budget); err != nil {
			return out, err
		}
	}
	if len(c.weekly) == 0 {
		return out, nil
	}
	// An occurrence ends at most two days after the day it belongs to, and a gap
	// can be a day wide.
	last := floorDay(c.zone.wall(to)) + 1
	for d := floorDay(c.zone.wall(from)) - 3; d <= last; d++ {
		weekday := weekdayOf(d)
		for i := range c.weekly {
			rule := &c.weekly[i]
			if !rule.days[weekday] {
				continue
			}
			if *budget--; *budget < 0 {
				return out, ErrBudget
			}
			v, ok := c.occurrence(rule, d)
			if ok && v.start < to && v.end > from {
				out = append(out, v)
			}
		}
	}
	return out, nil
}

// occurrence is a weekly entry on one day; false where there is none.
func (c *compiled) occurrence(rule *weeklyRule, days int64) (interval, bool) {
	r := c.zone.resolve(days*day + rule.from)
	if !r.exists && c.window.gap() == Skip {
		return interval{}, false
	}
	v := interval{c.start(r), c.end(c.zone.resolve(days*day + rule.to))}
	return v, v.end > v.start
}

// floorDay turns wall seconds into days since 1970-01-01, before it too.
func floorDay(wall int64) int64 {
	d := wall / day
	if wall%day < 0 {
		d--
	}
	return d
}

// weekdayOf returns the day of the week; 1970-01-01 was a Thursday.
func weekdayOf(days int64) time.Weekday {
	return time.Weekday(((days+int64(time.Thursday))%7 + 7) % 7)
}

// union sorts intervals and merges those that overlap or adjoin, in place.
func union(in []interval) []interval {
	slices.SortFunc(in, func(a, b interval) int { return cmp.Compare(a.start, b.start) })
	out := in[:0]
	for _, v := range in {
		if n := len(out); n > 0 && v.start <= out[n-1].end {
			out[n-1].end = max(out[n-1].end, v.end)
			continue
		}
		out = append(out, v)
	}
	return out
}
