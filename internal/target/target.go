// Package target is the port to whatever runs a service in one environment. A
// driver implements Target for one kind of runtime; the suite in targettest
// holds every driver to the contract that is written here.
package target

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// Target is the runtime behind one service in one environment.
//
// Every verb reads what it must, makes at most one change, never sleeps, and
// says in Progress.LookAgain when to call it again. The engine repeats a verb
// until Progress.Done. Deadlines come with the context; a driver must give up
// when it ends and must not start a change afterwards.
//
// Wishes, not deltas. Prepare, Apply, Complete, Revert and Finalize state what
// shall be true, so repeating one that already took effect changes nothing and
// succeeds. A driver that gets a Key it has carried out already answers with the
// present observation; Progress.Done then still says whether what was asked for
// is true now, which it need not be when others have changed the target since.
//
// Fences. Each change carries the fence of the lease under which it was decided.
// A target with the capability ConditionalWrite remembers the greatest fence it
// has seen and answers a smaller one with CodeStaleFence. Other targets ignore
// it; their page says which risk is left.
//
// Errors are *Error where the driver knows what went wrong. Any other error
// means that the outcome is unknown: the change may have happened. The engine
// then observes, and never assumes.
//
// A Target is safe for concurrent use.
type Target interface {
	// Capabilities says what the runtime can do. It is asked at plan and must not
	// change anything.
	Capabilities(ctx context.Context) (Capabilities, error)

	// Observe says what serves now. It may answer Known: false when it cannot
	// tell, which is inconclusive and never success. "Nothing runs here" is a
	// known observation without arms, not an error.
	Observe(ctx context.Context) (Observation, error)

	// Preflight says what would stop a rollout of the payload before it has
	// changed anything: permissions, capacity, ownership. An empty list is a pass.
	Preflight(ctx context.Context, payload artifact.Payload) ([]Obstacle, error)

	// Prepare brings the payload up as the canary arm at weight 0, and is done
	// when that arm is healthy. A canary arm with another payload is replaced only
	// while its weight is 0 and no cohort is sent to it; otherwise the answer is
	// CodeConflict. A mirror ends with the payload that it was for.
	Prepare(ctx context.Context, req PrepareRequest) (Progress, error)

	// Apply makes the whole traffic state true, and arms or renews the dead-man
	// switch when RevertAfter is positive. What the state leaves out (a cohort, a
	// mirror, a batch) is off afterwards; what the target's capabilities lack is
	// CodeUnsupported. Since a key is carried out once, a renewal is a
	// change of its own and needs a key of its own. It needs a prepared canary for
	// any weight above 0, a cohort, a mirror and a batch; and where there is no
	// baseline only the weights 0 and 100 make sense: anything else is CodeConflict. When ExpectedFingerprint is not empty and is not the present one, nothing
	// is changed and the answer is CodeConflict with the present observation.
	Apply(ctx context.Context, req ApplyRequest) (Progress, error)

	// Complete makes the canary's payload the only one: it becomes the baseline
	// arm, takes all traffic, cohort, mirror and batch end, and the dead-man switch
	// is disarmed. The old arm may
	// stay warm, without traffic, until Finalize. With a canary below weight 100
	// the answer is CodeConflict.
	Complete(ctx context.Context, req WriteRequest) (Progress, error)

	// Revert sends all traffic to the baseline arm, at once, whatever the
	// fingerprint is: weight, cohort, mirror and batch end together. It disarms the
	// dead-man switch. It must not wait for
	// anything slow. Without a canary arm it changes nothing and is done. Where
	// nothing served before the rollout there is no baseline: the traffic to the
	// canary stops.
	Revert(ctx context.Context, req WriteRequest) (Progress, error)

	// Finalize removes what the rollout left behind without traffic: the canary
	// after a revert, the old arm after a completion, and a mirror. An arm with
	// traffic, by weight or by a cohort, is never removed; that is CodeConflict.
	Finalize(ctx context.Context, req WriteRequest) (Progress, error)
}

