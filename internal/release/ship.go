package release

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ShipRequest is a wish of a Terraform state: this release runs this payload.
type ShipRequest struct {
	Spec  Spec
	Owner Owner
	// PreviousName is the key that the release had before it was renamed; its
	// history and quarantine are carried over once.
	PreviousName *Key
	// TakeOver moves the ownership to Owner, as the first write of a state that
	// imported the release does.
	TakeOver bool
	// Within is the rollout over many targets whose part this wish is, or nil.
	Within *Within
	// Stay says when the run may return though the rollout is open.
	Stay Stay
	// Before is asked before a rollout is opened, nil for nothing. Its error keeps
	// the rollout from being opened, and nothing was moved then.
	Before func(ctx context.Context) error
}

// Ship makes a wish true, or says why it is not. It adopts what serves already,
// goes on with a rollout of the same payload, aborts one of another payload, asks
// the gates, opens a rollout and drives it to its end.
//
// The Outcome is the truth in every case, also beside an error, except that it is
// empty when the ledger or the lease could not be had at all.
func (e *Engine) Ship(ctx context.Context, req ShipRequest) (Outcome, error) {
	req.Spec = req.Spec.Normalize()
	key := req.Spec.Key()
	d, err := e.take(ctx, key, false)
	if err != nil {
		return e.goneOnWith(ctx, req, err)
	}
	defer d.release(ctx)
	d.stay.Stay = req.Stay
	fresh := d.h.Seq == 0
	if err := d.admit(ctx, req); err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	out, done, err := d.settleOpen(ctx, req)
	if !done && err == nil {
		out, err = d.ship(ctx, req)
	}
	d.tellFormer(ctx, req, fresh, &out)
	return out, err
}

// admit checks whose release this is, and carries an older name's history over.
func (d *driver) admit(ctx context.Context, req ShipRequest) error {
	if req.PreviousName != nil && *req.PreviousName != d.key {
		if err := d.rename(ctx, *req.PreviousName); err != nil {
			return err
		}
	}
	if d.h.Owner == nil || d.h.Owner.ID == req.Owner.ID {
		return nil
	}
	if !req.TakeOver {
		return &OwnedError{Key: d.key, Owner: *d.h.Owner}
	}
	return d.append(ctx, KindOwned, OwnedBody{Owner: req.Owner})
}

func (d *driver) rename(ctx context.Context, from Key) error {
	old, err := d.e.load(ctx, from)
	if err != nil || !d.carries(from, old) {
		return err
	}
	if open := old.Open(); open != nil {
		return &OpenError{Key: from, Rollout: open.Number, State: open.State}
	}
	body := RenamedBody{From: from, Seq: old.Seq, Succeeded: old.Succeeded}
	for _, q := range old.Quarantine {
		body.Quarantine = append(body.Quarantine, q)
	}
	slices.SortFunc(body.Quarantine, func(a, b Quarantined) int { return a.At.Compare(b.At) })
	return d.append(ctx, KindRenamed, body)
}

// settleOpen deals with a rollout that is open already. done is true when the
// wish has had its answer by that.
func (d *driver) settleOpen(ctx context.Context, req ShipRequest) (out Outcome, done bool, err error) {
	open := d.h.Open()
	if open == nil {
		out, done, err := d.takeUpRequest(ctx)
		if done && err == nil {
			err = &EndedError{Outcome: out}
		}
		return out, done, err
	}
	wanted := req.Spec.Payload
	same := open.Kind == Forward && open.Spec.Payload.Same(wanted)
	if !sameTargets(open.Spec, req.Spec) {
		return outcomeOf(d.h, Underway, nil), true, &OpenError{Key: d.key, Rollout: open.Number, State: open.State}
	}
	if !same && open.Kind == Forward && open.Abort == nil && !open.State.GoingBack() {
		reason := fmt.Sprintf("the wish is %s now", wanted.Label())
		if err := d.append(ctx, KindAbortRequested, RequestBody{By: d.e.Actor, Cause: CauseSuperseded, Reason: reason}); err != nil {
			return outcomeOf(d.h, Underway, nil), true, d.interrupted(err)
		}
	}
	switch err := d.drive(ctx); {
	case errors.Is(err, errLeft) && same:
		return d.stayed(), true, nil
	case errors.Is(err, errLeft):
		// It could not be stopped any more and was not over in time.
		return d.outcome(Underway, d.obs.Target), true, d.interrupted(context.DeadlineExceeded)
	case err != nil:
		return d.outcome(Underway, d.obs.Target), true, err
	}
	out, err = d.ended(ctx)
	if !same {
		// The old artifact serves again; what is wished for now comes next.
		return out, false, nil
	}
	if out.Result == Broke && out.Rollout.Cause == CauseDeadMan {
		// The switch fired while nobody drove, which says nothing about the artifact.
		return out, false, nil
	}
	return out, true, err
}

