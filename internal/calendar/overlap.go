package calendar

import (
	"cmp"
	"slices"
	"time"
)

// overlapBudget bounds one search for overlaps, in meetings of two occurrences.
const overlapBudget = 2_000_000

// Overlap is two windows that are on at the same time.
type Overlap struct {
	// First and Second name the windows, sorted.
	First, Second         string
	FirstKind, SecondKind Kind
	// Start and End are the first time that they share, half-open, cut to what was
	// asked for, in UTC.
	Start, End time.Time
	// Count is how many of their occurrences meet, and Total how long in all.
	Count int
	Total time.Duration
}

// Overlaps returns the pairs of windows in scope that share time within [from, to),
// at most Horizon, by their first meeting and names. The error wraps ErrBudget when
// there are too many meetings to count.
func Overlaps(windows []Window, subject Subject, from, to time.Time) ([]Overlap, error) {
	cal, err := New(windows)
	if err != nil {
		return nil, err
	}
	return cal.Overlaps(subject, from, to)
}

// owned is an occurrence and its window's place among those in scope.
type owned struct {
	interval
	owner int
}

// Overlaps is the function of that name, for windows that have been read.
func (cal *Calendar) Overlaps(subject Subject, from, to time.Time) ([]Overlap, error) {
	first, last, err := span(from, to)
	if err != nil {
		return nil, err
	}
	s := cal.selectFor(subject)
	windows := grouped(slices.Concat(s.freezes, s.allows))
	all, err := occurrences(windows, first, last)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b owned) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.owner, b.owner))
	})
	budget := overlapBudget
	pairs := map[[2]int]*Overlap{}
	var on []owned
	for _, v := range all {
		on = slices.DeleteFunc(on, func(o owned) bool { return o.end <= v.start })
		for _, o := range on {
			if budget--; budget < 0 {
				return nil, ErrBudget
			}
			meet(pairs, windows, o, v)
		}
		on = append(on, v)
	}
	out := make([]Overlap, 0, len(pairs))
	for _, o := range pairs {
		out = append(out, *o)
	}
	slices.SortFunc(out, func(a, b Overlap) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(a.First, b.First), cmp.Compare(a.Second, b.Second), cmp.Compare(a.FirstKind, b.FirstKind))
	})
	return out, nil
}

// grouped puts the parts of each declared window together.
func grouped(parts []*compiled) [][]*compiled {
	var out [][]*compiled
	place := map[int]int{}
	for _, c := range parts {
		i, ok := place[c.source]
		if !ok {
			i = len(out)
			place[c.source] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

// occurrences lists those of each window, merged within it and cut to [from, to).
func occurrences(windows [][]*compiled, from, to int64) ([]owned, error) {
	var all []owned
	budget := searchBudget
	for i, parts := range windows {
		merged, err := expandAll(parts, from, to, &budget)
		if err != nil {
			return nil, err
		}
		for _, v := range merged {
			all = append(all, owned{v, i})
		}
	}
	return all, nil
}

// meet adds the time that two occurrences share to their windows' pair.
func meet(pairs map[[2]int]*Overlap, windows [][]*compiled, a, b owned) {
	if w, v := windows[a.owner][0].window, windows[b.owner][0].window; cmp.Or(cmp.Compare(w.Name, v.Name), cmp.Compare(a.owner, b.owner)) > 0 {
		a, b = b, a
	}
	start, end := max(a.start, b.start), min(a.end, b.end)
	key := [2]int{a.owner, b.owner}
	pair := pairs[key]
	if pair == nil {
		one, two := windows[a.owner][0].window, windows[b.owner][0].window
		pair = &Overlap{
			First: one.Name, Second: two.Name, FirstKind: one.Kind, SecondKind: two.Kind,
			Start: time.Unix(start, 0).UTC(), End: time.Unix(end, 0).UTC(),
		}
		pairs[key] = pair
	}
	pair.Count++
	pair.Total += time.Duration(end-start) * time.Second
}
