package s3

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// appendTries is how often an append looks again after a write whose condition did not
// hold, though nothing stood in its way when it looked.
const appendTries = 8

// Append implements ledger.Ledger. Where this handle knows the stream's head it writes
// at once, and the store says whether that is still the head.
func (l *Ledger) Append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	if err := errors.Join(ledger.ValidateName(stream), entry.Validate()); err != nil {
		return ledger.Record{}, err
	}
	if err := l.writable(ctx); err != nil {
		return ledger.Record{}, err
	}
	return l.append(ctx, stream, after, entry)
}

func (l *Ledger) append(ctx context.Context, stream string, after uint64, entry ledger.Entry) (ledger.Record, error) {
	h := l.cache.head(stream)
	if h == nil && after == 0 {
		h = l.empty(stream)
	}
	// sent is true once a write may have taken effect whose answer was lost.
	sent := false
	for try := range appendTries {
		fresh := h == nil
		if fresh {
			var err error
			if h, err = l.again(ctx, stream, try); err != nil {
				return ledger.Record{}, unless(sent, err)
			}
		}
		r, done, err := l.attempt(ctx, h, after, entry, fresh)
		if errors.Is(err, errCondition) {
			sent, err = sent || errors.Is(err, errOwnCondition), nil
		}
		if done || err != nil {
			return r, unless(sent, err)
		}
		h = nil
	}
	// The last write may be the one that was there when it was repeated.
	h, err := l.load(ctx, stream)
	if err != nil {
		return ledger.Record{}, unless(sent, err)
	}
	there, err := l.judge(ctx, h, after, entry)
	if there != nil {
		return there.record(), nil
	}
	if err != nil {
		return ledger.Record{}, unless(sent, err)
	}
	return ledger.Record{}, fmt.Errorf("%s: %w: the stream %s was written by others each time", l.place, ledger.ErrBusy, stream)
}

// again looks at a stream, not at the same instant as others do who lost as well.
func (l *Ledger) again(ctx context.Context, stream string, try int) (*head, error) {
	if try > 1 {
		if err := l.opts.Clock.Sleep(ctx, jitter(firstPause)); err != nil {
			return nil, err
		}
	}
	return l.load(ctx, stream)
}

// unless is err, or what is left of it where something was sent.
func unless(sent bool, err error) error {
	if sent {
		return uncertain(err)
	}
	return err
}

// attempt tries to append behind h. It is not done, without error or with errCondition,
// when a fresh look at the stream is needed: a head from memory refuses nothing, since the
// record may be in the stream already.
func (l *Ledger) attempt(ctx context.Context, h *head, after uint64, entry ledger.Entry, fresh bool) (ledger.Record, bool, error) {
	there, err := l.judge(ctx, h, after, entry)
	if err == nil && there == nil && entry.Lease != "" {
		err = l.guard(ctx, h, entry)
	}
	if err == nil && there == nil {
		h, err = l.open(ctx, h)
	}
	switch {
	case errors.Is(err, errCondition):
		return ledger.Record{}, false, nil
	case (err != nil || there != nil) && !fresh:
		return ledger.Record{}, false, nil
	case err != nil:
		return ledger.Record{}, false, err
	case there != nil:
		return there.record(), true, nil
	}
	r, err := l.write(ctx, h, entry)
	return r, err == nil, err
}

// judge says what stands in the way of an entry, or that it is there already.
func (l *Ledger) judge(ctx context.Context, h *head, after uint64, entry ledger.Entry) (*stored, error) {
	there, err := l.find(ctx, h, entry.ID)
	if err != nil {
		return nil, err
	}
	s := ledger.Standing{Seq: h.Seq, Whole: h.whole}
	if there != nil {
		r := there.record()
		s.There = &r
	}
	if repeated, err := ledger.Judge(h.Stream, after, entry, s); err != nil || !repeated {
		return nil, err
	}
	return there, nil
}

// whole says whether the last record is what the head says. Nothing is built upon one
// that is not.
func (h *head) whole() error {
	last, ok := h.last()
	switch {
	case !ok:
		return nil
	case last.Seq != h.Seq:
		return &ledger.CorruptError{Stream: h.Stream, Seq: last.Seq + 1, Reason: fmt.Sprintf("gap: the stream has %d records", h.Seq)}
	case last.Hash != h.Hash:
		return &ledger.CorruptError{Stream: h.Stream, Seq: h.Seq, Reason: "fork: the head names another"}
	}
	return ledger.CheckHash(last)
}

