package checks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func switchChecks() []Check {
	needs := []string{"weights", "revert_after"}
	return []Check{
		{"switch/fires", "a driver that died in mid-rollout would leave users hurt", needs, false, fires},
		{"switch/renews", "a rollout that goes well would be reverted", needs, false, renews},
		{"switch/stays armed", "a change without a time would leave users unguarded", needs, false, staysArmed},
		{"switch/disarmed", "what has ended well would be reverted later", needs, false, disarmed},
	}
}

// pass lets so many quarters of the switch's time go by.
func (e *Env) pass(ctx context.Context, quarters int) error {
	return e.Clock.Sleep(ctx, time.Duration(quarters)*e.RevertAfter/4)
}

// fired checks that the switch did its work.
func (e *Env) fired(ctx context.Context) error {
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if !o.Reverted {
		return errors.New("the switch's time is over and the observation does not say reverted")
	}
	if o.RevertAfter != 0 {
		return fmt.Errorf("the switch has fired and still has %s left", o.RevertAfter)
	}
	return e.serves(ctx, e.A, e.B, 0)
}

// holds checks that the switch has not fired.
func (e *Env) holds(ctx context.Context, weight float64, armed bool) error {
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if o.Reverted {
		return errors.New("the switch has fired too early")
	}
	if armed != (o.RevertAfter > 0) || o.RevertAfter > e.RevertAfter {
		return fmt.Errorf("the switch has %s left; it is armed: %t, with %s", o.RevertAfter, armed, e.RevertAfter)
	}
	return e.serves(ctx, e.A, e.B, weight)
}

func fires(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 0); err != nil {
		return err
	}
	if err := e.apply(ctx, 25, e.RevertAfter); err != nil {
		return err
	}
	before, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if err := e.holds(ctx, 25, true); err != nil {
		return err
	}
	if err := e.pass(ctx, 6); err != nil {
		return err
	}
	if err := e.fired(ctx); err != nil {
		return err
	}
	if e.caps.ConditionalWrite {
		// A driver that slept through it must notice by the fingerprint.
		if err := e.refused(ctx, "a change decided before the switch fired", target.CodeConflict, func() error {
			_, err := e.Target.Apply(ctx, e.applyRequest(50, before.Fingerprint))
			return err
		}); err != nil {
			return err
		}
	}
	if err := e.apply(ctx, 10, 0); err != nil {
		return err
	}
	return e.holds(ctx, 10, false)
}

func renews(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 0); err != nil {
		return err
	}
	for range 4 {
		if err := e.apply(ctx, 25, e.RevertAfter); err != nil {
			return err
		}
		if err := e.pass(ctx, 2); err != nil {
			return err
		}
		if err := e.holds(ctx, 25, true); err != nil {
			return err
		}
	}
	if err := e.pass(ctx, 4); err != nil {
		return err
	}
	return e.fired(ctx)
}

func staysArmed(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 0); err != nil {
		return err
	}
	if err := e.apply(ctx, 25, e.RevertAfter); err != nil {
		return err
	}
	if err := e.apply(ctx, 50, 0); err != nil {
		return err
	}
	if err := e.holds(ctx, 50, true); err != nil {
		return err
	}
	if err := e.pass(ctx, 6); err != nil {
		return err
	}
	return e.fired(ctx)
}

func disarmed(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 0); err != nil {
		return err
	}
	if err := e.apply(ctx, 25, e.RevertAfter); err != nil {
		return err
	}
	if err := e.do(ctx, "revert", e.Target.Revert); err != nil {
		return err
	}
	if err := e.apply(ctx, 10, 0); err != nil {
		return err
	}
	if err := e.pass(ctx, 6); err != nil {
		return err
	}
	if err := e.holds(ctx, 10, false); err != nil {
		return fmt.Errorf("after a revert: %w", err)
	}
	if err := e.apply(ctx, 100, e.RevertAfter); err != nil {
		return err
	}
	if err := e.do(ctx, "complete", e.Target.Complete); err != nil {
		return err
	}
	if err := e.pass(ctx, 6); err != nil {
		return err
	}
	if err := e.serves(ctx, e.B, none, 0); err != nil {
		return fmt.Errorf("after a completion: %w", err)
	}
	return nil
}
