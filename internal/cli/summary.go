package cli

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// summarize tells a rollout in a few sentences.
func (a *app) summarize(h *release.History, r *release.Rollout, events []eventJSON) []string {
	lines := []string{
		fmt.Sprintf("Rollout %d of %s: %s, %s.", r.Number, h.Key, fromTo(r), purpose(r)),
		fmt.Sprintf("%s opened it at %s.", r.OpenedBy, instant(r.OpenedAt)),
		a.reached(r, events),
	}
	if r.SkipReason != "" {
		lines = append(lines, "Steps were skipped: "+r.SkipReason+".")
	}
	if r.Rehearsal != nil {
		lines = append(lines, "Before it began, "+rehearsalWords(*r.Rehearsal)+".")
	}
	if r.Trigger != "" {
		lines = append(lines, "The trigger "+r.Trigger+" of the rollback policy fired.")
	}
	if v := r.Harm; v != nil {
		lines = append(lines, harmWords(r, *v)...)
	}
	lines = append(lines, a.ending(h, r)...)
	if q, bad := h.Quarantine[r.Spec.Payload.Key()]; bad && q.Rollout == r.Number {
		lines = append(lines, r.Spec.Payload.Label()+" is quarantined since. To allow it again:",
			"  "+h.LiftCommand(r.Spec.Payload))
	}
	return lines
}

func purpose(r *release.Rollout) string {
	switch r.Kind {
	case release.BackOut:
		if r.Asked != "" {
			return "a rollback at somebody's word: " + r.Asked
		}
		return "a rollback at somebody's word"
	case release.Repair:
		return "a repair of what drifted"
	default:
		return "a release forward"
	}
}

// reached is the greatest weight that the new payload had.
func (a *app) reached(r *release.Rollout, events []eventJSON) string {
	if r.Kind == release.Repair {
		return "It told the target anew what serves: " + r.Spec.Payload.Label() + "."
	}
	if r.Waves != nil {
		return reachedTargets(r)
	}
	greatest, step := 0.0, 0
	for _, e := range events {
		if e.Weight > greatest {
			greatest, step = e.Weight, e.Step
		}
	}
	if greatest == 0 {
		return "No traffic moved."
	}
	return fmt.Sprintf("It brought %s of the traffic to %s (step %d of %d), with %s.", percent(greatest), r.Spec.Payload.Label(), step, len(r.Steps), plural(uint64(r.Ticks), "look"))
}

// reachedTargets says at how many targets the new payload serves, and what failed.
func reachedTargets(r *release.Rollout) string {
	p := r.Waves
	s := fmt.Sprintf("It went over %s in %s; %s serves at %d.", plural(uint64(p.Total()), "target"), plural(uint64(len(p.Waves)), "wave"), r.Spec.Payload.Label(), len(p.Serve()))
	for _, name := range p.Failed() {
		s += fmt.Sprintf(" %s failed: %s.", name, p.Targets[name].Reason)
	}
	return s
}

func harmWords(r *release.Rollout, v judge.Verdict) []string {
	var lines []string
	for _, m := range v.Metrics {
		s := "The judge saw " + countsOf(r, m) + ": " + share(m.BadCanary, m.TotalCanary) + " against " + share(m.BadBaseline, m.TotalBaseline)
		if m.Ratio != nil {
			s += fmt.Sprintf(", %.3g times as often", *m.Ratio)
		}
		lines = append(lines, s+".")
	}
	return append(lines, fmt.Sprintf("Its evidence for harm was %s to 1; %s to 1 means harm.", evidence(v.EHarm), evidence(v.HarmAt)))
}

// ending says how it ended, or what it waits for.
func (a *app) ending(h *release.History, r *release.Rollout) []string {
	switch {
	case r.State == release.Succeeded:
		return []string{fmt.Sprintf("It succeeded after %s.", span(lasted(r, a.clock.Now())))}
	case r.State.Final():
		serving := ""
		if r.Final != nil && r.Final.Serving != nil {
			serving = " Then served: " + release.ServesText(r.Final.Serving, time.Time{}) + "."
		}
		return []string{fmt.Sprintf("It ended %s after %s: %s.%s", words(r.State), span(lasted(r, a.clock.Now())), reason(r), serving)}
	}
	line := fmt.Sprintf("It is still open: %s at %s.", words(r.State), percent(r.Weight))
	if r.State == release.Paused {
		line = fmt.Sprintf("It is paused at %s: %s.", percent(r.Weight), reason(r))
	}
	return []string{
		line + " To go on with it, or to stop it:", "  sluice continue " + h.Key.String(),
		fmt.Sprintf("  sluice abort %s --reason \"...\"", h.Key),
	}
}
