package cli

import (
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// appliedWords says what a step that has begun does.
func appliedWords(r *release.Rollout, b release.OutcomeBody) string {
	head := fmt.Sprintf("step %d of %d: ", b.Step+1, len(r.Steps))
	if b.Step >= len(r.Steps) || r.Steps[b.Step].Kind == strategy.StepWeight {
		return head + fmt.Sprintf("%s of the traffic on %s", percent(b.Weight), r.Spec.Payload.Label())
	}
	return head + r.Spec.Payload.Label() + " " + release.StepText(r.Steps[b.Step])
}

// checkedWords says what one attempt of a check found.
func checkedWords(b release.CheckedBody) string {
	said := map[bool]string{true: "passed", false: "did not pass"}[b.Result.Passed()]
	if b.Attempts == 1 {
		return fmt.Sprintf("the check %q %s: %s", b.Result.Name, said, b.Result.Reason)
	}
	return fmt.Sprintf("the check %q %s (attempt %d of %d): %s", b.Result.Name, said, b.Attempt, b.Attempts, b.Result.Reason)
}

// stepName says which step a rollout walks, and what it does where that is more
// than a weight.
func stepName(r *release.Rollout) string {
	name := fmt.Sprintf("step %d of %d", r.Step+1, len(r.Steps))
	if s := r.CurrentStep(); s.Kind != strategy.StepWeight && s.Kind != "" {
		name += " (" + string(s.Kind) + ")"
	}
	return name
}
