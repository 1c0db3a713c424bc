package release

import (
	"context"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/check"
)

// ResumeError says why a rollout cannot be told to go on, and what can be done.
type ResumeError struct {
	Key Key
	// Why says what stands in the way, and Remedy what to do about it.
	Why    string
	Remedy string
}

// Error implements error.
func (e *ResumeError) Error() string {
	return fmt.Sprintf("%s cannot be resumed: %s; %s", e.Key, e.Why, e.Remedy)
}

// Resume appends a person's word that the open rollout may go on from the step in
// which it waits: an indefinite pause, or a step whose deadline found no verdict.
// Whoever drives goes on. It is *ResumeError where the rollout does not wait for
// that, for what waits for something else goes on when that has come.
//
// For a release over many targets the word is for those of them that wait now; who
// comes to wait later needs another one.
func (e *Engine) Resume(ctx context.Context, key Key, by, reason string) (*Rollout, error) {
	h, err := e.Load(ctx, key)
	if err != nil {
		return nil, err
	}
	open := h.Open()
	if open != nil && open.Waves != nil && open.Abort == nil && !open.State.GoingBack() {
		return open, e.resumeParts(ctx, h, by, reason)
	}
	if refused := h.resumable(open); refused != nil {
		return nil, refused
	}
	return open, e.note(ctx, key, KindResumed, open.Number, ResumedBody{Step: open.Step, By: by, Reason: reason})
}

// resumeParts appends the word for each target that waits for one.
func (e *Engine) resumeParts(ctx context.Context, whole *History, by, reason string) error {
	parts, err := e.parts(ctx, whole.Open().Spec)
	if err != nil {
		return err
	}
	waiting := 0
	for _, h := range parts {
		open := h.Open()
		if open == nil || h.resumable(open) != nil {
			continue
		}
		waiting++
		if err := e.note(ctx, h.Key, KindResumed, open.Number, ResumedBody{Step: open.Step, By: by, Reason: reason}); err != nil {
			return err
		}
	}
	if waiting == 0 {
		return &ResumeError{Key: whole.Key, Why: "no target of it waits for a person now", Remedy: fmt.Sprintf("see what they wait for: sluice status %s", whole.Key)}
	}
	return nil
}

// Resumable reports whether a person's word ends a pause of this cause.
func (c Cause) Resumable() bool { return c == CausePause || c == CauseInconclusive }

// resumable says why the rollout cannot be told to go on; nil where it can.
func (h *History) resumable(r *Rollout) *ResumeError {
	no := func(why, remedy string, args ...any) *ResumeError {
		return &ResumeError{Key: h.Key, Why: why, Remedy: fmt.Sprintf(remedy, args...)}
	}
	switch {
	case r == nil:
		return no("no rollout is open", "see how the last one ended: sluice status %s", h.Key)
	case r.Abort != nil || r.State.GoingBack():
		return no(fmt.Sprintf("rollout %d is stopped and goes back", r.Number), "a rollout that goes back never goes forward again; apply again once it has ended: sluice wait %s", h.Key)
	case r.State != Paused:
		return no(fmt.Sprintf("rollout %d is not paused, but %s", r.Number, r.State), "where nobody drives it: sluice continue %s", h.Key)
	case r.Resumed != nil:
		return no(fmt.Sprintf("%s did so already (%s)", r.Resumed.By, r.Resumed.Reason), "whoever drives it goes on; where nobody does: sluice continue %s", h.Key)
	case !r.Cause.Resumable():
		return no(fmt.Sprintf("it waits because of %s: %s", r.Cause, r.Reason), "%s", h.insteadOf(r.Cause))
	case r.Harm != nil:
		return no("harm was seen meanwhile: "+harmText(*r.Harm), "go back: sluice abort %s --quarantine --reason \"...\"", h.Key)
	default:
		return nil
	}
}

// insteadOf says what to do about a pause that no word ends.
func (h *History) insteadOf(c Cause) string {
	back := fmt.Sprintf("or go back: sluice abort %s --reason \"...\"", h.Key)
	switch c {
	case CauseGate:
		return fmt.Sprintf("it goes on by itself when the gates pass; see: sluice gates %s; %s", h.Key, back)
	case CauseNoData, CauseTrafficShare:
		return "it goes on by itself once the signals tell again what users get, and nobody's word stands in for that; " + back
	case CauseDiverged:
		return "it goes on by itself once the target is where the rollout left it; " + back
	default:
		return fmt.Sprintf("what hurts users is not passed by a word; go back: sluice abort %s --quarantine --reason \"...\"", h.Key)
	}
}

// check makes one attempt of the step's check.
func (d *driver) check(ctx context.Context) error {
	r := d.h.Open()
	asked := *r.CurrentStep().Check
	body := CheckedBody{Step: r.Step, Attempt: 1, Attempts: asked.Attempts}
	if r.Checked != nil {
		body.Attempt = r.Checked.Attempt + 1
	}
	body.Result = check.Result{Name: asked.Name, Status: check.Unknown, Reason: "this process has nothing that makes checks"}
	if d.e.Checks != nil {
		bounded, cancel := d.bound(ctx)
		body.Result = d.e.Checks.Run(bounded, asked)
		cancel()
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return d.append(ctx, KindChecked, body)
}
