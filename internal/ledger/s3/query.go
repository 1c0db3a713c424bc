package s3

import (
	"cmp"
	"context"
	"errors"
	"math"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// heads returns the heads of the streams whose names begin with prefix, by name. The
// listing says which of those in memory are still good.
func (l *Ledger) heads(ctx context.Context, prefix string) ([]*head, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	objects, err := l.store.list(ctx, headDir+encodePrefix(prefix), 0)
	if err != nil {
		return nil, err
	}
	found := make([]*head, len(objects))
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(fetchers)
	for i, o := range objects {
		all.Go(func() (err error) {
			found[i], err = l.headOf(each, o)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	found = slices.DeleteFunc(found, func(h *head) bool { return h.Seq == 0 || !strings.HasPrefix(h.Stream, prefix) })
	slices.SortFunc(found, func(a, b *head) int { return cmp.Compare(a.Stream, b.Stream) })
	return found, nil
}

// headOf is the head that a listing found.
func (l *Ledger) headOf(ctx context.Context, o listed) (*head, error) {
	name, whole := decodeName(strings.TrimPrefix(o.key, headDir))
	if !whole {
		var err error
		if name, err = l.nameIn(ctx, o); err != nil {
			return nil, err
		}
	}
	if h := l.cache.head(name); h != nil && h.etag == o.etag {
		return h, nil
	}
	return l.load(ctx, name)
}

// nameIn reads from a head whose key holds no whole name which stream's it is.
func (l *Ledger) nameIn(ctx context.Context, o listed) (string, error) {
	got, err := l.store.get(ctx, o.key, "")
	if err != nil {
		return "", err
	}
	var h head
	if err := unseal(got.data, &h); err != nil || headKey(h.Stream) != o.key {
		if errors.Is(err, ledger.ErrNewer) {
			return "", err
		}
		return "", &ledger.CorruptError{Reason: "the object " + o.key + " is no stream's head", Err: err}
	}
	return h.Stream, nil
}

// Heads implements ledger.Ledger.
func (l *Ledger) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	heads, err := l.heads(ctx, prefix)
	if err != nil {
		return nil, err
	}
	var out []ledger.Record
	for _, h := range heads {
		if err := h.whole(); err != nil {
			return nil, err
		}
		last, _ := h.last()
		out = append(out, last)
	}
	return out, nil
}

// filter is a ledger.Filter made ready for comparing.
type filter struct {
	ledger.Filter
	// since is inclusive, until exclusive, in microseconds.
	since, until int64
}

func newFilter(f ledger.Filter) filter {
	out := filter{Filter: f, since: math.MinInt64, until: math.MaxInt64}
	if !f.Since.IsZero() {
		out.since = ledger.Ceil(f.Since).UnixMicro()
	}
	if !f.Until.IsZero() {
		out.until = ledger.Ceil(f.Until).UnixMicro()
	}
	return out
}

func (f filter) takes(s stored) bool {
	at := s.At.UnixMicro()
	return at >= f.since && at < f.until &&
		(len(f.Kinds) == 0 || slices.Contains(f.Kinds, s.Kind)) &&
		(f.Service == "" || f.Service == s.Service) &&
		(f.Environment == "" || f.Environment == s.Environment)
}

// mayHold says whether a part can hold what f takes.
func (f filter) mayHold(p ref) bool {
	return p.Until >= f.since && p.From < f.until &&
		(len(f.Kinds) == 0 || p.Kinds == nil || slices.ContainsFunc(f.Kinds, func(k string) bool { return slices.Contains(p.Kinds, k) }))
}

// lead is a part that is still to be looked into.
type lead struct {
	stream string
	ref    ref
}

// Query implements ledger.Ledger. The newest records are in the heads; parts are read
// newest first, and none that is older than what the limit has room for.
func (l *Ledger) Query(ctx context.Context, ask ledger.Filter) ([]ledger.Record, error) {
	heads, err := l.heads(ctx, ask.StreamPrefix)
	if err != nil {
		return nil, err
	}
	q := &query{filter: newFilter(ask)}
	for _, h := range heads {
		if err := q.add(h.Tail); err != nil {
			return nil, err
		}
		q.follow(h.Stream, h.Parts)
	}
	for {
		next := q.next()
		if len(next) == 0 {
			return q.found, nil
		}
		bodies := make([]part, len(next))
		all, each := errgroup.WithContext(ctx)
		for i, n := range next {
			all.Go(func() (err error) {
				bodies[i], err = l.fetch(each, n.stream, n.ref)
				return err
			})
		}
		if err := all.Wait(); err != nil {
			return nil, err
		}
		for i, b := range bodies {
			if err := q.add(b.Records); err != nil {
				return nil, err
			}
			q.follow(next[i].stream, b.Parts)
		}
	}
}

// query is a query under way.
type query struct {
	filter filter
	// found is sorted, and cut to the limit.
	found []ledger.Record
	leads []lead
}

func (q *query) add(records []stored) error {
	for _, s := range records {
		if !q.filter.takes(s) {
			continue
		}
		r := s.record()
		if err := ledger.CheckHash(r); err != nil {
			return err
		}
		q.found = append(q.found, r)
	}
	return nil
}

func (q *query) follow(stream string, refs []ref) {
	for _, p := range refs {
		if q.filter.mayHold(p) {
			q.leads = append(q.leads, lead{stream, p})
		}
	}
}

// next sorts what was found and returns the parts to read next: those with the newest
// records. It is empty when no part can add anything.
func (q *query) next() []lead {
	slices.SortFunc(q.found, func(a, b ledger.Record) int {
		return cmp.Or(b.At.Compare(a.At), cmp.Compare(b.Stream, a.Stream), cmp.Compare(b.Seq, a.Seq))
	})
	oldest := int64(math.MinInt64)
	if n := q.filter.Limit; n > 0 && len(q.found) >= n {
		q.found = q.found[:n]
		oldest = q.found[n-1].At.UnixMicro()
	}
	// One of the same instant may still stand before the last one by its name.
	q.leads = slices.DeleteFunc(q.leads, func(n lead) bool { return n.ref.Until < oldest })
	slices.SortFunc(q.leads, func(a, b lead) int { return cmp.Compare(b.ref.Until, a.ref.Until) })
	next := q.leads[:min(len(q.leads), fetchers)]
	q.leads = slices.Clone(q.leads[len(next):])
	return next
}
