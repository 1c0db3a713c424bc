package copying_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var errKilled = errors.New("killed")

// fuse ends everything at the n-th change of either ledger: before it, or after it
// with its answer lost.
type fuse struct {
	left  atomic.Int64
	after bool
}

func (f *fuse) burn(do func() error) error {
	n := f.left.Add(-1)
	if n < 0 || n == 0 && !f.after {
		return errKilled
	}
	err := do()
	if n == 0 {
		return errKilled
	}
	return err
}

type dyingSource struct {
	ledger.Source
	fuse *fuse
}

func (s dyingSource) SealOff(ctx context.Context, seal ledger.Sealing) error {
	return s.fuse.burn(func() error { return s.Source.SealOff(ctx, seal) })
}

type dyingDestination struct {
	ledger.Destination
	fuse *fuse
}

func (d dyingDestination) Import(ctx context.Context, records []ledger.Record) error {
	return d.fuse.burn(func() error { return d.Destination.Import(ctx, records) })
}

func (d dyingDestination) SwapLease(ctx context.Context, current, next ledger.Lease) error {
	return d.fuse.burn(func() error { return d.Destination.SwapLease(ctx, current, next) })
}

func (d dyingDestination) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (r ledger.Record, err error) {
	err = d.fuse.burn(func() error { r, err = d.Destination.Append(ctx, stream, after, e); return err })
	return r, err
}

func (d dyingDestination) Finish(ctx context.Context) error {
	return d.fuse.burn(func() error { return d.Destination.Finish(ctx) })
}

// TestCutShortAtEachChange: whatever the last thing was that a copy did, another run
// takes it up, and until it ends nobody takes the copy for a ledger, or the source for
// open where it may be closed.
func TestCutShortAtEachChange(t *testing.T) {
	for _, after := range []bool{false, true} {
		n := 1
		for ; n < 60; n++ {
			from, to := place(t), place(t)
			fill(t, source(t, from))
			f := &fuse{after: after}
			f.left.Store(int64(n))
			c := move(t, from, to)
			c.From, c.To = dyingSource{c.From, f}, dyingDestination{c.To, f}
			res, err := c.Run(t.Context())
			if err != nil && !errors.Is(err, errKilled) {
				t.Fatalf("change %d: %v", n, err)
			}
			if err != nil {
				res, err = move(t, from, to).Run(t.Context())
			}
			if err != nil {
				t.Fatalf("after a cut at change %d: %v", n, err)
			}
			moved(t, from, to, res)
			if t.Failed() {
				t.Fatalf("cut at change %d, after its effect: %t", n, after)
			}
			if f.left.Load() > 0 {
				break
			}
		}
		if n < 15 || n == 60 {
			t.Errorf("a copy has %d changes", n-1)
		}
	}
}

// busy appends to a ledger until the copy is over, and keeps what was acknowledged.
type busy struct {
	mu    sync.Mutex
	acked map[string]ledger.Record
}

func (b *busy) write(ctx context.Context, l ledger.Ledger, writer int) error {
	for n := 0; ctx.Err() == nil && n < 3000; n++ {
		// Most go to a stream of the writer's own; each tenth is the first of a new one.
		stream, after := fmt.Sprintf("release/%d/production", writer), uint64(n-n/10)
		if n%10 == 9 {
			stream, after = fmt.Sprintf("new/%d/%d", writer, n), 0
		}
		r, err := l.Append(ctx, stream, after, entry(n))
		var sealed *ledger.SealedError
		switch {
		case errors.As(err, &sealed):
			return nil
		case err != nil:
			return err
		}
		b.mu.Lock()
		b.acked[fmt.Sprintf("%s#%d", stream, r.Seq)] = r
		b.mu.Unlock()
	}
	return nil
}

// underLoad moves a ledger while writers append to it, each through a handle of its
// own: every append that was acknowledged is at the destination, whole, and the
// writers are refused from the seal on.
func underLoad(t *testing.T, from, to string, writers int) {
	t.Helper()
	fill(t, source(t, from))
	b := &busy{acked: map[string]ledger.Record{}}
	var all sync.WaitGroup
	for w := range writers {
		l := source(t, from)
		all.Go(func() {
			if err := b.write(t.Context(), l, w); err != nil {
				t.Errorf("writer %d: %v", w, err)
			}
		})
	}
	c := move(t, from, to)
	c.Batch = 100
	c.BeforeSeal = func(ctx context.Context) error {
		// Not before every writer is at it.
		for ctx.Err() == nil {
			b.mu.Lock()
			n := len(b.acked)
			b.mu.Unlock()
			if n > 20*writers {
				break
			}
			if err := wait(ctx); err != nil {
				return err
			}
		}
		return ctx.Err()
	}
	res, err := c.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all.Wait()
	moved(t, from, to, res)
	got, _ := contents(t, source(t, to))
	there := map[string]string{}
	for _, records := range got {
		for _, r := range records {
			there[fmt.Sprintf("%s#%d", r.Stream, r.Seq)] = r.Hash
		}
	}
	for name, r := range b.acked {
		if there[name] != r.Hash {
			t.Errorf("%s was acknowledged and is not at the destination", name)
		}
	}
	if len(b.acked) < 20*writers {
		t.Errorf("only %d appends", len(b.acked))
	}
	t.Logf("%d appends were acknowledged during the copy, %d records copied", len(b.acked), res.Copied)
}

func wait(ctx context.Context) error { return system.Sleep(ctx, time.Millisecond) }

func TestUnderLoad(t *testing.T) { underLoad(t, place(t), place(t), 4) }
