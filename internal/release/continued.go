package release

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ContinuedBy says who goes on with a rollout that a run has left open. Exactly one
// of its fields is set.
type ContinuedBy struct {
	// Agent is whether an agent does, which looks as often as the analysis asks for.
	Agent bool `json:"agent,omitempty"`
	// Every is how often a scheduled job does. It is its author's promise.
	Every field.Duration `json:"every,omitempty"`
}

// Text says so for people.
func (c *ContinuedBy) Text() string {
	switch {
	case c == nil:
		return "whoever applies next"
	case c.Agent:
		return "the agent"
	default:
		return "a job every " + c.Every.String()
	}
}

// exampleContinued is how an author says who goes on.
const exampleContinued = `continued_by = { agent = true }, or continued_by = { every = "5m" }`

// validateContinued checks what needs no target.
func (s Spec) validateContinued() field.Errors {
	c := s.ContinuedBy
	switch {
	case c == nil:
		return nil
	case s.Irreversible:
		return field.Errors{{Path: "continued_by", Msg: "the release is irreversible, so it is never left without a driver; leave continued_by and a short wait out, or let it go back: irreversible = false"}}
	case c.Agent == (c.Every > 0):
		return field.Errors{{Path: "continued_by", Msg: "exactly one of agent and every must be given, for example " + exampleContinued}}
	default:
		return nil
	}
}

// unpunctual says why a scheduled job comes too seldom: the target's dead-man switch
// would fire before it, and take every rollout back.
func unpunctual(spec Spec, caps target.Capabilities) field.Errors {
	c := spec.ContinuedBy
	if c == nil || c.Every == 0 || !caps.RevertAfter || spec.Mode == Observe || c.Every < spec.Strategy.RevertAfter {
		return nil
	}
	return field.Errors{{Path: "continued_by.every", Msg: fmt.Sprintf(
		"a job every %s comes later than the target's dead-man switch, which takes the traffic back %s after the last look (revert_after of the strategy %q); it must be shorter than that, for example every = \"%s\", or let the strategy wait longer, for example revert_after = \"%s\"",
		c.Every, spec.Strategy.RevertAfter, spec.Strategy.Name, sooner(spec.Strategy.RevertAfter), 3*c.Every)}}
}

// sooner is an interval for an example: at most half of the time.
func sooner(d field.Duration) field.Duration {
	half := d.Std() / 2
	for _, unit := range []time.Duration{time.Minute, time.Second} {
		if half >= unit {
			return field.Duration(half.Truncate(unit))
		}
	}
	return field.Duration(half)
}
