package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Permit says whether anything of a release may go forward now, for whoever hands out
// rights by that.
type Permit struct {
	// Forward is whether it may, and Reason why or why not, in one line.
	Forward bool
	Reason  string
	// Steady is true when nothing wants to go forward: what does not go forward then
	// surprises nobody.
	Steady bool
	// Rollout is the number of the open rollout, or that of the next. Open is whether
	// it is open.
	Rollout int
	Open    bool
	// Gates is what they said, where they were asked.
	Gates []gate.Result
}

// Permit asks the gates about the rollout that is open, or about the one that would
// bring the payload next; an empty payload is none. What goes back to an older
// artifact passes no gate. It writes nothing.
func (e *Engine) Permit(ctx context.Context, key Key, next artifact.Payload) (Permit, error) {
	h, err := e.load(ctx, key)
	if err != nil {
		return Permit{}, err
	}
	if open := h.Open(); open != nil {
		return e.permitOpen(ctx, h, open), nil
	}
	p := Permit{Rollout: 1, Steady: true}
	if last := h.Last(); last != nil {
		p.Rollout = last.Number + 1
	}
	switch {
	case h.BackRequest != nil:
		p.Forward, p.Reason = true, "a rollback was asked for, and passes no gate"
		return p, nil
	case h.Spec != nil && h.Spec.Mode == Observe:
		p.Reason = "the release is in mode observe, and nothing is changed"
		return p, nil
	case next.Key() == "":
		p.Reason = "no rollout is open, and no artifact is named that would be the next"
		return p, nil
	case samePayload(h.Serving(), next):
		p.Reason = "no rollout is open, and " + next.Label() + " is released already"
		return p, nil
	}
	p.Steady = false
	subject, reason, err := e.nextSubject(ctx, h)
	if err != nil || reason != "" {
		p.Reason = reason
		return p, err
	}
	subject.Payload = next
	return p.judged(e.ask(ctx, subject, h, e.Clock.Now())), nil
}

// permitOpen is about the rollout that is open.
func (e *Engine) permitOpen(ctx context.Context, h *History, open *Rollout) Permit {
	p := Permit{Rollout: open.Number, Open: true}
	switch {
	case open.Spec.Mode == Observe:
		p.Reason, p.Steady = "the release is in mode observe, and nothing is changed", true
		return p
	case open.Kind == BackOut:
		p.Forward, p.Reason = true, fmt.Sprintf("rollout %d goes back to an older artifact, and passes no gate", open.Number)
		return p
	case open.State.GoingBack() || open.Abort != nil:
		p.Reason, p.Steady = fmt.Sprintf("rollout %d goes back", open.Number), true
		return p
	}
	subject := open.Spec.Subject()
	subject.Started = open.OpenedAt
	return p.judged(e.ask(ctx, subject, h, e.Clock.Now()))
}

// judged puts the gates' answers together.
func (p Permit) judged(results []gate.Result) Permit {
	p.Gates = results
	var reasons []string
	for _, r := range gate.Blocked(results) {
		reasons = append(reasons, r.Gate+": "+r.Reason)
	}
	p.Forward, p.Reason = len(reasons) == 0, strings.Join(reasons, "; ")
	if p.Forward {
		p.Reason = "every gate passes"
	}
	return p
}

// nextSubject is what the gates are asked about before a rollout is open: what is
// declared, and else what the last rollout had. The way back is rehearsed when the
// rollout begins, and not before. Without any environment nobody can say which
// windows concern it; reason says so then.
func (e *Engine) nextSubject(ctx context.Context, h *History) (subject gate.Subject, reason string, err error) {
	spec := Spec{Service: h.Key.Service}
	if h.Spec != nil {
		spec.Environment, spec.Definition = h.Spec.Environment, h.Spec.Definition
	}
	declared, err := DeclaredEnvironment(ctx, e.Ledger, h.Key.Environment)
	switch {
	case err == nil:
		spec.Environment = declared
	case !errors.Is(err, ledger.ErrNotFound):
		return subject, "", err
	case h.Spec == nil:
		return subject, fmt.Sprintf("the ledger knows neither a release of %s nor its environment, so nobody can tell which windows hold; declare it with sluice_environment", h.Key), nil
	}
	found, err := ledger.GetObject(ctx, e.Ledger, ServiceKind, h.Key.Service)
	switch {
	case err == nil:
		spec.Definition = &Service{}
		if err := json.Unmarshal(found.Content, spec.Definition); err != nil {
			return subject, "", fmt.Errorf("unable to read the declared service %q (revision %d): %w", h.Key.Service, found.Revision, err)
		}
	case !errors.Is(err, ledger.ErrNotFound):
		return subject, "", err
	}
	return spec.Subject(), "", nil
}
