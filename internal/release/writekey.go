package release

import "fmt"

// writeKey names a rollout to its target. The instant is in it because a ledger that stands
// in for a lost one counts rollouts from 1 again, and the target remembers those of the
// lost one.
func (h *History) writeKey(r *Rollout) string {
	return fmt.Sprintf("%s/%d@%d", h.Key, r.Number, r.OpenedAt.UnixMicro())
}

// effectKey begins the idempotency keys of a rollout's writes. Where the ledger was bound
// anew while the rollout was open, the lost records may have used the keys that come next
// for other changes, so those after the binding are others.
func (h *History) effectKey(r *Rollout) string {
	if h.Rebound.After(r.OpenedAt) {
		return fmt.Sprintf("%s~%d", h.writeKey(r), h.Rebound.UnixMicro())
	}
	return h.writeKey(r)
}
