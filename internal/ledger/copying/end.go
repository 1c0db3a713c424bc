package copying

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// end does what comes when every record is there: it takes over the leases, records
// the move, verifies the whole, makes the copy a ledger and says so in the source.
func (c *Copy) end(ctx context.Context, s ledger.Sealing, res *Result) error {
	leases, err := c.leases(ctx)
	if err != nil {
		return err
	}
	res.Leases = leases
	if err := c.compare(ctx, res); err != nil {
		return err
	}
	if err := c.record(ctx, s, res); err != nil {
		return err
	}
	if _, err := ledger.Checkpoint(ctx, c.To, c.Actor, c.Clock.Now()); err != nil {
		return err
	}
	if err := c.verify(ctx, res); err != nil {
		return err
	}
	// Somebody may have given the copy up meanwhile. From here on nobody can.
	s.Finishing = true
	var other *ledger.SealedError
	switch err := c.From.SealOff(ctx, s); {
	case errors.Is(err, ledger.ErrUnsealed) || errors.As(err, &other):
		return fmt.Errorf("%s was unsealed while it was copied, and is in use as before; to move it all the same, remove the unfinished copy or name another place, and run the copy again: %w", c.FromPlace, ledger.ErrUnsealed)
	case err != nil:
		return err
	}
	if err := c.To.Finish(ctx); err != nil {
		return err
	}
	s.Done = true
	if err := c.From.SealOff(ctx, s); err != nil {
		return fmt.Errorf("the copy %s is whole and in use, but %s could not be told so; run the copy again: %w", c.ToPlace, c.FromPlace, err)
	}
	return nil
}

// leases takes over who drives what. The holder stays: whoever drives at the
// destination waits for its TTL first, and so for what it has under way. The fences
// that come next are above all that the sealed source can still give, by the record
// of the move (see ledger.Leaser).
func (c *Copy) leases(ctx context.Context) (int, error) {
	all, err := c.From.EveryLease(ctx, "")
	if err != nil {
		return 0, err
	}
	for _, want := range all {
		if err := c.lease(ctx, want); err != nil {
			return 0, err
		}
	}
	return len(all), nil
}

func (c *Copy) lease(ctx context.Context, want ledger.Lease) error {
	for {
		now, err := c.To.Lease(ctx, want.Name)
		if err != nil || now == want || now.Fence > want.Fence {
			return err
		}
		err = c.To.SwapLease(ctx, now, want)
		var conflict *ledger.LeaseConflictError
		if !errors.As(err, &conflict) || ctx.Err() != nil {
			return err
		}
	}
}

// compare holds the heads of both against each other: same streams, same numbers,
// same hashes. As each chain was checked, equal heads are equal histories.
func (c *Copy) compare(ctx context.Context, res *Result) error {
	from, err := c.From.Heads(ctx, "")
	if err != nil {
		return err
	}
	to, err := c.To.Heads(ctx, "")
	if err != nil {
		return err
	}
	there := map[string]*ledger.Record{}
	for i := range to {
		there[to[i].Stream] = &to[i]
	}
	res.Streams, res.Records = 0, 0
	for _, want := range from {
		got := ledger.Record{}
		if r := there[want.Stream]; r != nil {
			got = *r
		}
		delete(there, want.Stream)
		res.Streams++
		res.Records += want.Seq
		if got.Seq == want.Seq && got.Hash == want.Hash {
			continue
		}
		if own(want.Stream) && got.Seq > want.Seq {
			// A run before this one came as far as its own records.
			if err := c.begins(ctx, want); err != nil {
				return err
			}
			continue
		}
		return fmt.Errorf("%w: the stream %s ends at record %d with hash %.12s, and in %s at %d with %.12s", ErrDifferent, want.Stream, want.Seq, want.Hash, c.ToPlace, got.Seq, got.Hash)
	}
	return c.foreign(there)
}

// begins says whether the destination's stream has the source's last record in its
// place.
func (c *Copy) begins(ctx context.Context, want ledger.Record) error {
	records, err := c.To.Read(ctx, want.Stream, want.Seq)
	if err != nil {
		return err
	}
	if len(records) == 0 || records[0].Hash != want.Hash {
		return fmt.Errorf("%w: record %s#%d has another hash in %s", ErrDifferent, want.Stream, want.Seq, c.ToPlace)
	}
	return nil
}

// record says in the copy that it was moved. Repeating it changes nothing.
func (c *Copy) record(ctx context.Context, s ledger.Sealing, res *Result) error {
	body, err := json.Marshal(ledger.Moved{From: c.FromPlace, To: c.ToPlace, Mark: s.Mark, Streams: res.Streams, Records: res.Records})
	if err != nil {
		return err
	}
	entry := ledger.Entry{ID: "moved-" + s.Mark, Kind: ledger.KindMoved, At: s.At, Actor: s.By, Body: body}
	for {
		heads, err := c.To.Heads(ctx, ledger.LedgerStream)
		if err != nil {
			return err
		}
		after := uint64(0)
		for _, h := range heads {
			if h.Stream == ledger.LedgerStream {
				after = h.Seq
			}
		}
		_, err = c.To.Append(ctx, ledger.LedgerStream, after, entry)
		var conflict *ledger.ConflictError
		if !errors.As(err, &conflict) || conflict.Reused || ctx.Err() != nil {
			return err
		}
	}
}

// verify reads the whole copy as sluice verify does, with its new checkpoint.
func (c *Copy) verify(ctx context.Context, res *Result) error {
	report, err := ledger.Verify(ctx, c.To, ledger.VerifyOptions{Progress: func(r ledger.Report) {
		c.tell(Progress{Stage: Verifying, Done: uint64(r.Streams), Total: uint64(r.Total)})
	}})
	if err != nil {
		return fmt.Errorf("verifying %s: %w", c.ToPlace, err)
	}
	res.Anchor = report.Anchor
	return nil
}
