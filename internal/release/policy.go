package release

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Policy is the content of a declared rollback policy. The zero value goes back by
// itself on harm, failed health and failed checks, at once, at most
// DefaultMaxPerDay times a day.
type Policy struct {
	Name string `json:"name,omitempty"`
	// Automatic is whether the engine may go back by itself; nil means yes.
	Automatic *bool `json:"automatic,omitempty"`
	// DuringBake is whether it may do so after 100 % as well; nil means yes.
	DuringBake *bool `json:"during_bake,omitempty"`
	// MaxPerDay is after how many automatic rollbacks of a release within 24 hours
	// the next one pauses instead; 0 takes DefaultMaxPerDay.
	MaxPerDay int `json:"max_per_day,omitempty"`
	// Triggers says what may turn a rollout back; nil means harm, health and failed
	// checks, all the way.
	Triggers *Triggers `json:"triggers,omitempty"`
	// How says how the traffic goes back; empty means AtOnce.
	How How `json:"how,omitempty"`
	// BySteps bounds the way back where How is BySteps; nil takes the defaults.
	BySteps *BackSteps `json:"by_steps,omitempty"`
	// FastTrack skips the steps of an artifact that served here lately; nil never does.
	FastTrack *FastTrack `json:"fast_track,omitempty"`
	// KeepWarm is how long the old arm stays up after 100 % at the least; a bake that
	// is longer goes before. 0 leaves it to the bake.
	KeepWarm field.Duration `json:"keep_warm,omitempty"`
	// RequireRehearsal makes the rehearsal of the rollback a gate.
	RequireRehearsal bool `json:"require_rehearsal,omitempty"`
}

// How says how the engine sends the traffic back. A person's abort always is at
// once.
type How string

// The ways.
const (
	// AtOnce sends all traffic back in one write: the old artifact is warm.
	AtOnce How = "at_once"
	// BySteps lowers the weight through the strategy's steps, for an old arm that
	// needs time to take its traffic again.
	BySteps How = "by_steps"
)

// Hows lists the ways in the order of the documentation.
func Hows() []string { return []string{string(AtOnce), string(BySteps)} }

// BackSteps bounds a way back by steps.
type BackSteps struct {
	// Each is how long a weight stands on the way down; 0 takes DefaultBackEach.
	Each field.Duration `json:"each,omitempty"`
	// Within is after how long the rest of the traffic goes back at once, whatever
	// the step; 0 takes DefaultBackWithin.
	Within field.Duration `json:"within,omitempty"`
}

// FastTrack says for which artifacts the steps are skipped. No gate ever is.
type FastTrack struct {
	// Within is how long ago the artifact may have served here at the most.
	Within field.Duration `json:"within"`
}

// Defaults and limits of a Policy.
const (
	// DefaultMaxPerDay is how many automatic rollbacks a release may have within 24
	// hours when its policy does not say.
	DefaultMaxPerDay = 3
	// DefaultBackEach and DefaultBackWithin bound a way back by steps.
	DefaultBackEach   = 30 * time.Second
	DefaultBackWithin = 5 * time.Minute
	// MaxBackWithin is the longest way back: users are being hurt meanwhile.
	MaxBackWithin = time.Hour
	// MaxFastTrack and MaxKeepWarm bound what a policy may ask for.
	MaxFastTrack = 365 * 24 * time.Hour
	MaxKeepWarm  = 30 * 24 * time.Hour
)

// Normalize fills in what the author left to the defaults in the parts that are
// given, so that a frozen policy keeps its meaning when a default changes.
func (p Policy) Normalize() Policy {
	if p.How == BySteps {
		steps := p.backSteps()
		p.BySteps = &steps
	}
	if p.Triggers != nil {
		p.Triggers = p.Triggers.normalize()
	}
	return p
}

// Validate checks a declared rollback policy. Whether signals count what its
// triggers watch is known with a release, and negative times are refused where they
// are written, or with the release.
func (p Policy) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if msg := field.Name(p.Name); msg != "" {
		add("name", "%s", msg)
	}
	if p.MaxPerDay < 0 || p.MaxPerDay > 100 {
		add("max_per_day", "%d is not a limit; it must be from 1 to 100, for example 3", p.MaxPerDay)
	}
	if p.How != "" && !slices.Contains(Hows(), string(p.How)) {
		add("how", "%q is not a way back; it must be at_once or by_steps, for example \"by_steps\"", p.How)
	}
	if p.BySteps != nil && (p.How == "" || p.How == AtOnce) {
		add("by_steps", "by_steps bounds a way back by steps, but the policy goes back at once; leave it out, or say so, for example how = \"by_steps\"")
	}
	errs = append(errs, p.BySteps.validate().Under("by_steps")...)
	if f := p.FastTrack; f != nil && (f.Within == 0 || f.Within.Std() > MaxFastTrack) {
		add("fast_track.within", "%s is not a time since an artifact served; it must be above 0s and at most %s, for example \"168h\"", f.Within, field.FormatDuration(MaxFastTrack))
	}
	if p.KeepWarm.Std() > MaxKeepWarm {
		add("keep_warm", "%s is not a time to keep the old arm warm; it must be from 0s to %s, for example \"30m\"", p.KeepWarm, field.FormatDuration(MaxKeepWarm))
	}
	return append(errs, p.validateTriggers()...)
}

func (b *BackSteps) validate() field.Errors {
	if b == nil {
		return nil
	}
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if b.Each.Std() > MaxBackWithin {
		add("each", "%s is not a time of a step; it must be above 0s and at most %s, for example \"30s\"", b.Each, field.FormatDuration(MaxBackWithin))
	}
	if b.Within.Std() > MaxBackWithin {
		add("within", "%s is not a bound of the way back; it must be above 0s and at most %s, for example \"5m\"", b.Within, field.FormatDuration(MaxBackWithin))
	}
	return errs
}

// backSteps are the bounds of a way back by steps, with their defaults.
func (p Policy) backSteps() BackSteps {
	steps := BackSteps{}
	if p.BySteps != nil {
		steps = *p.BySteps
	}
	if steps.Each == 0 {
		steps.Each = field.Duration(DefaultBackEach)
	}
	if steps.Within == 0 {
		steps.Within = field.Duration(DefaultBackWithin)
	}
	return steps
}

// negative reports whether any time of the policy is below 0.
func (p Policy) negative() bool {
	times := []field.Duration{p.KeepWarm}
	if p.BySteps != nil {
		times = append(times, p.BySteps.Each, p.BySteps.Within)
	}
	if p.FastTrack != nil {
		times = append(times, p.FastTrack.Within)
	}
	if t := p.Triggers; t != nil {
		if t.ErrorCeiling != nil {
			times = append(times, t.ErrorCeiling.Over)
		}
		if t.BurnRate != nil {
			for _, w := range t.BurnRate.Windows {
				times = append(times, w.Long, w.Short)
			}
		}
	}
	return slices.Min(times) < 0
}

func (p Policy) automatic() bool  { return p.Automatic == nil || *p.Automatic }
func (p Policy) duringBake() bool { return p.DuringBake == nil || *p.DuringBake }

func (p Policy) maxPerDay() int {
	if p.MaxPerDay == 0 {
		return DefaultMaxPerDay
	}
	return p.MaxPerDay
}
