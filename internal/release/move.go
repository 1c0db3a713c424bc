package release

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

// move writes the body of a change of state: why it happens, in words and
// numbers, and what it means for the artifact.
func (v view) move(event Event) MoveBody {
	m := MoveBody{From: v.r.State, Event: event, Step: v.r.Step}
	switch event {
	case EventAbortRequested:
		m.Cause, m.Reason = v.r.Abort.Cause, v.r.Abort.Reason
		m.Quarantine = v.r.Abort.Quarantine
	case EventHarm, EventTriggered:
		f, _ := v.firing()
		m.Cause, m.Reason, m.Trigger = f.cause, f.reason, f.label()
		m.Quarantine = m.Cause.Condemns()
	case EventHarmManual, EventTriggeredManual:
		f, _ := v.firing()
		m.Cause, m.Reason, m.Trigger = CauseManual, fmt.Sprintf("%s: %s; %s", f.cause, f.reason, v.whyManual(*f)), f.label()
		m.Quarantine = f.cause.Condemns()
	case EventSwitchFired:
		m.Cause, m.Reason = CauseDeadMan, "nobody renewed the target's dead-man switch in time, so the target went back by itself"
	case EventRefused:
		m.Cause, m.Reason = CauseError, v.failure()
	case EventTimedOut:
		m.Cause, m.Reason = CauseError, v.timeout()
	case EventArmUnhealthy:
		m.Cause = CauseUnhealthy
		m.Reason = fmt.Sprintf("%s did not become healthy within %s", v.r.Spec.Payload.Label(), v.r.Spec.Strategy.PrepareTimeout)
		m.Quarantine = true
	case EventGatesBlocked:
		m.Cause, m.Reason = CauseGate, GateSummary(v.obs.Gates)
	case EventDiverged:
		m.Cause, m.Reason = CauseDiverged, v.divergence()
	case EventNoData:
		m.Cause, m.Reason = CauseNoData, v.noData()
	case EventTrafficShare:
		m.Cause, m.Reason = CauseTrafficShare, v.verdictText(judge.CodeTrafficShare)
	case EventPauseReached:
		m.Cause, m.Reason = CausePause, v.waitsText()
	case EventDeadlinePause:
		m.Cause, m.Reason = CauseInconclusive, v.inconclusive()
	case EventDeadlineRevert:
		m.Cause, m.Reason = CauseInconclusive, v.inconclusive()
	case EventServingOther:
		m.Cause, m.Reason = CauseError, v.servesOther()
	case EventCompletedAfter:
		m.Cause, m.Reason = CauseError, v.completedText()
	case EventRevertFailed:
		m.Reason = v.failure()
	}
	next := table[v.r.State][event].next
	if next.GoingBack() && !v.r.State.GoingBack() && !v.r.done[EffectRevert] && v.r.Spec.Mode != Observe && !v.willLower(next, m.Cause) {
		revert := newEffect(v.h, v.r, EffectRevert)
		m.Intent = &revert
	}
	if next.Final() {
		m.Serving = v.serving()
		if m.Cause == "" && event != EventServingOurs {
			m.Cause, m.Reason, m.Trigger = v.r.Cause, v.r.Reason, v.r.Trigger
		}
	}
	return m
}

// servesOther says what the target serves instead of the rollout's artifact.
func (v view) servesOther() string {
	return fmt.Sprintf("the target does not serve %s alone, but %s", v.r.Spec.Payload.Label(), ServesText(v.obs.Target, time.Time{}))
}

// completedText says that a rollout which was to go back could not.
func (v view) completedText() string {
	text := fmt.Sprintf("%s had become the only artifact before it could be taken back, so this rollout cannot go back any more", v.r.Spec.Payload.Label())
	if v.r.Reason != "" {
		text += "; it was to go back because of: " + v.r.Reason
	}
	return text
}

// harmText puts a verdict of harm into one line of numbers.
func harmText(verdict judge.Verdict) string {
	worst := judge.Evidence{}
	for _, e := range verdict.Metrics {
		if e.EHarm >= worst.EHarm {
			worst = e
		}
	}
	text := ""
	if worst.Metric != "" {
		text = fmt.Sprintf("%s %s of %s on the new artifact (%s), %s of %s on the old one (%s); evidence for harm %s to 1",
			worst.Metric, count(worst.BadCanary), count(worst.TotalCanary), share(worst.BadCanary, worst.TotalCanary),
			count(worst.BadBaseline), count(worst.TotalBaseline), share(worst.BadBaseline, worst.TotalBaseline), odds(verdict.EHarm))
	}
	for _, r := range verdict.Reasons {
		if r.Code == judge.CodeFastLane || r.Code == judge.CodeUnhealthy {
			return strings.TrimPrefix(text+"; "+r.Text, "; ")
		}
	}
	return text
}

