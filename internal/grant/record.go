package grant

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// KindOpened is the record of credentials that were handed out.
const KindOpened = "credentials.opened"

// StreamPrefix begins the names of the streams of credentials. They are apart from the
// releases': each plan opens credentials, and a rollout does not read them.
const StreamPrefix = "credentials/"

// Stream is that of a release's credentials.
func Stream(key release.Key) string { return StreamPrefix + key.String() }

// OpenedBody is the body of KindOpened. It holds no secret: the key's id is what
// CloudTrail has, and opens nothing.
type OpenedBody struct {
	// Number is the rollout's, open or to come.
	Number int   `json:"for_rollout"`
	Open   bool  `json:"open,omitempty"`
	Scope  Scope `json:"scope"`
	// Reason says why it is this scope.
	Reason string        `json:"reason"`
	Gates  []gate.Result `json:"gates,omitempty"`
	Driver string        `json:"driver"`
	Role   string        `json:"role_arn"`
	// Session is the name in CloudTrail, and SourceIdentity who acts, where that was sent.
	Session        string    `json:"session"`
	SourceIdentity string    `json:"source_identity,omitempty"`
	AccessKeyID    string    `json:"access_key_id"`
	Expiration     time.Time `json:"expiration"`
	// Policy is what the session is cut to; Packed how much of AWS's room it takes, in
	// per cent.
	Policy json.RawMessage `json:"policy"`
	Packed int32           `json:"packed_policy_size,omitempty"`
}

// write appends the record at the end of its stream, wherever that is by then.
func write(ctx context.Context, e *release.Engine, key release.Key, body OpenedBody) error {
	raw, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("unable to write the record %s: %w", KindOpened, err)
	}
	entry := ledger.Entry{
		ID: uuid.NewString(), Kind: KindOpened, At: e.Clock.Now(), Actor: e.Actor,
		Service: key.Service, Environment: key.Environment, Body: raw,
	}
	after := uint64(0)
	for {
		_, err := e.Ledger.Append(ctx, Stream(key), after, entry)
		var conflict *ledger.ConflictError
		if !errors.As(err, &conflict) || conflict.Reused {
			return err
		}
		after = conflict.Last
	}
}

// body is the record of a session.
func (r Request) body(o Opened, p release.Permit, document string) OpenedBody {
	b := OpenedBody{
		Number: p.Rollout, Open: p.Open, Scope: o.Scope, Reason: o.Reason, Gates: p.Gates, Driver: r.Driver,
		Role: r.Role.ARN, Session: o.Name, AccessKeyID: o.AccessKeyID, Expiration: o.Expiration, Policy: json.RawMessage(document), Packed: o.Packed,
	}
	if r.Role.SourceIdentity {
		b.SourceIdentity = awscloud.SourceIdentity(r.Actor)
	}
	return b
}

// Handed is a record of credentials: who was handed what, and when.
type Handed struct {
	OpenedBody
	Release string    `json:"release"`
	By      string    `json:"by"`
	At      time.Time `json:"at"`
}

// List reads what was handed out for a release, or for all where the key is empty, the
// newest last.
func List(ctx context.Context, l ledger.Ledger, key release.Key) ([]Handed, error) {
	records, err := l.Query(ctx, ledger.Filter{StreamPrefix: StreamPrefix, Kinds: []string{KindOpened}, Service: key.Service, Environment: key.Environment})
	if err != nil {
		return nil, err
	}
	list := make([]Handed, 0, len(records))
	for _, r := range records {
		h := Handed{Release: strings.TrimPrefix(r.Stream, StreamPrefix), By: r.Actor, At: r.At}
		if err := json.Unmarshal(r.Body, &h.OpenedBody); err != nil {
			return nil, &ledger.CorruptError{Stream: r.Stream, Seq: r.Seq, Reason: "its body does not fit its kind, " + r.Kind, Err: err}
		}
		list = append(list, h)
	}
	slices.SortStableFunc(list, func(a, b Handed) int { return a.At.Compare(b.At) })
	return list, nil
}
