// Package recur reads and walks the recurrence rules of RFC 5545, section 3.3.10,
// on wall clocks: it knows no zone, and no clock.
//
// The package walks rules itself. A library would go on looking for the next
// instance of a rule that has none until the year 9999, without a way to stop it;
// here each step is counted, and any stretch of time is reached without walking
// what came before it.
//
// A wall time is a number of seconds since 1970-01-01T00:00:00 as wall clocks
// count them: every day has 86,400.
package recur

import (
	"errors"
	"slices"
)

// Day is the length of a wall day, in seconds.
const Day = 24 * 60 * 60

// MaxWall is the first wall time that no walk reaches: the year 2220.
const MaxWall = 7_889_184_000

// ErrSteps means that a walk took more steps than it was given. What it has not
// reached is unknown.
var ErrSteps = errors.New("the rule needs too many steps")

// Freq is how long a period of a rule is.
type Freq int

// The frequencies that a window may have.
const (
	Daily Freq = iota
	Weekly
	Monthly
	Yearly
)

// Rule is a rule that has been read, together with its start. It never changes
// after Parse, and is safe for concurrent use.
type Rule struct {
	freq     Freq
	interval int64
	start    int64 // Wall seconds.
	isDay    bool
	wkst     int // 0 is Sunday.
	count    int
	until    Until

	days   dayFilter
	times  []int64 // Seconds since midnight, sorted.
	setpos []int
	// anchor is the number of the period that holds the start: of the day, week,
	// month, year or week-year.
	anchor int64
}

// Until is the end of a rule, inclusive. The zero value means no end.
type Until struct {
	// Set is false for a rule without UNTIL.
	Set bool
	// UTC says that Wall is an instant, in Unix seconds, and no wall time.
	UTC bool
	// Wall is the last wall time that may be in the rule; for a day, its start.
	Wall int64
}

// Count is how many instances the rule has at most, the start among them; 0
// means no end. Whoever walks the rule counts, since only a zone tells which of
// them exist.
func (r *Rule) Count() int { return r.count }

// Until is when the rule ends.
func (r *Rule) Until() Until { return r.until }

// Times is how many instances one day of the rule has, before BYSETPOS.
func (r *Rule) Times() int { return len(r.times) }

// HoldsStart says whether the start is an instance of the rule. RFC 5545, 3.8.5.3,
// leaves undefined what a rule means that does not hold its start.
func (r *Rule) HoldsStart() bool {
	steps, found := 1000, false
	// A single wall second takes one period.
	_ = r.Walk(r.start, r.start+1, &steps, func(int64) bool { found = true; return false })
	return found
}

// Walk yields the instances within [from, to), in order and each once, until
// yield returns false. It heeds neither COUNT nor UNTIL. Each period and each
// instance takes one step; the error is ErrSteps when there are no more.
func (r *Rule) Walk(from, to int64, steps *int, yield func(wall int64) bool) error {
	from, to = max(from, r.start), min(to, MaxWall)
	if from >= to {
		return nil
	}
	var found []int64 // The days of one period that pass the filter.
	k := (r.number(floor(from, Day)) - r.anchor) / r.interval
	for ; ; k++ {
		if *steps--; *steps < 0 {
			return ErrSteps
		}
		number := r.anchor + k*r.interval
		first, last := r.bounds(number)
		if first*Day >= to {
			return nil
		}
		found = r.collect(found[:0], first, last)
		more, err := r.emit(found, from, to, steps, yield)
		if err != nil || !more {
			return err
		}
	}
}

// emit yields the instances of one period; false when there is no more to come.
func (r *Rule) emit(days []int64, from, to int64, steps *int, yield func(int64) bool) (bool, error) {
	n := len(days) * len(r.times)
	at := func(i int) int64 { return days[i/len(r.times)]*Day + r.times[i%len(r.times)] }
	positions := r.positions(n)
	if r.setpos != nil {
		n = len(positions)
	}
	for i := range n {
		position := i
		if r.setpos != nil {
			position = positions[i]
		}
		wall := at(position)
		if wall >= to {
			return false, nil
		}
		if *steps--; *steps < 0 {
			return false, ErrSteps
		}
		if wall >= from && !yield(wall) {
			return false, nil
		}
	}
	return true, nil
}

// positions resolves BYSETPOS for a period of n instances, from 0, sorted.
func (r *Rule) positions(n int) []int {
	if r.setpos == nil {
		return nil
	}
	out := make([]int, 0, len(r.setpos))
	for _, p := range r.setpos {
		if p < 0 {
			p += n + 1
		}
		if p >= 1 && p <= n {
			out = append(out, p-1)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// floor divides rounding down, for numbers before 1970 too.
func floor(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
