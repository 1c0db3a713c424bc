package calendar

import (
	"fmt"
	"slices"
)

// readDates reads ExDates.
func (r *recurring) readDates(p *problems, path string, rec Recurrence) {
	for _, part := range []struct {
		name  string
		dates []string
	}{{"exdates", rec.ExDates}, {"rdates", rec.RDates}} {
		if len(part.dates) > MaxDates {
			p.add(path+"."+part.name, "has %d entries; at most %d are allowed", len(part.dates), MaxDates)
			return
		}
	}
	w := &r.without
	w.walls, w.days, w.instants = map[int64]bool{}, map[int64]bool{}, map[int64]bool{}
	for i, text := range rec.ExDates {
		m, err := r.date(text)
		switch {
		case err != nil:
			p.add(fmt.Sprintf("%s.exdates[%d]", path, i), "%v", err)
		case m.form == formInstant:
			w.instants[m.value] = true
		case m.form == formDay && !r.isDay:
			w.days[m.value] = true
		default:
			w.walls[m.wall()] = true
		}
	}
}

// addDates reads RDates into literal, and appends their wall times.
func (r *recurring) addDates(p *problems, path string, rec Recurrence, walls []int64) []int64 {
	for i, text := range rec.RDates {
		at := fmt.Sprintf("%s.rdates[%d]", path, i)
		m, err := r.date(text)
		if err != nil {
			p.add(at, "%v", err)
			continue
		}
		if m.form == formDay && !r.isDay {
			p.add(at, `%s is a day, but start is a time; give a time, for example "2026-12-24T09:00"`, quote(text))
			continue
		}
		wall := m.wall()
		v, ok := r.at(wall)
		if m.form == formInstant {
			wall = r.c.zone.wall(m.value)
			v, ok = r.from(m.value), true
		}
		if !ok {
			p.add(at, `%s never exists in %s, where clocks go forward over it; give a time that exists, or dst_gap = "shift"`, quote(text), r.c.zone.loc)
			continue
		}
		walls = append(walls, wall)
		if !r.excluded(wall, v.start) && v.end > v.start {
			r.literal = append(r.literal, v)
		}
	}
	return walls
}

// from is the occurrence that starts at an instant. Of the two that a fold has for
// one wall time it is the one that was given.
func (r *recurring) from(instant int64) interval {
	if r.length.wall == 0 {
		return interval{instant, instant + r.length.exact}
	}
	return interval{instant, r.c.end(r.c.zone.resolve(r.c.zone.wall(instant)+r.length.wall)) + r.length.exact}
}

// matchExDates refuses dates that take nothing away; the wall times are sorted.
func (r *recurring) matchExDates(p *problems, path string, rec Recurrence, walls []int64) {
	for i, text := range rec.ExDates {
		m, err := r.date(text)
		if err != nil {
			continue // Refused before.
		}
		first, last := m.wall(), m.wall()+1
		switch {
		case m.form == formInstant:
			first = r.c.zone.wall(m.value)
			last = first + 1
		case m.form == formDay && !r.isDay:
			last = first + day
		}
		if !r.startsWithin(first, last, walls) && first != r.start {
			p.add(fmt.Sprintf("%s.exdates[%d]", path, i), `%s takes nothing away, since no occurrence starts then, so that what was meant to be closed would stay open; `+
				`give the start of one, for example %q`, quote(text), r.example())
		}
	}
}

// startsWithin says whether an occurrence starts, or would without ExDates, at a
// wall time in [first, last).
func (r *recurring) startsWithin(first, last int64, walls []int64) bool {
	if i, _ := slices.BinarySearch(walls, first); i < len(walls) && walls[i] < last {
		return true
	}
	if r.rule == nil || r.counted {
		return false
	}
	found, steps := false, ruleSteps
	_ = r.walk(first, last, &steps, func(int64, interval, bool) bool { found = true; return false })
	return found
}

// example is a start that exists, in the form that authors write.
func (r *recurring) example() string {
	at := r.c.zone.time(r.c.zone.resolve(r.start).first)
	if r.isDay {
		return at.Format("2006-01-02")
	}
	return at.Format("2006-01-02T15:04")
}