// Capabilities is what a runtime can do. What a strategy needs and a target
// lacks is an error at plan that names the capability by its JSON name.
type Capabilities struct {
	// Weights means that any share from 0 to 100 can be set.
	Weights bool `json:"weights"`
	// Cohorts, Mirror and Batches say which other parts of a traffic state Apply
	// takes, and Observe tells.
	Cohorts bool `json:"cohorts"`
	Mirror  bool `json:"mirror"`
	Batches bool `json:"batches"`
	// RevertAfter means that the runtime has a dead-man switch of its own.
	RevertAfter bool `json:"revert_after"`
	// ConditionalWrite means that fences and fingerprints are checked by the
	// runtime itself, atomically with the change.
	ConditionalWrite bool `json:"conditional_write"`
	// FixedPlan means that the runtime walks weights of its own: Prepare tells them
	// to it, and Apply takes the next of them and no other. The target is a Planner,
	// which says which plans the runtime can walk. It is not part of the deployment
	// contract.
	FixedPlan bool `json:"-"`
	// WeightStep is the smallest share that can be set, in percent, of which all others
	// are multiples; 0 means any.
	WeightStep float64 `json:"weight_step,omitempty"`
	// Sticky is how long a user stays with an arm whatever its weight becomes, 0 where
	// each request is sent anew. No step may be shorter.
	Sticky time.Duration `json:"sticky,omitempty"`
}

// Arm is one side of a rollout.
type Arm string

// The two arms: what served before, and what is being released.
const (
	Baseline Arm = "baseline"
	Canary   Arm = "canary"
)

// Health is a target's word on one arm. Anything but Healthy is no success.
type Health string

// The three answers about health.
const (
	Healthy       Health = "healthy"
	Unhealthy     Health = "unhealthy"
	HealthUnknown Health = "unknown"
)

// ArmState is what runs in one arm.
type ArmState struct {
	Payload artifact.Payload `json:"payload"`
	// Name is what the runtime calls what runs in the arm, as its own metrics do: the
	// number of a version, the ARN of a target group. It is empty where there is no
	// such name.
	Name string `json:"name,omitempty"`
	// Weight is the share of traffic that the arm gets, 0 to 100.
	Weight float64 `json:"weight"`
	Health Health  `json:"health"`
	// Replicas is how many instances run; it is 0 where the runtime has no such
	// notion.
	Replicas int `json:"replicas,omitempty"`
}

// Observation is what a target says of itself at one moment.
type Observation struct {
	// Known is false when the target could not tell. All else is then meaningless.
	Known bool `json:"known"`
	// Baseline and Canary are nil where nothing runs in the arm.
	Baseline *ArmState `json:"baseline,omitempty"`
	Canary   *ArmState `json:"canary,omitempty"`
	// Traffic is what is set besides the arms' weights: a cohort, a mirror, a batch.
	// Its Weight is the canary's. It is nil where nothing else is set, and where the
	// target cannot tell; a target with one of the capabilities can.
	Traffic *TrafficState `json:"traffic,omitempty"`
	// Fingerprint changes whenever anything that Apply depends on changes: arms,
	// payloads, weights, cohort, mirror, batch. It is opaque, and empty where there is none.
	Fingerprint string `json:"fingerprint,omitempty"`
	// Fence is the greatest fence seen, 0 where the target keeps none.
	Fence uint64 `json:"fence,omitempty"`
	// RevertAfter is what is left until the dead-man switch reverts, 0 when it is
	// not armed.
	RevertAfter time.Duration `json:"revert_after,omitempty"`
	// Reverted is true when the dead-man switch has fired since the last change
	// that Apply made. Finalize clears it too, as it ends the rollout.
	Reverted bool `json:"reverted,omitempty"`
	// Partial is true where parts of the target, such as several listeners, send
	// different shares to the canary; its Weight is then their mean. Apply moves one
	// part after the other, and is not done before all agree.
	Partial bool `json:"partial,omitempty"`
	// Leftover is true where Finalize has something to remove, or to let go, that no
	// arm shows: the old arm after a completion, what an ended Prepare had begun.
	Leftover bool `json:"leftover,omitempty"`
	// Fields holds what else drift compares, by dotted path, as JSON scalars.
	Fields map[string]any `json:"fields,omitempty"`
}

