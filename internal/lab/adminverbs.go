package lab

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/lab/process"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

func (a *admin) status(r *http.Request) (any, error) {
	o, err := a.control.Observe(r.Context())
	if err != nil {
		return nil, err
	}
	first, all := a.control.processes()
	return Status{Addresses: a.where, Observation: wire.FromObservation(o), Processes: first, Instances: all,
		TrafficRate: a.load.Rate(), Marked: a.load.Marked(), Faults: Faults{Contract: a.faulty.get(), Arms: a.data.Faults()}}, nil
}

// processes says how the children are, by arm: the first of each, and all.
func (c *controller) processes() (first map[target.Arm]process.Status, all map[target.Arm][]process.Status) {
	c.mu.Lock()
	defer c.mu.Unlock()
	first, all = map[target.Arm]process.Status{}, map[target.Arm][]process.Status{}
	for arm, slot := range c.slots() {
		for _, child := range c.children[slot.ID] {
			all[arm] = append(all[arm], child.Status())
		}
		if len(all[arm]) > 0 {
			first[arm] = all[arm][0]
		}
	}
	return first, all
}

// slots are the arms where something runs. The lock is held.
func (c *controller) slots() map[target.Arm]*machine.Slot {
	out := map[target.Arm]*machine.Slot{}
	for arm, slot := range map[target.Arm]*machine.Slot{target.Baseline: c.machine.State.Baseline, target.Canary: c.machine.State.Canary} {
		if slot != nil {
			out[arm] = slot
		}
	}
	return out
}

func (a *admin) weight(ctx context.Context, w Weight) error {
	if w.Weight < 0 || w.Weight > 100 {
		return invalid("the weight is %g; it must be between 0 and 100, for example 30", w.Weight)
	}
	p := artifact.Payload{Artifact: artifact.Artifact{Version: w.Version, Reference: w.Reference}, ConfigurationDigest: w.ConfigurationDigest}
	if w.Reference == "" && w.Version != "" {
		found, err := service.List(a.control.cfg.Artifacts)
		if err != nil {
			return err
		}
		for _, f := range found {
			if f.Version == w.Version {
				p.Artifact = f.Artifact()
			}
		}
		if p.Reference == "" {
			return &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("no artifact file of the lab has the version %q", w.Version)}
		}
	}
	if !p.IsZero() {
		if err := a.control.hand(p, 0); err != nil {
			return err
		}
		if err := a.control.awaitCanary(ctx); err != nil {
			return err
		}
	}
	return a.control.hand(artifact.Payload{}, w.Weight)
}

// awaitCanary waits until the canary is healthy, so that a weight moved by hand
// hurts nobody who did not ask for it.
func (c *controller) awaitCanary(ctx context.Context) error {
	for range 200 {
		o, err := c.Observe(ctx)
		if err != nil {
			return err
		}
		if o.Canary != nil && o.Canary.Health == target.Healthy {
			return nil
		}
		if err := (clock.System{}).Sleep(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("waiting for the canary: %w", err)
		}
	}
	return &target.Error{Code: target.CodeUnavailable, Message: "the canary has not become healthy within 10 s; its weight is 0"}
}

func (a *admin) rate(_ context.Context, r Rate) error {
	if r.Rate < 0 || r.Rate > MaxTraffic {
		return invalid("the rate is %g a second; it must be between 0 and %d, for example 50", r.Rate, MaxTraffic)
	}
	if err := r.Marked.problem(); err != nil {
		return invalid("%v", err)
	}
	a.load.SetRate(r.Rate)
	a.load.SetMarked(r.Marked)
	return nil
}

func (a *admin) faults(_ context.Context, f Faults) error {
	for arm, fault := range f.Arms {
		if arm != target.Baseline && arm != target.Canary {
			return invalid("there is no arm %q; it must be \"baseline\" or \"canary\"", arm)
		}
		if fault.ErrorRate < 0 || fault.ErrorRate > 1 || fault.LatencyMS < 0 {
			return invalid("error_rate must be between 0 and 1, and latency_ms not negative; for example {\"error_rate\": 0.2}")
		}
	}
	if c := f.Contract; c != nil && (c.Calls < 0 || c.DelayMS < 0 || (c.Status != 0 && (c.Status < 200 || c.Status > 599))) {
		return invalid("calls and delay_ms must not be negative, and status between 200 and 599; for example {\"status\": 500, \"calls\": 2}")
	}
	a.faulty.set(f.Contract)
	a.data.SetFaults(f.Arms)
	return nil
}

func (a *admin) crash(_ context.Context, c Crash) error {
	if !a.control.kill(c.Arm, c.Instance) {
		return &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("nothing runs as instance %d of the arm %q; the arms are \"baseline\" and \"canary\"", c.Instance, c.Arm)}
	}
	return nil
}

// kill ends a process of an arm as a crash would.
func (c *controller) kill(arm target.Arm, instance int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot := c.slots()[arm]
	if slot == nil || instance < 0 || instance >= len(c.children[slot.ID]) {
		return false
	}
	c.children[slot.ID][instance].Kill()
	return true
}
