package notify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// batch is how many events are sent before the cursor is written.
const batch = 100

// coverage gives the service and the environment that every record of a stream is of;
// empty where its name does not say.
func coverage(stream string) (service, environment string) {
	name, ok := strings.CutPrefix(stream, releasePrefix)
	if !ok {
		return "", ""
	}
	key, err := release.ParseKey(name)
	if err != nil {
		return "", ""
	}
	return key.Service, key.Environment
}

// told is an event with the number of its record.
type toldEvent struct {
	Event
	seq uint64
}

// open reads what a notification has not been told of a stream, the oldest first, up to
// limit events; 0 takes all. last is the number of the last record that was looked at,
// and some whether any of them was one of which anybody could be told.
func (d *Deliverer) open(ctx context.Context, n life, stream string, p *place, limit int) (events []toldEvent, last uint64, some bool, err error) {
	id, err := d.ledgerID(ctx)
	if err != nil {
		return nil, p.told, false, err
	}
	// The record in front is read, too: it tells whether an object is new.
	records, err := d.Ledger.Read(ctx, stream, max(p.told, 1))
	if err != nil {
		return nil, p.told, false, err
	}
	teller := Teller{Ledger: id, Opening: func(ctx context.Context, stream string, number int) (Opening, error) {
		return d.opening(ctx, p, stream, number)
	}}
	last = p.told
	var before *ledger.Record
	for i := range records {
		rec := records[i]
		if rec.Kind == release.KindOpened {
			if err := p.opened(rec); err != nil {
				return events, last, some, err
			}
		}
		if rec.Seq > p.told {
			if limit > 0 && len(events) >= limit {
				break
			}
			made, err := teller.Tell(ctx, before, rec)
			if err != nil {
				return events, last, some, err
			}
			some = some || len(made) > 0
			for _, e := range made {
				if n.Wants(e) {
					events = append(events, toldEvent{e, rec.Seq})
				}
			}
			last = rec.Seq
		}
		before = &rec
	}
	return events, last, some, nil
}

// opened remembers the first record of a rollout.
func (p *place) opened(rec ledger.Record) error {
	var o Opening
	if err := decode(rec, &o); err != nil {
		return err
	}
	p.opening = &o
	return nil
}

// opening finds the first record of a rollout. It is mostly the one that was read last.
func (d *Deliverer) opening(ctx context.Context, p *place, stream string, number int) (Opening, error) {
	if p.opening != nil && p.opening.Number == number {
		return *p.opening, nil
	}
	records, err := d.Ledger.Query(ctx, ledger.Filter{StreamPrefix: stream, Kinds: []string{release.KindOpened}})
	if err != nil {
		return Opening{}, err
	}
	for _, r := range records {
		if r.Stream != stream {
			continue
		}
		var o Opening
		if err := decode(r, &o); err != nil {
			return Opening{}, err
		}
		if o.Number == number {
			p.opening = &o
			return o, nil
		}
	}
	return Opening{}, &ledger.CorruptError{Stream: stream, Seq: 1, Reason: fmt.Sprintf("the first record of rollout %d is not there", number)}
}

// pump sends what a notification has not been told of a stream. It returns how many
// events were sent, and an error of the ledger or, as *sendError, of the receiver.
func (d *Deliverer) pump(ctx context.Context, n life, stream string, p *place, to sink) (int, error) {
	total := 0
	for {
		events, last, some, err := d.open(ctx, n, stream, p, batch)
		var corrupt *ledger.CorruptError
		if errors.As(err, &corrupt) {
			// What cannot be told stops its stream, and no other.
			err = &sendError{stream: stream, seq: corrupt.Seq, err: err}
		}
		if err != nil && len(events) == 0 {
			return total, err
		}
		sent, sendErr := 0, error(nil)
		if len(events) > 0 {
			sent, sendErr = to.send(ctx, plainEvents(events))
		}
		total += sent
		p.told = last
		var fenced *ledger.FencedError
		if sendErr != nil {
			// The record of the first event that was not taken is told anew, all of it.
			p.told = events[sent].seq - 1
			if !errors.As(sendErr, &fenced) {
				sendErr = &sendError{event: events[sent].ID, stream: stream, seq: events[sent].seq, err: sendErr}
			}
		}
		if some {
			if keepErr := d.keep(context.WithoutCancel(ctx), n, stream, p); keepErr != nil {
				return total, keepErr
			}
		}
		switch {
		case sendErr != nil:
			return total, sendErr
		case err != nil:
			return total, err
		case len(events) < batch:
			return total, nil
		}
	}
}

func plainEvents(events []toldEvent) []Event {
	out := make([]Event, len(events))
	for i, e := range events {
		out[i] = e.Event
	}
	return out
}

// sendError says that a receiver did not take an event.
type sendError struct {
	event, stream string
	seq           uint64
	err           error
}

func (e *sendError) Error() string { return e.err.Error() }

// particular reports whether other streams may fare better.
func (e *sendError) particular() bool {
	var refused *refusedError
	return e.event == "" || errors.As(e.err, &refused) && refused.particular()
}

func (e *sendError) Unwrap() error { return e.err }
