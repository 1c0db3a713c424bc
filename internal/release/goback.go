package release

import (
	"context"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// RequestBack appends the wish for a rollback of somebody who has no access to
// the target. It stops an open rollout; otherwise the next driver takes it up. It
// is ErrNothingBefore where a rollback has nowhere to go.
func (e *Engine) RequestBack(ctx context.Context, key Key, req RequestBody) error {
	h, err := e.Load(ctx, key)
	if err != nil {
		return err
	}
	if err := h.MayGoBack(); err != nil {
		return err
	}
	if req.Cause == "" {
		req.Cause = CauseOperator
	}
	req.Quarantine = true
	return e.note(ctx, key, KindBackRequested, 0, req)
}

// MayGoBack says why a person's rollback would have nothing to do; nil where it has.
func (h *History) MayGoBack() error {
	open := h.Open()
	switch {
	case h.Spec != nil && h.Spec.Mode == Observe:
		return fmt.Errorf("%w: %s", ErrObserving, h.Key)
	case open != nil && open.Kind != Repair:
		return nil
	}
	if _, to := h.leaving(); to == nil {
		return ErrNothingBefore
	}
	return nil
}

// takeUpRequest carries out a rollback that somebody without access to the target
// asked for. What it was to leave may have nothing before it any more; then there
// is nothing to do, and a warning says so.
func (d *driver) takeUpRequest(ctx context.Context) (out Outcome, done bool, err error) {
	request := d.h.BackRequest
	if request == nil {
		return Outcome{}, false, nil
	}
	if err := d.h.MayGoBack(); err != nil {
		d.warn(fmt.Sprintf("the rollback that %s asked for (%s) cannot be done: %v", request.By, request.Reason, err))
		return Outcome{}, false, nil
	}
	out, err = d.back(ctx, request.Reason)
	return out, true, err
}

// BackRequest is a person's rollback.
type BackRequest struct {
	Reason string
}

// Back goes back at a person's word: to the last payload that succeeded before
// the one that serves and is not quarantined. What it leaves is quarantined, so
// that the next merge does not ship it again. No gate is asked and the lease is
// taken at once. A forward rollout that is open is aborted and its payload
// quarantined instead, unless it is found to serve alone already; a rollback that is open is taken over and driven to its
// end; a repair is aborted first.
func (e *Engine) Back(ctx context.Context, key Key, req BackRequest) (Outcome, error) {
	h, err := e.Load(ctx, key)
	if err != nil {
		return Outcome{Key: key}, err
	}
	if err := h.MayGoBack(); err != nil {
		return outcomeOf(h, Unchanged, nil), err
	}
	open := h.Open()
	if open != nil && open.Kind == Forward {
		out, err := e.Abort(ctx, key, RequestBody{By: e.Actor, Reason: req.Reason, Cause: CauseOperator, Quarantine: true})
		if r := out.Rollout; r == nil || !r.alone() || out.History.Previous() == nil {
			return out, err
		}
		// It had become the only one, so going back takes a rollout of its own.
		open = nil
	}
	if open != nil && open.Kind == Repair {
		if err := e.note(ctx, key, KindAbortRequested, open.Number, RequestBody{By: e.Actor, Reason: req.Reason, Cause: CauseOperator}); err != nil {
			return Outcome{Key: key}, err
		}
	}
	d, err := e.take(ctx, key, true)
	if err != nil {
		return Outcome{Key: key}, err
	}
	defer d.release(ctx)
	if open := d.h.Open(); open != nil {
		out, err := d.finish(ctx)
		if open.Kind == BackOut {
			return out, err
		}
		var ended *EndedError
		if err != nil && !errors.As(err, &ended) {
			return out, err
		}
	}
	return d.back(ctx, req.Reason)
}

// leaving is what a person's rollback leaves and where it goes. Where the targets
// were left with different artifacts, it takes the new one back.
func (h *History) leaving() (from, to *artifact.Payload) {
	if h.Mixed() {
		return &h.Last().Spec.Payload, h.Serving()
	}
	return h.Serving(), h.Previous()
}

// back opens and drives a rollout of kind rollback.
func (d *driver) back(ctx context.Context, reason string) (Outcome, error) {
	leaving, to := d.h.leaving()
	if to == nil {
		return outcomeOf(d.h, Unchanged, nil), ErrNothingBefore
	}
	spec := *d.h.Spec
	spec.Payload, spec.Evidence = *to, nil
	spec.Strategy = immediate(spec.Strategy)
	return d.opened(ctx, spec, BackOut, reason, &Quarantined{Payload: *leaving, Reason: reason, By: d.e.Actor, At: d.e.Clock.Now()})
}
