package ledger

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// Streams which this package writes itself. No caller appends to them, nor to a
// stream below ObjectPrefix.
const (
	// LedgerStream holds the ledger's own life: that it was created, and that it
	// was bound in place of a lost one.
	LedgerStream = "ledger"
	// CheckpointStream anchors the heads of all other streams.
	CheckpointStream = "checkpoint"
	// ObjectPrefix begins the streams of declared objects.
	ObjectPrefix = "object/"
)

// Kinds of the records in LedgerStream.
const (
	KindCreated = "ledger.created"
	KindRebound = "ledger.rebound"
)

// Created is the body of a ledger's first record.
type Created struct {
	// Ledger is the UUID, which the driver keeps a second time.
	Ledger string `json:"ledger"`
	// Encoding names the canonical encoding.
	Encoding string `json:"encoding"`
}

// FirstEntry is what a driver appends to LedgerStream when it creates a ledger,
// in the same transaction.
func FirstEntry(id string, at time.Time) (Entry, error) {
	body, err := json.Marshal(Created{Ledger: id, Encoding: Domain})
	if err != nil {
		return Entry{}, err
	}
	return Entry{ID: "created", Kind: KindCreated, At: at, Actor: "sluice", Body: body}, nil
}

// Rebound is the body of a record that binds this ledger in place of another.
type Rebound struct {
	// From is the UUID of the ledger that was lost.
	From   string `json:"from"`
	Reason string `json:"reason"`
}

// Rebind records that this ledger stands in for the lost one named from, so that
// CheckID takes that UUID from then on. Repeating it changes nothing.
func Rebind(ctx context.Context, l Ledger, from, reason, actor string, at time.Time) error {
	if reason == "" {
		return fmt.Errorf("the empty reason is %w: say why the ledger is bound anew, for example \"the disk of the build machine died\"", ErrInvalid)
	}
	body, err := json.Marshal(Rebound{From: from, Reason: reason})
	if err != nil {
		return err
	}
	for {
		records, err := l.Read(ctx, LedgerStream, 1)
		if err != nil {
			return err
		}
		bound, err := boundTo(records)
		if err != nil || bound[from] {
			return err
		}
		_, err = l.Append(ctx, LedgerStream, uint64(len(records)), Entry{ID: "rebound-" + from, Kind: KindRebound, At: at, Actor: actor, Body: body})
		if conflictOf(err) == nil || ctx.Err() != nil {
			return err
		}
	}
}

// CheckID says whether l is the ledger that want names, itself or because it was
// bound in its place. Another one is ErrOtherLedger.
func CheckID(ctx context.Context, l Ledger, want string) error {
	id, err := l.ID(ctx)
	if err != nil || id == want {
		return err
	}
	records, err := l.Read(ctx, LedgerStream, 1)
	if err != nil {
		return err
	}
	if bound, err := boundTo(records); err != nil || bound[want] {
		return err
	}
	return fmt.Errorf("%w: its id is %s, and %s was expected; name the right one, or, when that one is lost for good, run: sluice ledger rebind --reason \"...\"", ErrOtherLedger, id, want)
}

// boundTo returns the UUIDs that the records of LedgerStream answer to.
func boundTo(records []Record) (map[string]bool, error) {
	bound := map[string]bool{}
	for _, r := range records {
		var body struct {
			Created
			Rebound
		}
		if err := json.Unmarshal(r.Body, &body); err != nil {
			return nil, fmt.Errorf("reading record %s#%d: %w", r.Stream, r.Seq, err)
		}
		switch r.Kind {
		case KindCreated:
			bound[body.Ledger] = true
		case KindRebound:
			bound[body.From] = true
		}
	}
	return bound, nil
}
