package release

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// BehindError says that a target has seen a fence which this ledger has not given: the
// ledger was brought back from an older copy, or another one drives the target. Nothing
// goes forward by it until somebody has looked and bound it anew. It is a *target.Error
// with the code target.CodeStaleFence too.
type BehindError struct {
	Key Key
	BehindBody
	// Err is what the target answered, nil where it was not asked.
	Err error
}

// Error implements error.
func (e *BehindError) Error() string {
	text := fmt.Sprintf("the target of %s %s (%s): it lacks records, as one that was brought back from an older copy does, or another ledger drives this target", e.Key, e.fences(""), target.CodeStaleFence)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// fences says how the two compare. What explains the word stands behind the first number.
func (b BehindBody) fences(word string) string {
	if b.Seen == b.Given {
		return fmt.Sprintf("has seen the fence %d%s before, and this ledger gives it only now", b.Seen, word)
	}
	return fmt.Sprintf("has seen the fence %d%s, and this ledger has come to %d only", b.Seen, word, b.Given)
}

// Unwrap gives the target's words with the remedy.
func (e *BehindError) Unwrap() error {
	return &target.Error{Code: target.CodeStaleFence, Message: "the ledger is behind the target", Remedy: e.Remedy(), Err: e.Err}
}

// Remedy is what to do about it.
func (e *BehindError) Remedy() string {
	return fmt.Sprintf("where another ledger drives this target, name that one; where this one was restored, see what serves and bind it anew:\nsluice drift %s\nsluice ledger rebind --reason \"...\"\nto go back meanwhile:\nsluice rollback --spec FILE --reason \"...\"", e.Key)
}

// mayDrive is asked with what serves before a rollout is opened: every fence that the
// target has seen must be below this driver's. contact is whether the release has not
// driven this target before; its fences may then be those of another lease, of a release
// that was renamed or that had the target earlier, and this driver goes on above them.
func (d *driver) mayDrive(ctx context.Context, serving *target.Observation, contact bool) error {
	if !d.used && serving.Fence >= d.lease.Fence {
		if !contact || !d.e.gave(ctx, serving.Fence) {
			return d.superseded(ctx, serving.Fence, nil)
		}
		lease, err := d.leaser.Raise(ctx, d.lease, serving.Fence)
		if err != nil {
			return d.named(ctx, err)
		}
		d.lease = lease
	}
	if err := d.unbound(ctx); err != nil {
		return err
	}
	d.used = true
	return nil
}

// unbound refuses what a former run found, until somebody has bound the ledger anew. An
// attempt that was refused takes a fence, too, so the fences alone would pass in the end.
func (d *driver) unbound(ctx context.Context) error {
	if d.h.Behind == nil {
		return nil
	}
	floor, err := ledger.FenceFloor(ctx, d.e.Ledger)
	if err == nil && d.h.behindStill(floor) {
		err = &BehindError{Key: d.key, BehindBody: *d.h.Behind}
	}
	return err
}

// behindStill is whether what was found holds in a ledger of that ledger.FenceFloor.
func (h *History) behindStill(floor uint64) bool { return h.Behind != nil && floor <= h.Behind.Seen }

// takesUp is mayDrive for a rollout that was open already: before this driver's first
// write it looks, and keeps nothing of the look but the fence, since what is written next
// stays bound to what the record says of the target. What goes back is not held up here,
// and a target that cannot be read now will refuse the write, or not be reached by it.
func (d *driver) takesUp(ctx context.Context, decision Decision) error {
	if d.used || decision.back() || !decision.Action.writes() || d.h.Open().Spec.Mode == Observe {
		return nil
	}
	bounded, cancel := d.bound(ctx)
	defer cancel()
	obs, err := d.tgt.Observe(bounded)
	switch {
	case err != nil || !obs.Known:
		return nil
	case obs.Fence >= d.lease.Fence:
		d.saw(&obs) // Nothing is written any more, and people want to know what serves.
		return d.superseded(ctx, obs.Fence, nil)
	}
	err = d.unbound(ctx)
	d.used = err == nil
	return err
}

// writes reports whether a target may be written to in carrying the action out.
func (a Action) writes() bool {
	switch a {
	case ActMeasure, ActPrepare, ActApply, ActComplete, ActFinalize:
		return true
	default:
		return false
	}
}

// gave reports whether a lease of this ledger has come so far.
func (e *Engine) gave(ctx context.Context, fence uint64) bool {
	leases, err := ledger.EveryLease(ctx, e.Ledger, streamPrefix)
	return err == nil && slices.ContainsFunc(leases, func(l ledger.Lease) bool { return l.Fence >= fence })
}

// refused says what it means that the target refused this driver's fence.
func (d *driver) refused(ctx context.Context, err error) error {
	seen := d.lease.Fence
	if te := (*target.Error)(nil); errors.As(err, &te) && te.Observation != nil {
		seen = max(seen, te.Observation.Fence)
		d.saw(te.Observation)
	}
	return d.superseded(ctx, seen, err)
}

// superseded says who drives now, where the target has seen another's fence: whoever has
// taken the lease, or somebody of whom this ledger knows nothing.
func (d *driver) superseded(ctx context.Context, seen uint64, cause error) error {
	lease, unread := d.e.Ledger.Lease(ctx, d.key.LeaseName())
	switch {
	case unread != nil && cause != nil:
		return cause
	case unread != nil:
		return unread
	case lease.Fence != d.lease.Fence:
		return d.named(ctx, &ledger.FencedError{Lease: lease, Fence: d.lease.Fence})
	}
	return d.behind(ctx, seen, cause)
}

// behind records what was found, once, and gives the error. The record is for this very
// ledger alone, so it is never spooled, and one that is not taken hides nothing.
func (d *driver) behind(ctx context.Context, seen uint64, cause error) error {
	found := &BehindError{Key: d.key, BehindBody: BehindBody{Seen: seen, Given: d.lease.Fence}, Err: cause}
	if d.h.Behind != nil && d.h.Behind.Seen >= seen {
		return found
	}
	entry, err := d.e.entry(d.key, KindBehind, 0, found.BehindBody)
	if err != nil {
		return found
	}
	entry.Lease, entry.Fence = d.key.LeaseName(), d.lease.Fence
	if rec, err := d.appendOnce(ctx, entry); err == nil {
		_ = d.fold(rec, true)
	}
	return found
}
