package release

import (
	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Result says how a call of the engine ended.
type Result string

// The results.
const (
	// Unchanged: what was wished for was true already.
	Unchanged Result = "unchanged"
	// Adopted: it served already, and the release is managed from now on.
	Adopted Result = "adopted"
	// Shipped: the rollout succeeded.
	Shipped Result = "shipped"
	// WentBack: the rollout was rolled back.
	WentBack Result = "rolled_back"
	// Stopped: the rollout was aborted.
	Stopped Result = "aborted"
	// Broke: the rollout errored, which says nothing about the artifact.
	Broke Result = "errored"
	// Underway: the rollout is still open; another run goes on with it.
	Underway Result = "open"
)

// Outcome is what is true after a call of the engine, whether it returned an
// error or not.
type Outcome struct {
	Key    Key    `json:"key"`
	Result Result `json:"result"`
	// Rollout is the one that the call was about, nil when there was none.
	Rollout *Rollout `json:"rollout,omitempty"`
	// Payload is the registered wish after the call: the rollout's while it is open
	// or when it succeeded, and what the ledger says should serve otherwise. nil
	// when nothing was ever released.
	Payload *artifact.Payload `json:"payload,omitempty"`
	// Serving is what the target last said, nil when it was not asked.
	Serving *target.Observation `json:"serving,omitempty"`
	History *History            `json:"-"`
	// LeftFor are the credentials for whose end an open rollout was left, zero where it
	// was left for something else.
	LeftFor credential.End `json:"-"`
	// Warnings are for people; they change nothing.
	Warnings []string `json:"warnings,omitempty"`
}

func outcomeOf(h *History, result Result, serving *target.Observation) Outcome {
	out := Outcome{Key: h.Key, Result: result, History: h, Payload: h.Serving(), Serving: serving}
	if open := h.Open(); open != nil {
		out.Rollout, out.Payload = open, &open.Spec.Payload
	}
	return out
}

// closedAs translates a final state.
func closedAs(s State) Result {
	switch s {
	case Succeeded:
		return Shipped
	case RolledBack:
		return WentBack
	case Aborted:
		return Stopped
	default:
		return Broke
	}
}
