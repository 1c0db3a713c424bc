package s3_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// Many who write at once, while answers are lost, connections cut and requests refused,
// and leases change hands: no record is lost, doubled or out of order, and none that
// was written under a lease stands behind one of its successor.
func TestStorm(t *testing.T) {
	t.Parallel()
	const handles, each, streams = 8, 40, 2
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	open(t, url, s3.Options{})
	s.Before(s3test.Weather(0, 3, s3test.All...))
	var (
		all   sync.WaitGroup
		mu    sync.Mutex
		acked = map[string]ledger.Record{}
	)
	for h := range handles {
		l := open(t, url, s3.Options{MustExist: true, BusyTimeout: time.Minute})
		s3.SetLimits(l, 5, 1<<20, 2)
		all.Go(func() {
			w := writer{l: l, name: fmt.Sprintf("w%d", h), stream: fmt.Sprintf("s%d", h%streams)}
			for i := range each {
				r, err := w.push(i)
				if err != nil {
					t.Errorf("%s: %v", w.name, err)
					return
				}
				mu.Lock()
				acked[r.Stream+" "+r.ID] = r
				mu.Unlock()
			}
		})
	}
	all.Wait()
	s.Before(nil)
	l := open(t, url, s3.Options{})
	found := 0
	for i := range streams {
		records, err := l.Read(t.Context(), fmt.Sprintf("s%d", i), 1)
		if err != nil {
			t.Fatal(err)
		}
		fence := uint64(0)
		for _, r := range records {
			if a, ok := acked[r.Stream+" "+r.ID]; !ok || a.Hash != r.Hash {
				t.Errorf("%s#%d %s was not acknowledged so", r.Stream, r.Seq, r.ID)
			}
			if r.Fence < fence {
				t.Errorf("%s#%d has the fence %d behind %d", r.Stream, r.Seq, r.Fence, fence)
			}
			fence = r.Fence
		}
		found += len(records)
	}
	if found != handles*each || len(acked) != found {
		t.Errorf("%d records, %d acknowledged, want %d", found, len(acked), handles*each)
	}
}

// writer takes the lease of its stream when it has lost it, and appends under it.
type writer struct {
	l            *s3.Ledger
	name, stream string
	fence        uint64
	after        uint64
}

func (w *writer) push(i int) (ledger.Record, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	for ctx.Err() == nil {
		if w.fence == 0 || i%10 == 9 {
			if err := w.take(ctx); err != nil {
				return ledger.Record{}, err
			}
		}
		e := entry(i)
		// Another fence is other content, so it has another id.
		e.ID, e.Lease, e.Fence = fmt.Sprintf("%s-%d-%d", w.name, i, w.fence), w.stream, w.fence
		r, err := w.l.Append(ctx, w.stream, w.after, e)
		var (
			conflict *ledger.ConflictError
			fenced   *ledger.FencedError
		)
		switch {
		case err == nil:
			w.after = max(w.after, r.Seq)
			return r, nil
		case errors.As(err, &conflict) && !conflict.Reused:
			w.after = conflict.Last
		case errors.As(err, &fenced):
			w.fence = 0
		default:
			return ledger.Record{}, err
		}
	}
	return ledger.Record{}, ctx.Err()
}

func (w *writer) take(ctx context.Context) error {
	now, err := w.l.Lease(ctx, w.stream)
	for err == nil {
		next := ledger.Lease{Name: w.stream, Holder: w.name, Fence: now.Fence + 1, Beat: now.Beat + 1, TTL: time.Second}
		err = w.l.SwapLease(ctx, now, next)
		var conflict *ledger.LeaseConflictError
		if err == nil {
			w.fence = next.Fence
			return nil
		}
		if errors.As(err, &conflict) {
			now, err = conflict.Lease, ctx.Err()
		}
	}
	return err
}

// A store that does not answer is waited for no longer than the caller does.
func TestSlow(t *testing.T) {
	s, l := begin(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	s.Before(func(http.ResponseWriter, *http.Request, http.Handler) { <-release })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	for what, err := range map[string]error{
		"append": func() error { _, err := l.Append(ctx, "s", 1, entry(2)); return err }(),
		"read":   func() error { _, err := l.Read(ctx, "s", 1); return err }(),
		"heads":  func() error { _, err := l.Heads(ctx, ""); return err }(),
	} {
		if !errors.Is(err, context.DeadlineExceeded) || strings.Contains(err.Error(), s3test.SecretKey) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
