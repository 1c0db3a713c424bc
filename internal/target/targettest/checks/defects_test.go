package checks_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

type defect struct {
	caught []string
	wrap   func(*sim.Target, *clock.Fake) target.Target
}

// like makes a defect from what is broken.
func like(how func(*broken), caught ...string) defect {
	return defect{caught, func(s *sim.Target, _ *clock.Fake) target.Target {
		b := &broken{Target: s}
		how(b)
		return b
	}}
}

var errNotThere = &target.Error{Code: target.CodeNotFound, Message: "nothing is here"}

func defects() map[string]defect {
	var keys atomic.Int64
	noKeys := func(r target.WriteRequest) target.WriteRequest {
		r.Key = fmt.Sprintf("fresh-%d", keys.Add(1))
		return r
	}
	return map[string]defect{
		"it ignores fences": like(func(b *broken) {
			b.write = func(r target.WriteRequest) target.WriteRequest { r.Fence = 1 << 40; return r }
		}, "fence/stale"),
		"it ignores keys": like(func(b *broken) { b.write = noKeys }, "apply/late copy", "input/malformed"),
		"it ignores fingerprints": like(func(b *broken) {
			b.apply = func(r target.ApplyRequest) target.ApplyRequest { r.ExpectedFingerprint = ""; return r }
		}, "fingerprint/expected", "fingerprint/race", "switch/fires"),
		"its fingerprint never changes": like(func(b *broken) {
			b.observe = func(o target.Observation) target.Observation { o.Fingerprint = "same"; return o }
		}, "fingerprint/changes"),
		"it has no fingerprint": like(func(b *broken) {
			b.observe = func(o target.Observation) target.Observation { o.Fingerprint = ""; return o }
		}, "fingerprint/changes"),
		"its conflicts say nothing": like(func(b *broken) {
			b.failed = func(err error) error {
				var te *target.Error
				if errors.As(err, &te) {
					return &target.Error{Code: te.Code, Message: te.Message}
				}
				return err
			}
		}, "fingerprint/expected"),
		"it completes at any weight": like(func(b *broken) {
			b.complete = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				_, err := b.Target.Apply(ctx, target.ApplyRequest{WriteRequest: target.WriteRequest{Key: r.Key + "x", Fence: r.Fence}, Traffic: target.TrafficState{Weight: 100}})
				if err != nil {
					return target.Progress{}, err
				}
				return b.Target.Complete(ctx, r)
			}
		}, "complete/below 100"),
		"it cannot complete twice": like(func(b *broken) {
			b.complete = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				if o, _ := b.Target.Observe(ctx); o.Canary == nil {
					return target.Progress{}, errNotThere
				}
				return b.Target.Complete(ctx, r)
			}
		}, "complete/promotes"),
		"it does nothing on revert": like(func(b *broken) {
			b.revert = func(ctx context.Context, _ target.WriteRequest) (target.Progress, error) {
				o, err := b.Target.Observe(ctx)
				return target.Progress{Done: true, Observation: o}, err
			}
		}, "revert/at once", "empty/revert"),
		"it reverts and leaves the switch armed": like(func(b *broken) {
			b.revert = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				return b.Target.Apply(ctx, target.ApplyRequest{WriteRequest: r})
			}
		}, "switch/disarmed"),
		"it fails to revert nothing": like(func(b *broken) {
			b.revert = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				if o, _ := b.Target.Observe(ctx); o.Canary == nil {
					return target.Progress{}, errNotThere
				}
				return b.Target.Revert(ctx, r)
			}
		}, "empty/verbs", "revert/nothing to do"),
		"it finalizes with traffic": like(func(b *broken) {
			b.finalize = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				_, err := b.Target.Revert(ctx, target.WriteRequest{Key: r.Key + "x", Fence: r.Fence})
				if err != nil {
					return target.Progress{}, err
				}
				return b.Target.Finalize(ctx, r)
			}
		}, "finalize/with traffic"),
		"it leaves what finalize should remove": like(func(b *broken) {
			b.finalize = func(ctx context.Context, _ target.WriteRequest) (target.Progress, error) {
				o, err := b.Target.Observe(ctx)
				return target.Progress{Done: true, Observation: o}, err
			}
		}, "finalize/after revert"),
		"it never arms the switch": like(func(b *broken) {
			b.apply = func(r target.ApplyRequest) target.ApplyRequest { r.RevertAfter = 0; return r }
		}, "switch/fires", "switch/renews", "switch/stays armed"),
		"it hides that the switch has fired": like(func(b *broken) {
			b.observe = func(o target.Observation) target.Observation { o.Reverted = false; return o }
		}, "switch/fires"),
		"it forgets the configuration": like(func(b *broken) {
			b.prepare = func(ctx context.Context, r target.PrepareRequest) (target.Progress, error) {
				r.Payload.ConfigurationDigest = ""
				return b.Target.Prepare(ctx, r)
			}
		}, "prepare/replace"),
		"it takes any artifact for another": like(func(b *broken) {
			b.prepare = func(ctx context.Context, r target.PrepareRequest) (target.Progress, error) {
				r.Payload.Artifact = payload("1.1.0", "b").Artifact
				return b.Target.Prepare(ctx, r)
			}
		}, "prepare/unknown artifact", "empty/first release"),
		"it gives the canary traffic at once": like(func(b *broken) {
			b.prepare = func(ctx context.Context, r target.PrepareRequest) (target.Progress, error) {
				p, err := b.Target.Prepare(ctx, r)
				if o := p.Observation; err == nil && o.Baseline != nil {
					err = b.Hand(artifact.Payload{}, 10)
				}
				return p, err
			}
		}, "prepare/weight 0"),
		"it halves the weight": like(func(b *broken) {
			b.apply = func(r target.ApplyRequest) target.ApplyRequest { r.Traffic.Weight /= 2; return r }
		}, "apply/weights"),
		"it drops what it cannot do": like(func(b *broken) {
			b.apply = func(r target.ApplyRequest) target.ApplyRequest {
				r.Traffic = target.TrafficState{Weight: r.Traffic.Weight}
				return r
			}
		}, "input/unsupported", "cohort/told", "mirror/told", "batch/told"),
		"it keeps the cohort when a rollout ends": like(func(b *broken) {
			b.revert = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				o, err := b.Target.Observe(ctx)
				if err != nil || o.Traffic == nil || o.Traffic.Batch != nil {
					return b.Target.Revert(ctx, r)
				}
				kept := *o.Traffic
				kept.Weight = 0
				return b.Target.Apply(ctx, target.ApplyRequest{WriteRequest: r, Traffic: kept})
			}
		}, "cohort/ends", "mirror/ends"),
		"it hides what else is set": like(func(b *broken) {
			b.observe = func(o target.Observation) target.Observation { o.Traffic = nil; return o }
		}, "cohort/told", "mirror/told", "batch/told"),
		"it finalizes with a cohort": like(func(b *broken) {
			b.finalize = func(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
				if o, _ := b.Target.Observe(ctx); o.Traffic != nil {
					_, _ = b.Target.Apply(ctx, target.ApplyRequest{WriteRequest: target.WriteRequest{Key: r.Key + "x", Fence: r.Fence}})
				}
				return b.Target.Finalize(ctx, r)
			}
		}, "cohort/cleaning up", "batch/cleaning up"),
		"it repairs what is malformed": like(func(b *broken) {
			b.apply = func(r target.ApplyRequest) target.ApplyRequest {
				if r.Traffic.Cohort != nil && len(r.Traffic.Cohort.Validate()) > 0 {
					r.Traffic.Cohort = nil
				}
				r.Traffic.Mirror = min(max(r.Traffic.Mirror, 0), 100)
				return r
			}
		}, "cohort/malformed", "mirror/malformed"),
		"its batches leave the weight alone": like(func(b *broken) {
			b.observe = func(o target.Observation) target.Observation {
				if o.Traffic != nil && o.Traffic.Batch != nil && o.Canary.Weight > 0 {
					told, arm, rest := *o.Traffic, *o.Canary, *o.Baseline
					told.Weight, arm.Weight, rest.Weight = 0, 0, 100
					o.Traffic, o.Canary, o.Baseline = &told, &arm, &rest
				}
				return o
			}
		}, "batch/told"),
		"it clamps weights": like(func(b *broken) {
			b.apply = func(r target.ApplyRequest) target.ApplyRequest {
				r.Traffic.Weight = min(max(r.Traffic.Weight, 0), 100)
				return r
			}
		}, "input/malformed"),
		"it fails where nothing runs": like(func(b *broken) {
			b.observe = func(o target.Observation) target.Observation {
				o.Known = o.Baseline != nil || o.Canary != nil
				return o
			}
		}, "empty/observe"),
		"it acts after its context has ended": {[]string{"context/ended"}, func(s *sim.Target, _ *clock.Fake) target.Target { return &deaf{s} }},
		"its driver panics":                   {[]string{"apply/weights"}, func(s *sim.Target, _ *clock.Fake) target.Target { return &panics{s} }},
	}
}

// deaf does not look at its context.
type deaf struct{ *sim.Target }

func (d *deaf) Apply(ctx context.Context, r target.ApplyRequest) (target.Progress, error) {
	return d.Target.Apply(context.WithoutCancel(ctx), r)
}

type panics struct{ *sim.Target }

func (*panics) Apply(context.Context, target.ApplyRequest) (target.Progress, error) {
	panic("nil map")
}