// Obstacle is one thing that would stop a rollout.
type Obstacle struct {
	// What says what is in the way, and Remedy what to do about it.
	What   string `json:"what"`
	Remedy string `json:"remedy,omitempty"`
	// Doubt means that nobody could tell whether it is in the way: it is said at plan,
	// and stops nothing. It is not part of the deployment contract.
	Doubt bool `json:"-"`
}

// Doubts takes what only may be in the way out of a list.
func Doubts(all []Obstacle) (surely, doubts []Obstacle) {
	for _, o := range all {
		if o.Doubt {
			doubts = append(doubts, o)
		} else {
			surely = append(surely, o)
		}
	}
	return surely, doubts
}

// TrafficState says who gets which arm, as a whole: what it leaves out is off.
// Validate says whether it can be asked for.
type TrafficState struct {
	// Weight is the canary's share, 0 to 100, of the requests that no cohort
	// claims. Where there is a batch it follows the batch's share, and what is asked
	// for here is not looked at.
	Weight float64 `json:"weight"`
	// Cohort sends requests that match to the canary, whatever the weight.
	Cohort *Cohort `json:"cohort,omitempty"`
	// Mirror copies this share (0 to 100) of the requests that the baseline serves to
	// the canary and throws its answers away. It must neither slow nor fail the
	// user's request. Copies count as the canary's own requests wherever it is
	// counted.
	Mirror float64 `json:"mirror,omitempty"`
	// Batch is how many instances run the new payload, for rolling strategies.
	Batch *Batch `json:"batch,omitempty"`
}

// Cohort matches requests by one header or one cookie, exactly one of them.
type Cohort struct {
	Header string `json:"header,omitempty"`
	Cookie string `json:"cookie,omitempty"`
	// Value is compared exactly.
	Value string `json:"value"`
}

// Batch says how far a rolling strategy has come. The target brings instances in
// and out one after the other until the share is reached; Progress is done then.
type Batch struct {
	// Share of instances on the new payload, 0 to 100, rounded to whole instances:
	// at least one above 0, and not all below 100.
	Share float64 `json:"share"`
	// MinHealthy is the share of instances, of both payloads together, that must
	// stay healthy, 0 to 100. The target stops short of the share, and goes back,
	// rather than have fewer.
	MinHealthy float64 `json:"min_healthy"`
}

// PrepareRequest asks for a canary arm.
type PrepareRequest struct {
	WriteRequest
	Payload artifact.Payload `json:"payload"`
	// Plan is what will be asked of Apply, for targets with the capability FixedPlan;
	// others need not look at it, and it is not sent to programs and servers that
	// answer the contract. Without steps nobody said.
	Plan Plan `json:"-"`
}

// ApplyRequest asks for a traffic state.
type ApplyRequest struct {
	WriteRequest
	Traffic             TrafficState `json:"traffic"`
	ExpectedFingerprint string       `json:"expected_fingerprint,omitempty"`
	// RevertAfter arms the dead-man switch: unless it is renewed or the rollout
	// ends within this time, the target reverts by itself. 0 arms none and leaves
	// an armed one as it is.
	RevertAfter time.Duration `json:"revert_after,omitempty"`
}

// WriteRequest is what every change carries.
type WriteRequest struct {
	// Key is the idempotency key: the same key always asks for the same thing.
	Key string `json:"key"`
	// Fence is the number of the lease under which the change was decided.
	Fence uint64 `json:"fence"`
	// Rollout names the rollout, the same in all its changes, and in no other's. A
	// driver writes it where it can list it, so that what was made before a reply got
	// lost is found again. It is empty where there is no rollout, and is not sent to
	// programs and servers that answer the contract.
	Rollout string `json:"-"`
}

// Progress is the answer to a change.
type Progress struct {
	// Done means that what was asked for is true now.
	Done bool `json:"done"`
	// LookAgain says when to call the verb again when it is not done.
	LookAgain time.Duration `json:"look_again,omitempty"`
	// Observation is what the target says after the change.
	Observation Observation `json:"observation"`
}
