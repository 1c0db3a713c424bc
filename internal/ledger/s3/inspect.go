package s3

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var (
	_ ledger.Inspector = (*Ledger)(nil)
	_ ledger.Salvager  = (*Ledger)(nil)
)

// Inspect implements ledger.Inspector: it checks each lease, which is in no chain, and
// that each object among the heads is one. That bytes are what was written is the
// store's own to check.
func (l *Ledger) Inspect(ctx context.Context) ([]*ledger.CorruptError, error) {
	leases, err := l.each(ctx, leaseDir, func(ctx context.Context, o listed) error {
		name, whole := decodeName(strings.TrimPrefix(o.key, leaseDir))
		if !whole {
			var err error
			if name, err = l.leaseIn(ctx, o); err != nil {
				return err
			}
		}
		_, err := l.loadLease(ctx, name)
		return err
	})
	if err != nil {
		return nil, err
	}
	heads, err := l.each(ctx, headDir, func(ctx context.Context, o listed) error {
		if _, whole := decodeName(strings.TrimPrefix(o.key, headDir)); whole {
			return nil // Whoever reads the stream sees.
		}
		_, err := l.nameIn(ctx, o)
		return err
	})
	return append(leases, heads...), err
}

// each calls look for every object in a folder, several at once, and returns what is
// damaged, in the order of keys.
func (l *Ledger) each(ctx context.Context, dir string, look func(context.Context, listed) error) ([]*ledger.CorruptError, error) {
	objects, err := l.store.list(ctx, dir, 0)
	if err != nil {
		return nil, err
	}
	problems := make([]*ledger.CorruptError, len(objects))
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(fetchers)
	for i, o := range objects {
		all.Go(func() error {
			err := look(each, o)
			if errors.As(err, &problems[i]) {
				return nil
			}
			return err
		})
	}
	err = all.Wait()
	return slices.DeleteFunc(problems, func(p *ledger.CorruptError) bool { return p == nil }), err
}

// leaseIn is nameIn for a lease.
func (l *Ledger) leaseIn(ctx context.Context, o listed) (string, error) {
	got, err := l.store.get(ctx, o.key, "")
	if err != nil {
		return "", err
	}
	var d leaseDoc
	if err := unseal(got.data, &d); err != nil || leaseKey(d.Lease.Name) != o.key {
		return "", &ledger.CorruptError{Reason: "the object " + o.key + " is no lease", Err: err}
	}
	return d.Lease.Name, nil
}

// Streams implements ledger.Inspector. A damaged head has a name all the same, if its
// key holds it; what Inspect finds is left out.
func (l *Ledger) Streams(ctx context.Context) ([]string, error) {
	var (
		mu    sync.Mutex
		names []string
	)
	_, err := l.each(ctx, headDir, func(ctx context.Context, o listed) error {
		name, whole := decodeName(strings.TrimPrefix(o.key, headDir))
		if !whole {
			var err error
			if name, err = l.nameIn(ctx, o); err != nil {
				return err
			}
		}
		h, err := l.headOf(ctx, o)
		if err == nil && h.Seq == 0 {
			return nil
		}
		mu.Lock()
		names = append(names, name)
		mu.Unlock()
		return err
	})
	slices.Sort(names)
	return names, err
}

// Salvage implements ledger.Salvager. It goes by the parts that are there rather than
// by what the head says of them: none ever holds a record that was not appended.
func (l *Ledger) Salvage(ctx context.Context, stream string) ([]ledger.Record, error) {
	objects, err := l.store.list(ctx, partPrefix(stream), 0)
	if err != nil {
		return nil, err
	}
	var all []stored
	for _, o := range objects {
		got, err := l.store.get(ctx, o.key, "")
		if err != nil {
			return nil, err
		}
		var body part
		if unseal(got.data, &body) == nil {
			all = append(all, body.Records...)
		}
	}
	got, err := l.store.get(ctx, headKey(stream), "")
	if err != nil {
		return nil, err
	}
	var h head
	if got.etag != "" && unseal(got.data, &h) == nil {
		all = append(all, h.Tail...)
	}
	var out []ledger.Record
	for _, s := range all {
		if r := s.record(); r.Stream == stream && ledger.CheckHash(r) == nil {
			out = append(out, r)
		}
	}
	slices.SortFunc(out, func(a, b ledger.Record) int { return cmp.Compare(a.Seq, b.Seq) })
	return slices.CompactFunc(out, func(a, b ledger.Record) bool { return a.Seq == b.Seq }), nil
}
