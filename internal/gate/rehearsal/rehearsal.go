// Package rehearsal is the gate that lets no rollout begin whose way back was not
// found to be open, for releases whose rollback policy wants that.
package rehearsal

import (
	"context"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// Name is the gate's, in results and records.
const Name = "rehearsal"

// Gate judges what the engine found. It asks nobody itself.
type Gate struct{}

var _ gate.Gate = Gate{}

// New makes the gate. It is safe for concurrent use.
func New() Gate { return Gate{} }

// Name implements gate.Gate.
func (Gate) Name() string { return Name }

// Check implements gate.Gate. It is for a rollout that has not begun: within one the
// way back is what it is, and nobody rehearses it. A target's part begins within a
// rollout that has begun and is rehearsed on its own. A repair has nothing to go back
// to and is not rehearsed.
func (Gate) Check(_ context.Context, subject gate.Subject, _ time.Time) gate.Result {
	result := gate.Result{Gate: Name, Status: gate.Pass}
	if !subject.Started.IsZero() && len(subject.Rehearsal) == 0 {
		return result
	}
	var reasons, remedies []string
	status := gate.Pass
	for _, f := range subject.Rehearsal {
		if f.Status == gate.Pass {
			continue
		}
		// A fail outweighs an unknown, since it says what can be done.
		if status != gate.Fail {
			status = f.Status
		}
		reasons = append(reasons, f.Part+" "+string(f.Status)+": "+f.Reason)
		if f.Remedy != "" {
			remedies = append(remedies, f.Remedy)
		}
	}
	switch {
	case !subject.RehearsalRequired && len(reasons) > 0:
		result.Reason = "the rollback policy does not require it"
		return result
	case !subject.RehearsalRequired:
		return result
	case len(subject.Rehearsal) == 0:
		return gate.Result{Gate: Name, Status: gate.Unknown, Reason: "nobody rehearsed the way back", Remedy: "ask where the target can be reached"}
	}
	result.Status, result.Reason, result.Remedy = status, strings.Join(reasons, "; "), strings.Join(remedies, "; ")
	return result
}
