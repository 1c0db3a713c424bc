package release

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Explain puts an error of the engine into words for people: a summary of one
// line, and what happened, what serves now, what to do, and where the record is.
// The payload is the one that was wished for.
func Explain(err error, key Key, payload artifact.Payload) (summary, detail string) {
	base := fmt.Sprintf("Unable to release %s %s to %s", key.Service, payload.Label(), key.Environment)
	if payload.Label() == "" {
		// Whoever goes on or back names the release alone, and what it was to release stands
		// in a record that was not read.
		base = "Unable to drive " + key.String()
	}
	var ended *EndedError
	var blocked *BlockedError
	var stopped *InterruptedError
	var owned *OwnedError
	var open *OpenError
	var obstructed *ObstructedError
	var held *ledger.HeldError
	var behind *BehindError
	switch {
	case errors.As(err, &ended):
		return explainEnded(undone(base, ended.Outcome), ended.Outcome)
	case errors.As(err, &stopped):
		return explainStopped(undone(base, stopped.Outcome), stopped)
	case errors.As(err, &behind):
		return fmt.Sprintf("Unable to drive %s: the ledger is behind its target", key), sections(
			"What happened", behind.Error(),
			"What serves now", "nothing was changed",
			"What to do", behind.Remedy())
	case errors.As(err, &blocked):
		return explainBlocked(base, blocked)
	case errors.As(err, &owned):
		return base + ": another state manages it", sections(
			"What happened", fmt.Sprintf("the release %s belongs to the state of %s (id %s)", key, owned.Owner.Label, owned.Owner.ID),
			"What serves now", "nothing was changed",
			"What to do", fmt.Sprintf("import it here to move it: terraform import ADDRESS %s; or remove it there first", key))
	case errors.As(err, &open):
		return base + ": a rollout is open", sections(
			"What happened", fmt.Sprintf("rollout %d is still open (%s)", open.Rollout, open.State),
			"What to do", fmt.Sprintf("wait for it: sluice wait %s; or stop it: sluice abort %s --reason \"...\"", key, key))
	case errors.As(err, &obstructed):
		return base + ": the target is not ready", sections(
			"What happened", obstructed.Error(),
			"What serves now", "nothing was changed",
			"What to do", remedies(obstructed.Obstacles))
	case errors.As(err, &held):
		drives := "drives it"
		if !held.Lives {
			drives = "may still drive it"
		}
		return base + ": somebody else " + drives, sections(
			"What happened", held.Who(),
			"What to do", fmt.Sprintf("wait for them: sluice watch %s --plain\nor stop it: sluice abort %s --reason \"...\"\nwhere that process is gone: try again in %s, when its lease has ended", key, key, held.Left.Round(time.Second)))
	case err == ErrNoTime, errors.As(err, new(*ShortCredentialsError)): //nolint:errorlint // A queue that stands still has words of its own.
		return explainNoTime(base, err)
	default:
		return explainFault(base, err, key)
	}
}

// undone is what a rollout that came to no good was for: a rollback or a repair
// releases nothing.
func undone(base string, out Outcome) string {
	switch r := out.Rollout; {
	case r.Kind == BackOut:
		return fmt.Sprintf("Unable to take %s back to %s in %s", out.Key.Service, r.Spec.Payload.Label(), out.Key.Environment)
	case r.Kind == Repair:
		return fmt.Sprintf("Unable to repair %s %s in %s", out.Key.Service, r.Spec.Payload.Label(), out.Key.Environment)
	default:
		return base
	}
}

