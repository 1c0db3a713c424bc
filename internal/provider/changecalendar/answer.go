package changecalendar

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

const (
	// maxListed bounds each list, so that a state stays readable.
	maxListed = 1000
	// lookAhead is within which time contradictions are looked for.
	lookAhead = 366 * 24 * time.Hour
)

// answer is what the data source computes. Nil is null.
type answer struct {
	Open           *bool           `json:"open"`
	Known          *bool           `json:"known"`
	Reason         *string         `json:"reason"`
	Window         *string         `json:"window"`
	ClosedBy       []string        `json:"closed_by"`
	NextTransition *string         `json:"next_transition"`
	NextOpen       *string         `json:"next_open"`
	Upcoming       []occurrence    `json:"upcoming"`
	OpenPeriods    []period        `json:"open_periods"`
	Overlaps       []overlap       `json:"overlaps"`
	Contradictions []contradiction `json:"contradictions"`
}

type period struct {
	StartsAt string `json:"starts_at"`
	EndsAt   string `json:"ends_at"`
}

type occurrence struct {
	Window string `json:"window"`
	Kind   string `json:"kind"`
	period
	Reason *string `json:"reason"`
	Owner  *string `json:"owner"`
}

type overlap struct {
	First      string `json:"first"`
	Second     string `json:"second"`
	FirstKind  string `json:"first_kind"`
	SecondKind string `json:"second_kind"`
	period
	Count int    `json:"count"`
	Total string `json:"total"`
}

type contradiction struct {
	Kind    string   `json:"kind"`
	Windows []string `json:"windows"`
	Message string   `json:"message"`
}

func textOrNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func timeOrNull(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	return textOrNull(t.Format(time.RFC3339))
}

func between(start, end time.Time) period {
	return period{start.Format(time.RFC3339), end.Format(time.RFC3339)}
}

// ask evaluates the windows. What cannot be read is an answer, too: closed, and
// not known.
func (d *DataSource) ask(ctx context.Context, q question) (answer, field.Errors, error) {
	var l ledger.Ledger
	if found, err := d.Client.Existing(ctx); err == nil {
		l = found
	} else if !errors.Is(err, ledger.ErrMissing) || len(q.Windows) == 0 || q.Environment != nil && q.Environment.Content == nil {
		return answer{}, nil, err
	}
	subject, errs, err := q.subject(ctx, l)
	if err != nil || len(errs) > 0 {
		return answer{}, errs, err
	}
	windows, errs, err := q.windows(ctx, l)
	if errors.Is(err, calendar.ErrInvalid) {
		return closed(err), nil, nil
	}
	if err != nil || len(errs) > 0 {
		return answer{}, errs, err
	}
	if l != nil {
		if subject, err = window.WithOwner(ctx, l, subject, windows...); err != nil {
			return answer{}, nil, err
		}
	}
	cal, err := calendar.New(windows)
	if err != nil {
		return closed(err), nil, nil
	}
	at, err := q.instant(d.Client.Clock.Now())
	if err != nil {
		return answer{}, nil, err
	}
	length, _ := q.horizon()
	a, err := evaluate(cal, subject, at.Truncate(time.Second), length)
	if errors.Is(err, calendar.ErrBudget) {
		return closed(err), nil, nil
	}
	if err != nil {
		return answer{}, field.Errors{{Path: "horizon", Msg: err.Error()}}, nil
	}
	return a, nil, nil
}

// closed is the answer where the windows cannot be read.
func closed(err error) answer {
	no := false
	return answer{Open: &no, Known: &no, Reason: textOrNull(err.Error())}
}

func evaluate(cal *calendar.Calendar, subject calendar.Subject, at time.Time, length time.Duration) (answer, error) {
	state, err := cal.State(subject, at)
	if err != nil {
		return closed(err), nil
	}
	a := answer{
		Open: &state.Open, Known: &state.Known, Reason: textOrNull(state.Reason), Window: textOrNull(state.Window),
		ClosedBy: []string{}, NextTransition: timeOrNull(state.Until), NextOpen: timeOrNull(state.Until),
	}
	if state.Open {
		a.NextOpen = timeOrNull(at)
	} else {
		a.ClosedBy = append(a.ClosedBy, state.Windows...)
	}
	if err := a.list(cal, subject, at, at.Add(length)); err != nil {
		return a, err
	}
	for _, list := range []struct {
		name string
		n    int
	}{{"upcoming", len(a.Upcoming)}, {"open_periods", len(a.OpenPeriods)}, {"overlaps", len(a.Overlaps)}} {
		if list.n > maxListed {
			return a, fmt.Errorf("the list %s would have %d entries until the horizon; at most %d are shown, give a shorter horizon, for example \"168h\"", list.name, list.n, maxListed)
		}
	}
	return a, nil
}

// list fills in what reaches to the horizon.
func (a *answer) list(cal *calendar.Calendar, subject calendar.Subject, from, to time.Time) error {
	coming, err := cal.Upcoming(subject, from, to)
	if err != nil {
		return err
	}
	open, err := cal.OpenPeriods(subject, from, to)
	if err != nil {
		return err
	}
	overlaps, err := cal.Overlaps(subject, from, to)
	if err != nil {
		return err
	}
	contradictions, err := cal.Contradictions(subject, from, from.Add(lookAhead))
	if err != nil {
		return err
	}
	a.Upcoming, a.OpenPeriods, a.Overlaps, a.Contradictions = []occurrence{}, []period{}, []overlap{}, []contradiction{}
	for _, o := range coming {
		a.Upcoming = append(a.Upcoming, occurrence{o.Window, string(o.Kind), between(o.Start, o.End), textOrNull(o.Reason), textOrNull(o.Owner)})
	}
	for _, p := range open {
		a.OpenPeriods = append(a.OpenPeriods, between(p.Start, p.End))
	}
	for _, o := range overlaps {
		a.Overlaps = append(a.Overlaps, overlap{o.First, o.Second, string(o.FirstKind), string(o.SecondKind), between(o.Start, o.End), o.Count, field.FormatDuration(o.Total)})
	}
	for _, c := range contradictions {
		a.Contradictions = append(a.Contradictions, contradiction{string(c.Trouble), c.Windows, c.Message})
	}
	return nil
}
