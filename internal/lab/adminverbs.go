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
	return Status{Addresses: a.where, Observation: wire.FromObservation(o), Processes: a.control.processes(),
		TrafficRate: a.load.Rate(), Faults: Faults{Contract: a.faulty.get(), Arms: a.data.Faults()}}, nil
}

// processes says how the children are, by arm.
func (c *controller) processes() map[target.Arm]process.Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[target.Arm]process.Status{}
	for arm, slot := range map[target.Arm]*machine.Slot{target.Baseline: c.machine.State.Baseline, target.Canary: c.machine.State.Canary} {
		if slot != nil && c.children[slot.ID] != nil {
			out[arm] = c.children[slot.ID].Status()
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
	a.load.SetRate(r.Rate)
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
	if !a.control.kill(c.Arm) {
		return &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("nothing runs in the arm %q; the arms are \"baseline\" and \"canary\"", c.Arm)}
	}
	return nil
}

// kill ends the process of an arm as a crash would.
func (c *controller) kill(arm target.Arm) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	slot := map[target.Arm]*machine.Slot{target.Baseline: c.machine.State.Baseline, target.Canary: c.machine.State.Canary}[arm]
	if slot == nil || c.children[slot.ID] == nil {
		return false
	}
	c.children[slot.ID].Kill()
	return true
}
