package release

import (
	"context"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Rehearsal is what was found of the way back before a rollout begins.
type Rehearsal struct {
	// To is what serves now and would serve again, nil where nothing does.
	To    *artifact.Payload `json:"to,omitempty"`
	Lines []gate.Finding    `json:"lines"`
	// Measured is how many of the release's last ways back the ledger timed, and
	// Longest the longest of them, from the decision to the end of the revert.
	Measured int            `json:"measured,omitempty"`
	Longest  field.Duration `json:"longest,omitempty"`
	// Unmeasured is how many rollbacks the ledger has that say nothing of how long this
	// way back takes: of another kind, or without an end. It is 0 where Measured is not.
	Unmeasured int `json:"unmeasured,omitempty"`
	// Behind is why a person's rollback would be refused, nil where it would not.
	Behind *BehindBody `json:"-"`
}

// The parts of a rehearsal.
const (
	PartArtifact   = "artifact"
	PartPath       = "path"
	PartCapacity   = "capacity"
	PartReversible = "reversible"
)

// measuredReverts is how many of the last ways back say how long the next takes.
const measuredReverts = 10

// Takes says in words how long going back takes.
func (r Rehearsal) Takes() string {
	if r.Measured == 0 && r.Unmeasured > 0 {
		return fmt.Sprintf("not measured yet (the ledger has %s of this release, but none of this kind that has come to its end)", times(r.Unmeasured, "rollback"))
	}
	if r.Measured == 0 {
		return "not measured yet (the ledger has no rollback of this release)"
	}
	if r.Longest.Std() < 10*time.Millisecond {
		return fmt.Sprintf("less than 10ms in the last %s, from the decision to the end", times(r.Measured, "rollback"))
	}
	return fmt.Sprintf("at most %s in the last %s, from the decision to the end", field.FormatDuration(r.Longest.Std().Round(10*time.Millisecond)), times(r.Measured, "rollback"))
}

// times writes a number of things: "1 instance", "3 instances".
func times(n int, one string) string {
	if n != 1 {
		one += "s"
	}
	return fmt.Sprintf("%d %s", n, one)
}

// Holds is whether every part passes.
func (r Rehearsal) Holds() bool {
	for _, l := range r.Lines {
		if l.Status != gate.Pass {
			return false
		}
	}
	return len(r.Lines) > 0
}

// scene is all that a rehearsal looks at.
type scene struct {
	spec    Spec
	history *History
	// seen is what the target said, or seenErr why it did not.
	seen    *target.Observation
	seenErr error
	caps    target.Capabilities
	capsErr error
	// obstacles is what keeps the target from taking the old payload again, where it
	// is asked.
	obstacles    []target.Obstacle
	obstaclesErr error
	callTimeout  time.Duration
	now          time.Time
}

// rehearse looks at the way back of a rollout that is to begin. It changes nothing
// and returns no error: what cannot be found out is unknown.
func (e *Engine) rehearse(ctx context.Context, spec Spec, h *History, seen *target.Observation, seenErr error) Rehearsal {
	s := scene{spec: spec, history: h, seen: seen, seenErr: seenErr, callTimeout: e.callTimeout(), now: e.Clock.Now()}
	t, err := e.Targets.Open(ctx, spec.Target, e.targetDepsOf(spec.Key()))
	if err != nil {
		s.capsErr = err
		return s.rehearsal()
	}
	bounded, cancel := context.WithTimeout(ctx, e.callTimeout())
	defer cancel()
	s.caps, s.capsErr = t.Capabilities(bounded)
	if to := s.to(); to != nil && s.capsErr == nil && !s.caps.Weights && !s.caps.FixedPlan {
		// Without two arms side by side the old payload has to be brought up again.
		s.obstacles, s.obstaclesErr = t.Preflight(bounded, *to)
		s.obstacles, _ = target.Doubts(s.obstacles)
	}
	return s.rehearsal()
}

// to is what the rollout would go back to.
func (s scene) to() *artifact.Payload {
	if s.seenErr != nil || s.seen == nil || !s.seen.Known || s.seen.Baseline == nil {
		return nil
	}
	return &s.seen.Baseline.Payload
}

// rehearsal puts what was seen into findings. It is pure.
func (s scene) rehearsal() Rehearsal {
	r := Rehearsal{To: s.to(), Lines: []gate.Finding{s.artifact(), s.path(), s.capacity(), s.reversible()}}
	r.measure(s.history, func(past *Rollout) (time.Duration, bool) {
		return past.RevertTook, past.revertSeq > 0 && !past.backAt.IsZero()
	})
	return r
}

// measure takes the longest of the last ways back that the ledger timed.
func (r *Rehearsal) measure(h *History, took func(*Rollout) (time.Duration, bool)) {
	r.Measured, r.Longest, r.Unmeasured = 0, 0, 0
	for i := len(h.Rollouts) - 1; i >= 0 && r.Measured < measuredReverts; i-- {
		if d, timed := took(h.Rollouts[i]); timed {
			r.Measured++
			r.Longest = max(r.Longest, field.Duration(d))
		}
	}
	if r.Measured > 0 {
		return
	}
	for _, past := range h.Rollouts {
		if past.State == RolledBack || past.Kind == BackOut {
			r.Unmeasured++
		}
	}
}

func finding(part string, status gate.Status, remedy, format string, args ...any) gate.Finding {
	return gate.Finding{Part: part, Status: status, Reason: fmt.Sprintf(format, args...), Remedy: remedy}
}

// unseen is the finding where the target did not tell what serves.
func (s scene) unseen(part string) (gate.Finding, bool) {
	const remedy = "see that the target can be reached from here"
	switch {
	case s.seenErr != nil:
		return finding(part, gate.Unknown, remedy, "the target could not be read: %v", s.seenErr), true
	case s.seen == nil || !s.seen.Known:
		return finding(part, gate.Unknown, remedy, "the target could not tell what serves"), true
	default:
		return gate.Finding{}, false
	}
}

// artifact is whether what would serve again is there.
func (s scene) artifact() gate.Finding {
	if f, blind := s.unseen(PartArtifact); blind {
		return f
	}
	old := s.seen.Baseline
	switch {
	case old == nil:
		return finding(PartArtifact, gate.Pass, "", "nothing serves now, so going back stops the traffic to %s", s.spec.Payload.Label())
	case old.Health == target.Unhealthy:
		return finding(PartArtifact, gate.Fail, "mend what serves now first", "%s runs, but the target says that it is unhealthy", old.Payload.Label())
	case old.Health != target.Healthy:
		return finding(PartArtifact, gate.Unknown, "see why the target cannot tell", "%s runs, but the target cannot tell whether it is healthy", old.Payload.Label())
	}
	if len(s.obstacles) > 0 {
		return finding(PartArtifact, gate.Fail, s.obstacles[0].Remedy, "%s could not be brought up again: %s", old.Payload.Label(), s.obstacles[0].What)
	}
	if s.obstaclesErr != nil {
		return finding(PartArtifact, gate.Unknown, "see that the target can be reached from here", "the target could not say whether %s can be brought up again: %v", old.Payload.Label(), s.obstaclesErr)
	}
	return finding(PartArtifact, gate.Pass, "", "%s runs and is healthy", old.Payload.Label())
}

// path is whether the traffic can be sent back, by whom, and how.
func (s scene) path() gate.Finding {
	p := s.spec.Policy
	if s.capsErr != nil {
		return finding(PartPath, gate.Unknown, "see that the target can be reached from here", "the target could not say what it can do: %v", s.capsErr)
	}
	if p.How == BySteps && !s.caps.Weights {
		return finding(PartPath, gate.Fail, "take how = \"at_once\"", "the policy %q goes back by steps, and the target lacks the capability \"weights\"", p.Name)
	}
	if to := s.to(); to != nil {
		if q, bad := s.history.Quarantine[to.Key()]; bad {
			return finding(PartPath, gate.Fail, "release something better first, or, if you know better: "+liftCommand(s.spec.Key(), to.Handle(s.history.condemned())),
				"%s, which serves now, is quarantined: %s", to.Label(), q.Reason)
		}
	}
	text := s.byWhom()
	if s.caps.RevertAfter && !s.spec.Irreversible {
		since := "the last sign of a driver"
		if s.caps.FixedPlan {
			since = "a step began, unless it is told to go on"
		}
		text += fmt.Sprintf("; the target goes back by itself %s after %s", s.spec.Strategy.RevertAfter, since)
	}
	if !s.caps.ConditionalWrite {
		text += fmt.Sprintf("; the target checks no fence, so the revert waits %s, the longest call, and looks again", field.FormatDuration(s.callTimeout))
	}
	return finding(PartPath, gate.Pass, "", "%s", text)
}

// byWhom says who would go back, and how.
func (s scene) byWhom() string {
	p := s.spec.Policy
	switch {
	case s.spec.Irreversible:
		return "by a person alone, since the release is irreversible"
	case !p.automatic():
		return "by a person alone, as the rollback policy wants"
	case s.history.AutomaticRollbacks(s.now.Add(-24*time.Hour)) >= p.maxPerDay():
		return fmt.Sprintf("by a person alone: max_per_day, %d, is spent", p.maxPerDay())
	}
	text := "by itself on " + list(p.On(false))
	if during := list(p.On(true)); during == "" {
		text += ", and not during the bake"
	} else if during != list(p.On(false)) {
		text += ", during the bake on " + during
	}
	return text + ", " + p.way()
}

// way says in words how the traffic goes back.
func (p Policy) way() string {
	if p.How != BySteps {
		return "at once"
	}
	b := p.backSteps()
	return fmt.Sprintf("by steps of %s, within %s", b.Each, b.Within)
}

// capacity is whether the old arm can carry the traffic again.
func (s scene) capacity() gate.Finding {
	if f, blind := s.unseen(PartCapacity); blind {
		return f
	}
	old := s.seen.Baseline
	switch {
	case old == nil:
		return finding(PartCapacity, gate.Pass, "", "nothing serves now, so nothing has to carry the traffic")
	case s.capsErr != nil:
		return finding(PartCapacity, gate.Unknown, "see that the target can be reached from here", "the target could not say whether both artifacts stay up side by side: %v", s.capsErr)
	case !s.caps.Weights && !s.caps.FixedPlan:
		return finding(PartCapacity, gate.Unknown, "see that there is room for both, or take a target with the capability \"weights\"",
			"%s is replaced and not kept beside %s, so nobody can tell whether there is room to bring it up again", old.Payload.Label(), s.spec.Payload.Label())
	case old.Weight < 100:
		return finding(PartCapacity, gate.Unknown, "let it carry all of the traffic first", "%s carries %g %% of the traffic now, so nobody can tell whether it can carry all of it", old.Payload.Label(), old.Weight)
	case old.Replicas > 0:
		return finding(PartCapacity, gate.Pass, "", "%s carries all of the traffic now with %s, up until the end of the bake", old.Payload.Label(), times(old.Replicas, "instance"))
	default:
		return finding(PartCapacity, gate.Pass, "", "%s carries all of the traffic now and stays up until the end of the bake", old.Payload.Label())
	}
}

// reversible names what cannot be taken back.
func (s scene) reversible() gate.Finding {
	if s.spec.Irreversible {
		return finding(PartReversible, gate.Fail, "release the irreversible part by itself, under a policy that requires no rehearsal",
			"the release is declared irreversible: what served before may no longer work once %s has run, and nothing goes back by itself", s.spec.Payload.Label())
	}
	return finding(PartReversible, gate.Pass, "", "nothing is declared irreversible")
}
