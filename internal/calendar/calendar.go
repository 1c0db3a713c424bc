package calendar

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"
)

// Horizon is how far ahead transitions are looked for: ten years of 365 days, and their leap days.
const Horizon = (10*365 + 3) * 24 * time.Hour

// searchBudget bounds one search, in occurrences and periods of rules: ten years of
// 1,000 windows that come daily by a rule.
const searchBudget = 8_000_000

var (
	// ErrBudget means that a search looked at more occurrences than a search may;
	// the answer is unknown. Fewer windows, or a shorter time, would give one.
	ErrBudget = errors.New("the windows have too many occurrences to search")
	// ErrInstant means an instant outside the years 1970 to 2199, such as the zero time.
	ErrInstant = errors.New("the instant lies outside the years 1970 to 2199")
)

// Calendar is a set of windows that is ready to be asked. It never changes after
// New, and is safe for concurrent use.
type Calendar struct {
	windows []*compiled
}

// New reads the windows. One window that does not validate makes all of them
// unusable, with an *InvalidError that wraps ErrInvalid, whatever its scope: what
// an unreadable window would have forbidden is not known.
//
// Windows are taken as given, also when two share a name: a caller that has both a
// definition and the ledger's revision of one object passes only one of them.
func New(windows []Window) (*Calendar, error) {
	cal := &Calendar{windows: make([]*compiled, 0, len(windows))}
	for i, w := range windows {
		parts, fields := compile(w)
		if len(fields) > 0 {
			return nil, &InvalidError{Window: w.Name, Fields: fields}
		}
		for _, c := range parts {
			c.source = i
			cal.windows = append(cal.windows, c)
		}
	}
	return cal, nil
}

// selection is the windows in scope of one subject.
type selection struct {
	freezes, allows []*compiled
	// groups holds the allows of each organisational scope and each of the subject's
	// regions, each different set once; one empty group where no allow is in scope.
	// Changes may go forward when they may in every one of them.
	groups [][]*compiled
}

func (cal *Calendar) selectFor(sub Subject) selection {
	var s selection
	for _, c := range cal.windows {
		switch {
		case !c.window.Scope.Matches(sub):
		case c.window.Kind == Freeze:
			s.freezes = append(s.freezes, c)
		default:
			s.allows = append(s.allows, c)
		}
	}
	for _, allows := range byLevel(s.allows) {
		s.addGroups(sub, allows)
	}
	return s
}

// byLevel parts allows by the organisational scope that declares them, so that what a
// lower one permits is permitted only where each higher one permits it too.
func byLevel(allows []*compiled) [][]*compiled {
	var out [][]*compiled
	place := map[string]int{}
	for _, c := range allows {
		i, ok := place[c.window.Above]
		if !ok {
			i = len(out)
			place[c.window.Above] = i
			out = append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	if len(out) == 0 {
		out = append(out, nil)
	}
	return out
}

// addGroups adds the allows of one organisational scope: all of them, or those of each
// region where the subject has several.
func (s *selection) addGroups(sub Subject, allows []*compiled) {
	if len(sub.Regions) < 2 {
		s.groups = append(s.groups, allows)
		return
	}
	for _, region := range sub.Regions {
		one := sub
		one.Regions = []string{region}
		var group []*compiled
		for _, c := range allows {
			if c.window.Scope.Matches(one) {
				group = append(group, c)
			}
		}
		if !slices.ContainsFunc(s.groups, func(g []*compiled) bool { return slices.Equal(g, group) }) {
			s.groups = append(s.groups, group)
		}
	}
}

// open returns the merged intervals of [from, to) in which changes may go
// forward, cut to it: inside an allow, or anywhere where none is in scope, and
// outside all freezes.
func (s selection) open(from, to int64, budget *int) ([]interval, error) {
	base, whole := []interval{{from, to}}, true
	for _, group := range s.groups {
		if len(group) == 0 {
			continue
		}
		on, err := expandAll(group, from, to, budget)
		if err != nil {
			return nil, err
		}
		if whole {
			base, whole = on, false
		} else {
			base = subtract(base, subtract([]interval{{from, to}}, on))
		}
	}
	freezes, err := expandAll(s.freezes, from, to, budget)
	if err != nil {
		return nil, err
	}
	return subtract(base, freezes), nil
}

// outside returns the allows outside of which an instant is: those of the regions
// in which none is on.
func (s selection) outside(instant int64) []*compiled {
	var out []*compiled
	for _, group := range s.groups {
		if len(group) == 0 || len(onAt(group, instant)) > 0 {
			continue
		}
		for _, c := range group {
			if !slices.Contains(out, c) {
				out = append(out, c)
			}
		}
	}
	return out
}

// expandAll returns the union of the windows' occurrences within [from, to), cut to it.
func expandAll(windows []*compiled, from, to int64, budget *int) ([]interval, error) {
	var out []interval
	var err error
	for _, c := range windows {
		if out, err = c.expand(out, from, to, budget); err != nil {
			return nil, err
		}
	}
	for i := range out {
		out[i] = interval{max(out[i].start, from), min(out[i].end, to)}
	}
	return union(out), nil
}

// subtract takes the second from the first; both are sorted and merged.
func subtract(from, what []interval) []interval {
	var out []interval
	next := 0
	for _, v := range from {
		for next < len(what) && what[next].end <= v.start {
			next++
		}
		for i := next; i < len(what) && what[i].start < v.end; i++ {
			if what[i].start > v.start {
				out = append(out, interval{v.start, what[i].start})
			}
			v.start = what[i].end
		}
		if v.start < v.end {
			out = append(out, v)
		}
	}
	return out
}

// search returns whether changes may go forward at an instant, and the next
// instant at which that changes; 0 means not within the horizon.
func (s selection) search(at int64) (bool, int64, error) {
	budget := searchBudget
	limit := at + int64(Horizon/time.Second)
	opened, err := s.open(at, at+1, &budget)
	if err != nil {
		return false, 0, err
	}
	isOpen := len(opened) > 0
	// Most answers lie near; the chunks grow, up to a year, for those that do not.
	chunk := int64(8 * day)
	for from := at; from < limit; {
		to := min(from+chunk, limit)
		opened, err := s.open(from, to, &budget)
		switch {
		case err != nil:
			return false, 0, err
		case isOpen && (len(opened) == 0 || opened[0].start > from):
			return isOpen, from, nil
		case isOpen && opened[0].end < to:
			return isOpen, opened[0].end, nil
		case !isOpen && len(opened) > 0:
			return isOpen, opened[0].start, nil
		}
		from, chunk = to, min(chunk*4, 368*day)
	}
	return isOpen, 0, nil
}

// seconds turns an instant into Unix seconds, rounded down: all transitions lie
// on whole seconds, so that nothing is lost.
func seconds(at time.Time) (int64, error) {
	s := at.Unix()
	if s < minInstant || s >= maxInstant {
		return math.MinInt64, fmt.Errorf("%s: %w", at.Format(time.RFC3339), ErrInstant)
	}
	return s, nil
}
