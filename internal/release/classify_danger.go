package release

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// danger is what sends a rollout back, or to a person.
func (v view) danger() Event {
	tick := v.r.LastTick
	if v.r.Spec.Mode == Observe {
		return ""
	}
	// Before the first weight of this rollout the target may still speak of a
	// switch that fired in an earlier one.
	if v.r.applied >= 0 && (tick != nil && tick.Observation != nil && tick.Observation.Reverted ||
		v.obs.Target != nil && v.obs.Target.Reverted) {
		return EventSwitchFired
	}
	f, automatic := v.firing()
	switch {
	case f == nil:
		return ""
	case automatic && f.hurts():
		return EventHarm
	case automatic:
		return EventTriggered
	case f.hurts():
		return EventHarmManual
	default:
		return EventTriggeredManual
	}
}

// firing is a trigger whose condition is met, as a rollout that turns back says it.
type firing struct {
	trigger Trigger
	name    string
	cause   Cause
	reason  string
}

// hurts is true for those that no policy makes go away: where they are off, the
// rollout waits for a person.
func (f firing) hurts() bool {
	return f.trigger == TriggerHarm || f.trigger == TriggerHealth || f.trigger == TriggerFailedCheck
}

func (f firing) label() string { return watcher{Trigger: f.trigger, Name: f.name}.Label() }

// firings lists the triggers whose condition is met, the gravest first. One that
// the policy has off is not among them, unless it says that users are being hurt.
func (v view) firings() []firing {
	var out []firing
	if v.unhealthy() {
		out = append(out, firing{trigger: TriggerHealth, cause: CauseUnhealthy, reason: v.r.LastTick.Input.Unhealthy})
	}
	if v.r.Harm != nil && !ofHealthAlone(*v.r.Harm) {
		out = append(out, firing{trigger: TriggerHarm, cause: CauseHarm, reason: harmText(*v.r.Harm)})
	}
	if v.checkFailed() {
		out = append(out, firing{trigger: TriggerFailedCheck, cause: CauseCheck, reason: checkText(*v.r.Checked)})
	}
	if v.r.LastTick == nil {
		return out
	}
	for _, f := range v.r.LastTick.Fired {
		if v.r.Spec.Policy.during(f.Trigger, f.Name).on(v.r.baking()) {
			out = append(out, firing{trigger: f.Trigger, name: f.Name, cause: causeOf(f.Trigger), reason: f.Text})
		}
	}
	return out
}

// firing is the trigger that decides: the first for which the engine may go back
// by itself, and else the first of all.
func (v view) firing() (f *firing, automatic bool) {
	all := v.firings()
	for i := range all {
		if v.mayGoBackFor(all[i].trigger, all[i].name) {
			return &all[i], true
		}
	}
	if len(all) > 0 {
		return &all[0], false
	}
	return nil, false
}

func (v view) unhealthy() bool { return v.r.LastTick != nil && v.r.LastTick.Input.Unhealthy != "" }

// mayGoBackFor is whether the engine may roll back for this trigger without a
// person. An external trigger is asked by name.
func (v view) mayGoBackFor(t Trigger, name string) bool {
	return v.r.Spec.Policy.allows(t, name, v.r.baking()) && v.mayGoBack()
}

// mayGoBack is whether the engine may roll back without a person, whatever the
// reason.
func (v view) mayGoBack() bool {
	p := v.r.Spec.Policy
	return p.automatic() && !v.r.Spec.Irreversible && (!v.r.baking() || p.duringBake()) &&
		v.h.AutomaticRollbacks(v.now.Add(-24*time.Hour)) < p.maxPerDay()
}

// distrust is what makes a rollout wait because nobody can say how it goes.
func (v view) distrust() Event {
	if v.diverged() {
		return EventDiverged
	}
	if v.r.BadTicks >= 2 {
		return EventNoData
	}
	if code := v.pauseCode(); code == judge.CodeTrafficShare {
		return EventTrafficShare
	} else if code != "" {
		return EventNoData
	}
	return ""
}

// diverged is true when the target said that it is not where the rollout put it.
func (v view) diverged() bool {
	tick := v.r.LastTick
	// A look from before the last effect says nothing about what is true since.
	if tick == nil || tick.Observation == nil || !tick.Observation.Known || v.r.tickSeq < v.r.outcomeSeq {
		return false
	}
	return moved(tick.Observation, v.r)
}

// strayed is true when a look before an effect found the canary at a weight that
// is neither where the rollout left it nor where it wants it.
func (v view) strayed() bool {
	c := v.canary()
	if v.r.Intent.traffic().Batch != nil {
		// Its instances are on their way one after the other.
		return false
	}
	if c != nil && v.obs.Target.Partial {
		// Its parts are on their way one after the other, so their mean lies between.
		from, to := min(v.r.Weight, v.r.Intent.Weight), max(v.r.Weight, v.r.Intent.Weight)
		return c.Weight < from || c.Weight > to
	}
	return c != nil && c.Weight != v.r.Weight && c.Weight != v.r.Intent.Weight
}

// pauseCode is the judge's reason for asking to pause, or empty.
func (v view) pauseCode() string {
	if v.r.LastTick == nil || v.r.LastTick.Verdict == nil || v.r.LastTick.Verdict.Action != judge.Pause {
		return ""
	}
	for _, reason := range v.r.LastTick.Verdict.Reasons {
		if reason.Code == judge.CodeTrafficShare || reason.Code == judge.CodeNoExposure {
			return reason.Code
		}
	}
	return judge.CodeNoExposure
}
