// Package wire is the deployment contract as it goes over the network: the JSON
// of docs/contract/openapi.yaml, and how it becomes the types of the Target port.
// Server and driver share it; a test holds it to the document.
package wire

import (
	"fmt"
	"math"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The paths below the base URL.
const (
	PathCapabilities = "/v1/capabilities"
	PathObservation  = "/v1/observation"
	PathPreflight    = "/v1/preflight"
	PathPrepare      = "/v1/prepare"
	PathTraffic      = "/v1/traffic"
	PathComplete     = "/v1/complete"
	PathRevert       = "/v1/revert"
	PathFinalize     = "/v1/finalize"
)

// KeyHeader carries the idempotency key of a change.
const KeyHeader = "Idempotency-Key"

// MaxBody is the greatest size of a request or answer in bytes. Honest ones have
// a few hundred.
const MaxBody = 1 << 20

// MaxSeconds bounds every duration on the wire: a year.
const MaxSeconds = 365 * 24 * 3600

// Arm is one arm of an Observation.
type Arm struct {
	Payload  artifact.Payload `json:"payload"`
	Weight   float64          `json:"weight"`
	Health   target.Health    `json:"health"`
	Replicas int              `json:"replicas,omitempty"`
}

// Observation is target.Observation with durations in seconds.
type Observation struct {
	Known              bool                 `json:"known"`
	Baseline           *Arm                 `json:"baseline,omitempty"`
	Canary             *Arm                 `json:"canary,omitempty"`
	Traffic            *target.TrafficState `json:"traffic,omitempty"`
	Fingerprint        string               `json:"fingerprint,omitempty"`
	Fence              uint64               `json:"fence,omitempty"`
	RevertAfterSeconds float64              `json:"revert_after_seconds,omitempty"`
	Reverted           bool                 `json:"reverted,omitempty"`
	Fields             map[string]any       `json:"fields,omitempty"`
}

// Progress answers a change.
type Progress struct {
	Done             bool        `json:"done"`
	LookAgainSeconds float64     `json:"look_again_seconds,omitempty"`
	Observation      Observation `json:"observation"`
}

// Preflight asks what would stop a rollout of the payload.
type Preflight struct {
	Payload artifact.Payload `json:"payload"`
}

// Obstacles answers Preflight; an empty list is a pass.
type Obstacles struct {
	Obstacles []target.Obstacle `json:"obstacles"`
}

// Prepare asks for a canary.
type Prepare struct {
	Fence   uint64           `json:"fence"`
	Payload artifact.Payload `json:"payload"`
}

// Traffic asks for a traffic state.
type Traffic struct {
	Fence               uint64              `json:"fence"`
	Traffic             target.TrafficState `json:"traffic"`
	ExpectedFingerprint string              `json:"expected_fingerprint,omitempty"`
	RevertAfterSeconds  float64             `json:"revert_after_seconds,omitempty"`
}

// Write is the body of complete, revert and finalize.
type Write struct {
	Fence uint64 `json:"fence"`
}

// Error is the body of every answer that is not a success.
type Error struct {
	Code        target.Code  `json:"code"`
	Message     string       `json:"message"`
	Remedy      string       `json:"remedy,omitempty"`
	Observation *Observation `json:"observation,omitempty"`
}

// Seconds turns a duration into what the wire carries.
func Seconds(d time.Duration) float64 { return d.Seconds() }

// Duration turns seconds into a duration. Anything that is not between 0 and
// MaxSeconds is an error that names what.
func Duration(what string, seconds float64) (time.Duration, error) {
	if math.IsNaN(seconds) || seconds < 0 || seconds > MaxSeconds {
		return 0, fmt.Errorf("%s is %g; it must be between 0 and %d seconds", what, seconds, MaxSeconds)
	}
	return time.Duration(math.Round(seconds * float64(time.Second))), nil
}
