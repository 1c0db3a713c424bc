package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Opening is what the events of a rollout need of its first record. It is read
// leniently: a rollout that a newer version opened is told of as well.
type Opening struct {
	Number int          `json:"number"`
	Kind   release.Kind `json:"kind"`
	Spec   struct {
		Payload artifact.Payload `json:"payload"`
	} `json:"spec"`
	Baseline *artifact.Payload `json:"baseline"`
}

// Teller makes events of records. It is pure but for Opening.
type Teller struct {
	// Ledger is the UUID.
	Ledger string
	// Opening gives the first record of a rollout of a stream, by its number.
	Opening func(ctx context.Context, stream string, rollout int) (Opening, error)
}

// about is a record as its events need it.
type about struct {
	About
	rec     ledger.Record
	opening Opening
	subject string
}

// Tell makes the events of a record; none where its kind is silent. before is the
// record in front of it in its stream, nil for the first. The same record always makes
// the same events.
func (t Teller) Tell(ctx context.Context, before *ledger.Record, rec ledger.Record) ([]Event, error) {
	if strings.HasPrefix(rec.Stream, ledger.ObjectPrefix) {
		return t.tellObject(before, rec)
	}
	entry, known := entryOf(rec.Kind)
	if known && entry.Silent() {
		return nil, nil
	}
	a, err := t.read(ctx, rec)
	if err != nil {
		return nil, err
	}
	if !known {
		// A newer version wrote it. That something happened is told all the same.
		return []Event{t.event(Own("record", "appended"), a, map[string]any{"kind": rec.Kind})}, nil
	}
	if state, moved := strings.CutPrefix(rec.Kind, "rollout."); moved {
		return t.tellMove(release.State(state), entry, a)
	}
	content, err := contentOf(rec)
	if err != nil || content == nil {
		return nil, err
	}
	return []Event{t.event(entry.Types[0], a, content)}, nil
}

func (t Teller) event(typ Type, a about, content map[string]any) Event {
	return typ.of(t.Ledger, a.rec, a.About, a.subject, content)
}

// read fills in what all events of a record say.
func (t Teller) read(ctx context.Context, rec ledger.Record) (about, error) {
	a := about{rec: rec, subject: rec.Stream, About: About{
		Record: RecordName{Ledger: t.Ledger, Stream: rec.Stream, Seq: rec.Seq, Kind: rec.Kind, Hash: rec.Hash},
		Actor:  rec.Actor, Service: rec.Service, Environment: rec.Environment,
	}}
	name, isRelease := strings.CutPrefix(rec.Stream, releasePrefix)
	if !isRelease {
		if strings.HasPrefix(rec.Stream, drift.StreamPrefix) || strings.HasPrefix(rec.Stream, grant.StreamPrefix) {
			a.subject = release.Key{Service: rec.Service, Environment: rec.Environment}.String()
		}
		return a, nil
	}
	a.subject = name
	if key, err := release.ParseKey(name); err == nil {
		a.Service, a.Environment, a.Target = key.Service, key.Environment, key.Target
	}
	var body struct {
		Rollout int    `json:"rollout"`
		Number  int    `json:"number"`
		Cause   string `json:"cause"`
		Reason  string `json:"reason"`
	}
	if err := decode(rec, &body); err != nil {
		return a, err
	}
	a.Rollout, a.Cause, a.Reason = max(body.Rollout, body.Number), body.Cause, body.Reason
	if a.Rollout == 0 {
		return a, nil
	}
	opening, err := t.Opening(ctx, rec.Stream, a.Rollout)
	if err != nil {
		return a, fmt.Errorf("unable to tell what record %s#%d is about: %w", rec.Stream, rec.Seq, err)
	}
	a.opening, a.Kind = opening, string(opening.Kind)
	a.Version, a.Reference = opening.Spec.Payload.Label(), opening.Spec.Payload.Reference
	if opening.Baseline != nil {
		a.Baseline = opening.Baseline.Label()
	}
	return a, nil
}

// decode reads a record's body, leniently, since a newer version may say more.
func decode(rec ledger.Record, body any) error {
	if err := json.Unmarshal(rec.Body, body); err != nil {
		return &ledger.CorruptError{Stream: rec.Stream, Seq: rec.Seq, Reason: "its body does not fit its kind, " + rec.Kind, Err: err}
	}
	return nil
}

// releasePrefix begins the names of the streams of releases.
const releasePrefix = "release/"
