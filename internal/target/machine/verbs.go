package machine

import (
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Prepare makes the payload the canary at weight 0. The owner has checked before
// that the artifact exists.
func (m *Machine) Prepare(now time.Time, req target.PrepareRequest) (target.Progress, error) {
	replay, err := m.admit(now, "prepare", req.WriteRequest, req.Payload)
	if err != nil {
		return target.Progress{}, err
	}
	s := &m.State
	same := s.Canary != nil && s.Canary.Payload.Same(req.Payload)
	if !replay {
		if takes := m.takes(); !same && takes != "" {
			return target.Progress{}, m.conflict(now, s.Canary.Payload.Label()+" is the canary and takes "+takes,
				"revert first; a canary is replaced only without traffic")
		}
		if !same {
			m.install(req.Payload)
		}
		m.remember(req.Key, "prepare", req.Payload)
	}
	p := m.progress(now, false)
	c := p.Observation.Canary
	p.Done = c != nil && c.Payload.Same(req.Payload) && c.Health == target.Healthy
	if !p.Done {
		p.LookAgain = m.LookAgain
	}
	return p, nil
}

// asked is what an Apply asks for, without its fence and key.
type asked struct {
	Traffic     target.TrafficState
	Fingerprint string
	RevertAfter time.Duration
}

// Apply sets the traffic state and arms or renews the dead-man switch.
func (m *Machine) Apply(now time.Time, req target.ApplyRequest) (target.Progress, error) {
	if errs := req.Traffic.Validate(); len(errs) > 0 {
		return target.Progress{}, invalid("traffic: " + errs.Error())
	}
	if req.RevertAfter < 0 {
		return target.Progress{}, invalid(fmt.Sprintf("revert_after is negative (%s)", req.RevertAfter))
	}
	if err := m.canDo(req.Traffic); err != nil {
		return target.Progress{}, err
	}
	want := asked{req.Traffic, req.ExpectedFingerprint, req.RevertAfter}
	replay, err := m.admit(now, "apply", req.WriteRequest, want)
	if err != nil {
		return target.Progress{}, err
	}
	s, goal := &m.State, m.goal(req.Traffic)
	if !replay {
		if err := m.mayApply(now, req, goal); err != nil {
			return target.Progress{}, err
		}
		s.Reverted = false
		weight := goal
		if req.Traffic.Batch != nil {
			weight = m.whole(s.Weight) // The instances move one by one from where they are.
		}
		m.setTraffic(weight, extra(req.Traffic))
		m.roll()
		if req.RevertAfter > 0 {
			s.Deadline = now.Add(req.RevertAfter)
		}
		m.remember(req.Key, "apply", want)
	}
	p := m.progress(now, s.Weight == goal && reflect.DeepEqual(s.Extra, extra(req.Traffic)))
	if !p.Done {
		p.LookAgain = m.LookAgain
	}
	return p, nil
}

// extra is what a state sets besides the weight.
func extra(s target.TrafficState) *target.TrafficState {
	if s.Plain() {
		return nil
	}
	s.Weight = 0
	return &s
}

func (m *Machine) canDo(s target.TrafficState) error {
	if lacks := s.Lacks(m.Can); len(lacks) > 0 {
		return &target.Error{Code: target.CodeUnsupported, Message: "this runtime has not the capability " + strings.Join(lacks, " and "),
			Remedy: "choose a strategy without it"}
	}
	if b := s.Batch; b != nil && b.Share > 0 && b.Share < 100 && m.instances() < 2 {
		return &target.Error{Code: target.CodeUnsupported, Message: fmt.Sprintf("an arm has one instance, and %g %% of it cannot run another payload", b.Share),
			Remedy: "give the runtime more instances, or choose the share 100"}
	}
	return nil
}

func (m *Machine) mayApply(now time.Time, req target.ApplyRequest, goal float64) error {
	s := &m.State
	needs := canaryFor(req.Traffic, goal)
	switch {
	case req.ExpectedFingerprint != "" && req.ExpectedFingerprint != s.Fingerprint():
		return m.conflict(now, fmt.Sprintf("the fingerprint is %s and not %s", s.Fingerprint(), req.ExpectedFingerprint),
			"somebody changed the target; observe it and decide again")
	case needs != "" && s.Canary == nil:
		return m.conflict(now, "there is no canary for "+needs, "prepare one first")
	case needs != "" && !s.Canary.Ready && (goal > s.Weight || !req.Traffic.Plain()):
		return m.conflict(now, s.Canary.Payload.Label()+" has not been healthy yet", "repeat prepare until it is done")
	case needs != "" && goal < 100 && s.Baseline == nil:
		return m.conflict(now, fmt.Sprintf("there is no baseline to take the other %g %% of the traffic", 100-goal), "set weight 100")
	}
	return nil
}

// canaryFor says in words what a state needs a canary for, empty for nothing.
func canaryFor(s target.TrafficState, goal float64) string {
	switch {
	case s.Cohort != nil:
		return "the cohort " + s.Cohort.String()
	case s.Mirror > 0:
		return fmt.Sprintf("a mirror of %g %% of the traffic", s.Mirror)
	case goal > 0:
		return fmt.Sprintf("%g %% of the traffic", goal)
	}
	return ""
}

// Complete makes the canary the baseline.
func (m *Machine) Complete(now time.Time, req target.WriteRequest) (target.Progress, error) {
	replay, err := m.admit(now, "complete", req, nil)
	if err != nil {
		return target.Progress{}, err
	}
	s := &m.State
	if !replay {
		if s.Canary != nil {
			if s.Weight < 100 {
				return target.Progress{}, m.conflict(now, fmt.Sprintf("%s takes %g %% of the traffic and not all of it", s.Canary.Payload.Label(), s.Weight),
					"set weight 100 first")
			}
			s.Retired, s.Baseline, s.Canary = s.Baseline, s.Canary, nil
			s.Weight, s.Extra = 0, nil
			s.Generation++
		}
		s.Deadline = time.Time{}
		m.remember(req.Key, "complete", nil)
	}
	return m.progress(now, s.Canary == nil), nil
}

// Revert takes all traffic from the canary.
func (m *Machine) Revert(now time.Time, req target.WriteRequest) (target.Progress, error) {
	replay, err := m.admit(now, "revert", req, nil)
	if err != nil {
		return target.Progress{}, err
	}
	if !replay {
		m.setTraffic(0, nil)
		m.State.Deadline = time.Time{}
		m.remember(req.Key, "revert", nil)
	}
	return m.progress(now, m.State.Weight == 0 && m.State.Extra == nil), nil
}

// Finalize forgets the arms without traffic.
func (m *Machine) Finalize(now time.Time, req target.WriteRequest) (target.Progress, error) {
	replay, err := m.admit(now, "finalize", req, nil)
	if err != nil {
		return target.Progress{}, err
	}
	s := &m.State
	if !replay {
		if takes := m.takes(); takes != "" {
			return target.Progress{}, m.conflict(now, s.Canary.Payload.Label()+" takes "+takes,
				"complete or revert first; an arm with traffic is never removed")
		}
		m.setTraffic(0, nil)
		if s.Canary != nil {
			s.Generation++
		}
		s.Canary, s.Retired, s.Deadline, s.Reverted = nil, nil, time.Time{}, false
		m.remember(req.Key, "finalize", nil)
	}
	return m.progress(now, s.Canary == nil && s.Retired == nil), nil
}

// takes says in words which traffic of users the canary has, empty for none.
func (m *Machine) takes() string {
	s := m.State
	switch {
	case s.Canary == nil:
		return ""
	case s.Weight > 0:
		return fmt.Sprintf("%g %% of the traffic", s.Weight)
	case s.Extra != nil && s.Extra.Cohort != nil:
		return "the traffic of the cohort " + s.Extra.Cohort.String()
	}
	return ""
}

// Hand changes the traffic behind every driver's back, as a person with an admin
// tool does: no key, no fence, no fingerprint. A payload that is not the canary
// replaces it. The dead-man switch stays as it is.
func (m *Machine) Hand(now time.Time, p artifact.Payload, weight float64) error {
	m.Expire(now)
	s := &m.State
	if !p.IsZero() && (s.Canary == nil || !s.Canary.Payload.Same(p)) {
		m.setTraffic(0, nil)
		m.install(p)
	}
	if weight > 0 && s.Canary == nil {
		return m.conflict(now, "there is no canary to give traffic to", "name the artifact that shall get it")
	}
	// A batch would move the weight back; a cohort and a mirror stay as they are.
	kept := target.TrafficState{}
	if s.Extra != nil {
		kept = *s.Extra
	}
	kept.Batch = nil
	m.setTraffic(weight, extra(kept))
	return nil
}

// progress answers with what is true now.
func (m *Machine) progress(now time.Time, done bool) target.Progress {
	return target.Progress{Done: done, Observation: m.Observe(now)}
}
