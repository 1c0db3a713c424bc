// Package window is the gate of change windows: it asks whether changes may go
// forward at an instant, by the windows that the ledger declares.
package window

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/calendar"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
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
// since nobody knows what it would have forbidden.
func (g *Gate) Check(ctx context.Context, subject gate.Subject, at time.Time) gate.Result {
	windows, err := Load(ctx, g.ledger)
	if err != nil {
		return unknown(err.Error(), "repair what is named above; the same check passes once every declared window can be read")
	}
	state, err := calendar.Evaluate(windows, calendar.Subject{
		Service: subject.Service, Environment: subject.Environment, Tier: subject.Tier,
		Regions: subject.Regions, Team: subject.Team, Labels: subject.Labels,
	}, at)
	switch {
	case err != nil || !state.Known:
		return unknown(state.Reason, "correct the declared windows, and apply again")
	case state.Open:
		return gate.Result{Gate: Name, Status: gate.Pass, Reason: untilWhen(state, windows)}
	case state.Overrun && !subject.Started.IsZero() && !subject.Started.After(at):
		reason := fmt.Sprintf("%s; the rollout began at %s, while changes were open, and may go on", untilWhen(state, windows), instant(subject.Started))
		return gate.Result{Gate: Name, Status: gate.Pass, Reason: reason}
	default:
		return gate.Result{
			Gate: Name, Status: gate.Fail, Reason: untilWhen(state, windows), NextAt: state.Until,
			Remedy: remedy(state),
		}
	}
}

// Load reads every declared window from the ledger, in the order of names. It
// fails when one of them cannot be decoded; the error names it.
func Load(ctx context.Context, l ledger.Ledger) ([]calendar.Window, error) {
	objects, err := ledger.ListObjects(ctx, l, ObjectKind, "")
	if err != nil {
		return nil, fmt.Errorf("unable to read the declared windows from the ledger: %w", err)
	}
	windows := make([]calendar.Window, 0, len(objects))
	for _, o := range objects {
		w, err := calendar.Decode(o.Content)
		if err != nil {
			return nil, fmt.Errorf("unable to read the declared window %q (revision %d): %w", o.Name, o.Revision, err)
		}
		windows = append(windows, w)
	}
	return windows, nil
}

// untilWhen puts the time of the next change into the state's reason: before the
// window's own words, so that "until" stands beside what it is said of.
func untilWhen(state calendar.State, windows []calendar.Window) string {
	if state.Until.IsZero() {
		return state.Reason
	}
	words := because(windows, state.Window)
	head := strings.TrimSuffix(state.Reason, words)
	if head == state.Reason {
		words = ""
	}
	return head + " until " + instant(state.Until) + words
}

// because repeats how the calendar ends a reason with a window's own words.
func because(windows []calendar.Window, name string) string {
	for _, w := range windows {
		if w.Name != name {
			continue
		}
		text := ""
		if w.Reason != "" {
			text = ": " + w.Reason
		}
		if w.Owner != "" {
			text += " (" + w.Owner + ")"
		}
		return text
	}
	return ""
}

func remedy(state calendar.State) string {
	if state.Until.IsZero() {
		return "nothing opens it within ten years; change the declared windows"
	}
	return "apply again from " + instant(state.Until) + " on, or change the declared windows"
}

// instant writes a time with the name of its zone: "2026-11-30 22:00 Europe/Berlin".
func instant(t time.Time) string {
	return t.Format(timeLayout) + " " + t.Location().String()
}

func unknown(reason, remedy string) gate.Result {
	return gate.Result{Gate: Name, Status: gate.Unknown, Reason: reason, Remedy: remedy}
}
