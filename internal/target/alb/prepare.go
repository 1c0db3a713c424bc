package alb

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Prepare implements target.Target. One call makes one change: it writes down that
// the rollout has begun, keeps the serving side from being scaled in, brings the
// payload up behind the idle group, and at last, when enough targets are healthy,
// writes down that there is a canary.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	if req.Payload.Digest() == "" {
		return target.Progress{}, invalid(fmt.Sprintf("the reference %q has no digest", req.Payload.Reference))
	}
	if err := t.fleet.admit(req.Payload); err != nil {
		return target.Progress{}, err
	}
	sc, err := t.admit(ctx, req.WriteRequest)
	if err != nil {
		return target.Progress{}, err
	}
	if err := sc.clean(); err != nil {
		return target.Progress{}, err
	}
	known := sc.cand != none && sc.units[sc.cand].payload.Same(req.Payload)
	switch {
	case t.ofAnother(sc.memory):
		return target.Progress{}, sc.conflict(anothers, notOurs)
	case known && (sc.weight > 0 || sc.ready(0) == target.Healthy):
		return sc.done(), nil
	case !known && sc.cand != none && sc.weight > 0:
		return target.Progress{}, sc.conflict(fmt.Sprintf("the target group %s (%s) takes %g %% of the traffic", groupName(sc.groups[sc.cand]), sc.units[sc.cand].payload.Label(), sc.weight),
			"revert first; a canary is replaced only without traffic")
	}
	return t.bringUp(ctx, sc, req, 1-sc.base, known)
}

// rolloutOf marks the rollout. Where there is none, the payload stands for it.
func rolloutOf(req target.PrepareRequest) string {
	if req.Rollout != "" {
		return mark(req.Rollout)
	}
	return mark("payload " + req.Payload.Key())
}

// bringUp takes the next of the steps that lead to a canary.
func (t *Target) bringUp(ctx context.Context, sc scene, req target.PrepareRequest, idle int, known bool) (target.Progress, error) {
	if err := t.fleet.check(ctx, sc, idle, req.Payload); err != nil {
		return target.Progress{}, t.failed(err, false)
	}
	if m := sc.memory; m.rollout != rolloutOf(req) || m.canary != "" && !known {
		m.rollout, m.owner = rolloutOf(req), t.owner
		m.canary, m.canaryConfig, m.old = "", "", ""
		m.baseline, m.baselineConfig = shortID(sc.groups[sc.base]), sc.units[sc.base].payload.ConfigurationDigest
		var err error
		if m.floor, err = t.fleet.floor(ctx, sc); err != nil {
			return target.Progress{}, t.failed(err, false)
		}
		return t.remember(ctx, sc, req.WriteRequest, m, false)
	}
	if wrote, err := t.fleet.hold(ctx, sc, idle); err != nil || wrote {
		return sc.wait(soon), t.failed(err, wrote)
	}
	if wrote, err := t.fleet.bring(ctx, sc, idle, req); err != nil || wrote {
		return sc.wait(soon), t.failed(err, wrote)
	}
	ready := sc
	ready.cand = idle
	u, h := sc.units[idle], sc.health[idle]
	switch {
	case u.broken != "":
		return target.Progress{}, sc.conflict(fmt.Sprintf("%s does not come up behind %s: %s", req.Payload.Label(), groupName(sc.groups[idle]), u.broken), "put right what AWS names, and release again")
	case h.unused > 0:
		return target.Progress{}, sc.conflict("the target group "+groupName(sc.groups[idle])+" is on no load balancer, so nothing checks the health of its targets", onNoBalancer)
	case !u.settled || ready.ready(0) != target.Healthy:
		return sc.wait(lookAgain), nil
	}
	m := sc.memory
	m.canary, m.canaryConfig = shortID(sc.groups[idle]), req.Payload.ConfigurationDigest
	return t.remember(ctx, sc, req.WriteRequest, m, true)
}

const onNoBalancer = "name it in the forward action of the listener or rule with the weight 0, beside the one that serves"

func (s scene) wait(again time.Duration) target.Progress {
	return target.Progress{LookAgain: again, Observation: s.observation()}
}
