package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/recur"
)

// addRecurrence reads one recurrence.
func (c *compiled) addRecurrence(p *problems, path string, rec Recurrence) {
	before := len(*p)
	r := &recurring{c: c}
	start, err := parseMoment(rec.Start)
	switch {
	case err != nil:
		p.add(path+".start", "%v", err)
	case start.form == formInstant:
		p.add(path+".start", `%s has an offset, but what comes again follows the zone's clocks; give a local time or a day, for example "2026-01-05T09:00"`, quote(rec.Start))
	default:
		r.isDay, r.start = start.form == formDay, start.wall()
		r.readLength(p, path, rec)
		r.readRule(p, path+".rrule", rec)
	}
	if len(*p) > before || c.zone == nil {
		return
	}
	r.readDates(p, path, rec)
	if len(*p) == before {
		r.complete(p, path, rec)
	}
	if len(*p) == before {
		c.recurrence = append(c.recurrence, r)
	}
}

// readLength reads End or Duration.
func (r *recurring) readLength(p *problems, path string, rec Recurrence) {
	switch {
	case rec.End != "" && rec.Duration != "":
		p.add(path+".duration", `is given beside end; give one of them, for example duration = "PT8H"`)
	case rec.End != "":
		end, err := parseMoment(rec.End)
		switch {
		case err != nil:
			p.add(path+".end", "%v", err)
		case (end.form == formDay) != r.isDay || end.form == formInstant:
			p.add(path+".end", `%s has not the form of start, %s; give both as local times or both as days, for example "2026-01-05T17:00"`, quote(rec.End), quote(rec.Start))
		default:
			r.length.wall = end.wall() - r.start
			if r.isDay {
				r.length.wall += day
			}
			if r.length.wall <= 0 || r.length.wall > maxLength {
				p.add(path+".end", `%s lies not after start, %s, or more than 366 days after it; give an end that does, for example start = "2026-01-05T09:00", end = "2026-01-05T17:00"`, quote(rec.End), quote(rec.Start))
			}
		}
	case rec.Duration != "":
		var err error
		if r.length, err = parseLength(rec.Duration); err != nil {
			p.add(path+".duration", "%v", err)
		} else if r.isDay && r.length.exact > 0 {
			p.add(path+".duration", `%s is no number of days, but start is a day; give days or weeks, for example "P1D"`, quote(rec.Duration))
		}
	case r.isDay:
		r.length.wall = day
	default:
		p.add(path+".duration", `is empty, so that the window never opens; give it or end, for example "PT8H"`)
	}
}

// readRule reads RRule and holds the start to it.
func (r *recurring) readRule(p *problems, path string, rec Recurrence) {
	if rec.RRule == "" {
		if len(rec.RDates) == 0 {
			p.add(path, `is empty, and so is rdates; give one of them, for example "FREQ=WEEKLY;BYDAY=MO", or list what comes once in absolute`)
		}
		return
	}
	rule, err := recur.Parse(rec.RRule, r.start, r.isDay)
	switch {
	case err != nil:
		p.add(path, "%v", err)
	case rule.Times() > MaxTimes && !r.c.trial:
		p.add(path, `starts %d times a day; at most %d are allowed, for example "FREQ=DAILY;BYHOUR=9,13"`, rule.Times(), MaxTimes)
	default:
		r.rule = rule
	}
}

// startHelp ends the refusal of a rule that does not hold its start.
const startHelp = `, and RFC 5545 leaves undefined what that means; give the first occurrence as start, or take it away with exdates, for example %s`

// startExample is how an author mends a start that the rule does not hold.
func (r *recurring) startExample() string {
	first, steps := int64(-1), ruleSteps
	_ = r.rule.Walk(r.start, recur.MaxWall, &steps, func(wall int64) bool { first = wall; return false })
	switch {
	case first < 0:
		return `"FREQ=WEEKLY" with start = "2026-01-05T09:00"`
	case r.isDay:
		return "start = " + quote(time.Unix(first, 0).UTC().Format(time.DateOnly))
	}
	return "start = " + quote(time.Unix(first, 0).UTC().Format("2006-01-02T15:04:05"))
}

// complete holds the start to the rule, unrolls what can be counted, and refuses
// what never opens.
func (r *recurring) complete(p *problems, path string, rec Recurrence) {
	if at := r.c.zone.resolve(r.start); !r.c.trial && !r.isDay && !at.exists && r.c.window.gap() == Skip {
		p.add(path+".start", `%s never exists in %s, where clocks go forward over it; give a time that exists, for example %q, or dst_gap = "shift"`,
			quote(rec.Start), r.c.zone.loc, r.c.zone.time(at.first).Format("2006-01-02T15:04:05"))
		return
	}
	// The start is what wall clocks show even in a gap, where it is shifted.
	first, _ := r.at(r.start)
	if r.rule != nil && !r.rule.HoldsStart() && (r.rule.Count() > 0 || !r.excluded(r.start, first.start)) {
		p.add(path+".start", `%s is not in the rule %s%s`, quote(rec.Start), quote(rec.RRule), fmt.Sprintf(startHelp, r.startExample()))
		return
	}
	var walls []int64
	if r.rule == nil {
		walls = append(walls, r.start)
		if !r.excluded(r.start, first.start) && first.end > first.start {
			r.literal = append(r.literal, first)
		}
	} else if r.rule.Count() > 0 {
		if err := r.countOut(func(wall int64) { walls = append(walls, wall) }); err != nil {
			p.add(path+".rrule", "%v", err)
			return
		}
	}
	walls = r.addDates(p, path, rec, walls)
	slices.Sort(walls)
	r.extra = union(slices.Clone(r.literal))
	if r.c.trial {
		return
	}
	if r.c.window.Kind == Allow {
		// What an author meant to close would stay open.
		r.matchExDates(p, path, rec, walls)
	}
	if ok, err := r.ever(); err != nil {
		p.add(path+".rrule", "%v; give a rule that comes more often, for example \"FREQ=WEEKLY\"", err)
	} else if !ok {
		p.add(path, `never opens: exdates, UNTIL and changes of the clocks leave no occurrence; take a date out of exdates, or give a later UNTIL, for example UNTIL=20281231T230000Z`)
	}
}

// ever says whether there is any occurrence at all.
func (r *recurring) ever() (bool, error) {
	if len(r.extra) > 0 || r.rule == nil || r.counted {
		return len(r.extra) > 0, nil
	}
	found, steps := false, ruleSteps
	err := r.walk(r.start, recur.MaxWall, &steps, func(_ int64, _ interval, excluded bool) bool {
		found = !excluded
		return !found
	})
	return found, err
}

// wall returns a local time or a day as wall seconds.
func (m moment) wall() int64 {
	if m.form == formDay {
		return m.value * day
	}
	return m.value
}

// date reads one entry of ExDates or RDates.
func (r *recurring) date(text string) (moment, error) {
	if strings.Contains(text, "/") {
		return moment{}, errors.New(quote(text) + ` is a period; allowed are starts alone, for example "2026-12-24T09:00", and spans in absolute`)
	}
	m, err := parseMoment(text)
	if err == nil && r.isDay && m.form != formDay {
		return m, fmt.Errorf(`%s is no day, but start is one; give a day, for example "2026-12-24"`, quote(text))
	}
	return m, err
}