func explainEnded(base string, out Outcome) (string, string) {
	r := out.Rollout
	words := map[Result]string{WentBack: "rolled back", Stopped: "aborted", Broke: "errored"}
	what := fmt.Sprintf("at %s (step %d of %d), after %s: %s", peak(r), r.Step+1, len(r.Steps),
		field.FormatDuration(r.ClosedAt.Sub(r.OpenedAt).Round(time.Second)), r.Reason)
	serves := ServesText(out.Serving, r.ClosedAt)
	if r.Waves != nil {
		what = fmt.Sprintf("after %s: %s", field.FormatDuration(r.ClosedAt.Sub(r.OpenedAt).Round(time.Second)), r.Reason)
		serves = r.servesText()
		if r.Cause == CausePartial {
			words[Broke] = fmt.Sprintf("released to %d of %d targets", len(r.Waves.Serve()), r.Waves.Total())
		}
	} else if r.applied < 0 {
		what = fmt.Sprintf("before any traffic moved, after %s: %s", field.FormatDuration(r.ClosedAt.Sub(r.OpenedAt).Round(time.Second)), r.Reason)
	}
	do := "mend what stopped it and apply again; this says nothing about the artifact"
	if _, bad := out.History.Quarantine[r.Spec.Payload.Key()]; bad {
		do = "release a fixed artifact; or, if you know better:\n" + out.History.LiftCommand(r.Spec.Payload)
	} else if r.Kind == BackOut {
		do = fmt.Sprintf("mend what stopped it, and to go back after all:\nsluice rollback %s --reason \"...\"", out.Key)
	} else if out.Result == Stopped {
		do = "apply again to try once more, or go back in the configuration"
	}
	if r.alone() {
		do = fmt.Sprintf("see whether %s does well; to keep it, apply with it; to go back from it:\nsluice rollback %s --reason \"...\"", r.Spec.Payload.Label(), out.Key)
	}
	if r.Waves != nil && r.Cause == CausePartial {
		do = wavesRemedy(out)
	}
	return base + ": " + words[out.Result], sections(
		"What happened", what,
		"What serves now", serves,
		"What to do", do,
		"The record", fmt.Sprintf("sluice explain %s/%d", out.Key, r.Number))
}

// peak says in words what the rollout had of the traffic before it went back.
func peak(r *Rollout) string {
	if r.applied < 0 || r.applied >= len(r.Steps) {
		return TrafficText(target.TrafficState{})
	}
	return TrafficText(r.Steps[r.applied].Traffic)
}

func explainBlocked(base string, e *BlockedError) (string, string) {
	do := "wait, or change what blocks it; apply never waits by itself"
	var remedy []string
	for _, r := range gate.Blocked(e.Results) {
		if r.Remedy != "" {
			remedy = append(remedy, r.Remedy)
		}
	}
	if len(remedy) > 0 {
		do = strings.Join(remedy, "\n")
	}
	record := "sluice gates " + e.Key.String()
	if e.First {
		record = "the ledger knows nothing of " + e.Key.String() + " yet; ask the gates again with a plan:\n" +
			"terraform plan -out release.tfplan && terraform show -json release.tfplan | sluice gates --plan -"
	}
	return base + ": blocked", sections(
		"What happened", GateSummary(e.Results),
		"What serves now", "nothing was changed",
		"What to do", do,
		"The record", record)
}

func remedies(obstacles []target.Obstacle) string {
	var out []string
	for _, o := range obstacles {
		if o.Remedy != "" {
			out = append(out, o.Remedy)
		}
	}
	if len(out) == 0 {
		return "clear what is in the way and apply again"
	}
	return strings.Join(out, "\n")
}

// ServesText says in one line what a target said of itself. An at of zero leaves
// the time out.
func ServesText(obs *target.Observation, at time.Time) string {
	if obs == nil || !obs.Known {
		return "not known: the target was not seen"
	}
	var parts []string
	for _, arm := range []*target.ArmState{obs.Baseline, obs.Canary} {
		if arm != nil && arm.Weight > 0 {
			parts = append(parts, fmt.Sprintf("%s at %g %%", arm.Payload.Label(), arm.Weight))
		}
	}
	text := strings.Join(parts, ", ")
	if text == "" {
		text = "nothing"
	}
	if !at.IsZero() {
		text += at.UTC().Format(", seen 15:04:05Z")
	}
	return text
}

// sections lays out pairs of a heading and its text in two columns. Whoever
// prints them puts two columns before each line.
func sections(pairs ...string) string {
	const margin, indent = 16, 2
	var parts []string
	for i := 0; i+1 < len(pairs); i += 2 {
		parts = append(parts, prose.Column(pairs[i], pairs[i+1], margin, prose.Width-indent))
	}
	return strings.Join(parts, "\n")
}
