// Package sim is a simulated target in memory, for simulations of the engine: it
// keeps the books that the lab keeps, on a clock that a test moves, fails where
// it is told to, and counts what a world of users would have seen.
package sim

import (
	"context"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// Phase says when a fault strikes.
type Phase string

// Before the change is made, and after it: the reply is then lost.
const (
	Before Phase = "before"
	After  Phase = "after"
)

// The names of the verbs, as Fault and Calls have them.
const (
	VerbCapabilities = "capabilities"
	VerbObserve      = "observe"
	VerbPreflight    = "preflight"
	VerbPrepare      = "prepare"
	VerbApply        = "apply"
	VerbComplete     = "complete"
	VerbRevert       = "revert"
	VerbFinalize     = "finalize"
)

// Options says what is simulated.
type Options struct {
	// Clock is required; usually a clock.Fake.
	Clock clock.Clock
	// Capabilities is what the target claims; nil means weights, revert_after and
	// conditional_write.
	Capabilities *target.Capabilities
	// Instances is how many instances an arm has, for batches; 1 when 0.
	Instances int
	// Up says how many instances of an arm are healthy that has started; nil means
	// all while it is healthy.
	Up func(artifact.Payload) int
	// Startup is how long an arm takes until it is healthy.
	Startup time.Duration
	// Exists says whether an artifact is there; nil means that all are.
	Exists func(artifact.Payload) bool
	// Health says how an arm is that has started; nil means healthy.
	Health func(artifact.Payload) target.Health
	// Fault is asked before and after each verb. An error before it means that
	// nothing happened, one after it that the reply was lost. It may also panic, to
	// kill the driver there, or move the clock, to be slow. No lock is held.
	Fault func(verb string, phase Phase) error
	// World is who uses the service; see Source.
	World World
}

// Call is one change that was asked for.
type Call struct {
	Verb string
	Key  string
	At   time.Time
	// Changed is true when arms, payloads or weights became different.
	Changed bool
	// Weight is the canary's weight after it, and Traffic what else is set; nil for
	// nothing.
	Weight  float64
	Traffic *target.TrafficState
	Err     error
}

// Target is a simulated target. It is safe for concurrent use and outlives the
// drivers that a test kills.
type Target struct {
	opts Options

	mu      sync.Mutex
	machine machine.Machine
	started map[string]time.Time
	calls   []Call
	history history
}

var _ target.Target = (*Target)(nil)

// New makes a target where nothing runs.
func New(opts Options) *Target {
	if opts.Capabilities == nil {
		opts.Capabilities = &target.Capabilities{Weights: true, RevertAfter: true, ConditionalWrite: true}
	}
	t := &Target{opts: opts, started: map[string]time.Time{}}
	t.machine = machine.Machine{Health: t.health, LookAgain: max(opts.Startup/4, time.Second),
		Can: *opts.Capabilities, Instances: opts.Instances}
	if opts.Up != nil {
		t.machine.Up = t.up
	}
	t.history.note(opts.Clock.Now(), t.machine.State)
	return t
}

// Serve makes the payload the baseline, as if it had always served.
func (t *Target) Serve(p artifact.Payload) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.sync()
	s := &t.machine.State
	s.Slots++
	s.Generation++
	s.Baseline = &machine.Slot{ID: "served", Payload: p, Ready: true}
	t.started["served"] = now.Add(-t.opts.Startup)
	t.history.note(now, *s)
}

// Hand changes the canary and its weight behind every driver's back.
func (t *Target) Hand(p artifact.Payload, weight float64) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.sync()
	err := t.machine.Hand(now, p, weight)
	t.note(now)
	return err
}

// Calls lists the changes that were asked for, in order.
func (t *Target) Calls() []Call {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]Call(nil), t.calls...)
}

// State returns a copy of the books.
func (t *Target) State() machine.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sync()
	return t.machine.State.Clone()
}

// health says how an instance is. The lock is held.
func (t *Target) health(id string) target.Health {
	now := t.opts.Clock.Now()
	began, ok := t.started[id]
	if !ok {
		began = now // The change that is being made starts it.
	}
	if now.Sub(began) < t.opts.Startup {
		return target.HealthUnknown
	}
	for _, slot := range t.machine.State.Wanted() {
		if slot.ID == id && t.opts.Health != nil {
			return t.opts.Health(slot.Payload)
		}
	}
	return target.Healthy
}

// up says how many instances are healthy. The lock is held.
func (t *Target) up(id string) int {
	if t.health(id) == target.HealthUnknown {
		return 0
	}
	for _, slot := range t.machine.State.Wanted() {
		if slot.ID == id {
			return t.opts.Up(slot.Payload)
		}
	}
	return 0
}

// sync fires a switch whose time has come, at the moment when it came. The lock
// is held.
func (t *Target) sync() time.Time {
	now := t.opts.Clock.Now()
	if at := t.machine.State.Deadline; t.machine.Expire(now) {
		t.history.note(at, t.machine.State)
	}
	return now
}

// note follows a change: new instances start, and the users see new weights. The
// lock is held.
func (t *Target) note(now time.Time) {
	for _, slot := range t.machine.State.Wanted() {
		if _, ok := t.started[slot.ID]; !ok {
			t.started[slot.ID] = now
		}
	}
	t.history.note(now, t.machine.State)
}

func (t *Target) fault(ctx context.Context, verb string, phase Phase) error {
	if phase == Before && ctx.Err() != nil {
		return &target.Error{Code: target.CodeUnavailable, Message: "the call was ended before it began", Err: ctx.Err()}
	}
	if t.opts.Fault == nil {
		return nil
	}
	return t.opts.Fault(verb, phase)
}
