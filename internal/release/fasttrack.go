package release

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// fastTrack says why the steps of a rollout are skipped, because its payload served
// here lately; empty where they are walked. No gate is skipped by it. It is pure.
func (h *History) fastTrack(spec Spec, now time.Time) string {
	f := spec.Policy.FastTrack
	if f == nil || len(spec.backWeights()) == 0 {
		return ""
	}
	if _, bad := h.Quarantine[spec.Payload.Key()]; bad {
		return ""
	}
	left, ok := h.served(spec.Payload)
	if ago := now.Sub(left); !ok || ago < 0 || ago > f.Within.Std() {
		return ""
	}
	return fmt.Sprintf("fast track: %s served here until %s, which is within %s", spec.Payload.Label(), left.UTC().Format("2006-01-02 15:04Z"), field.FormatDuration(f.Within.Std()))
}

// served is when a payload that succeeded here was last left for another one. It is
// false where that never happened, or where a person left it because it was bad, or
// where it went back or was stopped when it was tried since.
func (h *History) served(p artifact.Payload) (time.Time, bool) {
	known := false
	for _, s := range h.Succeeded {
		known = known || s.Same(p)
	}
	if !known {
		return time.Time{}, false
	}
	for i := len(h.Rollouts) - 1; i >= 0; i-- {
		r := h.Rollouts[i]
		switch {
		case !r.State.Final():
		case r.Spec.Payload.Same(p) && r.State != Succeeded && r.Kind != Repair:
			return time.Time{}, false
		case r.State == Succeeded && r.Baseline != nil && r.Baseline.Same(p) && !r.Spec.Payload.Same(p):
			return r.ClosedAt, r.Kind == Forward
		}
	}
	return time.Time{}, false
}
