package checks_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
)

func payload(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "sim/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

// everything and weightsOnly are the two kinds of targets that the checks run
// against.
var (
	everything  = target.Capabilities{Weights: true, Cohorts: true, Mirror: true, Batches: true, RevertAfter: true, ConditionalWrite: true}
	weightsOnly = target.Capabilities{Weights: true, RevertAfter: true, ConditionalWrite: true}
)

// env is a simulated target, broken by wrap when that is not nil.
func env(wrap func(*sim.Target, *clock.Fake) target.Target) *checks.Env {
	return envOf(everything, wrap)
}

func envOf(can target.Capabilities, wrap func(*sim.Target, *clock.Fake) target.Target) *checks.Env {
	a, b := payload("1.0.0", "a"), payload("1.1.0", "b")
	clk := clock.NewAuto(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s := sim.New(sim.Options{Clock: clk, Capabilities: &can, Instances: 4, Exists: func(p artifact.Payload) bool { return p.Digest() == a.Digest() || p.Digest() == b.Digest() }})
	e := &checks.Env{A: a, B: b, Clock: clk, Target: s}
	if wrap != nil {
		e.Target = wrap(s, clk)
	}
	return e
}

// failures runs each check against a target of its own and names those that fail.
func failures(t *testing.T, wrap func(*sim.Target, *clock.Fake) target.Target) []string {
	t.Helper()
	var names []string
	for _, c := range checks.All() {
		for _, can := range []target.Capabilities{everything, weightsOnly} {
			if r := checks.RunOne(t.Context(), c, envOf(can, wrap)); r.Status == checks.Fail {
				names = append(names, r.Name)
			}
		}
	}
	return names
}

// broken is a target with one defect; what is nil is as it should be.
type broken struct {
	*sim.Target
	apply    func(target.ApplyRequest) target.ApplyRequest
	write    func(target.WriteRequest) target.WriteRequest
	observe  func(target.Observation) target.Observation
	prepare  func(context.Context, target.PrepareRequest) (target.Progress, error)
	complete func(context.Context, target.WriteRequest) (target.Progress, error)
	revert   func(context.Context, target.WriteRequest) (target.Progress, error)
	finalize func(context.Context, target.WriteRequest) (target.Progress, error)
	failed   func(error) error
}

func (b *broken) w(r target.WriteRequest) target.WriteRequest {
	if b.write != nil {
		return b.write(r)
	}
	return r
}

func (b *broken) Observe(ctx context.Context) (target.Observation, error) {
	o, err := b.Target.Observe(ctx)
	if b.observe != nil {
		o = b.observe(o)
	}
	return o, err
}

func (b *broken) Prepare(ctx context.Context, r target.PrepareRequest) (target.Progress, error) {
	if b.prepare != nil {
		return b.prepare(ctx, r)
	}
	r.WriteRequest = b.w(r.WriteRequest)
	return b.Target.Prepare(ctx, r)
}

func (b *broken) Apply(ctx context.Context, r target.ApplyRequest) (target.Progress, error) {
	if b.apply != nil {
		r = b.apply(r)
	}
	r.WriteRequest = b.w(r.WriteRequest)
	p, err := b.Target.Apply(ctx, r)
	if err != nil && b.failed != nil {
		err = b.failed(err)
	}
	return p, err
}

func (b *broken) Complete(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	if b.complete != nil {
		return b.complete(ctx, r)
	}
	return b.Target.Complete(ctx, b.w(r))
}

func (b *broken) Revert(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	if b.revert != nil {
		return b.revert(ctx, r)
	}
	return b.Target.Revert(ctx, b.w(r))
}

func (b *broken) Finalize(ctx context.Context, r target.WriteRequest) (target.Progress, error) {
	if b.finalize != nil {
		return b.finalize(ctx, r)
	}
	return b.Target.Finalize(ctx, b.w(r))
}

func TestAGoodTargetPassesEverything(t *testing.T) {
	if d := cmp.Diff([]string(nil), failures(t, nil)); d != "" {
		t.Error(d)
	}
}

// Each defect is caught by the check that is there for it.
func TestEachDefectIsCaught(t *testing.T) {
	for name, c := range defects() {
		t.Run(name, func(t *testing.T) {
			got := failures(t, c.wrap)
			for _, want := range c.caught {
				if !slices.Contains(got, want) {
					t.Errorf("the check %q passes; only %q fail", want, got)
				}
			}
		})
	}
}

func TestRunGoesOnFromWhatServes(t *testing.T) {
	e := env(nil)
	if err := e.Target.(*sim.Target).Hand(artifact.Payload{}, 0); err != nil {
		t.Fatal(err)
	}
	e.Target.(*sim.Target).Serve(payload("0.9.0", "9"))
	count := map[checks.Status]int{}
	results := checks.Run(t.Context(), e, func(r checks.Result) { count[r.Status]++ })
	if len(results) != len(checks.All()) || count[checks.Fail] > 0 || count[checks.NotApplicable] != 5 {
		t.Errorf("on a target that serves: %v of %d: %+v", count, len(results), results)
	}
}

func TestRunLeavesAServingAlone(t *testing.T) {
	e := env(nil)
	for _, r := range checks.Run(t.Context(), e, nil) {
		if r.Status != checks.Pass {
			t.Errorf("on a target where nothing has served: %+v", r)
		}
	}
	o, err := e.Target.Observe(t.Context())
	if err != nil || o.Baseline == nil || !o.Baseline.Payload.Same(e.A) || o.Canary != nil {
		t.Errorf("got %+v, %v", o, err)
	}
}

func TestRunOneRefusesPayloadsThatProveNothing(t *testing.T) {
	e := env(nil)
	e.B = e.A
	if r := checks.RunOne(t.Context(), checks.All()[0], e); r.Status != checks.Fail || !strings.Contains(r.Detail, "two different payloads") {
		t.Errorf("with the same payload twice: %+v", r)
	}
}

func TestACheckWithoutItsCapabilityIsNoPass(t *testing.T) {
	clk := clock.NewAuto(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	e := env(nil)
	e.Target = sim.New(sim.Options{Clock: clk, Capabilities: &target.Capabilities{Weights: true, Cohorts: true, Mirror: true, Batches: true}})
	for _, c := range checks.All() {
		if slices.Contains(c.Needs, "conditional_write") {
			if r := checks.RunOne(t.Context(), c, e); r.Status != checks.NotApplicable || !strings.Contains(r.Detail, "conditional_write") {
				t.Errorf("%s: %+v", c.Name, r)
			}
		}
	}
}

func TestNamesAreUniqueAndSayWhy(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range checks.All() {
		if seen[c.Name] || c.Why == "" || c.Run == nil {
			t.Errorf("the check %q is there twice, or says not why", c.Name)
		}
		seen[c.Name] = true
	}
}
