package release

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ready asks a target what would stop a rollout: for its payload, and for its plan where
// what is there may not be able to walk it.
func ready(ctx context.Context, t target.Target, p artifact.Payload, plan target.Plan) ([]target.Obstacle, error) {
	out, err := t.Preflight(ctx, p)
	walker, ok := t.(target.PlanPreflighter)
	if err != nil || !ok {
		return out, err
	}
	more, err := walker.PreflightPlan(ctx, plan)
	return append(out, more...), err
}

// skips lists the steps that a rollout which is to begin will not walk: those that send
// a part of the users somewhere, where nothing serves or the payload did lately. The
// reason is the fast track's. It is pure.
func (h *History) skips(spec Spec, kind Kind, serving *target.Observation, now time.Time) (skipped []int, reason string) {
	if serving.Baseline == nil {
		return skippedAlone(spec.Strategy), ""
	}
	if kind == Forward {
		reason = h.fastTrack(spec, now)
	}
	if reason == "" {
		return nil, ""
	}
	return skippedAlone(spec.Strategy), reason
}
