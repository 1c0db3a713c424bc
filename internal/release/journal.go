package release

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// append adds a record under the driver's fence and folds it. A record of a
// rollout that goes back is spooled when the ledger does not take it in time.
func (d *driver) append(ctx context.Context, kind string, body any) error {
	number := 0
	if open := d.h.Open(); open != nil {
		number = open.Number
	}
	entry, err := d.e.entry(d.key, kind, number, body)
	if err != nil {
		return err
	}
	entry.Lease, entry.Fence = d.key.LeaseName(), d.lease.Fence
	if number > 0 && d.mustNotWait(kind, body) {
		return d.appendOrSpool(ctx, entry)
	}
	patient, cancel := context.WithTimeout(ctx, d.patience())
	defer cancel()
	rec, err := d.appendOnce(patient, entry)
	if err != nil {
		return d.unanswered(ctx, patient, err)
	}
	// A repeated append may have been taken long ago, with others behind it.
	d.fresh = kind == KindTick && rec.Seq == d.h.Seq+1
	return d.fold(rec, true)
}

// fold takes a record into the history, and tells whoever watches; own is whether this
// driver has made it.
func (d *driver) fold(rec ledger.Record, own bool) error {
	err := d.h.Add(rec)
	if err == nil {
		d.recorded(rec, own)
	}
	return err
}

// appendOnce appends, and repeats once when the outcome is unknown: the ledger
// then says whether the first one had taken effect.
func (d *driver) appendOnce(ctx context.Context, entry ledger.Entry) (ledger.Record, error) {
	rec, err := d.e.Ledger.Append(ctx, d.key.Stream(), d.h.Seq, entry)
	d.isAlone = d.isAlone && err != nil
	if err != nil && !known(err) && ctx.Err() == nil {
		rec, err = d.e.Ledger.Append(ctx, d.key.Stream(), d.h.Seq, entry)
	}
	var conflict *ledger.ConflictError
	if errors.As(err, &conflict) && !conflict.Reused {
		return rec, errAgain
	}
	return rec, d.asked(d.named(ctx, err))
}

// named says who has driven the release since this driver lost its lease, where
// the lease does not say it any more because they have given it back.
func (d *driver) named(ctx context.Context, err error) error {
	var fenced *ledger.FencedError
	if !errors.As(err, &fenced) || fenced.Lease.Holder != "" {
		return err
	}
	short, cancel := context.WithTimeout(context.WithoutCancel(ctx), revertPatience)
	defer cancel()
	records, unread := d.e.Ledger.Read(short, d.key.Stream(), max(d.h.Seq, 1))
	if unread != nil || len(records) == 0 || records[len(records)-1].Actor == d.e.Actor {
		return err
	}
	return fmt.Errorf("%s has driven this release since and has given it back: %w", records[len(records)-1].Actor, err)
}

// known reports whether the ledger said for certain that nothing was appended.
func known(err error) bool {
	var conflict *ledger.ConflictError
	var fenced *ledger.FencedError
	var sealed *ledger.SealedError
	return errors.As(err, &sealed) || errors.As(err, &conflict) || errors.As(err, &fenced) || errors.Is(err, ledger.ErrReadOnly)
}

// mustNotWait is true for what stands between harm and its revert: the look that
// found it, the move that turns back, and all that follows.
func (d *driver) mustNotWait(kind string, body any) bool {
	if d.goingBack() {
		return true
	}
	switch b := body.(type) {
	case TickBody:
		fired := slices.ContainsFunc(b.Fired, func(f Fired) bool { return !f.Off })
		return fired || b.Input.Unhealthy != "" || b.Verdict != nil && b.Verdict.Kind == judge.Harm
	case MoveBody:
		return State(strings.TrimPrefix(kind, movePrefix)).GoingBack()
	default:
		return false
	}
}

// returning is goingBack, and whether an open rollout was asked to.
func (d *driver) returning() bool {
	open := d.h.Open()
	return d.goingBack() || open != nil && open.Abort != nil || open == nil && d.h.BackRequest != nil
}

func (d *driver) goingBack() bool {
	open := d.h.Open()
	return open != nil && open.State.GoingBack()
}

// appendOrSpool tries the ledger for a second and otherwise writes the record
// beside the process: not even the ledger may delay a revert. A fence that was
// lost is no matter of waiting and stops the driver.
func (d *driver) appendOrSpool(ctx context.Context, entry ledger.Entry) error {
	if !d.spool.pending() {
		short, cancel := context.WithTimeout(context.WithoutCancel(ctx), revertPatience)
		defer cancel()
		rec, err := d.appendOnce(short, entry)
		var fenced *ledger.FencedError
		switch {
		case err == nil:
			return d.fold(rec, true)
		case errors.As(err, &fenced):
			return err
		case errors.Is(err, errAgain) && d.sync(short) == nil:
			return errAgain
		}
	}
	entry.Lease, entry.Fence = "", 0
	if err := d.spool.add(entry); err != nil {
		// A full disk is no reason to leave users hurt either: the record is kept in
		// memory for as long as the process lives.
		d.warn(err.Error())
	}
	d.adrift = true
	return d.fold(ledger.Seal(d.key.Stream(), d.h.Seq+1, "", entry), true)
}

// bringHome appends what was spooled once the driver is done, if the ledger is
// back. What it does not take stays in the file for the next process.
func (d *driver) bringHome(ctx context.Context) {
	if !d.spool.pending() {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*revertPatience)
	defer cancel()
	if err := d.spool.flush(ctx, d.e.Ledger); err != nil {
		d.warn(fmt.Sprintf("the ledger did not take %d records of this revert (%v); %s", len(d.spool.entries), err, d.spool.where()))
	}
}

func (d *driver) warn(text string) {
	if !slices.Contains(d.warnings, text) {
		d.warnings = append(d.warnings, text)
	}
}
