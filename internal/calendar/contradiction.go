package calendar

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Trouble says what kind of contradiction a set of windows holds.
type Trouble string

const (
	// NeverOpen means that the windows together let nothing go forward, ever, within
	// the time that was asked for.
	NeverOpen Trouble = "never_open"
	// ShutAllow means that every occurrence of an allow lies inside freezes, so that
	// it permits nothing.
	ShutAllow Trouble = "shut_allow"
	// DoubleName means that windows share a name, so that a reason that names one
	// does not tell which.
	DoubleName Trouble = "double_name"
)

// Contradiction is windows that cannot all be meant.
type Contradiction struct {
	Trouble Trouble
	// Windows names those concerned: for ShutAllow the allow, then the freezes that
	// shut it, by name.
	Windows []string
	// Start is the first moment of the contradiction, End where the time that was
	// looked at ends; in UTC.
	Start, End time.Time
	// Message is one sentence for people, with what to do.
	Message string
}

// Contradictions returns what cannot all be meant of the windows in scope, within
// [from, to), at most Horizon. It finds nothing in windows that merely overlap.
func Contradictions(windows []Window, subject Subject, from, to time.Time) ([]Contradiction, error) {
	cal, err := New(windows)
	if err != nil {
		return nil, err
	}
	return cal.Contradictions(subject, from, to)
}

// Contradictions is the function of that name, for windows that have been read.
func (cal *Calendar) Contradictions(subject Subject, from, to time.Time) ([]Contradiction, error) {
	first, last, err := span(from, to)
	if err != nil || first == last {
		return nil, err
	}
	s := cal.selectFor(subject)
	out := doubles(slices.Concat(s.freezes, s.allows), from, to)
	shut, err := s.shutAllows(first, last)
	if err != nil {
		return nil, err
	}
	out = append(out, shut...)
	budget := searchBudget
	open, err := s.open(first, last, &budget)
	if err != nil {
		return nil, err
	}
	if len(open) == 0 {
		c := Contradiction{Trouble: NeverOpen, Windows: names(slices.Concat(s.freezes, s.allows)), Start: from.UTC(), End: to.UTC()}
		c.Message = fmt.Sprintf("nothing can go forward from %s to %s: the windows %s leave no moment open; shorten a freeze, or add an allow outside of them",
			from.UTC().Format(time.RFC3339), to.UTC().Format(time.RFC3339), some(c.Windows))
		out = append(out, c)
	}
	return out, nil
}

// doubles finds names that are given twice.
func doubles(windows []*compiled, from, to time.Time) []Contradiction {
	count, seen := map[string]int{}, map[int]bool{}
	for _, c := range windows {
		if !seen[c.source] {
			seen[c.source] = true
			count[c.window.Name]++
		}
	}
	var out []Contradiction
	for _, name := range names(windows) {
		if count[name] > 1 {
			out = append(out, Contradiction{DoubleName, []string{name}, from.UTC(), to.UTC(),
				fmt.Sprintf("%d windows are called %q; give each a name of its own", count[name], name)})
		}
	}
	return out
}

// shutAllows finds the allows that come, and lie inside freezes each time.
func (s selection) shutAllows(first, last int64) ([]Contradiction, error) {
	budget := searchBudget
	frozen, err := expandAll(s.freezes, first, last, &budget)
	if err != nil || len(frozen) == 0 {
		return nil, err
	}
	var out []Contradiction
	for _, parts := range grouped(s.allows) {
		on, err := expandAll(parts, first, last, &budget)
		if err != nil {
			return nil, err
		}
		if len(on) == 0 || len(subtract(on, frozen)) > 0 {
			continue
		}
		by, err := s.freezesOver(on, first, last)
		if err != nil {
			return nil, err
		}
		found := Contradiction{Trouble: ShutAllow, Windows: append([]string{parts[0].window.Name}, by...),
			Start: time.Unix(on[0].start, 0).UTC(), End: time.Unix(last, 0).UTC()}
		found.Message = fmt.Sprintf("allow %q permits nothing: each of its %d occurrences until %s lies inside freeze %s, and a freeze beats an allow; move one of them",
			parts[0].window.Name, len(on), found.End.Format(time.RFC3339), some(by))
		out = append(out, found)
	}
	return out, nil
}

// freezesOver names the freezes that touch one of the intervals.
func (s selection) freezesOver(on []interval, first, last int64) ([]string, error) {
	var by []*compiled
	budget := searchBudget
	for _, c := range s.freezes {
		frozen, err := expandAll([]*compiled{c}, first, last, &budget)
		if err != nil {
			return nil, err
		}
		if rest := subtract(on, frozen); total(rest) < total(on) {
			by = append(by, c)
		}
	}
	return names(by), nil
}

func total(intervals []interval) int64 {
	var sum int64
	for _, v := range intervals {
		sum += v.end - v.start
	}
	return sum
}

// some quotes a few names, and counts the rest.
func some(names []string) string {
	return strings.TrimPrefix(list("", names), " ")
}
