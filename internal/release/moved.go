package release

import "github.com/sluice/terraform-provider-sluice/internal/target"

// moved is whether somebody else put the canary elsewhere.
func moved(obs *target.Observation, r *Rollout) bool {
	return obs.Canary == nil || obs.Canary.Weight != r.Weight || !obs.Canary.Payload.Same(r.Spec.Payload) || !alike(told(*obs), r.Traffic)
}

// anothers is whether a driver that is alone must take it that somebody else has driven on:
// the rollout's artifact is not the canary any more, so no count is about it for certain.
func anothers(obs *target.Observation, r *Rollout) bool {
	return obs == nil || !obs.Known || obs.Canary == nil || !obs.Canary.Payload.Same(r.Spec.Payload)
}

// watched finds the arm that a rollout watches which somebody else drives, and
// takes the weight from what is there.
func watched(tick *TickBody, obs *target.Observation, r *Rollout) *target.ArmState {
	switch {
	case obs.Canary != nil && obs.Canary.Payload.Same(r.Spec.Payload):
		tick.Weight = obs.Canary.Weight
		return obs.Canary
	case obs.Baseline != nil && obs.Baseline.Payload.Same(r.Spec.Payload):
		tick.Weight = 100
		return obs.Baseline
	default:
		tick.Weight = 0
		return nil
	}
}
