package cli

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The JSON that scripts read. Fields are added, never renamed or taken away.
// Times are RFC 3339 in UTC, durations seconds, weights percent. A field that is
// null has no value; it is not left out.

// payloadJSON is an artifact with its configuration.
type payloadJSON struct {
	Version             string `json:"version"`
	Reference           string `json:"reference"`
	ConfigurationDigest string `json:"configuration_digest"`
	// Key identifies it; quarantine is by key.
	Key string `json:"key"`
}

// releaseJSON is one release in sluice status --json.
type releaseJSON struct {
	Release     string `json:"release"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	// Serving is what should serve while no rollout is open: the last payload that
	// succeeded.
	Serving *payloadJSON `json:"serving"`
	// State is steady, or the state of the rollout that is open.
	State string `json:"state"`
	// Owner is the label of the Terraform state that manages it, null where none does.
	Owner *string `json:"owner"`
	// Driver holds the lease now, null where nobody does.
	Driver     *string          `json:"driver"`
	Open       *rolloutJSON     `json:"open"`
	Last       *rolloutJSON     `json:"last"`
	Quarantine []quarantineJSON `json:"quarantine"`
	// Needs is what its service needs, only where one release was asked for.
	Needs []needJSON `json:"needs,omitempty"`
	// Formers are the releases from which it goes on; left out where there are none, and
	// where all releases were asked for and this one has had a rollout.
	Formers []formerJSON `json:"formers,omitempty"`
}

// rolloutJSON is one rollout, in sluice status and sluice history.
type rolloutJSON struct {
	Rollout string `json:"rollout"`
	Number  int    `json:"number"`
	Kind    string `json:"kind"`
	Mode    string `json:"mode"`
	State   string `json:"state"`
	// From is null where nothing served before.
	From *payloadJSON `json:"from"`
	To   payloadJSON  `json:"to"`
	By   string       `json:"by"`
	// Cause and Reason say why it left the straight way, or why a person asked for
	// it; empty where neither is so.
	Cause  string `json:"cause"`
	Reason string `json:"reason"`
	// Trigger is the one of the policy that turned it back or paused it; empty where
	// none did.
	Trigger string `json:"trigger"`
	// Step counts from 1; Weight is the share of the new payload.
	Step   int     `json:"step"`
	Steps  int     `json:"steps"`
	Weight float64 `json:"weight"`
	// StepKind is weight, cohort, mirror, batch, pause or check, and Traffic says in
	// words who gets the new payload.
	StepKind string     `json:"step_kind"`
	Traffic  string     `json:"traffic"`
	Ticks    int        `json:"ticks"`
	OpenedAt time.Time  `json:"opened_at"`
	ClosedAt *time.Time `json:"closed_at"`
	// Seconds is how long it lasted, or lasts so far.
	Seconds float64 `json:"seconds"`
	// SoakSeconds is the observed time of the present step or bake, and
	// RemainingSeconds the least that the strategy still asks for.
	SoakSeconds      float64 `json:"soak_seconds"`
	RemainingSeconds float64 `json:"remaining_seconds"`
	// Progress is of an open one; left out of all others.
	Progress *progressJSON `json:"progress,omitempty"`
	// Targets are those of a rollout over many; left out of all others.
	Targets []targetJSON `json:"targets,omitempty"`
}

// progressJSON says where an open rollout stands, and who looks at it next, as the
// attribute progress of a sluice_release does.
type progressJSON struct {
	Summary     string    `json:"summary"`
	NextLookAt  time.Time `json:"next_look_at"`
	ContinuedBy string    `json:"continued_by"`
	// RevertsAt is when the target goes back by itself unless somebody looks before; left
	// out where no dead-man switch is armed.
	RevertsAt time.Time `json:"reverts_at,omitzero"`
}

// quarantineJSON is one payload that may not be released.
type quarantineJSON struct {
	Release string      `json:"release"`
	Payload payloadJSON `json:"payload"`
	Reason  string      `json:"reason"`
	By      string      `json:"by"`
	At      time.Time   `json:"at"`
	// Rollout is the number of the one that condemned it, 0 where a person did.
	Rollout int `json:"rollout"`
}

func toPayload(p artifact.Payload) payloadJSON {
	return payloadJSON{Version: p.Version, Reference: p.Reference, ConfigurationDigest: p.ConfigurationDigest, Key: p.Key()}
}

func toPayloadOrNull(p *artifact.Payload) *payloadJSON {
	if p == nil {
		return nil
	}
	out := toPayload(*p)
	return &out
}

func toRollout(key release.Key, r *release.Rollout, now time.Time) *rolloutJSON {
	if r == nil {
		return nil
	}
	out := &rolloutJSON{
		Rollout: rolloutName(key, r.Number), Number: r.Number, Kind: string(r.Kind), Mode: string(r.Spec.Mode),
		State: string(r.State), From: toPayloadOrNull(r.Baseline), To: toPayload(r.Spec.Payload), By: r.OpenedBy,
		Cause: string(r.Cause), Reason: r.Why(), Trigger: r.Trigger, Step: min(r.Step+1, len(r.Steps)), Steps: len(r.Steps),
		Weight: r.Weight, StepKind: string(r.CurrentStep().Kind), Traffic: release.TrafficText(r.Sends()), Ticks: r.Ticks, OpenedAt: r.OpenedAt,
		Seconds: lasted(r, now).Seconds(), SoakSeconds: r.Soak.Seconds(), RemainingSeconds: remaining(r, now).Seconds(),
	}
	out.Targets = toTargets(key, r)
	if r.State.Final() {
		closed := r.ClosedAt
		out.ClosedAt = &closed
	} else {
		p := r.Progress()
		out.Progress = &progressJSON{Summary: p.Text, NextLookAt: p.NextLookAt.UTC(), ContinuedBy: p.By, RevertsAt: p.RevertsAt.UTC()}
	}
	return out
}

// lasted is how long a rollout took, or takes so far.
func lasted(r *release.Rollout, now time.Time) time.Duration {
	if r.State.Final() {
		return r.ClosedAt.Sub(r.OpenedAt)
	}
	return max(now.Sub(r.OpenedAt), 0)
}