// find returns the record of that id, if there is one. Up to 32,768 records the head
// knows all ids. Beyond, one part more is read, and kept.
func (l *Ledger) find(ctx context.Context, h *head, id string) (*stored, error) {
	for i := range h.Tail {
		if h.Tail[i].ID == id {
			return &h.Tail[i], nil
		}
	}
	hash := idHash(id)
	if h.Old != nil {
		body, err := l.part(ctx, h.Stream, *h.Old)
		if err != nil {
			return nil, err
		}
		if !body.IDs.mayHold(hash) {
			above := func(p ref) bool { return p.Level > 1 }
			return l.findBelow(ctx, h.Stream, slices.DeleteFunc(slices.Clone(h.Parts), above), id, hash)
		}
	}
	return l.findBelow(ctx, h.Stream, h.Parts, id, hash)
}

// findBelow looks where no set of ids says that it is not there: nowhere, as a rule,
// unless it is there.
func (l *Ledger) findBelow(ctx context.Context, stream string, refs []ref, id string, hash uint32) (*stored, error) {
	for _, p := range slices.Backward(refs) {
		if p.Level <= 1 && !p.IDs.mayHold(hash) {
			continue
		}
		body, err := l.part(ctx, stream, p)
		if err != nil {
			return nil, err
		}
		for i := range body.Records {
			if body.Records[i].ID == id {
				return &body.Records[i], nil
			}
		}
		if there, err := l.findBelow(ctx, stream, body.Parts, id, hash); there != nil || err != nil {
			return there, err
		}
	}
	return nil, nil
}

// write puts the record behind h: the parts first, then the head that no longer holds
// what is in them. A crash in between leaves a part that nothing refers to, and that
// the next append writes again.
func (l *Ledger) write(ctx context.Context, h *head, entry ledger.Entry) (ledger.Record, error) {
	r := ledger.Seal(h.Stream, h.Seq+1, h.Hash, entry)
	next, parts, err := h.grow(r, l.limits, l.oldIDs(ctx, h.Stream))
	if err != nil {
		return ledger.Record{}, err
	}
	if entry.Lease != "" && next.Fences[entry.Lease] != entry.Fence {
		next.Fences = maps.Clone(next.Fences)
		if next.Fences == nil {
			next.Fences = map[string]uint64{}
		}
		next.Fences[entry.Lease] = entry.Fence
	}
	next.Sealed = ""
	for _, p := range parts {
		if err := l.putPart(ctx, p); err != nil {
			return ledger.Record{}, err
		}
	}
	if err := l.putHead(ctx, h, next); err != nil {
		return ledger.Record{}, err
	}
	// What is returned must not change with the caller's bytes.
	r.Body = slices.Clone(r.Body)
	return r, nil
}

// oldIDs reads the ids in a part of level 2.
func (l *Ledger) oldIDs(ctx context.Context, stream string) func(ref) (idSet, error) {
	return func(p ref) (idSet, error) {
		body, err := l.part(ctx, stream, p)
		return body.IDs, err
	}
}

// putHead replaces h by next, if h is still there. Whatever goes wrong, h is not taken
// for the stream's head again.
func (l *Ledger) putHead(ctx context.Context, h, next *head) error {
	data, err := seal(next)
	if err == nil {
		next.etag, err = l.store.put(ctx, headKey(h.Stream), data, h.etag)
	}
	if err != nil {
		l.cache.forgetHead(h.Stream)
		return forWriting(err)
	}
	l.cache.keepHead(next)
	return nil
}

// putPart stores a part, or finds that it is stored.
func (l *Ledger) putPart(ctx context.Context, s sealed) error {
	data, err := seal(s.part)
	if err != nil {
		return err
	}
	_, err = l.store.put(ctx, partKey(s.part.Stream, s.ref), data, "")
	if !errors.Is(err, errCondition) {
		return forWriting(err)
	}
	there, err := l.fetch(ctx, s.part.Stream, s.ref)
	if err != nil {
		return err
	}
	if !s.part.equal(there) {
		return &ledger.CorruptError{Stream: s.part.Stream, Seq: s.ref.First, Reason: "fork: other records are stored where it was to be kept"}
	}
	return nil
}
