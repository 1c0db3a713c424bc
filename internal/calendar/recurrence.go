package calendar

import (
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/calendar/recur"
)

// Recurrence is on again and again, by a rule of RFC 5545 and by dates. All its
// times are local, in the window's zone.
type Recurrence struct {
	// Start is the first occurrence: a local time, "2026-01-05T09:00", or a day,
	// "2026-01-05", for whole days. The rule must hold it, unless ExDates takes it away.
	Start string `json:"start"`
	// End is where the first occurrence ends, in the form of Start. A day is the
	// last one that belongs to it. The wall clock decides where later ones end.
	End string `json:"end,omitempty"`
	// Duration is given instead of End, such as "PT8H", "8h" (exact) or "P1D"
	// (along the wall clock); a day that has neither lasts one day.
	Duration string `json:"duration,omitempty"`
	// RRule is one rule with FREQ DAILY, WEEKLY, MONTHLY or YEARLY, such as
	// "FREQ=MONTHLY;BYDAY=-1FR"; optional when there are RDates. COUNT counts the
	// occurrences that exist, those in ExDates too.
	RRule string `json:"rrule,omitempty"`
	// ExDates holds starts of occurrences that do not come, in the form of Start; at
	// most MaxDates. A day takes away all that start on it; an instant such as
	// "2026-12-24T08:00:00Z" the one that starts then.
	ExDates []string `json:"exdates,omitempty"`
	// RDates holds further starts, in the form of Start or as instants; at most MaxDates.
	RDates []string `json:"rdates,omitempty"`
}

const (
	// MaxRecurrences is the largest number of entries in Window.Recurrence.
	MaxRecurrences = 100
	// MaxDates is the largest number of entries in Recurrence.ExDates and RDates.
	MaxDates = 1000
	// MaxTimes is how often a day a recurrence may start.
	MaxTimes = 24
	// ruleSteps bounds one walk along one rule, in periods and instances.
	ruleSteps = 100_000
)

// recurring is a Recurrence that has been read.
type recurring struct {
	c      *compiled
	isDay  bool
	start  int64 // Wall seconds.
	length length
	rule   *recur.Rule // Nil without RRule.
	// without holds what ExDates takes away, by wall time, day and instant.
	without struct{ walls, days, instants map[int64]bool }
	// literal holds the occurrences by RDates, and by a rule with COUNT; extra is the
	// same, sorted and merged.
	literal, extra []interval
	// counted is true when they hold the rule's occurrences.
	counted bool
}

// expand appends the occurrences that reach into [from, to), or are near to it.
func (r *recurring) expand(out []interval, from, to int64, budget *int) ([]interval, error) {
	for i := after(r.extra, from); i < len(r.extra) && r.extra[i].start < to; i++ {
		if *budget--; *budget < 0 {
			return out, ErrBudget
		}
		out = append(out, r.extra[i])
	}
	if r.rule == nil || r.counted {
		return out, nil
	}
	// An occurrence starts at most its length before from, and clocks differ by at
	// most two days between its ends.
	first := r.c.zone.wall(from) - r.length.wall - r.length.exact - 2*day
	last := r.c.zone.wall(to) + 2*day
	steps := min(ruleSteps, *budget)
	before := steps
	err := r.walk(first, last, &steps, func(_ int64, v interval, excluded bool) bool {
		if !excluded && v.start < to && v.end > from {
			out = append(out, v)
		}
		return true
	})
	*budget -= before - steps
	return out, err
}

// walk yields what the rule makes of the wall times in [first, last), and whether
// ExDates takes it away. It leaves out what does not exist, and what comes after
// UNTIL. It does not heed COUNT.
func (r *recurring) walk(first, last int64, steps *int, yield func(wall int64, v interval, excluded bool) bool) error {
	until := r.rule.Until()
	err := r.rule.Walk(first, last, steps, func(wall int64) bool {
		if until.Set && !until.UTC && wall > until.Wall {
			return false
		}
		v, ok := r.at(wall)
		if !ok {
			return true
		}
		if until.Set && until.UTC && v.start > until.Wall {
			return false
		}
		return yield(wall, v, r.excluded(wall, v.start))
	})
	if errors.Is(err, recur.ErrSteps) {
		return ErrBudget
	}
	return err
}

// at is the occurrence that starts at a wall time; false where there is none.
func (r *recurring) at(wall int64) (interval, bool) {
	if r.isDay {
		days := wall / day
		v := interval{r.c.zone.startOfDay(days), r.c.zone.startOfDay(days + r.length.wall/day)}
		return v, v.end > v.start
	}
	start := r.c.zone.resolve(wall)
	if !start.exists && r.c.window.gap() == Skip {
		return interval{}, false
	}
	v := interval{start: r.c.start(start)}
	switch {
	case r.length.wall > 0:
		v.end = r.c.end(r.c.zone.resolve(wall+r.length.wall)) + r.length.exact
	case !start.exists:
		// The time is read with the offset before the gap (RFC 5545, 3.3.5), so that
		// a freeze, which starts at the jump, ends no sooner than it would.
		v.end = start.last + r.length.exact
	default:
		v.end = start.first + r.length.exact
	}
	return v, v.end > v.start
}

// excluded says whether ExDates takes an occurrence away.
func (r *recurring) excluded(wall, instant int64) bool {
	w := &r.without
	return w.walls[wall] || len(w.days) > 0 && w.days[floorDay(wall)] || len(w.instants) > 0 && w.instants[instant]
}

// countOut puts the occurrences of a rule with COUNT into literal, once: only from
// the start on can they be counted.
func (r *recurring) countOut(yield func(wall int64)) error {
	left, steps := r.rule.Count(), ruleSteps
	err := r.walk(r.start, recur.MaxWall, &steps, func(wall int64, v interval, excluded bool) bool {
		yield(wall)
		if !excluded {
			r.literal = append(r.literal, v)
		}
		left--
		return left > 0
	})
	r.counted = true
	if err != nil {
		return fmt.Errorf("takes more than %d steps to count; give a smaller COUNT, or UNTIL, for example UNTIL=20281231T230000Z", ruleSteps)
	}
	return nil
}

// after returns the index of the first interval that ends after the instant.
func after(sorted []interval, instant int64) int {
	low, high := 0, len(sorted)
	for low < high {
		if middle := (low + high) / 2; sorted[middle].end <= instant {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}
