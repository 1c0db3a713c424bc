// Package machine is the bookkeeping of a runtime with two arms: which payloads
// run, who gets how much traffic, which changes were carried out, and when the
// dead-man switch fires. It starts no process and moves no request; the lab and
// the simulated target do that, each in its own world, by these same rules.
package machine

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Slot is one payload that runs, or shall run.
type Slot struct {
	// ID names the instance; it is never used again for another payload.
	ID      string           `json:"id"`
	Payload artifact.Payload `json:"payload"`
	// Ready is true once the instance has been healthy.
	Ready bool `json:"ready"`
}

// Done remembers one change that was carried out.
type Done struct {
	Key string `json:"key"`
	// Asked is a digest of what the key asked for, without the fence.
	Asked string `json:"asked"`
}

// MaxKeys is how many carried-out keys are remembered, newest last. A copy of a
// change that arrives later than this many others comes from a driver whose fence
// has passed.
const MaxKeys = 1000

// State is all that a runtime must remember. It is plain data, so that it can be
// kept in a file; the zero value is a runtime where nothing runs.
type State struct {
	Baseline *Slot `json:"baseline,omitempty"`
	Canary   *Slot `json:"canary,omitempty"`
	// Retired is the arm before the last completion, warm and without traffic.
	Retired *Slot `json:"retired,omitempty"`
	// Weight is the canary's share of traffic, 0 to 100.
	Weight float64 `json:"weight"`
	// Extra is what is set besides the weight; nil for nothing. It is replaced as a
	// whole, never changed in place. Its own Weight is always 0.
	Extra *target.TrafficState `json:"extra,omitempty"`
	// Generation counts the changes of arms, payloads, weights and extras.
	Generation uint64 `json:"generation"`
	// Slots counts the instances ever made.
	Slots uint64 `json:"slots"`
	Fence uint64 `json:"fence"`
	// Deadline is when the dead-man switch fires; zero when it is not armed.
	Deadline time.Time `json:"deadline,omitzero"`
	Reverted bool      `json:"reverted,omitempty"`
	Keys     []Done    `json:"keys,omitempty"`
}

// Machine carries changes out on a State. Its methods are not safe for
// concurrent use: the owner holds a lock, which is what makes the check of
// fingerprint and fence atomic with the change.
type Machine struct {
	State State
	// Health says how the instance with this ID is. Nil means all are healthy.
	Health func(id string) target.Health
	// LookAgain is what a change that is not done yet answers.
	LookAgain time.Duration
	// Can says which traffic states the runtime takes besides weights. Its other
	// fields are not looked at.
	Can target.Capabilities
	// Instances is how many instances an arm has, 1 when 0. A batch moves them one by
	// one from the baseline to the canary; those that are out stay warm.
	Instances int
	// Up says how many instances of the slot with this ID are healthy. Nil means
	// all while the slot's Health is healthy, and none otherwise.
	Up func(id string) int
}

// Clone returns a deep copy of the state, so that a change can be tried, kept in
// a file, and only then made true.
func (s State) Clone() State {
	s.Baseline, s.Canary, s.Retired = s.Baseline.clone(), s.Canary.clone(), s.Retired.clone()
	s.Keys = append([]Done(nil), s.Keys...)
	return s
}

func (s *Slot) clone() *Slot {
	if s == nil {
		return nil
	}
	c := *s
	return &c
}

// Wanted lists the instances that shall run.
func (s State) Wanted() []Slot {
	var out []Slot
	for _, slot := range []*Slot{s.Baseline, s.Canary, s.Retired} {
		if slot != nil {
			out = append(out, *slot)
		}
	}
	return out
}

// Fingerprint names the arms, payloads, weights and extras at this generation.
func (s State) Fingerprint() string {
	named := struct {
		Generation       uint64
		Baseline, Canary *artifact.Payload
		Weight           float64
		Extra            *target.TrafficState `json:",omitempty"`
	}{Generation: s.Generation, Weight: s.Weight, Extra: s.Extra}
	if s.Baseline != nil {
		named.Baseline = &s.Baseline.Payload
	}
	if s.Canary != nil {
		named.Canary = &s.Canary.Payload
	}
	return fmt.Sprintf("g%d-%s", s.Generation, digest(named)[:12])
}

// Expire fires the dead-man switch when its time has come, and says whether it
// did. Every verb calls it first; the owner also calls it when the time comes.
func (m *Machine) Expire(now time.Time) bool {
	s := &m.State
	if s.Deadline.IsZero() || now.Before(s.Deadline) {
		return false
	}
	s.Deadline = time.Time{}
	s.Reverted = true
	m.setTraffic(0, nil)
	return true
}

// Observe says what serves at this moment.
func (m *Machine) Observe(now time.Time) target.Observation {
	m.Expire(now)
	m.refresh()
	s := m.State
	o := target.Observation{Known: true, Fingerprint: s.Fingerprint(), Fence: s.Fence, Reverted: s.Reverted}
	if s.Baseline != nil {
		o.Baseline = m.arm(s.Baseline, 100-s.Weight)
	}
	if s.Canary != nil {
		o.Canary = m.arm(s.Canary, s.Weight)
	}
	if s.Extra != nil {
		told := *s.Extra
		told.Weight = s.Weight
		o.Traffic = &told
	}
	if !s.Deadline.IsZero() {
		o.RevertAfter = s.Deadline.Sub(now)
	}
	return o
}

func (m *Machine) arm(slot *Slot, weight float64) *target.ArmState {
	return &target.ArmState{Payload: slot.Payload, Weight: weight, Health: m.health(slot), Replicas: m.instances()}
}

func (m *Machine) health(slot *Slot) target.Health {
	if m.Health == nil {
		return target.Healthy
	}
	return m.Health(slot.ID)
}

// refresh notes which instances have become healthy.
func (m *Machine) refresh() {
	for _, slot := range []*Slot{m.State.Baseline, m.State.Canary, m.State.Retired} {
		if slot != nil && !slot.Ready && m.health(slot) == target.Healthy {
			slot.Ready = true
		}
	}
	m.roll()
}

// setTraffic sets the weight and what else there is.
func (m *Machine) setTraffic(weight float64, extra *target.TrafficState) {
	if m.State.Weight != weight || !reflect.DeepEqual(m.State.Extra, extra) {
		m.State.Weight, m.State.Extra = weight, extra
		m.State.Generation++
	}
}

// install makes the payload the canary, with the warm old arm where it is the
// same payload.
func (m *Machine) install(p artifact.Payload) {
	s := &m.State
	s.Generation++
	s.Extra = nil
	if s.Retired != nil && s.Retired.Payload.Same(p) {
		s.Canary, s.Retired = s.Retired, nil
		s.Canary.Payload = p
		return
	}
	s.Slots++
	s.Canary = &Slot{ID: fmt.Sprintf("arm-%d", s.Slots), Payload: p}
}

func digest(v any) string {
	// The values are our own plain structs, which always encode.
	b, _ := json.Marshal(v)
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
