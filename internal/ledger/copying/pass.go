package copying

import (
	"context"
	"crypto/rand"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// streams is how many streams are copied at once: enough to hide a store's round
// trips.
const streams = 8

// defaultBatch is how many records are imported at once where nobody says.
const defaultBatch = 500

// maxBytes bounds one import, besides the number of its records.
const maxBytes = 4 << 20

func mark() string { return rand.Text() }

// work is a stream that is behind.
type work struct {
	head ledger.Record
	// at is the destination's last record, nil where it has none.
	at *ledger.Record
}

// pass copies what the source has and the destination has not.
func (c *Copy) pass(ctx context.Context, stage Stage, res *Result) error {
	list, total, err := c.behind(ctx)
	if err != nil {
		return err
	}
	var (
		mu   sync.Mutex
		done uint64
	)
	c.tell(Progress{Stage: stage, Total: total})
	all, each := errgroup.WithContext(ctx)
	all.SetLimit(streams)
	for _, w := range list {
		all.Go(func() error {
			return c.stream(each, w, func(n int) {
				mu.Lock()
				defer mu.Unlock()
				done += uint64(n)
				res.Copied += uint64(n)
				c.tell(Progress{Stage: stage, Done: done, Total: max(total, done)})
			})
		})
	}
	return all.Wait()
}

// behind compares the heads of both, and counts the records to copy. The destination is
// looked at first: the source only grows, so what the destination has then and the source
// has not is no work of another run of the same copy.
func (c *Copy) behind(ctx context.Context) ([]work, uint64, error) {
	to, err := c.To.Heads(ctx, "")
	if err != nil {
		return nil, 0, err
	}
	from, err := c.From.Heads(ctx, "")
	if err != nil {
		return nil, 0, err
	}
	there := map[string]*ledger.Record{}
	for i := range to {
		there[to[i].Stream] = &to[i]
	}
	var (
		list  []work
		total uint64
	)
	for _, head := range from {
		at := there[head.Stream]
		delete(there, head.Stream)
		last := uint64(0)
		if at != nil {
			last = at.Seq
		}
		switch {
		case last > head.Seq && !own(head.Stream):
			return nil, 0, fmt.Errorf("%w: the stream %s has %d records in %s and %d in %s", ErrDifferent, head.Stream, head.Seq, c.FromPlace, last, c.ToPlace)
		case last == head.Seq && at.Hash != head.Hash:
			return nil, 0, fmt.Errorf("%w: record %s#%d has another hash in %s", ErrDifferent, head.Stream, last, c.ToPlace)
		case last < head.Seq:
			list = append(list, work{head: head, at: at})
			total += head.Seq - last
		}
	}
	return list, total, c.foreign(there)
}

// foreign refuses streams that the destination alone has.
func (c *Copy) foreign(streams map[string]*ledger.Record) error {
	for _, name := range slices.Sorted(maps.Keys(streams)) {
		if !own(name) {
			return fmt.Errorf("%w: %s has a stream %s that the source has not; name another place", ErrDifferent, c.ToPlace, name)
		}
	}
	return nil
}

// own says whether the destination may have records of its own in a stream: that it
// was moved, and the checkpoint over everything.
func own(stream string) bool {
	return stream == ledger.LedgerStream || stream == ledger.CheckpointStream
}

// stream copies one stream from where the destination ends. The source's driver checks
// the chain while it reads, and the destination's once more before it writes.
func (c *Copy) stream(ctx context.Context, w work, copied func(int)) error {
	from := uint64(1)
	if w.at != nil {
		from = w.at.Seq + 1
	}
	records, err := c.From.Read(ctx, w.head.Stream, from)
	if err != nil {
		return err
	}
	if err := c.linked(w, records); err != nil {
		return err
	}
	for len(records) > 0 {
		n := c.batch(records)
		if err := c.To.Import(ctx, records[:n]); err != nil {
			return fmt.Errorf("copying record %s#%d: %w", w.head.Stream, records[0].Seq, err)
		}
		copied(n)
		records = records[n:]
	}
	return nil
}

// linked says whether the records go on where the destination ends.
func (c *Copy) linked(w work, records []ledger.Record) error {
	if len(records) == 0 || w.at == nil {
		return nil
	}
	if records[0].Prev != w.at.Hash {
		return fmt.Errorf("%w: record %s#%d has another hash in %s", ErrDifferent, w.head.Stream, w.at.Seq, c.ToPlace)
	}
	return nil
}

// batch says how many of the records to import at once.
func (c *Copy) batch(records []ledger.Record) int {
	limit, size := c.Batch, 0
	if limit <= 0 {
		limit = defaultBatch
	}
	for i, r := range records {
		if size += len(r.Body) + recordBytes; i > 0 && (i == limit || size > maxBytes) {
			return i
		}
	}
	return len(records)
}
