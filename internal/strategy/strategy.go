// Package strategy says how traffic moves from the old artifact to the new one.
// It is pure: a definition goes in, steps come out.
package strategy

import (
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Definition is the content of a declared strategy. Exactly one of its kinds, from
// Canary to Rolling, is set.
type Definition struct {
	Name      string     `json:"name"`
	Canary    *Canary    `json:"canary,omitempty"`
	Linear    *Linear    `json:"linear,omitempty"`
	AllAtOnce *AllAtOnce `json:"all_at_once,omitempty"`
	BlueGreen *BlueGreen `json:"blue_green,omitempty"`
	Rolling   *Rolling   `json:"rolling,omitempty"`
	// Bake is how long the new artifact is watched at 100 % before the old one is
	// let go.
	Bake     field.Duration `json:"bake"`
	Analysis Analysis       `json:"analysis"`
	// OnInconclusive is what happens at a step's deadline: extend (once, then
	// pause), pause or rollback.
	OnInconclusive OnInconclusive `json:"on_inconclusive"`
	// MaxUnattendedWeight is the greatest weight, strictly between 0 and 100, that
	// may stand while nobody drives, on a target without a dead-man switch. nil
	// means that the author did not say, which refuses such weights.
	MaxUnattendedWeight *float64 `json:"max_unattended_weight,omitempty"`
	// RevertAfter is the time of the target's dead-man switch. Each look renews it,
	// so it is at least twice the interval of the analysis; 0 takes a minute, or
	// three intervals where that is more.
	RevertAfter field.Duration `json:"revert_after"`
	// PrepareTimeout is how long a new artifact may take to become healthy.
	PrepareTimeout field.Duration `json:"prepare_timeout"`
}

// OnInconclusive says what to do when a step's deadline finds no verdict.
type OnInconclusive string

// The choices. Extend is the default: it extends once and then pauses.
const (
	Extend   OnInconclusive = "extend"
	Pause    OnInconclusive = "pause"
	Rollback OnInconclusive = "rollback"
)

// OnInconclusiveChoices lists the choices in the order of the documentation.
func OnInconclusiveChoices() []string {
	return []string{string(Extend), string(Pause), string(Rollback)}
}

// Defaults that Normalize fills in.
const (
	DefaultInterval       = 10 * time.Second
	DefaultRevertAfter    = time.Minute
	DefaultPrepareTimeout = 10 * time.Minute
	// DefaultDeadline is the least time after which a step without a verdict is
	// inconclusive; a step that must stand longer gets five times its at_least.
	DefaultDeadline = 30 * time.Minute
)

// Normalize fills in the defaults, so that what is frozen into a rollout does
// not change its meaning when a default does.
func (d Definition) Normalize() Definition {
	if d.OnInconclusive == "" {
		d.OnInconclusive = Extend
	}
	if d.Analysis.Interval == 0 {
		d.Analysis.Interval = field.Duration(DefaultInterval)
	}
	if d.RevertAfter == 0 {
		d.RevertAfter = max(field.Duration(DefaultRevertAfter), 3*d.Analysis.Interval)
	}
	if d.PrepareTimeout == 0 {
		d.PrepareTimeout = field.Duration(DefaultPrepareTimeout)
	}
	return d
}

// Frozen is Normalize with the defaults of the checks as well, for what a rollout
// freezes. A declared strategy leaves them out, as its author did.
func (d Definition) Frozen() Definition {
	d = d.Normalize()
	if d.Canary != nil {
		c := Canary{Steps: slices.Clone(d.Canary.Steps)}
		for i, s := range c.Steps {
			if s.Check != nil {
				whole := s.Check.Normalize()
				c.Steps[i].Check = &whole
			}
		}
		d.Canary = &c
	}
	if d.BlueGreen != nil {
		b := *d.BlueGreen
		b.Checks = slices.Clone(b.Checks)
		for i := range b.Checks {
			b.Checks[i] = b.Checks[i].Normalize()
		}
		d.BlueGreen = &b
	}
	return d
}

// BakeTime is how long the new artifact is watched at 100 % with the old one warm
// beside it: the bake, or the time for which a blue/green strategy keeps the old
// one where that is longer.
func (d Definition) BakeTime() time.Duration {
	if d.BlueGreen != nil {
		return max(d.Bake.Std(), d.BlueGreen.KeepWarm.Std())
	}
	return d.Bake.Std()
}
