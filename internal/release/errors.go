package release

import (
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ErrUnknown is returned for a release that the ledger has never heard of.
var ErrUnknown = errors.New("the ledger knows no such release")

// ErrNothingBefore is returned for a rollback when nothing succeeded before what
// serves, or all of it is quarantined.
var ErrNothingBefore = errors.New("there is nothing to go back to: no earlier artifact has succeeded here and is not quarantined")

// ErrObserving is returned for what would change the target of a release whose
// mode is "observe".
var ErrObserving = errors.New("the release is in mode \"observe\", in which nothing is written to the target; set mode = \"enforce\" and apply first, or go back by hand")

// BlockedError says that gates stopped a rollout before it began. Nothing was
// changed.
type BlockedError struct {
	Key     Key
	Label   string
	Results []gate.Result
	// First is true where the ledger knows nothing of the release yet.
	First bool
}

// Error implements error.
func (e *BlockedError) Error() string {
	return fmt.Sprintf("%s may not go forward in %s now: %s", e.Label, e.Key.Environment, GateSummary(e.Results))
}

// OwnedError says that another Terraform state manages the release.
type OwnedError struct {
	Key   Key
	Owner Owner
}

// Error implements error.
func (e *OwnedError) Error() string {
	return fmt.Sprintf("the release %s is managed by another state (%s, id %s)", e.Key, e.Owner.Label, e.Owner.ID)
}

// ObstructedError says that the target cannot take a rollout now. Nothing was
// changed.
type ObstructedError struct {
	Key       Key
	Obstacles []target.Obstacle
}

// Error implements error.
func (e *ObstructedError) Error() string {
	parts := make([]string, len(e.Obstacles))
	for i, o := range e.Obstacles {
		parts[i] = o.What
		if o.Remedy != "" {
			parts[i] += " (" + o.Remedy + ")"
		}
	}
	return fmt.Sprintf("the target of %s is not ready for a rollout: %s", e.Key, strings.Join(parts, "; "))
}

// OpenError says that the call cannot be done while a rollout is open.
type OpenError struct {
	Key     Key
	Rollout int
	State   State
}

// Error implements error.
func (e *OpenError) Error() string {
	return fmt.Sprintf("rollout %d of %s is still open (%s); to stop it: sluice abort %s --reason \"...\"", e.Rollout, e.Key, e.State, e.Key)
}

// EndedError says that a rollout ended otherwise than in success.
type EndedError struct {
	Outcome Outcome
}

// Error implements error.
func (e *EndedError) Error() string {
	r := e.Outcome.Rollout
	return fmt.Sprintf("rollout %d of %s to %s %s: %s", r.Number, r.Spec.Payload.Label(), e.Outcome.Key, e.Outcome.Result, r.Reason)
}

// InterruptedError says that the driver stopped while the rollout was open.
type InterruptedError struct {
	Outcome Outcome
	// Cause is why it stopped: the context's error, a lost lease, an old binary.
	Cause error
}

// Error implements error.
func (e *InterruptedError) Error() string {
	r := e.Outcome.Rollout
	return fmt.Sprintf("rollout %d of %s stands at %.4g %% (%s) and can be taken up again: %v", r.Number, e.Outcome.Key, r.Weight, r.State, e.Cause)
}

// Unwrap gives the cause.
func (e *InterruptedError) Unwrap() error { return e.Cause }
