package notify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// A cursor says up to which record of a stream a notification has been told. It is a
// lease that nobody ever holds, whose beat is the record's number: a lease is replaced
// by compare-and-swap, is no record and leaves none, so a delivery costs one write and
// history does not grow by it. A copy of the ledger takes leases along.

// leasePrefix begins the names of the leases of this package.
const leasePrefix = "notification/"

// leaseName is the name of the lease under which a notification is delivered.
func (n life) leaseName() string { return fmt.Sprintf("%s%s/%d", leasePrefix, n.Name, n.birth) }

// cursorName is the name of the cursor of a stream.
func (n life) cursorName(stream string) string {
	name := n.leaseName() + "/" + stream
	if len(name) > ledger.MaxStream {
		name = fmt.Sprintf("%s/sha256:%x", n.leaseName(), sha256.Sum256([]byte(stream)))
	}
	return name
}

// place is where a notification stands in a stream, as this process knows it.
type place struct {
	// told is the number of the last record that it was told, or that had nothing to
	// tell.
	told uint64
	// kept is the cursor as the ledger has it.
	kept ledger.Lease
	// opening is that of the last rollout that was read.
	opening *Opening
}

// find looks up where a notification stands in a stream whose last record is head.
func (d *Deliverer) find(ctx context.Context, n life, head ledger.Record) (*place, error) {
	kept, err := d.Ledger.Lease(ctx, n.cursorName(head.Stream))
	if err != nil {
		return nil, err
	}
	p := &place{told: kept.Beat, kept: kept}
	service, environment := coverage(head.Stream)
	since, begun := n.since(service, environment)
	if kept.Beat > 0 && !begun {
		return p, nil
	}
	if since.Sub(head.At) > late {
		p.told = max(p.told, head.Seq)
		return p, nil
	}
	records, err := d.Ledger.Query(ctx, ledger.Filter{StreamPrefix: head.Stream, Since: since.Add(-skew)})
	if err != nil {
		return nil, err
	}
	first := head.Seq + 1
	for _, r := range records {
		if r.Stream == head.Stream {
			first = min(first, r.Seq)
		}
	}
	p.told = max(p.told, first-1)
	return p, nil
}

// keep writes the cursor. It never goes back: one that another deliverer has put further
// on stays.
func (d *Deliverer) keep(ctx context.Context, n life, stream string, p *place) error {
	for {
		next := ledger.Lease{Name: n.cursorName(stream), Beat: p.told}
		current := p.kept
		if current.Beat >= next.Beat {
			return nil
		}
		next.Fence = current.Fence
		err := d.Ledger.SwapLease(ctx, current, next)
		var conflict *ledger.LeaseConflictError
		switch {
		case err == nil:
			p.kept = next
			return nil
		case !errors.As(err, &conflict):
			return err
		}
		p.kept = conflict.Lease
		p.told = max(p.told, p.kept.Beat)
	}
}
