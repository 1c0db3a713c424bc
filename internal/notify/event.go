package notify

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// ContentType is what a webhook is sent: one event in structured mode.
const ContentType = "application/cloudevents+json"

// SpecVersion is the version of CDEvents whose vocabulary the events are in.
const SpecVersion = "0.5.1"

// Event is one CloudEvent (specversion 1.0) whose data is a CDEvent. Its fields are
// those of CloudEvents' JSON format.
type Event struct {
	SpecVersion string `json:"specversion"`
	// ID is the same each time the event is made of the same record, and in a copy of
	// the ledger: see ID.
	ID string `json:"id"`
	// Source is the ledger: "urn:uuid:" and its UUID.
	Source string `json:"source"`
	// Type is that of CDEvents, with its version.
	Type string `json:"type"`
	// Subject is what it is about: a release, "checkout/production"; a rollout of one,
	// "checkout/production#3"; a declared object's name.
	Subject         string    `json:"subject"`
	Time            time.Time `json:"time"`
	DataContentType string    `json:"datacontenttype"`
	Data            CDEvent   `json:"data"`

	// service and environment are what a notification's filter compares.
	service, environment string
}

// CDEvent is the event in the terms of CDEvents.
type CDEvent struct {
	Context Context `json:"context"`
	Subject Subject `json:"subject"`
	// CustomData says what CDEvents has no field for.
	CustomData            About  `json:"customData"`
	CustomDataContentType string `json:"customDataContentType"`
}

// Context says which event it is. Its fields repeat those of the CloudEvent.
type Context struct {
	SpecVersion string    `json:"specversion"`
	ID          string    `json:"id"`
	Source      string    `json:"source"`
	Type        string    `json:"type"`
	Timestamp   time.Time `json:"timestamp"`
}

// Subject is what the event is about. Content has the fields that the type's schema
// allows; in an event of our own it holds what the record says.
type Subject struct {
	ID      string         `json:"id"`
	Source  string         `json:"source"`
	Content map[string]any `json:"content"`
}

// About is what every event says of its record, in CDEvents' customData.
type About struct {
	// Record names the record, so that anybody can look it up and check its hash.
	Record RecordName `json:"record"`
	Actor  string     `json:"actor"`
	// Service, Environment and Target name the release, where the record is of one.
	Service     string `json:"service,omitempty"`
	Environment string `json:"environment,omitempty"`
	Target      string `json:"target,omitempty"`
	// Rollout is its number, and Kind what it is for: forward, rollback or repair.
	Rollout int    `json:"rollout,omitempty"`
	Kind    string `json:"kind,omitempty"`
	// Version and Reference are of the artifact that the rollout carries, Baseline is
	// the version that served before.
	Version   string `json:"version,omitempty"`
	Reference string `json:"reference,omitempty"`
	Baseline  string `json:"baseline,omitempty"`
	// Cause and Reason say why, where there is a why.
	Cause  string `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// RecordName says which record an event was made of.
type RecordName struct {
	Ledger string `json:"ledger"`
	Stream string `json:"stream"`
	Seq    uint64 `json:"seq"`
	Kind   string `json:"kind"`
	Hash   string `json:"hash"`
}

// Line writes the event as one line of JSON, without the newline.
func (e Event) Line() ([]byte, error) {
	var out strings.Builder
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(e); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(out.String(), "\n")), nil
}

// idSpace is the name space of the ids, a UUID of our own.
var idSpace = uuid.MustParse("5b0c1f0e-9d0a-4d0f-8f0a-6f1b7a2c3d4e")

// ID is the id of an event: a UUID (version 5) made of the ledger's UUID, the record's
// stream and number, and the event's type without its version. So a repetition has the
// same one, in whatever process, in a copy of the ledger and by a later version too.
func ID(ledgerID, stream string, seq uint64, typ string) string {
	name, _ := json.Marshal([]any{ledgerID, stream, seq, typ}) // Texts and a number always can.
	return uuid.NewSHA1(idSpace, name).String()
}

// of builds an event of a record. The subject's content is what the type allows.
func (t Type) of(ledgerID string, rec ledger.Record, about About, subject string, content map[string]any) Event {
	id, source, at := ID(ledgerID, rec.Stream, rec.Seq, string(t)), "urn:uuid:"+ledgerID, rec.At.UTC()
	if content == nil {
		content = map[string]any{}
	}
	return Event{
		SpecVersion: "1.0", ID: id, Source: source, Type: t.Versioned(), Subject: subject, Time: at, DataContentType: "application/json",
		Data: CDEvent{
			Context:    Context{SpecVersion: SpecVersion, ID: id, Source: source, Type: t.Versioned(), Timestamp: at},
			Subject:    Subject{ID: subject, Source: source, Content: content},
			CustomData: about, CustomDataContentType: "application/json",
		},
		service: about.Service, environment: about.Environment,
	}
}
