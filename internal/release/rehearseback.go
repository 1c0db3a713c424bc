package release

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// rehearseBack looks at a person's rollback while no rollout is open: what served
// before has to be brought up again, which the target is asked about.
func (e *Engine) rehearseBack(ctx context.Context, status Status, to artifact.Payload) Rehearsal {
	spec := *status.History.Spec
	s := scene{spec: spec, history: status.History, seen: status.Serving, seenErr: status.LookErr, callTimeout: e.callTimeout(), now: e.Clock.Now()}
	t, err := e.Targets.Open(ctx, spec.Target, e.targetDepsOf(spec.Key()))
	if err == nil {
		bounded, cancel := context.WithTimeout(ctx, e.callTimeout())
		defer cancel()
		if s.caps, s.capsErr = t.Capabilities(bounded); s.capsErr == nil {
			s.obstacles, s.obstaclesErr = t.Preflight(bounded, to)
			s.obstacles, _ = target.Doubts(s.obstacles)
		}
	} else {
		s.capsErr, s.obstaclesErr = err, err
	}
	r := s.rehearsal()
	r.To = &to
	r.Lines = []gate.Finding{s.again(PartArtifact, to), s.path(), s.again(PartCapacity, to), s.taken(to)}
	r.byPerson()
	if floor, err := ledger.FenceFloor(ctx, e.Ledger); err == nil {
		r.fenced(s, status.Lease, floor, func(seen uint64) bool { return !s.history.drove && e.gave(ctx, seen) })
	}
	r.measure(status.History, func(past *Rollout) (time.Duration, bool) {
		return past.ClosedAt.Sub(past.OpenedAt), past.Kind == BackOut && past.State == Succeeded
	})
	return r
}

// again is whether the target can bring up what served before once more.
func (s scene) again(part string, to artifact.Payload) gate.Finding {
	const remedy = "see that the target can be reached from here"
	switch {
	case s.capsErr != nil:
		return finding(part, gate.Unknown, remedy, "the target could not be asked: %v", s.capsErr)
	case s.obstaclesErr != nil:
		return finding(part, gate.Unknown, remedy, "the target could not say whether it takes %s again: %v", to.Label(), s.obstaclesErr)
	case len(s.obstacles) > 0:
		return finding(part, gate.Fail, s.obstacles[0].Remedy, "%s cannot be brought up: %s", to.Label(), s.obstacles[0].What)
	case part == PartCapacity:
		return finding(part, gate.Pass, "", "the target names nothing that it lacks to run %s beside what serves", to.Label())
	default:
		return finding(part, gate.Pass, "", "the target would take %s again", to.Label())
	}
}

// taken names what cannot be taken back any more.
func (s scene) taken(to artifact.Payload) gate.Finding {
	if s.spec.Irreversible {
		return finding(PartReversible, gate.Fail, "ask the owner before you go back", "what serves now was declared irreversible, so %s may no longer work", to.Label())
	}
	return finding(PartReversible, gate.Pass, "", "nothing is declared irreversible")
}

// byPerson replaces who would go back by the person who asks.
func (r *Rehearsal) byPerson() {
	for i, l := range r.Lines {
		if l.Part == PartPath && l.Status == gate.Pass {
			r.Lines[i].Reason = "by a person, at once, through no gate"
		}
	}
}

// fenced says that a rollback by this ledger would be refused, since the target has seen
// a fence that the ledger has not given; ours is whether one is of another lease here, above
// which the rollback would go on. A lease without a name was not read.
func (r *Rehearsal) fenced(s scene, lease ledger.Lease, floor uint64, ours func(seen uint64) bool) {
	next, proof := ledger.NextFence(lease, floor), s.history.Behind
	switch {
	case lease.Name == "":
		return
	case s.history.behindStill(floor):
	case s.seen == nil || s.seen.Fence < next || ours(s.seen.Fence):
		return
	default:
		proof = &BehindBody{Seen: s.seen.Fence, Given: next}
	}
	r.Behind = proof
	for i, l := range r.Lines {
		if l.Part == PartPath && l.Status == gate.Pass {
			r.Lines[i] = finding(PartPath, gate.Fail, "use the ledger of whoever drives it, or, where this one is an older copy: sluice ledger rebind --reason \"...\"",
				"the target %s, so it may not drive (%s)", proof.fences(""), target.CodeStaleFence)
		}
	}
}
