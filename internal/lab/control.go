package lab

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/router"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// lookAgain is what a prepare that is not done yet answers.
const lookAgain = 100 * time.Millisecond

// drain is how long a removed arm may finish what it has begun.
const drain = time.Second

// controller is the lab as a target.Target: it keeps the books in a machine and
// makes processes and router follow them.
type controller struct {
	cfg     Config
	data    *router.Router
	metrics *router.Metrics
	ctx     context.Context // Ends when the lab does; bounds the draining.
	cancel  context.CancelFunc
	drained sync.WaitGroup

	mu       sync.Mutex
	machine  machine.Machine
	children map[string][]*process.Child
	next     atomic.Uint64 // Whose turn it is; shared by all pools.
	// rearmed is closed, and replaced, when the dead-man switch's time changes.
	rearmed chan struct{}
}

var _ target.Target = (*controller)(nil)

func newController(cfg Config, data *router.Router, m *router.Metrics) (*controller, error) {
	c := &controller{cfg: cfg, data: data, metrics: m, children: map[string][]*process.Child{}, rearmed: make(chan struct{})}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.machine = machine.Machine{Health: c.health, Up: c.up, LookAgain: lookAgain, Can: cfg.capabilities(), Instances: cfg.Instances}
	state, err := loadState(cfg.State)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.machine.State = state
	c.machine.Expire(cfg.Clock.Now())
	c.follow()
	return c, nil
}

func (c *controller) close() {
	c.cancel()
	c.drained.Wait()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, children := range c.children {
		stop(children)
	}
	c.data.Close()
}

// change tries a change on a copy of the books, keeps the copy in the state
// file, and only then makes it true.
func (c *controller) change(do func(m *machine.Machine, now time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	next := c.machine
	next.State = c.machine.State.Clone()
	failed := do(&next, c.cfg.Clock.Now())
	if reflect.DeepEqual(next.State, c.machine.State) {
		return failed
	}
	if err := saveState(c.cfg.State, next.State); err != nil {
		return &target.Error{Code: target.CodeUnavailable, Message: "the lab's state file cannot be written", Err: err}
	}
	if !next.State.Deadline.Equal(c.machine.State.Deadline) {
		close(c.rearmed)
		c.rearmed = make(chan struct{})
	}
	c.machine.State = next.State
	c.follow()
	return failed
}

// follow makes processes and router what the books say. The lock is held.
func (c *controller) follow() {
	s := c.machine.State
	wanted := map[string]bool{}
	for _, slot := range s.Wanted() {
		wanted[slot.ID] = true
		if c.children[slot.ID] != nil {
			continue
		}
		found, err := service.Find(c.cfg.Artifacts, slot.Payload.Digest())
		if err != nil {
			continue // Its file has gone; health says unhealthy.
		}
		for range c.cfg.Instances {
			c.children[slot.ID] = append(c.children[slot.ID], process.Start(clock.System{}, c.cfg.Command, found, slot.Payload.ConfigurationDigest))
		}
	}
	c.route()
	c.metrics.Show(c.machine.Observe(c.cfg.Clock.Now()))
	for id, children := range c.children {
		if !wanted[id] {
			delete(c.children, id)
			c.drained.Go(func() {
				_ = clock.System{}.Sleep(c.ctx, drain) // Cut short when the lab ends.
				stop(children)
			})
		}
	}
}

// watchSwitch fires the dead-man switch when its time comes.
func (c *controller) watchSwitch(ctx context.Context) {
	for ctx.Err() == nil {
		c.mu.Lock()
		deadline, rearmed := c.machine.State.Deadline, c.rearmed
		c.mu.Unlock()
		if deadline.IsZero() {
			select {
			case <-ctx.Done():
			case <-rearmed:
			}
			continue
		}
		wait, cancel := context.WithCancel(ctx)
		go func() {
			select {
			case <-rearmed:
				cancel()
			case <-wait.Done():
			}
		}()
		if c.cfg.Clock.Sleep(wait, deadline.Sub(c.cfg.Clock.Now())) == nil {
			_, _ = c.Observe(ctx) // Observing fires it; a full disk shows at the next call.
		}
		cancel()
	}
}

// installable says why a payload cannot be installed, or nil.
func (c *controller) installable(p artifact.Payload) error {
	if p.Digest() == "" {
		return &target.Error{Code: target.CodeInvalid, Message: fmt.Sprintf("the reference %q does not end in a digest", p.Reference),
			Remedy: "name the artifact as GET /admin/artifacts lists it"}
	}
	if msg := artifact.ValidateConfigurationDigest(p.ConfigurationDigest); msg != "" {
		return &target.Error{Code: target.CodeInvalid, Message: "configuration_digest: " + msg}
	}
	_, err := service.Find(c.cfg.Artifacts, p.Digest())
	if errors.Is(err, service.ErrNotFound) {
		return &target.Error{Code: target.CodeNotFound, Message: "no artifact file of the lab has the digest " + p.Digest(),
			Remedy: "put its file into the artifact directory, unchanged to the byte"}
	}
	if err != nil {
		return &target.Error{Code: target.CodeUnavailable, Message: "the artifact directory cannot be read", Err: err}
	}
	return nil
}
