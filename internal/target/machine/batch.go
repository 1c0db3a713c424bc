package machine

import (
	"math"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// instances is how many instances an arm has.
func (m *Machine) instances() int { return max(m.Instances, 1) }

// goal is the weight at which a traffic state is reached: that of a batch is its
// share, rounded to whole instances.
func (m *Machine) goal(s target.TrafficState) float64 {
	if s.Batch == nil {
		return s.Weight
	}
	return m.weightOf(m.count(s.Batch.Share))
}

// count is how many instances of the canary a share means: at least one above 0,
// and not all below 100.
func (m *Machine) count(share float64) int {
	n := m.instances()
	k := int(math.Round(share * float64(n) / 100))
	switch {
	case share > 0 && k == 0:
		return 1
	case share < 100 && k == n:
		return n - 1
	}
	return k
}

func (m *Machine) weightOf(in int) float64 { return float64(in) * 100 / float64(m.instances()) }

// In is how many instances of the canary take traffic. As many of the baseline
// are out.
func (m *Machine) In() int {
	return int(math.Round(m.State.Weight * float64(m.instances()) / 100))
}

// whole rounds a weight to whole instances, down, so that a batch never begins
// with more of the canary than there was.
func (m *Machine) whole(weight float64) float64 {
	return m.weightOf(int(math.Floor(weight*float64(m.instances())/100 + 1e-9)))
}

// roll carries a batch on, as far as health allows. An instance comes in only
// while it is healthy, so the other one is not missed; and when instances of the
// canary fall ill so that fewer than the minimum are healthy, the warm ones of the
// baseline come back in their place.
func (m *Machine) roll() {
	s := &m.State
	if s.Extra == nil || s.Extra.Batch == nil || s.Canary == nil {
		return
	}
	b := s.Extra.Batch
	n, want, in := m.instances(), m.count(b.Share), m.In()
	canary, baseline := m.up(s.Canary), m.up(s.Baseline)
	least := int(math.Ceil(b.MinHealthy*float64(n)/100 - 1e-9))
	for in < want && canary > in {
		in++
	}
	for in > want && baseline > n-in {
		in--
	}
	for in > 0 && min(in, canary)+min(n-in, baseline) < least && canary < in && baseline > n-in {
		in--
	}
	m.setTraffic(m.weightOf(in), s.Extra)
}

// up is how many instances of a slot are healthy.
func (m *Machine) up(slot *Slot) int {
	switch {
	case slot == nil:
		return 0
	case m.Up != nil:
		return m.Up(slot.ID)
	case m.health(slot) == target.Healthy:
		return m.instances()
	}
	return 0
}
