package lab

import (
	"sync"
	"sync/atomic"

	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// health says how the instances of a slot are: healthy when all are. The lock is
// held.
func (c *controller) health(id string) target.Health {
	children, ok := c.children[id]
	if !ok {
		return target.Unhealthy
	}
	worst := target.Healthy
	for _, child := range children {
		switch h := child.Status().Health; {
		case h == target.Unhealthy:
			return h
		case h != target.Healthy:
			worst = h
		}
	}
	return worst
}

// up counts the healthy instances of a slot. The lock is held.
func (c *controller) up(id string) (n int) {
	for _, child := range c.children[id] {
		if child.Status().Health == target.Healthy {
			n++
		}
	}
	return n
}

// stop ends processes, all at the same time.
func stop(children []*process.Child) {
	var all sync.WaitGroup
	for _, child := range children {
		all.Go(child.Stop)
	}
	all.Wait()
}

// route makes the router what the books say. The lock is held.
func (c *controller) route() {
	s := c.machine.State
	t := router.Table{Weight: s.Weight}
	out, in := 0, 0 // How many instances are out, of each arm.
	if s.Extra != nil {
		t.Cohort, t.Mirror = s.Extra.Cohort, s.Extra.Mirror
		if s.Extra.Batch != nil {
			out = c.machine.In()
			in = c.cfg.Instances - out
		}
	}
	t.Baseline, t.Canary = c.backend(s.Baseline, c.cfg.Instances-out), c.backend(s.Canary, c.cfg.Instances-in)
	c.data.Set(t)
}

// backend gives the router's view of a slot of which so many instances take
// traffic; a nil interface for no slot. With none, whatever is sent there all the
// same, by a cohort or a mirror, goes to any of them.
func (c *controller) backend(slot *machine.Slot, in int) router.Backend {
	if slot == nil {
		return nil
	}
	children := c.children[slot.ID]
	if in <= 0 {
		in = len(children)
	}
	return &pool{children: children, in: in, next: &c.next}
}

// pool is the instances of an arm that take traffic, one after the other. Healthy
// ones come first; without any, those that listen are asked all the same.
type pool struct {
	children []*process.Child
	in       int
	next     *atomic.Uint64
}

// Address implements router.Backend. It is empty where none can be asked.
func (p *pool) Address() string {
	var good, rest []string
	for _, child := range p.children {
		switch s := child.Status(); {
		case s.Address == "":
		case s.Health == target.Healthy:
			good = append(good, s.Address)
		default:
			rest = append(rest, s.Address)
		}
	}
	if len(good) == 0 {
		good = rest
	}
	if good = good[:min(len(good), p.in)]; len(good) == 0 {
		return ""
	}
	return good[p.next.Add(1)%uint64(len(good))]
}
