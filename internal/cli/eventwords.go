package cli

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// wordsOf says in a sentence what a record of a rollout says, or nothing where it
// is not about the rollout.
func wordsOf(r *release.Rollout, rec ledger.Record) (string, error) {
	switch rec.Kind {
	case release.KindOpened:
		return openedWords(r), nil
	case release.KindAnalysis:
		return told(rec, analysisWords)
	case release.KindDependencies:
		return told(rec, func(b release.DependenciesBody) string { return "afterwards: " + gatesWords(b.Results) })
	case release.KindGates:
		return told(rec, func(b release.GatesBody) string { return "gates: " + gatesWords(b.Results) })
	case release.KindOutcome:
		return told(rec, func(b release.OutcomeBody) string { return outcomeWords(r, b) })
	case release.KindFailure:
		return told(rec, failureWords)
	case release.KindStepPassed:
		return told(rec, func(b release.StepPassedBody) string {
			return fmt.Sprintf("step %d of %d passed: %s", b.Step+1, len(r.Steps), b.Reason)
		})
	case release.KindStepExtended:
		return told(rec, func(b release.StepExtendedBody) string {
			return fmt.Sprintf("step %d has no verdict yet and gets %s more", b.Step+1, b.By)
		})
	case release.KindChecked:
		return told(rec, checkedWords)
	case release.KindResumed:
		return told(rec, func(b release.ResumedBody) string {
			return fmt.Sprintf("%s says to go on from step %d: %s", b.By, b.Step+1, b.Reason)
		})
	case release.KindAbortRequested:
		return told(rec, func(b release.RequestBody) string { return fmt.Sprintf("%s asks to stop: %s", b.By, b.Reason) })
	case release.KindBackRequested:
		return told(rec, func(b release.RequestBody) string { return fmt.Sprintf("%s asks to go back: %s", b.By, b.Reason) })
	case release.KindQuarantined:
		return told(rec, func(b release.Quarantined) string {
			return fmt.Sprintf("%s quarantined %s: %s", b.By, b.Payload.Label(), b.Reason)
		})
	}
	if text, known, err := waveWords(r, rec); known {
		return text, err
	}
	if strings.HasPrefix(rec.Kind, "rollout.") {
		return told(rec, func(b release.MoveBody) string { return moveWords(r, b) })
	}
	return "", nil
}

// told decodes a body and hands it to say.
func told[T any](rec ledger.Record, say func(T) string) (string, error) {
	var body T
	if err := json.Unmarshal(rec.Body, &body); err != nil {
		return "", &ledger.CorruptError{Stream: rec.Stream, Seq: rec.Seq, Reason: "its body does not fit its kind, " + rec.Kind, Err: err}
	}
	return say(body), nil
}

func openedWords(r *release.Rollout) string {
	steps := plural(uint64(len(r.Steps)), "step")
	if r.Waves != nil {
		steps = fmt.Sprintf("%s in %s", plural(uint64(len(r.Waves.Targets)), "target"), plural(uint64(len(r.Waves.Waves)), "wave"))
	}
	s := fmt.Sprintf("opened %s, %s, by %s", fromTo(r), steps, r.OpenedBy)
	if r.Kind != release.Forward {
		s += " (" + words(r.Kind) + ")"
	}
	if r.Asked != "" {
		s += ": " + r.Asked
	}
	if r.Spec.Mode == release.Observe {
		s += "; it only observes"
	}
	if len(r.Skipped) > 0 {
		why := "nothing served before, so there is nothing to compare with"
		if r.SkipReason != "" {
			why = r.SkipReason
		}
		s += "; " + why + ": " + plural(uint64(len(r.Skipped)), "step") + " skipped"
	}
	return s
}

func analysisWords(b release.AnalysisBody) string {
	if len(b.Metrics) == 0 {
		return "nothing to judge; steps go by time and health"
	}
	names := make([]string, len(b.Metrics))
	for i, m := range b.Metrics {
		names[i] = m.Name
		if m.Critical {
			names[i] += " (critical)"
		}
	}
	s := "judges " + strings.Join(names, ", ")
	if len(b.Warnings) > 0 {
		s += "; " + strings.Join(b.Warnings, "; ")
	}
	return s
}

// gatesWords sums the gates up: those that pass by name, the others with why.
func gatesWords(results []gate.Result) string {
	if len(results) == 0 {
		return "none to ask"
	}
	parts := make([]string, len(results))
	for i, g := range results {
		parts[i] = g.Gate + " " + string(g.Status)
		if g.Status != gate.Pass && g.Reason != "" {
			parts[i] += " (" + g.Reason + ")"
		}
	}
	return strings.Join(parts, ", ")
}

func outcomeWords(r *release.Rollout, b release.OutcomeBody) string {
	to := r.Spec.Payload.Label()
	s := map[release.EffectKind]string{
		release.EffectPrepare:  to + " is up and healthy, without traffic",
		release.EffectApply:    appliedWords(r, b),
		release.EffectComplete: to + " is the only one",
		release.EffectLower:    fmt.Sprintf("on the way back: %s of the traffic left on %s", percent(b.Weight), to),
		release.EffectRevert:   r.BackText(b),
		release.EffectFinalize: "what the rollout left behind is gone",
	}[b.Kind]
	switch {
	case s == "":
		s = words(b.Kind) + " done"
	case !b.Done:
		s = "waiting for the target: " + words(b.Kind)
	}
	if b.Advised {
		s = "would now be done: " + s
	}
	if b.Resolved {
		s += " (found by looking)"
	}
	return s
}

func failureWords(b release.FailureBody) string {
	s := fmt.Sprintf("the target did not %s: %s", b.Kind, b.Message)
	if b.Remedy != "" {
		s += "; " + b.Remedy
	}
	return s
}

// moveWords says where the rollout stands now, and why.
func moveWords(r *release.Rollout, b release.MoveBody) string {
	s := words(r.State)
	if r.State == release.Baking {
		s += fmt.Sprintf(" for %s at 100 %%", field.FormatDuration(r.Spec.BakeTime()))
	}
	if b.Reason != "" {
		s += ": " + b.Reason
	} else if b.Cause != "" {
		s += ": " + words(b.Cause)
	}
	if b.Trigger != "" {
		s += " (the trigger " + b.Trigger + ")"
	}
	if b.Quarantine {
		s += "; " + r.Spec.Payload.Label() + " is quarantined"
	}
	return s
}
