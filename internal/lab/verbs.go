package lab

import (
	"context"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// Capabilities implements target.Target.
func (c *controller) Capabilities(context.Context) (target.Capabilities, error) {
	return c.cfg.capabilities(), nil
}

// Observe implements target.Target.
func (c *controller) Observe(context.Context) (target.Observation, error) {
	var o target.Observation
	err := c.change(func(m *machine.Machine, now time.Time) error {
		o = m.Observe(now)
		return nil
	})
	return o, err
}

// Preflight implements target.Target.
func (c *controller) Preflight(_ context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	if err := c.installable(p); err != nil {
		if target.CodeOf(err) == target.CodeNotFound {
			return []target.Obstacle{{What: "no artifact file of the lab has the digest " + p.Digest(), Remedy: "put its file into the artifact directory"}}, nil
		}
		return nil, err
	}
	return nil, nil
}

// progress runs a verb of the machine.
func (c *controller) progress(verb func(m *machine.Machine, now time.Time) (target.Progress, error)) (target.Progress, error) {
	var p target.Progress
	err := c.change(func(m *machine.Machine, now time.Time) (err error) {
		p, err = verb(m, now)
		return err
	})
	if err != nil {
		return target.Progress{}, err
	}
	return p, nil
}

// Prepare implements target.Target.
func (c *controller) Prepare(_ context.Context, req target.PrepareRequest) (target.Progress, error) {
	if err := c.installable(req.Payload); err != nil {
		return target.Progress{}, err
	}
	return c.progress(func(m *machine.Machine, now time.Time) (target.Progress, error) { return m.Prepare(now, req) })
}

// Apply implements target.Target.
func (c *controller) Apply(_ context.Context, req target.ApplyRequest) (target.Progress, error) {
	return c.progress(func(m *machine.Machine, now time.Time) (target.Progress, error) { return m.Apply(now, req) })
}

// Complete implements target.Target.
func (c *controller) Complete(_ context.Context, req target.WriteRequest) (target.Progress, error) {
	return c.progress(func(m *machine.Machine, now time.Time) (target.Progress, error) { return m.Complete(now, req) })
}

// Revert implements target.Target.
func (c *controller) Revert(_ context.Context, req target.WriteRequest) (target.Progress, error) {
	return c.progress(func(m *machine.Machine, now time.Time) (target.Progress, error) { return m.Revert(now, req) })
}

// Finalize implements target.Target.
func (c *controller) Finalize(_ context.Context, req target.WriteRequest) (target.Progress, error) {
	return c.progress(func(m *machine.Machine, now time.Time) (target.Progress, error) { return m.Finalize(now, req) })
}

// hand moves the weight as a person would, past key, fence and fingerprint.
func (c *controller) hand(p artifact.Payload, weight float64) error {
	if !p.IsZero() {
		if err := c.installable(p); err != nil {
			return err
		}
	}
	return c.change(func(m *machine.Machine, now time.Time) error { return m.Hand(now, p, weight) })
}
