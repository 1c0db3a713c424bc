package checks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Env is what the checks run against.
type Env struct {
	Target target.Target
	// A and B are two payloads that the target can install. They must differ.
	A, B artifact.Payload
	// Clock is what lets time pass for the target: the machine's, which is the
	// default, or a fake one that the target shares and whose Sleep moves it.
	Clock clock.Clock
	// Patience is how long a prepare may take; 1 minute when zero.
	Patience time.Duration
	// RevertAfter is what the dead-man switch is armed with, 2 seconds when zero.
	// The checks let time pass in quarters of it, so it must be much longer than
	// one call.
	RevertAfter time.Duration

	caps  target.Capabilities
	empty bool
	fence uint64
	run   string
	keys  int
}

// begin asks what every check must know.
func (e *Env) begin(ctx context.Context) error {
	if e.A.Digest() == "" || e.B.Digest() == "" || e.A.Same(e.B) {
		return errors.New("the checks need two different payloads, each with a reference that ends in a digest")
	}
	if e.Clock == nil {
		e.Clock = clock.System{}
	}
	if e.Patience == 0 {
		e.Patience = time.Minute
	}
	if e.RevertAfter == 0 {
		e.RevertAfter = 2 * time.Second
	}
	if e.run == "" {
		e.run = fmt.Sprintf("check-%d", e.Clock.Now().UnixNano())
	}
	var err error
	if e.caps, err = e.Target.Capabilities(ctx); err != nil {
		return fmt.Errorf("capabilities: %w", err)
	}
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	e.empty = o.Baseline == nil && o.Canary == nil
	e.fence = max(e.fence, o.Fence) + 1
	return nil
}

// write makes what a new change carries.
func (e *Env) write() target.WriteRequest {
	e.keys++
	return target.WriteRequest{Key: fmt.Sprintf("%s-%d", e.run, e.keys), Fence: e.fence}
}

func (e *Env) observe(ctx context.Context) (target.Observation, error) {
	o, err := e.Target.Observe(ctx)
	if err != nil {
		return o, fmt.Errorf("observe: %w", err)
	}
	if !o.Known {
		return o, errors.New("observe: the target cannot tell what serves")
	}
	return o, nil
}

// prepare repeats Prepare until it is done.
func (e *Env) prepare(ctx context.Context, p artifact.Payload) error {
	req := target.PrepareRequest{WriteRequest: e.write(), Payload: p}
	for end := e.Clock.Now().Add(e.Patience); ; {
		got, err := e.Target.Prepare(ctx, req)
		if err != nil {
			return fmt.Errorf("prepare %s: %w", p.Label(), err)
		}
		if got.Done {
			return nil
		}
		if e.Clock.Now().After(end) {
			return fmt.Errorf("prepare %s: not done within %s", p.Label(), e.Patience)
		}
		if err := e.Clock.Sleep(ctx, max(got.LookAgain, 20*time.Millisecond)); err != nil {
			return fmt.Errorf("prepare %s: %w", p.Label(), err)
		}
	}
}

// apply sets a weight that must be accepted at once.
func (e *Env) apply(ctx context.Context, weight float64, revertAfter time.Duration) error {
	p, err := e.Target.Apply(ctx, target.ApplyRequest{WriteRequest: e.write(), Traffic: target.TrafficState{Weight: weight}, RevertAfter: revertAfter})
	return accepted(fmt.Sprintf("apply weight %g", weight), p, err)
}

func accepted(what string, p target.Progress, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if !p.Done {
		return fmt.Errorf("%s: the answer is not done", what)
	}
	return nil
}

func (e *Env) do(ctx context.Context, what string, verb func(context.Context, target.WriteRequest) (target.Progress, error)) error {
	req := e.write()
	p, err := verb(ctx, req)
	// What is left behind may take more than one change to remove, and users have no
	// part in it. All else must be so at once.
	for end := e.Clock.Now().Add(e.Patience); what == "finalize" && err == nil && !p.Done && e.Clock.Now().Before(end); {
		if err := e.Clock.Sleep(ctx, max(p.LookAgain, 20*time.Millisecond)); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
		p, err = verb(ctx, req)
	}
	return accepted(what, p, err)
}

