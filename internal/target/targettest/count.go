package targettest

import (
	"context"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Counts says how what a driver asks its runtime to change is counted.
type Counts struct {
	// Asked is how many mutating requests the runtime has had so far, whatever came of
	// them.
	Asked func() int
	// Made is how many of them took effect: never more than one in a call. Only these
	// count in Preflight, which may rehearse changes that cannot happen. It is Asked when
	// nil.
	Made func() int
	// Most is how many one call of a verb may ask for, by the name of its method, where
	// all but one are refused or change nothing; what is not named may ask for one, and
	// what only looks for none. Whoever gives more says beside it why.
	Most map[string]int
}

// Count wraps a target whose verbs are held to the port's word that each makes at most
// one change a call: one that asks for more fails the test. It belongs around the driver
// itself, inside of whatever repeats verbs. Of calls at the same time the sum is held.
func Count(t testing.TB, d target.Target, c Counts) target.Target {
	t.Helper()
	if c.Made == nil {
		c.Made = c.Asked
	}
	return &counted{Target: d, t: t, Counts: c}
}

// counted is a target whose requests are counted.
type counted struct {
	target.Target
	Counts
	t testing.TB

	mu sync.Mutex
	// running are the calls at this time, names those since none ran; asked and made are
	// what was counted then.
	running     int
	names       []string
	asked, made int
}

// during counts what one call of a verb asks for.
func (c *counted) during(verb string) (end func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == 0 {
		c.names, c.asked, c.made = nil, c.Asked(), c.Made()
	}
	c.running++
	c.names = append(c.names, verb)
	return c.end
}

func (c *counted) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running--; c.running > 0 {
		return
	}
	ask, change, rehearsed := 0, 0, false
	for _, verb := range c.names {
		switch verb {
		case preflight:
			rehearsed = true
		case observe:
		default:
			change++
			ask += max(1, c.Most[verb])
		}
	}
	if got := c.Asked() - c.asked; got > ask && !rehearsed {
		c.t.Errorf("%q: the runtime was asked for %d changes; at most %d may be", c.names, got, ask)
	}
	if got := c.Made() - c.made; got > change {
		c.t.Errorf("%q: the runtime carried out %d changes; at most %d may be\nwhy it matters: an engine that dies between two of them has written neither down", c.names, got, change)
	}
}

// The verbs that only look.
const preflight, observe = "Preflight", "Observe"

func (c *counted) Observe(ctx context.Context) (target.Observation, error) {
	defer c.during(observe)()
	return c.Target.Observe(ctx)
}

func (c *counted) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	defer c.during(preflight)()
	return c.Target.Preflight(ctx, p)
}

func (c *counted) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	defer c.during("Prepare")()
	return c.Target.Prepare(ctx, req)
}

func (c *counted) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	defer c.during("Apply")()
	return c.Target.Apply(ctx, req)
}

func (c *counted) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	defer c.during("Complete")()
	return c.Target.Complete(ctx, req)
}

func (c *counted) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	defer c.during("Revert")()
	return c.Target.Revert(ctx, req)
}

func (c *counted) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	defer c.during("Finalize")()
	return c.Target.Finalize(ctx, req)
}