// whyManual says why the engine does not go back by itself.
func (v view) whyManual(f firing) string {
	p := v.r.Spec.Policy
	part := "steps"
	if v.r.baking() {
		part = "bake"
	}
	switch {
	case v.r.Spec.Irreversible:
		return "the release is declared irreversible, so a person must decide"
	case !p.automatic():
		return fmt.Sprintf("the rollback policy %q leaves rollbacks to a person", p.Name)
	case !p.duringBake() && v.r.baking():
		return fmt.Sprintf("the rollback policy %q leaves rollbacks during the bake to a person", p.Name)
	case !p.during(f.trigger, f.name).on(v.r.baking()):
		return fmt.Sprintf("the rollback policy %q has the trigger %s off during the %s, so a person must decide", p.Name, f.label(), part)
	default:
		return fmt.Sprintf("max_per_day is %d, and this release has gone back by itself as often within 24 hours, so a person must decide", p.maxPerDay())
	}
}

func (v view) failure() string {
	f := v.r.Failure
	if f == nil {
		return ""
	}
	text := fmt.Sprintf("%s was refused by the target (%s): %s", f.Kind, f.Code, f.Message)
	if f.Remedy != "" {
		text += "; " + f.Remedy
	}
	return text
}

func (v view) timeout() string {
	if v.r.Failure != nil {
		return v.failure()
	}
	if v.r.State == Preparing {
		return fmt.Sprintf("%s was not ready within %s, and the target did not say why", v.r.Spec.Payload.Label(), v.r.Spec.Strategy.PrepareTimeout)
	}
	return fmt.Sprintf("the target did not confirm %s within %s", TrafficText(v.r.CurrentStep().Traffic), field.FormatDuration(v.r.CurrentStep().AtMost))
}

func (v view) divergence() string {
	tick := v.r.LastTick
	if servesAlone(v.obs.Target, v.r) || tick != nil && servesAlone(tick.Observation, v.r) {
		return v.aloneText()
	}
	if v.r.Failure != nil && v.r.Failure.Code == "conflict" {
		if v.obs.Target != nil && v.obs.Target.Known && v.obs.Target.Canary == nil {
			return v.canaryGone() + "; " + v.failure()
		}
		return v.failure()
	}
	if c := v.canary(); v.r.Intent != nil && c != nil {
		return fmt.Sprintf("somebody moved the target: it has %s at %s, the rollout left it at %s",
			c.Payload.Label(), TrafficText(whole(c.Weight, told(*v.obs.Target))), TrafficText(v.r.Sends()))
	}
	if tick == nil || tick.Observation == nil || tick.Observation.Canary == nil {
		return v.canaryGone()
	}
	c := tick.Observation.Canary
	return fmt.Sprintf("somebody moved the target: it has %s at %s, the rollout left %s at %s",
		c.Payload.Label(), TrafficText(whole(c.Weight, told(*tick.Observation))), v.r.Spec.Payload.Label(), TrafficText(v.r.Sends()))
}

func (v view) canaryGone() string {
	return fmt.Sprintf("the target has no canary arm any more; the rollout left it at %s", TrafficText(v.r.Sends()))
}

func (v view) noData() string {
	if tick := v.r.LastTick; tick != nil && len(tick.Problems)+len(tick.Away) > 0 {
		return strings.Join(append(slices.Clone(tick.Problems), tick.Away...), "; ")
	}
	return v.verdictText(judge.CodeNoExposure) + v.missing()
}

func (v view) verdictText(code string) string {
	if v.r.LastTick == nil || v.r.LastTick.Verdict == nil {
		return ""
	}
	var texts []string
	for _, r := range v.r.LastTick.Verdict.Reasons {
		if r.Code == code {
			texts = append(texts, r.Text)
		}
	}
	return strings.Join(texts, "; ")
}

func (v view) inconclusive() string {
	return fmt.Sprintf("step %d has neither proved safe nor harmful within %s", v.r.Step+1, field.FormatDuration(v.r.CurrentStep().AtMost))
}

// GateSummary names the gates that do not pass, each with its reason.
func GateSummary(results []gate.Result) string {
	var parts []string
	for _, r := range gate.Blocked(results) {
		parts = append(parts, fmt.Sprintf("%s %s: %s", r.Gate, r.Status, r.Reason))
	}
	return strings.Join(parts, "; ")
}

func count(n float64) string { return groupThousands(fmt.Sprintf("%.0f", n)) }

func groupThousands(s string) string {
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// odds writes evidence for people: "120", "7e14".
func odds(e float64) string {
	switch {
	case e >= 1e6:
		return strings.NewReplacer("e+0", "e", "e+", "e").Replace(fmt.Sprintf("%.0e", e))
	case e >= 10:
		return fmt.Sprintf("%.0f", e)
	default:
		return fmt.Sprintf("%.2g", e)
	}
}

func share(bad, total float64) string {
	if total == 0 {
		return "no requests"
	}
	return fmt.Sprintf("%.2g %%", 100*bad/total)
}
