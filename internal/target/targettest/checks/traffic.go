package checks

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func (e *Env) applyRequest(weight float64, fingerprint string) target.ApplyRequest {
	return target.ApplyRequest{WriteRequest: e.write(), Traffic: target.TrafficState{Weight: weight}, ExpectedFingerprint: fingerprint}
}

func trafficChecks() []Check {
	weights, conditional := []string{"weights"}, []string{"weights", "conditional_write"}
	return []Check{
		{"apply/weights", "a step would expose more users than it says", weights, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				for _, weight := range []float64{5, 25, 12.5, 100, 0} {
					if err := e.apply(ctx, weight, 0); err != nil {
						return err
					}
					if err := e.serves(ctx, e.A, e.B, weight); err != nil {
						return err
					}
				}
				return nil
			}},
		{"apply/no canary", "traffic would go to an arm that is not there", weights, false,
			func(ctx context.Context, e *Env) error {
				if err := e.onlyA(ctx); err != nil {
					return err
				}
				if err := e.unchanged(ctx, "weight 0 without a canary", func() error { return e.apply(ctx, 0, 0) }); err != nil {
					return err
				}
				return e.refused(ctx, "weight 10 without a canary", target.CodeConflict, func() error { return e.apply(ctx, 10, 0) })
			}},
		{"apply/repeat", "the engine repeats whatever it has lost the reply of", weights, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 25); err != nil {
					return err
				}
				return e.unchanged(ctx, "the same weight with another key", func() error { return e.apply(ctx, 25, 0) })
			}},
		{"apply/same key", "a repeat after a lost reply would be made twice", weights, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				req := e.applyRequest(25, "")
				p, err := e.Target.Apply(ctx, req)
				if err := accepted("apply weight 25", p, err); err != nil {
					return err
				}
				return e.unchanged(ctx, "the same change with the same key", func() error {
					p, err := e.Target.Apply(ctx, req)
					return accepted("the same change with the same key", p, err)
				})
			}},
		{"apply/late copy", "a copy that the network kept back would undo a later step", conditional, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				late := e.applyRequest(25, "")
				if _, err := e.Target.Apply(ctx, late); err != nil {
					return err
				}
				if err := e.apply(ctx, 50, 0); err != nil {
					return err
				}
				return e.unchanged(ctx, "a copy of an earlier change", func() error {
					_, err := e.Target.Apply(ctx, late)
					return err
				})
			}},
		{"fingerprint/changes", "a change by somebody else would go unnoticed", conditional, false, fingerprintChanges},
		{"fingerprint/expected", "two drivers would overwrite each other", conditional, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 25); err != nil {
					return err
				}
				var conflict *target.Error
				err := e.refused(ctx, "a change with another fingerprint", target.CodeConflict, func() error {
					_, err := e.Target.Apply(ctx, e.applyRequest(50, "never-a-fingerprint"))
					errors.As(err, &conflict)
					return err
				})
				if err != nil {
					return err
				}
				if conflict.Observation == nil {
					return errors.New("the conflict comes without the present observation")
				}
				p, err := e.Target.Apply(ctx, e.applyRequest(50, conflict.Observation.Fingerprint))
				return accepted("the change with the present fingerprint", p, err)
			}},
		{"fingerprint/race", "two drivers that decide at once would both win", conditional, false, race},
	}
}

func fingerprintChanges(ctx context.Context, e *Env) error {
	if err := e.onlyA(ctx); err != nil {
		return err
	}
	seen := map[string]string{}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"at first", func() error { return nil }},
		{"after prepare", func() error { return e.prepare(ctx, e.B) }},
		{"at weight 25", func() error { return e.apply(ctx, 25, 0) }},
		{"at weight 100", func() error { return e.apply(ctx, 100, 0) }},
		{"after complete", func() error { return e.do(ctx, "complete", e.Target.Complete) }},
	} {
		if err := step.do(); err != nil {
			return err
		}
		o, err := e.observe(ctx)
		if err != nil {
			return err
		}
		if o.Fingerprint == "" {
			return fmt.Errorf("there is no fingerprint %s", step.what)
		}
		if other, ok := seen[o.Fingerprint]; ok {
			return fmt.Errorf("the fingerprint %s is the one %s", step.what, other)
		}
		seen[o.Fingerprint] = step.what
		again, err := e.observe(ctx)
		if err != nil {
			return err
		}
		if again.Fingerprint != o.Fingerprint {
			return fmt.Errorf("the fingerprint %s changes without a change", step.what)
		}
	}
	return nil
}

func race(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 0); err != nil {
		return err
	}
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	const drivers = 8
	errs := make([]error, drivers)
	var all sync.WaitGroup
	for i := range drivers {
		req := e.applyRequest(float64(10+i), o.Fingerprint)
		all.Go(func() { _, errs[i] = e.Target.Apply(ctx, req) })
	}
	all.Wait()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			return errors.New("two changes with the same expected fingerprint were both accepted")
		case err == nil:
			winner = i
		case target.CodeOf(err) != target.CodeConflict:
			return fmt.Errorf("the loser of a race got %s (%w); it must be conflict", target.CodeOf(err), err)
		}
	}
	if winner < 0 {
		return errors.New("of several changes with the present fingerprint none was accepted")
	}
	return e.serves(ctx, e.A, e.B, float64(10+winner))
}
