package notify

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"time"

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

// few is up to how many streams are asked for one by one.
const few = 4

// cursors reads the cursors of streams, as they are in the ledger now.
func (d *Deliverer) cursors(ctx context.Context, n life, heads []ledger.Record) ([]ledger.Lease, error) {
	out := make([]ledger.Lease, len(heads))
	if len(heads) > few {
		all, err := ledger.EveryLease(ctx, d.Ledger, n.leaseName()+"/")
		if err == nil {
			byName := make(map[string]ledger.Lease, len(all))
			for _, lease := range all {
				byName[lease.Name] = lease
			}
			for i, head := range heads {
				out[i] = byName[n.cursorName(head.Stream)]
				out[i].Name = n.cursorName(head.Stream)
			}
			return out, nil
		}
		if !errors.Is(err, errors.ErrUnsupported) {
			return nil, err
		}
	}
	for i, head := range heads {
		var err error
		if out[i], err = d.Ledger.Lease(ctx, n.cursorName(head.Stream)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// unplaced is a stream of which only the records say where a notification begins.
type unplaced struct {
	head  ledger.Record
	place *place
	since time.Time
}

// find looks up where a notification stands in streams, whose last records are heads.
func (d *Deliverer) find(ctx context.Context, n life, heads []ledger.Record) error {
	cursors, err := d.cursors(ctx, n, heads)
	if err != nil {
		return err
	}
	places := make([]*place, len(heads))
	var open []unplaced
	for i, head := range heads {
		p := &place{told: cursors[i].Beat, kept: cursors[i]}
		places[i] = p
		since, begun := n.since(coverage(head.Stream))
		switch {
		case p.told > 0 && !begun:
		case since.Sub(head.At) > late:
			p.told = max(p.told, head.Seq)
		case head.Seq == 1 && !head.At.Before(ledger.Ceil(since.Add(-skew))):
			// It is the only one, and new.
		default:
			open = append(open, unplaced{head, p, since.Add(-skew)})
		}
	}
	if err := d.begin(ctx, open); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, head := range heads {
		d.places[n.cursorName(head.Stream)] = places[i]
	}
	return nil
}

// mostAtOnce is how many records are read at once to see where a notification begins;
// where there are more, each stream is asked for its own.
const mostAtOnce = 5000

// begin places a notification in front of the first record that is not too old for it.
func (d *Deliverer) begin(ctx context.Context, open []unplaced) error {
	if len(open) > few {
		oldest := slices.MinFunc(open, func(a, b unplaced) int { return a.since.Compare(b.since) }).since
		records, err := d.Ledger.Query(ctx, ledger.Filter{Since: oldest, Limit: mostAtOnce})
		if err != nil {
			return err
		}
		if len(records) < mostAtOnce {
			by := map[string][]ledger.Record{}
			for _, r := range records {
				by[r.Stream] = append(by[r.Stream], r)
			}
			for _, u := range open {
				u.before(by[u.head.Stream])
			}
			return nil
		}
	}
	for _, u := range open {
		records, err := d.Ledger.Query(ctx, ledger.Filter{StreamPrefix: u.head.Stream, Since: u.since})
		if err != nil {
			return err
		}
		u.before(records)
	}
	return nil
}

// before places the notification in front of the first of some records.
func (u unplaced) before(records []ledger.Record) {
	first := u.head.Seq + 1
	for _, r := range records {
		if r.Stream == u.head.Stream && !r.At.Before(ledger.Ceil(u.since)) {
			first = min(first, r.Seq)
		}
	}
	u.place.told = max(u.place.told, first-1)
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
