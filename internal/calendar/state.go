package calendar

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// State says whether changes may go forward at one instant. The zero value is
// closed and unknown.
type State struct {
	// Open is true when changes may go forward; never without Known.
	Open bool
	// Known is false when the windows could not be evaluated: a gate answers unknown.
	Known bool
	// Reason is one sentence part for people, without the time of Until. It ends in
	// Because: the reason, the regulation and the owner of Window, where it has them.
	Reason, Because string
	// Window names the window that decides: when closed by freezes, the one whose
	// occurrence lasts longest; when closed outside allows, the one that opens next;
	// when open, an allow that is on. Empty when none does.
	Window string
	// Windows names all that close, or all allows that are on, sorted.
	Windows []string
	// Until is the next instant at which Open changes, past all windows that adjoin
	// or overlap, in the zone of Window, or UTC. Zero means not within Horizon.
	Until time.Time
	// Overrun is true when Open is false and all of Windows let a rollout that
	// began while changes were open go on. The caller knows whether it did.
	Overrun bool
}

// Evaluate reads the windows and returns the state for the subject. With an error
// the state is closed and unknown, and its Reason says why. A caller that asks
// often keeps a Calendar instead.
func Evaluate(windows []Window, subject Subject, at time.Time) (State, error) {
	cal, err := New(windows)
	if err != nil {
		return State{Reason: err.Error()}, err
	}
	return cal.State(subject, at)
}

// StateOf returns the state that one window alone makes, whatever its scope.
func StateOf(w Window, at time.Time) (State, error) {
	if fields := w.Validate(); len(fields) > 0 {
		err := &InvalidError{Window: w.Name, Fields: fields}
		return State{Reason: err.Error()}, err
	}
	w.Scope = Scope{}
	return Evaluate([]Window{w}, Subject{}, at)
}

// NextTransition returns the first instant after at at which the state changes
// between open and closed, in UTC; zero when it does not within Horizon.
func NextTransition(windows []Window, subject Subject, at time.Time) (time.Time, error) {
	cal, err := New(windows)
	if err != nil {
		return time.Time{}, err
	}
	state, err := cal.State(subject, at)
	if state.Until.IsZero() {
		return time.Time{}, err
	}
	return state.Until.UTC(), err
}

// NextOpen returns the first instant from at on at which changes may go forward:
// at itself when they may now; zero when they may not within Horizon.
func NextOpen(windows []Window, subject Subject, at time.Time) (time.Time, error) {
	cal, err := New(windows)
	if err != nil {
		return time.Time{}, err
	}
	return cal.NextOpen(subject, at)
}

// NextOpen is the function of that name, for windows that have been read.
func (cal *Calendar) NextOpen(subject Subject, at time.Time) (time.Time, error) {
	state, err := cal.State(subject, at)
	switch {
	case err != nil || !state.Open && state.Until.IsZero():
		return time.Time{}, err
	case state.Open:
		return at, nil
	}
	return state.Until.UTC(), nil
}

// State returns the state for the subject. Freeze beats allow; with an allow in
// scope, outside all of them is closed; without windows in scope it is open. The
// error wraps ErrInstant or ErrBudget, and the state is then closed and unknown.
func (cal *Calendar) State(subject Subject, at time.Time) (State, error) {
	instant, err := seconds(at)
	if err != nil {
		return State{Reason: err.Error()}, err
	}
	s := cal.selectFor(subject)
	isOpen, until, err := s.search(instant)
	if err != nil {
		return State{Reason: err.Error()}, err
	}
	if isOpen {
		if why := cal.doubt(subject, instant); why != "" {
			return State{Reason: why}, nil
		}
	}
	state := State{Open: isOpen, Known: true}
	freezes, allows := onAt(s.freezes, instant), onAt(s.allows, instant)
	var deciding *compiled
	switch {
	case isOpen && len(allows) == 0:
		state.Reason = "no window in scope forbids changes"
	case isOpen:
		deciding = allows[0]
		state.Windows = names(allows)
		state.Reason = "inside " + list("allow", state.Windows)
	case len(freezes) > 0:
		deciding = freezes[0]
		state.Windows, state.Overrun = names(freezes), overrun(freezes)
		state.Because = because(deciding.window)
		state.Reason = list("freeze", state.Windows) + state.Because
	default:
		outside := s.outside(instant)
		deciding = outside[0]
		if next := onAt(outside, until); until != 0 && len(next) > 0 {
			deciding = next[0]
		}
		state.Windows, state.Overrun = names(outside), overrun(outside)
		state.Because = because(deciding.window)
		state.Reason = "outside " + list("allow", state.Windows) + state.Because
	}
	if until != 0 {
		state.Until = time.Unix(until, 0).UTC()
	}
	if deciding != nil {
		state.Window = deciding.window.Name
		if until != 0 {
			state.Until = deciding.zone.time(until)
		}
	}
	return state, nil
}

// onAt returns the windows that are on, the one whose occurrence ends last first.
func onAt(windows []*compiled, instant int64) []*compiled {
	type lasting struct {
		c   *compiled
		end int64
	}
	var on []lasting
	for _, c := range windows {
		budget := searchBudget // One instant cannot spend it: the limits of a window see to that.
		occurrences, _ := c.expand(nil, instant, instant+1, &budget)
		if len(occurrences) > 0 {
			end := slices.MaxFunc(occurrences, func(a, b interval) int { return cmp.Compare(a.end, b.end) }).end
			on = append(on, lasting{c, end})
		}
	}
	slices.SortStableFunc(on, func(a, b lasting) int {
		return cmp.Or(cmp.Compare(b.end, a.end), cmp.Compare(a.c.window.Name, b.c.window.Name))
	})
	out := make([]*compiled, len(on))
	for i := range on {
		out[i] = on[i].c
	}
	return out
}

// names returns the windows' names, sorted.
func names(windows []*compiled) []string {
	out := make([]string, len(windows))
	for i, c := range windows {
		out[i] = c.window.Name
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// overrun says whether every window lets a rollout go on.
func overrun(windows []*compiled) bool {
	return !slices.ContainsFunc(windows, func(c *compiled) bool { return !c.window.Overrun })
}

// list names a few windows, and counts the rest.
func list(kind string, names []string) string {
	const most = 3
	quoted := make([]string, 0, most)
	for _, name := range names[:min(most, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	text := kind + " " + strings.Join(quoted, ", ")
	if more := len(names) - most; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// because gives the reason, the regulation and the owner, where the window has them.
func because(w Window) string {
	text := ""
	if w.Reason != "" {
		text = ": " + w.Reason
	}
	if w.Regulation != "" {
		text += " [" + w.Regulation + "]"
	}
	if w.Owner != "" {
		text += " (" + w.Owner + ")"
	}
	return text
}