// onlyA brings the target to where A serves alone, from wherever it is.
func (e *Env) onlyA(ctx context.Context) error {
	if err := e.do(ctx, "revert", e.Target.Revert); err != nil {
		return err
	}
	if err := e.do(ctx, "finalize", e.Target.Finalize); err != nil {
		return err
	}
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if o.Baseline != nil && o.Baseline.Payload.Same(e.A) {
		return nil
	}
	return e.release(ctx, e.A)
}

// release makes the payload the only one.
func (e *Env) release(ctx context.Context, p artifact.Payload) error {
	if err := e.prepare(ctx, p); err != nil {
		return err
	}
	if err := e.apply(ctx, 100, 0); err != nil {
		return err
	}
	if err := e.do(ctx, "complete", e.Target.Complete); err != nil {
		return err
	}
	return e.do(ctx, "finalize", e.Target.Finalize)
}

// canary brings the target to where A serves and B is the canary at a weight.
func (e *Env) canary(ctx context.Context, weight float64) error {
	if err := e.onlyA(ctx); err != nil {
		return err
	}
	if err := e.prepare(ctx, e.B); err != nil {
		return err
	}
	if weight == 0 {
		return nil
	}
	return e.apply(ctx, weight, 0)
}

// serves checks who gets how much; a zero payload means that the arm is empty.
func (e *Env) serves(ctx context.Context, baseline, canary artifact.Payload, weight float64) error {
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if err := isArm("baseline", o.Baseline, baseline, 100-weight); err != nil {
		return err
	}
	return isArm("canary", o.Canary, canary, weight)
}

func isArm(name string, got *target.ArmState, want artifact.Payload, weight float64) error {
	switch {
	case want.IsZero() && got != nil:
		return fmt.Errorf("the %s arm has %s; it must be empty", name, got.Payload.Label())
	case want.IsZero():
		return nil
	case got == nil:
		return fmt.Errorf("the %s arm is empty; it must have %s", name, want.Label())
	case !got.Payload.Same(want):
		return fmt.Errorf("the %s arm has %s; it must have %s", name, got.Payload.Key(), want.Key())
	case math.Abs(got.Weight-weight) > 0.01:
		return fmt.Errorf("the %s arm has weight %g; it must have %g", name, got.Weight, weight)
	}
	return nil
}

// refused checks that a call was refused with the code and changed nothing.
func (e *Env) refused(ctx context.Context, what string, code target.Code, call func() error) error {
	before, err := e.observe(ctx)
	if err != nil {
		return err
	}
	err = call()
	if err == nil {
		return fmt.Errorf("%s was accepted; it must be refused with %s", what, code)
	}
	var te *target.Error
	if !errors.As(err, &te) || te.Code != code {
		return fmt.Errorf("%s was refused with %s (%w); it must be %s", what, target.CodeOf(err), err, code)
	}
	after, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if d := diff(before, after); d != "" {
		return fmt.Errorf("%s was refused and yet changed something:\n%s", what, d)
	}
	return nil
}

// diff says what became different, apart from what may change by itself.
func diff(before, after target.Observation) string {
	// Observations hold nothing that JSON cannot encode.
	b, _ := json.Marshal(lasting(before))
	a, _ := json.Marshal(lasting(after))
	if string(b) == string(a) {
		return ""
	}
	return fmt.Sprintf("before %s\nafter  %s", b, a)
}

// lasting leaves out what changes by itself, or by a mere refusal.
func lasting(o target.Observation) target.Observation {
	o.RevertAfter, o.Fence = 0, 0
	for _, arm := range []**target.ArmState{&o.Baseline, &o.Canary} {
		if *arm != nil {
			c := **arm
			c.Health, c.Replicas = "", 0
			*arm = &c
		}
	}
	return o
}
