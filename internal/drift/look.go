package drift

import (
	"context"
	"errors"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var errNotRead = errors.New("it was not read")

// Describer says what a release is and what its target says of itself. It is the
// engine.
type Describer interface {
	Describe(ctx context.Context, key release.Key, look bool) (release.Status, error)
}

// Reader reads documents, by name: each within its bound of time and MaxDocument,
// and all of them within a bound of its own. It only reads, and never leaves one
// out.
type Reader interface {
	Read(ctx context.Context, documents map[string]Document) map[string]Content
}

// Looker makes reports. It is safe for concurrent use when its parts are.
type Looker struct {
	Engine    Describer
	Documents Reader
}

// Look observes once and compares. The error is about the ledger; what the target
// or a document does not tell is in the report. Documents are not read while a
// rollout is open, or before there was one.
func (l Looker) Look(ctx context.Context, check Check, at time.Time) (Report, error) {
	status, err := l.Engine.Describe(ctx, check.Release, true)
	if errors.Is(err, release.ErrUnknown) {
		return Assess(nil, Seen{}, check, at), nil
	}
	if err != nil {
		return Report{}, err
	}
	seen := Seen{Err: status.LookErr}
	if status.Serving != nil {
		seen.Observation = *status.Serving
	}
	if _, settled := ExpectedOf(status.History); settled && len(check.Documents) > 0 {
		seen.Documents = l.Documents.Read(ctx, check.Documents)
	}
	return Assess(status.History, seen, check, at), nil
}
