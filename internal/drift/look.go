package drift

import (
	"context"
	"errors"
	"sync"
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

// Cloud reads what checks declare of AWS: each thing within a bound of time, and all of
// them within one of its own. It only reads, and never leaves one out: what it cannot
// read comes with the reason, and ErrGone where it is surely not there. Being throttled
// is a reason like any other. It is for one release, in whose name it asks.
type Cloud interface {
	Groups(ctx context.Context, of release.Key, groups map[string]SecurityGroup) map[string]SeenGroup
	Resources(ctx context.Context, of release.Key, resources map[string]Resource) map[string]Content
}

// Looker makes reports. It is safe for concurrent use when its parts are.
type Looker struct {
	Engine    Describer
	Documents Reader
	// Cloud reads AWS; where it is nil, what is declared of AWS is unknown.
	Cloud Cloud
}

// Look observes once and compares. The error is about the ledger; what the target
// or a document does not tell is in the report. Documents and AWS are not read while
// a rollout is open, or before there was one.
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
	if _, settled := ExpectedOf(status.History); settled {
		l.read(ctx, check, &seen)
	}
	return Assess(status.History, seen, check, at), nil
}

// read reads all that the check declares outside of the target, at the same time.
func (l Looker) read(ctx context.Context, check Check, seen *Seen) {
	var all sync.WaitGroup
	if len(check.Documents) > 0 {
		all.Go(func() { seen.Documents = l.Documents.Read(ctx, check.Documents) })
	}
	if len(check.SecurityGroups) > 0 && l.Cloud != nil {
		all.Go(func() { seen.Groups = l.Cloud.Groups(ctx, check.Release, check.SecurityGroups) })
	}
	if len(check.Resources) > 0 && l.Cloud != nil {
		all.Go(func() { seen.Resources = l.Cloud.Resources(ctx, check.Release, check.Resources) })
	}
	all.Wait()
}
