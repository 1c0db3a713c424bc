package cli

import (
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// resultOf translates a rollout's state.
func resultOf(r *release.Rollout) release.Result {
	switch r.State {
	case release.Succeeded:
		return release.Shipped
	case release.RolledBack:
		return release.WentBack
	case release.Aborted:
		return release.Stopped
	case release.Errored:
		return release.Broke
	default:
		return release.Underway
	}
}

// endedError is nil for a rollout that succeeded, and says otherwise how it ended.
func endedError(key release.Key, h *release.History, r *release.Rollout) error {
	if r.State == release.Succeeded {
		return nil
	}
	out := release.Outcome{Key: key, Result: resultOf(r), Rollout: r, Payload: h.Serving(), History: h}
	if r.Final != nil {
		out.Serving = r.Final.Serving
	}
	return &release.EndedError{Outcome: out}
}
