package s3

import (
	"context"
	"errors"
	"fmt"
	"reflect"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// fetchers is how many requests one call makes at once.
const fetchers = 16

// load reads a stream's head as it is now. The one in memory spares the bytes when it
// is still that.
func (l *Ledger) load(ctx context.Context, stream string) (*head, error) {
	known := l.cache.head(stream)
	etag := ""
	if known != nil {
		etag = known.etag
	}
	got, err := l.store.get(ctx, headKey(stream), etag)
	switch {
	case errors.Is(err, errUnchanged):
		return known, nil
	case err != nil:
		return nil, err
	case got.etag == "":
		return l.empty(stream), nil
	}
	h := &head{etag: got.etag}
	if err := unseal(got.data, h); err != nil {
		return nil, unreadable(stream, 1, "its head", err)
	}
	if err := h.check(l.id, stream); err != nil {
		return nil, err
	}
	for _, s := range h.Tail {
		h.bytes += s.size()
	}
	l.cache.keepHead(h)
	return h, nil
}

// unreadable is of an object that is not one of ours, or a newer one.
func unreadable(stream string, seq uint64, what string, err error) error {
	if errors.Is(err, ledger.ErrNewer) {
		return fmt.Errorf("the stream %s, %s: %w", stream, what, err)
	}
	return &ledger.CorruptError{Stream: stream, Seq: seq, Reason: what + " cannot be read", Err: err}
}

// fetch reads a part from the store.
func (l *Ledger) fetch(ctx context.Context, stream string, p ref) (part, error) {
	got, err := l.store.get(ctx, partKey(stream, p), "")
	if err != nil {
		return part{}, err
	}
	if got.etag == "" {
		return part{}, &ledger.CorruptError{Stream: stream, Seq: p.First, Reason: fmt.Sprintf("gap: the part with the records %d to %d is not there", p.First, p.Last)}
	}
	var body part
	if err := unseal(got.data, &body); err != nil {
		return part{}, unreadable(stream, p.First, "its part", err)
	}
	if body.Ledger != l.id || body.Stream != stream {
		return part{}, &ledger.CorruptError{Stream: stream, Seq: p.First, Reason: "fork: a part of another stream stands in its place"}
	}
	return body, nil
}

// part is fetch for looking up ids, which asks for the same parts again and again.
func (l *Ledger) part(ctx context.Context, stream string, p ref) (part, error) {
	key := partKey(stream, p)
	if body, ok := l.cache.part(key); ok {
		return body, nil
	}
	body, err := l.fetch(ctx, stream, p)
	if err == nil && p.Level > 0 {
		l.cache.keepPart(key, body, len(body.IDs)+len(body.Parts)*(1<<10))
	}
	return body, err
}

func (p part) equal(q part) bool { return reflect.DeepEqual(p, q) }

// below returns the records below those refs that are wanted, in order. A few parts
// are read at once.
func (l *Ledger) below(ctx context.Context, stream string, refs []ref, want func(ref) bool) ([]stored, error) {
	results := make([][]stored, len(refs))
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(fetchers)
	for i, p := range refs {
		if !want(p) {
			continue
		}
		all.Go(func() error {
			body, err := l.fetch(each, stream, p)
			if err == nil && len(body.Parts) > 0 {
				results[i], err = l.below(each, stream, body.Parts, want)
				return err
			}
			results[i] = body.Records
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	var out []stored
	for _, r := range results {
		out = append(out, r...)
	}
	return out, nil
}

// Read implements ledger.Ledger.
func (l *Ledger) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	h, err := l.load(ctx, stream)
	if err != nil {
		return nil, err
	}
	from = max(from, 1)
	// The record before the first wanted one is read too, for the link between.
	start := max(from-1, 1)
	if start > h.Seq {
		return nil, nil
	}
	records, err := l.below(ctx, stream, h.Parts, func(p ref) bool { return p.Last >= start })
	if err != nil {
		return nil, err
	}
	return h.chain(append(records, h.Tail...), start, from)
}

// chain checks records against each other and against the head, and returns those
// that are wanted.
func (h *head) chain(records []stored, start, from uint64) ([]ledger.Record, error) {
	var out []ledger.Record
	prev := ledger.Record{Stream: h.Stream, Hash: ledger.ZeroHash}
	for _, s := range records {
		if s.Seq < start {
			continue
		}
		r := s.record()
		if prev.Seq == 0 && start > 1 {
			// What stands before this one is not looked at: take its word.
			prev.Seq, prev.Hash = start-1, r.Prev
		}
		if err := ledger.Check(&prev, r); err != nil {
			return nil, err
		}
		prev = r
		if r.Seq >= from {
			out = append(out, r)
		}
	}
	if prev.Seq != h.Seq || prev.Hash != h.Hash {
		return nil, &ledger.CorruptError{Stream: h.Stream, Seq: max(prev.Seq, start-1) + 1, Reason: fmt.Sprintf("gap: its head says that the stream has %d records", h.Seq)}
	}
	return out, nil
}
