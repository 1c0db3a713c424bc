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
	// Images is given what should run with each.
	Images(ctx context.Context, of release.Key, images map[string]Image) map[string]SeenImage
}

// Looker makes reports. It is safe for concurrent use when its parts are.
type Looker struct {
	Engine    Describer
	Documents Reader
	// Cloud reads AWS; where it is nil, what is declared of AWS is unknown.
	Cloud Cloud
	// Versions gives the labels that the ledger has for artifacts of a service, by digest,
	// in whatever environment. It is asked where the release's own record has none for a
	// digest; where it is nil, that one is told without.
	Versions func(ctx context.Context, service string) (map[string]string, error)
}

// Look observes once and compares. The error is about the ledger; what the target,
// AWS or a document does not tell is in the report. Before there was a rollout only the
// ledger is read. While one is open, of what is declared only that is read which no
// rollout moves: of AWS all but the images that the ledger says, and no documents.
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
	if expected, settled := ExpectedOf(status.History); settled || moving(status.History) {
		l.read(ctx, check.readable(expected, settled), &seen)
	}
	return l.name(ctx, check, Assess(status.History, seen, check, at)), nil
}

// moving says whether a rollout is open.
func moving(h *release.History) bool { return h != nil && h.Open() != nil }

// readable is the check with what can be compared now of all that lies outside of the
// target.
func (c Check) readable(expected Expected, settled bool) Check {
	c.Images = c.images(expected, settled)
	if !settled {
		// They are often the service's own, and so are another's at each step.
		c.Documents = nil
	}
	return c
}

// Preview compares what a check declares outside of the target, before the check is in
// any ledger and whatever serves. Clean says nothing of the target, which is not asked,
// nor of images, of which the ledger says what should run.
func (l Looker) Preview(ctx context.Context, check Check, at time.Time) Report {
	var seen Seen
	check.Images = nil
	l.read(ctx, check, &seen)
	report := Report{Key: check.Release, Mode: check.EffectiveMode(), At: at.UTC(), Status: StatusUnknown}
	report.sort(compareDeclared(check, seen), check)
	report.conclude("")
	report.label(versionsOf(nil, check))
	return report.graded(check)
}

// read reads all that the check declares outside of the target, at the same time.
func (l Looker) read(ctx context.Context, check Check, seen *Seen) {
	var all sync.WaitGroup
	if len(check.Documents) > 0 {
		all.Go(func() { seen.Documents = l.Documents.Read(ctx, check.Documents) })
	}
	if l.Cloud != nil {
		l.readCloud(ctx, check, seen, &all)
	}
	all.Wait()
}

func (l Looker) readCloud(ctx context.Context, check Check, seen *Seen, all *sync.WaitGroup) {
	if len(check.SecurityGroups) > 0 {
		all.Go(func() { seen.Groups = l.Cloud.Groups(ctx, check.Release, check.SecurityGroups) })
	}
	if len(check.Resources) > 0 {
		all.Go(func() { seen.Resources = l.Cloud.Resources(ctx, check.Release, check.Resources) })
	}
	if len(check.Images) > 0 {
		all.Go(func() { seen.Images = l.Cloud.Images(ctx, check.Release, check.Images) })
	}
}
