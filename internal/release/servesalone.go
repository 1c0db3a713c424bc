package release

import (
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// servesAlone is whether the rollout's artifact serves alone by a completion of which the
// rollout knows nothing: its ledger lost the records, or somebody else has done it. What
// is counted then is no comparison of two arms, and nothing is left that could go back.
func servesAlone(obs *target.Observation, r *Rollout) bool {
	if r.Spec.Mode == Observe || obs == nil || !obs.Known || obs.Baseline == nil || !anothers(obs, r) {
		return false
	}
	return obs.Baseline.Payload.Same(r.Spec.Payload) && (r.Baseline == nil || !r.Baseline.Same(r.Spec.Payload))
}

// aloneText says so, and how a person goes on.
func (v view) aloneText() string {
	label := v.r.Spec.Payload.Label()
	text := fmt.Sprintf("%s serves alone by a completion that is not in this ledger, so nothing is left to judge or to take back step by step; sluice abort %s ends this rollout and leaves %s", label, v.h.Key, label)
	if v.r.Kind == Forward {
		text += fmt.Sprintf(", sluice rollback %s goes back from it", v.h.Key)
	}
	return text
}

// completedAfterAll is true when a completion whose outcome nobody knew has come
// true before the revert: the new artifact is the only one, and this rollout has
// no way back any more.
func (v view) completedAfterAll() bool {
	return servesAlone(v.serving(), v.r)
}

// alone is whether the rollout ended so.
func (r *Rollout) alone() bool { return r.Final != nil && r.Final.Event == EventCompletedAfter }

// BackText says what a revert came to, for people: what the target said of it may be that
// there was nothing to take back any more.
func (r *Rollout) BackText(b OutcomeBody) string {
	if servesAlone(&b.Observation, r) {
		return fmt.Sprintf("nothing could be taken back: %s is the only one", r.Spec.Payload.Label())
	}
	if r.Baseline == nil || r.Baseline.IsZero() {
		return "all traffic is back on nothing"
	}
	return "all traffic is back on " + r.Baseline.Label()
}