// ship opens a rollout for the wish, or finds that none is needed.
func (d *driver) ship(ctx context.Context, req ShipRequest) (Outcome, error) {
	d.forgetTarget()
	if req.Spec.Waved() {
		return d.shipWaves(ctx, req)
	}
	defer d.leaveLine()
	serving, err := d.lookToBegin(ctx, req.Spec)
	if err != nil {
		return outcomeOf(d.h, Unchanged, nil), err
	}
	if !serving.Known {
		return outcomeOf(d.h, Unchanged, nil), &targetFault{errors.New("the target could not tell what serves, so nothing was begun")}
	}
	moved := d.h.Spec != nil && !sameTarget(d.h.Spec.Target, req.Spec.Target)
	// Where nobody managed the release, somebody else may have driven its target.
	known := !moved && d.h.Owner != nil
	if samePayload(d.h.Serving(), req.Spec.Payload) && (known || ServesOnly(*serving, req.Spec.Payload)) {
		return d.keep(ctx, req, serving)
	}
	if ServesOnly(*serving, req.Spec.Payload) {
		if err := d.mayAdopt(ctx, req.Spec); err != nil {
			return outcomeOf(d.h, Unchanged, serving), err
		}
		err := d.append(ctx, KindAdopted, AdoptedBody{Spec: req.Spec, Owner: req.Owner})
		return outcomeOf(d.h, Adopted, serving), err
	}
	if err := d.mayDrive(ctx, serving, moved || !d.h.drove); err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	opening, err := d.opening(ctx, req, Forward, serving)
	d.leaveLine()
	if err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	if err := d.before(ctx, req); err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	if err := d.append(ctx, KindOpened, opening); err != nil {
		return outcomeOf(d.h, Unchanged, serving), err
	}
	d.saw(serving)
	return d.finish(ctx)
}

// mayAdopt refuses what is quarantined here as a rollout would be refused: its plan says
// so, and that it serves makes it no better.
func (d *driver) mayAdopt(ctx context.Context, spec Spec) error {
	if _, bad := d.h.Quarantine[spec.Payload.Key()]; !bad {
		return nil
	}
	d.leaveLine()
	results := d.e.ask(ctx, spec.Subject(), d.h, d.e.Clock.Now())
	if len(gate.Blocked(results)) == 0 {
		return nil
	}
	return &BlockedError{Key: d.key, Label: spec.Payload.Label(), Results: results, First: d.h.Spec == nil}
}

// before asks what must be true for a rollout to be opened at all.
func (d *driver) before(ctx context.Context, req ShipRequest) error {
	if d.late(d.e.Clock.Now()) {
		return d.noTime()
	}
	if req.Before == nil {
		return nil
	}
	return req.Before(ctx)
}

// keep answers a wish that the ledger says is true: an edit of the strategy or
// the policy opens nothing. What drifted is for a drift check to repair.
func (d *driver) keep(ctx context.Context, req ShipRequest, serving *target.Observation) (Outcome, error) {
	if d.h.Owner == nil {
		// The release was let go of and is managed again.
		if err := d.append(ctx, KindOwned, OwnedBody{Owner: req.Owner}); err != nil {
			return outcomeOf(d.h, Unchanged, serving), err
		}
	}
	if !sameSpec(d.h.Spec, req.Spec) {
		if err := d.append(ctx, KindSpecified, SpecifiedBody{Spec: req.Spec}); err != nil {
			return outcomeOf(d.h, Unchanged, serving), err
		}
	}
	return outcomeOf(d.h, Unchanged, serving), nil
}

// sameSpec compares specifications as they stand in the ledger.
func sameSpec(known *Spec, spec Spec) bool {
	if known == nil {
		return false
	}
	a, errA := json.Marshal(known)
	b, errB := json.Marshal(spec)
	return errA == nil && errB == nil && bytes.Equal(a, b)
}

// ended is the outcome of the last rollout, with an error unless it succeeded.
func (d *driver) ended(ctx context.Context) (Outcome, error) {
	r := d.h.Last()
	afterwards := d.afterwards(ctx, r)
	if r.Within == nil {
		// The rollout over many targets anchors once for all of them.
		d.anchor(ctx)
	}
	out := d.outcome(closedAs(r.State), nil)
	out.Rollout = r
	if r.Analysis != nil {
		out.Warnings = append(out.Warnings, r.Analysis.Warnings...)
	}
	if advice := r.Advice(); advice != "" {
		out.Warnings = append(out.Warnings, advice)
	}
	out.Warnings = append(out.Warnings, afterwards...)
	if r.Final != nil {
		out.Serving = r.Final.Serving
	}
	if r.State != Succeeded {
		return out, &EndedError{Outcome: out}
	}
	return out, nil
}

// anchor writes a checkpoint of all streams' heads, so that a ledger whose tail
// was cut shows it. The rollout is over by now, so a ledger that cannot take the
// checkpoint changes nothing about its outcome.
func (d *driver) anchor(ctx context.Context) {
	if d.e.Hooks.Closed != nil {
		d.e.Hooks.Closed()
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*revertPatience)
	defer cancel()
	_, _ = ledger.Checkpoint(ctx, d.e.Ledger, d.e.Actor, d.e.Clock.Now())
}

// forgetTarget makes the driver open its target anew, since the next rollout may
// have another one.
func (d *driver) forgetTarget() {
	d.tgt, d.first, d.capsOK, d.sources, d.obs, d.tries = nil, nil, false, nil, Observations{}, 0
}

// sameTarget compares targets by what their configuration says, not by how it is
// written.
func sameTarget(a, b target.Config) bool {
	return a.Driver == b.Driver && canonical(a.Config) == canonical(b.Config)
}

func canonical(config json.RawMessage) string {
	var v any
	if err := json.Unmarshal(config, &v); err != nil {
		return string(config)
	}
	out, err := json.Marshal(v)
	if err != nil {
		return string(config)
	}
	return string(out)
}

// samePayload reports whether a registered payload is the one given.
func samePayload(p *artifact.Payload, other artifact.Payload) bool { return p != nil && p.Same(other) }
