package checks

import (
	"context"
	"fmt"
	"math"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func writeChecks() []Check {
	weights := []string{"weights"}
	return []Check{
		{"complete/below 100", "the old artifact would go while users still need it", weights, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 50); err != nil {
					return err
				}
				return e.refused(ctx, "complete at weight 50", target.CodeConflict, func() error { return e.do(ctx, "complete", e.Target.Complete) })
			}},
		{"complete/promotes", "a rollout would never end", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 100); err != nil {
					return err
				}
				for range 2 {
					if err := e.do(ctx, "complete", e.Target.Complete); err != nil {
						return err
					}
					if err := e.serves(ctx, e.B, none, 0); err != nil {
						return err
					}
				}
				if err := e.do(ctx, "revert", e.Target.Revert); err != nil {
					return err
				}
				if err := e.do(ctx, "finalize", e.Target.Finalize); err != nil {
					return err
				}
				return e.serves(ctx, e.B, none, 0)
			}},
		{"complete/there and back", "a rollback after a completion would not work", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 100); err != nil {
					return err
				}
				if err := e.do(ctx, "complete", e.Target.Complete); err != nil {
					return err
				}
				if err := e.release(ctx, e.A); err != nil {
					return err
				}
				return e.serves(ctx, e.A, none, 0)
			}},
		{"revert/at once", "users would go on being hurt", nil, false, revert},
		{"revert/nothing to do", "a revert is asserted again and again, and must not fail", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.onlyA(ctx); err != nil {
					return err
				}
				return e.unchanged(ctx, "a revert without a canary", func() error { return e.do(ctx, "revert", e.Target.Revert) })
			}},
		{"finalize/with traffic", "users would be sent to an arm that is gone", weights, false,
			func(ctx context.Context, e *Env) error {
				for _, weight := range []float64{10, 100} {
					if err := e.canary(ctx, weight); err != nil {
						return err
					}
					if err := e.refused(ctx, fmt.Sprintf("finalize at weight %g", weight), target.CodeConflict,
						func() error { return e.do(ctx, "finalize", e.Target.Finalize) }); err != nil {
						return err
					}
				}
				return nil
			}},
		{"finalize/after revert", "what failed would stay and cost", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 100); err != nil {
					return err
				}
				if err := e.do(ctx, "revert", e.Target.Revert); err != nil {
					return err
				}
				for range 2 {
					if err := e.do(ctx, "finalize", e.Target.Finalize); err != nil {
						return err
					}
					if err := e.serves(ctx, e.A, none, 0); err != nil {
						return err
					}
				}
				return nil
			}},
		{"fence/stale", "a driver that came back from the dead would act", []string{"conditional_write"}, false, staleFence},
	}
}

func revert(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 100); err != nil {
		return err
	}
	for range 2 {
		p, err := e.Target.Revert(ctx, e.write())
		if err := accepted("revert", p, err); err != nil {
			return err
		}
		if c := p.Observation.Canary; c != nil && c.Weight != 0 {
			return fmt.Errorf("the answer to revert shows the canary at weight %g", c.Weight)
		}
		if err := e.serves(ctx, e.A, e.B, 0); err != nil {
			return err
		}
	}
	return nil
}

func staleFence(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 100); err != nil {
		return err
	}
	o, err := e.observe(ctx)
	if err != nil {
		return err
	}
	if o.Fence != e.fence {
		return fmt.Errorf("the observation has fence %d; the greatest seen is %d", o.Fence, e.fence)
	}
	stale := func() target.WriteRequest {
		w := e.write()
		w.Fence--
		return w
	}
	for _, verb := range []struct {
		name string
		call func() error
	}{
		{"prepare", func() error {
			_, err := e.Target.Prepare(ctx, target.PrepareRequest{WriteRequest: stale(), Payload: e.B})
			return err
		}},
		{"apply", func() error {
			_, err := e.Target.Apply(ctx, target.ApplyRequest{WriteRequest: stale(), Traffic: target.TrafficState{Weight: 10}})
			return err
		}},
		{"complete", func() error { _, err := e.Target.Complete(ctx, stale()); return err }},
		{"revert", func() error { _, err := e.Target.Revert(ctx, stale()); return err }},
		{"finalize", func() error { _, err := e.Target.Finalize(ctx, stale()); return err }},
	} {
		if err := e.refused(ctx, verb.name+" with a stale fence", target.CodeStaleFence, verb.call); err != nil {
			return err
		}
	}
	return e.do(ctx, "revert with the greatest fence", e.Target.Revert)
}

func inputChecks() []Check {
	return []Check{
		{"input/malformed", "a mistake of a driver would reach users", []string{"weights"}, false, malformed},
		{"input/unsupported", "a strategy would seem to work and do nothing", nil, false, unsupported},
		{"context/ended", "a driver that gave up would act afterwards", nil, false,
			func(ctx context.Context, e *Env) error {
				if err := e.canary(ctx, 0); err != nil {
					return err
				}
				ended, cancel := context.WithCancel(ctx)
				cancel()
				return e.unchanged(ctx, "a call with an ended context", func() error {
					if _, err := e.Target.Apply(ended, e.applyRequest(25, "")); err == nil {
						return fmt.Errorf("a call with an ended context was answered without an error")
					}
					return nil
				})
			}},
	}
}

func malformed(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 25); err != nil {
		return err
	}
	apply := func(req target.ApplyRequest) func() error {
		return func() error { _, err := e.Target.Apply(ctx, req); return err }
	}
	negative := e.applyRequest(25, "")
	negative.RevertAfter = -1e9
	noKey := e.applyRequest(30, "")
	noKey.Key = ""
	tag := artifact.Payload{Artifact: artifact.Artifact{Version: "tag", Reference: "registry.example/checkout:latest"}}
	for _, c := range []struct {
		name string
		call func() error
	}{
		{"weight -1", apply(e.applyRequest(-1, ""))},
		{"weight 101", apply(e.applyRequest(101, ""))},
		{"a weight that is not a number", apply(e.applyRequest(math.NaN(), ""))},
		{"a negative revert_after", apply(negative)},
		{"a change without a key", apply(noKey)},
		{"a reference without a digest", func() error {
			_, err := e.Target.Prepare(ctx, target.PrepareRequest{WriteRequest: e.write(), Payload: tag})
			return err
		}},
	} {
		if err := e.refused(ctx, c.name, target.CodeInvalid, c.call); err != nil {
			return err
		}
	}
	return nil
}

func unsupported(ctx context.Context, e *Env) error {
	if err := e.canary(ctx, 0); err != nil {
		return err
	}
	for _, c := range []struct {
		name  string
		has   bool
		state target.TrafficState
	}{
		{"cohorts", e.caps.Cohorts, target.TrafficState{Cohort: &target.Cohort{Header: "X-Beta", Value: "1"}}},
		{"mirror", e.caps.Mirror, target.TrafficState{Mirror: 10}},
		{"batches", e.caps.Batches, target.TrafficState{Batch: &target.Batch{Share: 50, MinHealthy: 50}}},
	} {
		if c.has {
			continue
		}
		err := e.refused(ctx, c.name+" without the capability", target.CodeUnsupported, func() error {
			_, err := e.Target.Apply(ctx, target.ApplyRequest{WriteRequest: e.write(), Traffic: c.state})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
