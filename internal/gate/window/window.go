// Package window is the gate of change windows: it asks whether changes may go
// forward at an instant, by the windows that the ledger declares, and by what
// people have overridden of them.
package window

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// Name is the gate's, in results and records.
const Name = "window"

// ObjectKind is the kind of the declared objects that the gate reads. Their
// content is a calendar.Window.
const ObjectKind = "change_window"

// timeLayout is how instants are written for people, in the window's zone.
const timeLayout = "2006-01-02 15:04"

// Gate asks the declared windows. It reads them anew at each question, since an
// operator may declare one while a rollout is under way.
type Gate struct {
	ledger ledger.Ledger
}

var _ gate.Gate = (*Gate)(nil)

// New makes the gate. It is safe for concurrent use.
func New(l ledger.Ledger) *Gate { return &Gate{ledger: l} }

// Name implements gate.Gate.
func (*Gate) Name() string { return Name }

// Check implements gate.Gate. A window that cannot be read blocks everything,
// since nobody knows what it would have forbidden. The maintenance of external
// dependencies is for the gate of that name.
func (g *Gate) Check(ctx context.Context, subject gate.Subject, at time.Time) gate.Result {
	windows, err := Declared(ctx, g.ledger)
	if err != nil {
		return unknown(err.Error(), "repair what is named above; the same check passes once every declared window can be read")
	}
	return g.Ask(ctx, windows, subject, at)
}

// Ask answers for the windows given, with what people have overridden of them.
// Overrides are read only where they could change the answer.
func (g *Gate) Ask(ctx context.Context, windows []calendar.Window, subject gate.Subject, at time.Time) gate.Result {
	who, err := Resolve(ctx, g.ledger, subject, windows...)
	if err != nil {
		return unknown(err.Error(), "repair what is named above; the same check passes once it can be read")
	}
	cal, err := calendar.New(windows)
	if err != nil {
		return unknown(err.Error(), correct)
	}
	state, err := cal.State(who, at)
	switch {
	case err != nil || !state.Known:
		return unknown(state.Reason, correct)
	case state.Open:
		return gate.Result{Gate: Name, Status: gate.Pass, Reason: untilWhen(state)}
	case overruns(state, subject, at):
		return goesOn(state, subject)
	}
	a := asked{gate: g, cal: cal, windows: windows, who: who, subject: subject, at: at, state: state}
	return a.overridden(ctx)
}

const correct = "correct the declared windows, and apply again"

// SubjectOf is the gate's subject as the calendar takes it.
func SubjectOf(s gate.Subject) calendar.Subject {
	return calendar.Subject{
		Service: s.Service, Environment: s.Environment, Tier: s.Tier, Regions: s.Regions, Team: s.Team, Labels: s.Labels,
	}
}

// overruns says whether what began while changes were open may go on.
func overruns(state calendar.State, subject gate.Subject, at time.Time) bool {
	return state.Overrun && !subject.Started.IsZero() && !subject.Started.After(at)
}

func goesOn(state calendar.State, subject gate.Subject) gate.Result {
	reason := fmt.Sprintf("%s; the rollout began at %s, while changes were open, and may go on", untilWhen(state), instant(subject.Started))
	return gate.Result{Gate: Name, Status: gate.Pass, Reason: reason}
}

// Load reads every window that counts, wherever it is declared: the change windows,
// and behind them the maintenance of the external dependencies, each in the order of
// names. It fails when one of them cannot be decoded; the error names it.
func Load(ctx context.Context, l ledger.Ledger) ([]calendar.Window, error) {
	windows, err := Declared(ctx, l)
	if err != nil {
		return nil, err
	}
	maintenance, err := dependency.Windows(ctx, l)
	return append(windows, maintenance...), err
}

// Overridable reads what an override may name: as Load, and every external dependency,
// also one without a maintenance, whose checks may not pass. The times of these do not
// validate.
func Overridable(ctx context.Context, l ledger.Ledger) ([]calendar.Window, error) {
	windows, err := Declared(ctx, l)
	if err != nil {
		return nil, err
	}
	all, err := dependency.List(ctx, l)
	for _, e := range all {
		w, _ := e.Window()
		windows = append(windows, w)
	}
	return windows, err
}

// Declared reads the change windows alone, as Load does: those of the ledger's scope,
// and those of the scopes above, whose names begin with the scope's: "acme/black-friday".
func Declared(ctx context.Context, l ledger.Ledger) ([]calendar.Window, error) {
	objects, err := scope.List(ctx, l, ObjectKind)
	if err != nil {
		return nil, fmt.Errorf("unable to read the declared windows from the ledger: %w", err)
	}
	windows := make([]calendar.Window, 0, len(objects))
	for _, o := range objects {
		w, err := calendar.Decode(o.Content)
		if err != nil {
			return nil, fmt.Errorf("unable to read the declared window %q (revision %d): %w", o.Level.Name(o.Name), o.Revision, err)
		}
		w.Name, w.Above = o.Level.Name(w.Name), string(o.Level.Above())
		windows = append(windows, w)
	}
	return windows, nil
}

// untilWhen puts the time of the next change into the state's reason: before the
// window's own words, so that "until" stands beside what it is said of.
func untilWhen(state calendar.State) string {
	if state.Until.IsZero() {
		return state.Reason
	}
	return strings.TrimSuffix(state.Reason, state.Because) + " until " + instant(state.Until) + state.Because
}

// instant writes a time with the name of its zone: "2026-11-30 22:00 Europe/Berlin".
func instant(t time.Time) string {
	return t.Format(timeLayout) + " " + t.Location().String()
}

func unknown(reason, remedy string) gate.Result {
	return gate.Result{Gate: Name, Status: gate.Unknown, Reason: reason, Remedy: remedy}
}
