package notify

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Standing is how far a notification has been delivered.
type Standing struct {
	Notification Notification
	// Open counts the events that have not been taken, and Oldest is when the first of
	// them happened; zero where there is none.
	Open   int
	Oldest time.Time
	// Next are the first open events of each stream that has any, by the time of what
	// happened. They are what a receiver is offered next.
	Next []Event
	// State says whether deliveries fail.
	State State
	// By is who delivers right now, as far as the lease says; empty for nobody.
	By string
	// Err says why it cannot be told anything, nil for most.
	Err error
}

// Standings says how far each notification has been delivered, in the order of names. It
// only reads.
func (d *Deliverer) Standings(ctx context.Context) ([]Standing, error) {
	d.prepare()
	all, err := List(ctx, d.Ledger)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	heads, err := headsOf(ctx, d.Ledger, nil)
	if err != nil {
		return nil, err
	}
	out := make([]Standing, len(all))
	for i, n := range all {
		if out[i], err = d.standing(ctx, n, heads); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (d *Deliverer) standing(ctx context.Context, n Declared, heads []ledger.Record) (Standing, error) {
	s := Standing{Notification: n.Notification, Err: n.Err}
	var err error
	if s.State, _, err = StateOf(ctx, d.Ledger, n.Name); err != nil || n.Err != nil {
		return s, err
	}
	l, err := d.life(ctx, n)
	if err != nil {
		return s, err
	}
	work, err := d.work(ctx, l, heads)
	if err != nil {
		return s, err
	}
	for _, head := range work {
		events, _, _, err := d.open(ctx, l, head.Stream, d.placeOf(l, head.Stream), 0)
		var corrupt *ledger.CorruptError
		if err != nil && !errors.As(err, &corrupt) {
			return s, err
		}
		s.Err = errors.Join(s.Err, err)
		s.Open += len(events)
		for i, e := range events {
			if i == 0 {
				s.Next = append(s.Next, e.Event)
			}
			if s.Oldest.IsZero() || e.Time.Before(s.Oldest) {
				s.Oldest = e.Time
			}
		}
	}
	slices.SortStableFunc(s.Next, func(a, b Event) int { return a.Time.Compare(b.Time) })
	lease, err := d.Ledger.Lease(ctx, l.leaseName())
	s.By = lease.Holder
	return s, err
}

// ErrNotNext means that an event cannot be passed over, since it is not the next of its
// stream.
var ErrNotNext = errors.New("it is not the next event of any stream")

// Skip passes over one event, at a person's word and with a reason, which is recorded:
// the notification is never told of its record. It is for a receiver that refuses an
// event for good, and so keeps back what follows in the same stream. It is
// ledger.ErrNotFound where there is no such notification.
func (d *Deliverer) Skip(ctx context.Context, name, event, reason string) (Event, error) {
	d.prepare()
	all, err := List(ctx, d.Ledger)
	if err != nil {
		return Event{}, err
	}
	i := slices.IndexFunc(all, func(n Declared) bool { return n.Name == name })
	if i < 0 {
		return Event{}, fmt.Errorf("notification %q: %w", name, ledger.ErrNotFound)
	}
	if all[i].Err != nil {
		return Event{}, all[i].Err
	}
	l, err := d.life(ctx, all[i])
	if err != nil {
		return Event{}, err
	}
	heads, err := headsOf(ctx, d.Ledger, nil)
	if err != nil {
		return Event{}, err
	}
	work, err := d.work(ctx, l, heads)
	if err != nil {
		return Event{}, err
	}
	// Whoever delivers sees by the lease that the cursors have moved.
	lease, err := d.acquire(ctx, l.leaseName())
	if err != nil {
		return Event{}, err
	}
	defer func() { _ = d.leaser.Release(context.WithoutCancel(ctx), lease) }() // It expires by itself.
	if err := d.refresh(ctx, l, work, lease); err != nil {
		return Event{}, err
	}
	for _, head := range work {
		p := d.placeOf(l, head.Stream)
		events, _, _, err := d.open(ctx, l, head.Stream, p, 1)
		if err != nil && len(events) == 0 {
			return Event{}, err
		}
		for _, e := range events {
			if e.ID == event && e.seq == events[0].seq {
				return e.Event, d.skip(ctx, l, head.Stream, p, e, reason)
			}
		}
	}
	return Event{}, fmt.Errorf("event %s of the notification %q: %w", event, name, ErrNotNext)
}

// skip writes down the reason first: nothing is passed over without a record.
func (d *Deliverer) skip(ctx context.Context, n life, stream string, p *place, e toldEvent, reason string) error {
	state, revision, err := StateOf(ctx, d.Ledger, n.Name)
	if err != nil {
		return err
	}
	state.Skipped = &Skipped{Event: e.ID, Type: e.Type, Stream: stream, Seq: e.seq, Reason: reason, By: d.Actor, At: d.Clock.Now().UTC()}
	content, err := json.Marshal(state)
	if err != nil {
		return err
	}
	if _, err := ledger.PutObject(ctx, d.Ledger, ledger.Put{
		Kind: StateKind, Name: n.Name, Expected: revision, Content: content, Actor: d.Actor, At: d.Clock.Now(), Reason: reason,
	}); err != nil {
		return err
	}
	p.told = e.seq
	return d.keep(ctx, n, stream, p)
}
