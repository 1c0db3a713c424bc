// Package gate holds the questions that a rollout must answer before it may go
// forward. A rollback passes through no gate.
package gate

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
)

// Status is a gate's answer. Unknown blocks as fail does.
type Status string

// The three answers.
const (
	Pass    Status = "pass"
	Fail    Status = "fail"
	Unknown Status = "unknown"
)

// Subject is what wants to go forward.
type Subject struct {
	Service     string            `json:"service"`
	Environment string            `json:"environment"`
	Tier        string            `json:"tier,omitempty"`
	Regions     []string          `json:"regions,omitempty"`
	Team        string            `json:"team,omitempty"`
	Labels      map[string]string `json:"labels,omitempty"`
	// Target is the one target that is asked about, of a release over many; empty
	// for all others.
	Target string `json:"target,omitempty"`
	// Dependencies and ExternalDependencies are what the service itself says that it
	// needs; what that needs in turn is the ledger's to tell.
	Dependencies         []string         `json:"dependencies,omitempty"`
	ExternalDependencies []string         `json:"external_dependencies,omitempty"`
	Payload              artifact.Payload `json:"payload"`
	// Started is when the rollout passed its gates, zero before: a window that
	// lets what began inside finish outside needs it.
	Started time.Time `json:"started,omitzero"`
	// Rehearsal is what was found of the way back, and RehearsalRequired whether the
	// rollback policy lets nothing begin without it.
	Rehearsal         []Finding `json:"-"`
	RehearsalRequired bool      `json:"-"`
	// Evidence is what was found out about the payload's artifact.
	Evidence []Evidence `json:"-"`
}

// Finding is one part of a rehearsal of the way back.
type Finding struct {
	// Part is what was looked at: "artifact", "path", "capacity" or "reversible".
	Part   string `json:"part"`
	Status Status `json:"status"`
	// Reason says what was found, in one line; Remedy what a person can do about it.
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"`
}

// Result is the answer of one gate at one instant.
type Result struct {
	// Gate is its name: "window", "quarantine", "hold".
	Gate   string `json:"gate"`
	Status Status `json:"status"`
	// Reason says why, in one line; Remedy what a person can do about it.
	Reason string `json:"reason,omitempty"`
	Remedy string `json:"remedy,omitempty"`
	// NextAt is when it may pass next; zero when nobody can tell.
	NextAt time.Time `json:"next_at,omitzero"`
	// Override says who overrode what, where the gate passes only for that. Whoever
	// shows the result shows it loudly. Empty otherwise.
	Override string `json:"override,omitempty"`
}

// Gate answers one question.
//
// Check only reads, may be asked for any instant (the plan asks for now, the
// engine before each step), and is safe for concurrent use. What it cannot find
// out is Unknown with the reason, never an error and never Pass.
type Gate interface {
	Name() string
	Check(ctx context.Context, subject Subject, at time.Time) Result
}

// Standing marks a Gate that is asked again while a step or the bake lasts, and not
// only before each step: what it asks about would spoil what is measured there. A
// rollout that it stops is paused, and goes on when it passes again.
type Standing interface {
	Gate
	WhileStanding()
}

// Occasional marks a Gate that only some subjects have: it is neither asked about the
// others nor shown with them.
type Occasional interface {
	Gate
	Concerns(subject Subject) bool
}

// WhileStanding are the gates that are asked while a step lasts.
func WhileStanding(gates []Gate) []Gate {
	var out []Gate
	for _, g := range gates {
		if _, ok := g.(Standing); ok {
			out = append(out, g)
		}
	}
	return out
}

// CheckAll asks every gate, in order.
func CheckAll(ctx context.Context, gates []Gate, subject Subject, at time.Time) []Result {
	results := make([]Result, 0, len(gates))
	for _, g := range gates {
		if o, ok := g.(Occasional); ok && !o.Concerns(subject) {
			continue
		}
		results = append(results, g.Check(ctx, subject, at))
	}
	return results
}

// Overrides says what was overridden of the results, in their order.
func Overrides(results []Result) []string {
	var texts []string
	for _, r := range results {
		if r.Override != "" {
			texts = append(texts, r.Override)
		}
	}
	return texts
}

// Blocked returns the results that do not pass.
func Blocked(results []Result) []Result {
	var blocked []Result
	for _, r := range results {
		if r.Status != Pass {
			blocked = append(blocked, r)
		}
	}
	return blocked
}
