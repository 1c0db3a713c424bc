package timeline

import (
	"context"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// ByCalendar answers from windows that have been read, whoever declared them. A
// rollout goes on while changes are closed when every window that closes lets it.
func ByCalendar(cal *calendar.Calendar, subject calendar.Subject) Windows {
	return func(at, started time.Time) (Answer, error) {
		state, err := cal.State(subject, at)
		if err != nil {
			return Answer{}, err
		}
		a := Answer{Open: state.Open || overruns(state, at, started), Next: state.Until, Window: state.Window, Reason: state.Reason}
		if a.Open || started.IsZero() {
			return a, nil
		}
		// One of several that close may end, and leave those that let it go on.
		sooner, err := goesOn(cal, subject, at, started, state.Until)
		if !sooner.IsZero() {
			a.Next = sooner
		}
		return a, err
	}
}

func overruns(s calendar.State, at, started time.Time) bool {
	return s.Overrun && !started.IsZero() && !started.After(at)
}

const (
	// lookAhead is how far ahead goesOn looks, and maxEdges how many edges of windows
	// it tries. Beyond them the rollout waits until changes are open to everybody.
	lookAhead = 90 * 24 * time.Hour
	maxEdges  = 2000
)

// goesOn is when, before changes open, the windows that are left let a rollout go
// on; zero when they do not.
func goesOn(cal *calendar.Calendar, subject calendar.Subject, at, started, until time.Time) (time.Time, error) {
	last := at.Add(lookAhead)
	if !until.IsZero() && until.Before(last) {
		last = until
	}
	coming, err := cal.Upcoming(subject, at, last)
	if err != nil {
		return time.Time{}, err
	}
	var edges []time.Time
	for _, o := range coming {
		for _, edge := range []time.Time{o.Start, o.End} {
			if edge.After(at) && edge.Before(last) {
				edges = append(edges, edge)
			}
		}
	}
	slices.SortFunc(edges, time.Time.Compare)
	edges = slices.CompactFunc(edges, time.Time.Equal)
	for _, edge := range edges[:min(len(edges), maxEdges)] {
		state, err := cal.State(subject, edge)
		if err != nil {
			return time.Time{}, err
		}
		if state.Open || overruns(state, edge, started) {
			return edge, nil
		}
	}
	return time.Time{}, nil
}

// ByGate answers as a gate does, with the overrides and whatever else it heeds. The
// gate's name stands for the window, which is in its reason.
func ByGate(ctx context.Context, g gate.Gate, subject gate.Subject) Windows {
	return func(at, started time.Time) (Answer, error) {
		asked := subject
		asked.Started = started
		r := g.Check(ctx, asked, at)
		return Answer{Open: r.Status == gate.Pass, Next: r.NextAt, Window: g.Name(), Reason: r.Reason}, nil
	}
}
