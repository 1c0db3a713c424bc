package s3

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// How a ledger is closed to appends at one stroke, though a store changes no two
// objects at once. ledger.json says that it is sealed; then the mark of the sealing is
// put into the head of each stream, which changes its ETag.
//
//   - An append to a stream with records meets the mark: in the head that it reads, or
//     because the head is no longer the one that it read before. Until then it takes
//     effect, and the sealing is not over.
//   - The head of a stream that is new may come too late to be marked. So the first
//     record goes into a head that is already there, empty, and after a look at
//     ledger.json: a head that was there before that was sealed is marked with the
//     others, and one that came later holds nothing, and never will.
//   - A ledger is unsealed in ledger.json alone. A mark in a head is asked about there,
//     and the next append takes it away.
var _ ledger.Source = (*Ledger)(nil)

// open says whether the seal lets an append go behind h, and returns the head that it
// goes behind. It asks nothing where the stream has records and no mark.
func (l *Ledger) open(ctx context.Context, h *head) (*head, error) {
	if h.Seq > 0 && h.Sealed == "" {
		return h, nil
	}
	if h.etag == "" {
		next := *h
		next.Write = nonce()
		if err := l.putHead(ctx, h, &next); err != nil {
			return nil, err
		}
		h = &next
	}
	s, err := l.Sealing(ctx)
	if err != nil {
		return nil, err
	}
	if s != nil {
		return nil, &ledger.SealedError{Sealing: *s}
	}
	return h, nil
}

// Sealing implements ledger.Source.
func (l *Ledger) Sealing(ctx context.Context) (*ledger.Sealing, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a, _, err := l.about(ctx)
	return a.Sealed, err
}

// SealOff implements ledger.Source.
func (l *Ledger) SealOff(ctx context.Context, s ledger.Sealing) error {
	err := l.resealed(ctx, func(now *ledger.Sealing) (*ledger.Sealing, error) {
		next, err := s.After(now)
		return &next, err
	})
	if err != nil || s.Finishing || s.Done {
		return err // What is finishing has its marks.
	}
	objects, err := l.store.list(ctx, headDir, 0)
	if err != nil {
		return err
	}
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(fetchers)
	for _, o := range objects {
		all.Go(func() error {
			name, whole := decodeName(strings.TrimPrefix(o.key, headDir))
			if !whole {
				var err error
				if name, err = l.nameIn(each, o); err != nil {
					return err
				}
			}
			return l.mark(each, name, s.Mark)
		})
	}
	return all.Wait()
}

// mark puts a sealing's mark into a head.
func (l *Ledger) mark(ctx context.Context, stream, mark string) error {
	for range 4 * appendTries {
		h, err := l.load(ctx, stream)
		if err != nil || h.Sealed == mark {
			return err
		}
		next := *h
		next.Write, next.Sealed = nonce(), mark
		if err := l.putHead(ctx, h, &next); !errors.Is(err, errCondition) {
			return err
		}
	}
	return fmt.Errorf("%s: %w: the stream %s was written by others each time", l.place, ledger.ErrBusy, stream)
}

// MaySeal implements ledger.Source. It writes ledger.json as it is, under a condition that
// nothing meets: who may not is refused before the store looks at that.
func (l *Ledger) MaySeal(ctx context.Context) error {
	if l.opts.ReadOnly {
		return fmt.Errorf("%s: %w", l.place, ledger.ErrReadOnly)
	}
	a, err := l.present(ctx)
	if err != nil {
		return err
	}
	text, err := a.text()
	if err != nil {
		return err
	}
	_, err = l.store.put(ctx, aboutKey, text, noETag)
	switch {
	case errors.Is(err, errCondition):
		return nil
	case err == nil:
		return l.dishonest("If-Match", "although the condition of the write was not met")
	}
	return l.forAdministrator(err)
}

// Unseal implements ledger.Source.
func (l *Ledger) Unseal(ctx context.Context, seen ledger.Sealing) error {
	return l.resealed(ctx, func(now *ledger.Sealing) (*ledger.Sealing, error) { return nil, seen.Opens(now) })
}

// resealed changes what ledger.json says, under the condition that it still says what
// the change was made of.
func (l *Ledger) resealed(ctx context.Context, change func(now *ledger.Sealing) (*ledger.Sealing, error)) error {
	if err := l.writable(ctx); err != nil {
		return err
	}
	for range appendTries {
		a, err := l.present(ctx)
		if err != nil {
			return err
		}
		s, err := change(a.Sealed)
		if err != nil || a.Sealed == nil && s == nil {
			return err
		}
		a.Sealed, a.Write = s, nonce()
		text, err := a.text()
		if err != nil {
			return err
		}
		_, err = l.store.put(ctx, aboutKey, text, a.etag)
		if !errors.Is(err, errCondition) {
			return l.forAdministrator(err)
		}
	}
	return fmt.Errorf("%s: %w: %s was written by others each time", l.place, ledger.ErrBusy, aboutKey)
}

// present reads ledger.json, which must be there.
func (l *Ledger) present(ctx context.Context) (about, error) {
	a, found, err := l.about(ctx)
	if err == nil && !found {
		err = l.missing()
	}
	return a, err
}

// forAdministrator says which policy a change of ledger.json needs.
func (l *Ledger) forAdministrator(err error) error {
	var denied *deniedError
	if errors.As(err, &denied) {
		return fmt.Errorf("%s: %w for these credentials: sealing it writes %s, which docs/policies/s3-administrator.json allows: %w", l.place, ledger.ErrReadOnly, aboutKey, err)
	}
	return err
}

// EveryLease implements ledger.LeaseReader, with a request per lease, some at once.
func (l *Ledger) EveryLease(ctx context.Context, prefix string) ([]ledger.Lease, error) {
	objects, err := l.store.list(ctx, leaseDir+encodePrefix(prefix), 0)
	if err != nil {
		return nil, err
	}
	out := make([]ledger.Lease, len(objects))
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(fetchers)
	for i, o := range objects {
		all.Go(func() error {
			name, whole := decodeName(strings.TrimPrefix(o.key, leaseDir))
			if !whole {
				var err error
				if name, err = l.leaseIn(each, o); err != nil {
					return err
				}
			}
			d, err := l.loadLease(each, name)
			if err == nil {
				out[i] = d.Lease
			}
			return err
		})
	}
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out, func(lease ledger.Lease) bool { return !strings.HasPrefix(lease.Name, prefix) }), nil
}
