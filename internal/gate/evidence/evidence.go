// Package evidence is the gate that lets no rollout begin unless what was found out
// about its artifact speaks for it.
package evidence

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// Name is the gate's, in results and records.
const Name = "evidence"

// Gate judges the evidence that a release was given. It asks nobody itself.
type Gate struct{}

var _ gate.Occasional = Gate{}

// New makes the gate. It is safe for concurrent use.
func New() Gate { return Gate{} }

// Name implements gate.Gate.
func (Gate) Name() string { return Name }

// Concerns implements gate.Occasional: it is for a rollout that has not begun, of a
// release with evidence. What began with good evidence is not stopped on its way because
// that has grown old.
func (Gate) Concerns(s gate.Subject) bool { return len(s.Evidence) > 0 && s.Started.IsZero() }

// Check implements gate.Gate. One piece that fails outweighs one that is unknown, since
// it says what can be done.
func (Gate) Check(_ context.Context, subject gate.Subject, at time.Time) gate.Result {
	result := gate.Result{Gate: Name, Status: gate.Pass}
	var good, reasons, remedies []string
	for _, e := range subject.Evidence {
		status, reason, remedy := judge(e, subject.Payload, at)
		if status == gate.Pass {
			good = append(good, e.Kind+": "+e.Reason)
			continue
		}
		if result.Status != gate.Fail {
			result.Status = status
		}
		reasons = append(reasons, fmt.Sprintf("%s %s: %s", e.Kind, status, reason))
		if remedy != "" {
			remedies = append(remedies, remedy)
		}
	}
	if result.Status == gate.Pass {
		reasons = good
	}
	result.Reason, result.Remedy = strings.Join(reasons, "; "), strings.Join(remedies, "; ")
	return result
}

// judge is the answer of one piece. What somebody found of another artifact, and what has
// expired, says nothing of this one.
func judge(e gate.Evidence, p artifact.Payload, at time.Time) (status gate.Status, reason, remedy string) {
	const anew = "plan again, so that it is looked at anew"
	expires, err := time.Parse(time.RFC3339, e.ExpiresAt)
	switch {
	case e.Digest == "" || e.Digest != p.Digest():
		return gate.Fail, fmt.Sprintf("it is of %s, and the artifact is %s", artifact.Short(e.Digest), artifact.Short(p.Digest())), "take artifact and evidence from one data source"
	case e.Status == gate.Fail:
		return gate.Fail, e.Reason, e.Remedy
	case e.Status != gate.Pass:
		return gate.Unknown, e.Reason, e.Remedy
	case e.ExpiresAt != "" && err != nil:
		return gate.Unknown, fmt.Sprintf("nobody can tell until when it is good: %q", e.ExpiresAt), anew
	case e.ExpiresAt != "" && !at.Before(expires):
		return gate.Unknown, "it was good until " + e.ExpiresAt + " (" + e.Reason + ")", anew
	}
	return gate.Pass, "", ""
}
