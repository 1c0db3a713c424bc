package machine

import (
	"fmt"
	"math"
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
		if !same && s.Canary != nil && s.Weight > 0 {
			return target.Progress{}, m.conflict(now, fmt.Sprintf("%s is the canary and takes %g %% of the traffic", s.Canary.Payload.Label(), s.Weight),
				"revert first; a canary is replaced only at weight 0")
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

// Apply sets the weight and arms or renews the dead-man switch.
func (m *Machine) Apply(now time.Time, req target.ApplyRequest) (target.Progress, error) {
	w := req.Traffic.Weight
	if math.IsNaN(w) || w < 0 || w > 100 {
		return target.Progress{}, invalid(fmt.Sprintf("the weight %g is not between 0 and 100", w))
	}
	if req.RevertAfter < 0 {
		return target.Progress{}, invalid(fmt.Sprintf("revert_after is negative (%s)", req.RevertAfter))
	}
	if req.Traffic.Cohort != nil || req.Traffic.Batch != nil || req.Traffic.Mirror != 0 {
		return target.Progress{}, &target.Error{Code: target.CodeUnsupported, Message: "this runtime moves traffic by weight only",
			Remedy: "choose a strategy without cohorts, mirror and batches"}
	}
	want := asked{req.Traffic, req.ExpectedFingerprint, req.RevertAfter}
	replay, err := m.admit(now, "apply", req.WriteRequest, want)
	if err != nil {
		return target.Progress{}, err
	}
	s := &m.State
	if !replay {
		if err := m.mayApply(now, req); err != nil {
			return target.Progress{}, err
		}
		s.Reverted = false
		m.setWeight(w)
		if req.RevertAfter > 0 {
			s.Deadline = now.Add(req.RevertAfter)
		}
		m.remember(req.Key, "apply", want)
	}
	return m.progress(now, s.Weight == w), nil
}

func (m *Machine) mayApply(now time.Time, req target.ApplyRequest) error {
	s, w := &m.State, req.Traffic.Weight
	switch {
	case req.ExpectedFingerprint != "" && req.ExpectedFingerprint != s.Fingerprint():
		return m.conflict(now, fmt.Sprintf("the fingerprint is %s and not %s", s.Fingerprint(), req.ExpectedFingerprint),
			"somebody changed the target; observe it and decide again")
	case w > 0 && s.Canary == nil:
		return m.conflict(now, fmt.Sprintf("there is no canary to give %g %% of the traffic to", w), "prepare one first")
	case w > s.Weight && !s.Canary.Ready:
		return m.conflict(now, s.Canary.Payload.Label()+" has not been healthy yet", "repeat prepare until it is done")
	case w > 0 && w < 100 && s.Baseline == nil:
		return m.conflict(now, fmt.Sprintf("there is no baseline to take the other %g %% of the traffic", 100-w), "set weight 100")
	}
	return nil
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
			s.Weight = 0
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
		m.setWeight(0)
		m.State.Deadline = time.Time{}
		m.remember(req.Key, "revert", nil)
	}
	return m.progress(now, m.State.Weight == 0), nil
}

// Finalize forgets the arms without traffic.
func (m *Machine) Finalize(now time.Time, req target.WriteRequest) (target.Progress, error) {
	replay, err := m.admit(now, "finalize", req, nil)
	if err != nil {
		return target.Progress{}, err
	}
	s := &m.State
	if !replay {
		if s.Weight > 0 {
			return target.Progress{}, m.conflict(now, fmt.Sprintf("%s takes %g %% of the traffic", s.Canary.Payload.Label(), s.Weight),
				"complete or revert first; an arm with traffic is never removed")
		}
		if s.Canary != nil {
			s.Generation++
		}
		s.Canary, s.Retired, s.Deadline, s.Reverted = nil, nil, time.Time{}, false
		m.remember(req.Key, "finalize", nil)
	}
	return m.progress(now, s.Canary == nil && s.Retired == nil), nil
}

// Hand changes the traffic behind every driver's back, as a person with an admin
// tool does: no key, no fence, no fingerprint. A payload that is not the canary
// replaces it. The dead-man switch stays as it is.
func (m *Machine) Hand(now time.Time, p artifact.Payload, weight float64) error {
	m.Expire(now)
	s := &m.State
	if !p.IsZero() && (s.Canary == nil || !s.Canary.Payload.Same(p)) {
		m.setWeight(0)
		m.install(p)
	}
	if weight > 0 && s.Canary == nil {
		return m.conflict(now, "there is no canary to give traffic to", "name the artifact that shall get it")
	}
	m.setWeight(weight)
	return nil
}

// progress answers with what is true now.
func (m *Machine) progress(now time.Time, done bool) target.Progress {
	return target.Progress{Done: done, Observation: m.Observe(now)}
}
