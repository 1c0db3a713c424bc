package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// The kinds of records in the stream of a release over many targets, beside those
// that every release has. The rollouts of the single targets are in the streams of
// their parts.
const (
	KindTargetStarted = "target.started"
	KindTargetWaiting = "target.waiting"
	KindTargetEnded   = "target.ended"
	KindTargetFailed  = "target.failed"
	KindTargetBack    = "target.back"
	KindWaveWatched   = "wave.watched"
)

// WavesOpening is the order of a rollout over many targets, in its first record.
type WavesOpening struct {
	// Order names the targets that are released to. Those that served the artifact
	// already are not among them.
	Order []string `json:"order"`
	// Seed is what a shuffled order was drawn from, for whoever wants to draw it again.
	Seed string `json:"seed,omitempty"`
	// Already names the targets that served the artifact before.
	Already []string `json:"already,omitempty"`
}

// Within says which rollout over many targets a target's rollout is a part of.
type Within struct {
	// Rollout is its number in the stream of the whole release.
	Rollout int `json:"rollout"`
	// Started is when it began, which windows are asked about.
	Started time.Time `json:"started"`
}

// TargetStartedBody is the body of KindTargetStarted: from here on the target may
// have been changed.
type TargetStartedBody struct {
	Target string `json:"target"`
	Wave   int    `json:"wave"`
}

// TargetWaitingBody is the body of KindTargetWaiting: why a target cannot begin yet.
type TargetWaitingBody struct {
	Target string `json:"target"`
	Reason string `json:"reason"`
}

// TargetEndedBody is the body of KindTargetEnded: how a target's rollout ended.
type TargetEndedBody struct {
	Target string `json:"target"`
	// Result is that of the target's own rollout.
	Result Result `json:"result"`
	Cause  Cause  `json:"cause,omitempty"`
	Reason string `json:"reason,omitempty"`
	// Rollout is the number of the target's own rollout, 0 where there was none.
	Rollout int `json:"part_rollout,omitempty"`
	// Changed is true when the target serves the artifact because of this rollout.
	Changed bool `json:"changed,omitempty"`
	// Before is what it goes back to, nil where nothing served.
	Before *artifact.Payload `json:"before,omitempty"`
}

// TargetFailedBody is the body of KindTargetFailed: a target that had the artifact
// and was seen to be ill in the soak after its wave.
type TargetFailedBody struct {
	Target string `json:"target"`
	Cause  Cause  `json:"cause"`
	Reason string `json:"reason"`
}

// TargetBackBody is the body of KindTargetBack.
type TargetBackBody struct {
	Target string `json:"target"`
	// Kept is true when there was nothing to go back to, so the artifact stays.
	Kept   bool   `json:"kept,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// WaveWatchedBody is the body of KindWaveWatched: one look at all targets that
// have the artifact by now.
type WaveWatchedBody struct {
	Wave     int            `json:"wave"`
	Interval field.Duration `json:"interval"`
	// Soak is how much observed time the look added; none when a target could not be
	// read.
	Soak     field.Duration `json:"soak"`
	Looked   int            `json:"looked"`
	Problems []string       `json:"problems,omitempty"`
	// Ill says of targets what is wrong with them. Those that are ill in two looks in
	// a row have failed.
	Ill map[string]string `json:"ill,omitempty"`
}
