package cli

import (
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// resultOf translates a rollout's state.
func resultOf(r *release.Rollout) release.Result { return operator.ResultOf(r) }

// endedError is nil for a rollout that succeeded, and says otherwise how it ended.
func endedError(key release.Key, h *release.History, r *release.Rollout) error {
	return operator.EndedError(key, h, r)
}
