package ecs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// rollout is the id that changes of these tests carry.
const rollout = "checkout/production/1@1772442000000000"

func write(key string) target.WriteRequest {
	return target.WriteRequest{Key: key, Fence: 1, Rollout: rollout}
}

func weights(revertAfter time.Duration, weights ...float64) target.Plan {
	plan := target.Plan{RevertAfter: revertAfter}
	for _, w := range weights {
		plan.Steps = append(plan.Steps, target.PlanStep{Traffic: target.TrafficState{Weight: w}})
	}
	return plan
}

var tenth = weights(5*time.Minute, 10, 100)

// repeat asks until it is done, as the engine does, and passes over lost replies.
func repeat(t *testing.T, do func() (target.Progress, error)) (target.Progress, error) {
	t.Helper()
	for range 60 {
		p, err := do()
		if err != nil && !lost(err) {
			return p, err
		}
		if err == nil && p.Done {
			return p, nil
		}
	}
	t.Fatal("it does not end")
	return target.Progress{}, nil
}

func lost(err error) bool {
	var te *target.Error
	return errors.As(err, &te) && te.Code == target.CodeUnavailable && te.MaybeDone
}

func prepare(t *testing.T, d *ecs.Target, plan target.Plan) error {
	t.Helper()
	_, err := repeat(t, func() (target.Progress, error) {
		return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: b, Plan: plan})
	})
	return err
}

func apply(t *testing.T, d *ecs.Target, weight float64) (target.Progress, error) {
	t.Helper()
	return repeat(t, func() (target.Progress, error) {
		return d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("apply"), Traffic: target.TrafficState{Weight: weight}, RevertAfter: 5 * time.Minute})
	})
}

func verb(t *testing.T, do func(*ecs.Target, target.WriteRequest) (target.Progress, error), d *ecs.Target) (target.Progress, error) {
	t.Helper()
	return repeat(t, func() (target.Progress, error) { return do(d, write("verb")) })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// once lets the first request of an operation fail so.
func once(operation string, f awstest.Fault) func(string) awstest.Fault {
	done := false
	return func(op string) awstest.Fault {
		if op != operation || done {
			return awstest.Fault{}
		}
		done = true
		return f
	}
}

// Whatever reply is lost, there is one task definition, one deployment and one word
// at each hook.
func TestALostReplyMakesNothingTwice(t *testing.T) {
	for _, operation := range []string{"RegisterTaskDefinition", "UpdateService", "ContinueServiceDeployment", "TagResource"} {
		t.Run(operation, func(t *testing.T) {
			clk := clock.NewFake(start)
			s := serve(t, clk)
			d := open(t, config(s), clk)
			s.Faults(once(operation, awstest.Fault{Lost: true}))
			must(t, prepare(t, d, tenth))
			for _, w := range []float64{10, 100} {
				_, err := apply(t, d, w)
				must(t, err)
			}
			_, err := verb(t, func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Complete(t.Context(), w) }, d)
			must(t, err)
			if diff := cmp.Diff([]string{"RegisterTaskDefinition", "UpdateService", "ContinueServiceDeployment", "ContinueServiceDeployment", "ContinueServiceDeployment", "ContinueServiceDeployment", "TagResource"}, s.Made()); diff != "" {
				t.Errorf("writes (-want +got):\n%s", diff)
			}
			if len(s.Deployments) != 2 || len(s.Tasks) != 2 {
				t.Errorf("%d deployments, %d task definitions", len(s.Deployments), len(s.Tasks))
			}
		})
	}
}

func revert(t *testing.T) func(*ecs.Target, target.WriteRequest) (target.Progress, error) {
	return func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Revert(t.Context(), w) }
}

// Wherever a deployment is, one call takes it back, and a lost reply to it does no harm.
func TestRevertFromAnywhere(t *testing.T) {
	for name, c := range map[string]struct {
		to   func(*testing.T, *ecstest.Server, *ecs.Target)
		made string
	}{
		"at a hook": {func(t *testing.T, _ *ecstest.Server, d *ecs.Target) {
			_, err := apply(t, d, 10)
			must(t, err)
		}, "ContinueServiceDeployment"},
		"pending": {func(_ *testing.T, s *ecstest.Server, _ *ecs.Target) {
			s.Change(func(e *ecstest.Service) {
				e.Slow = true
				e.Newest().Status = "PENDING"
				e.Newest().Hook = nil
			})
		}, "StopServiceDeployment"},
		"in mid-shift": {func(_ *testing.T, s *ecstest.Server, _ *ecs.Target) {
			s.Change(func(e *ecstest.Service) { e.Newest().Until("PRODUCTION_TRAFFIC_SHIFT") })
		}, "StopServiceDeployment"},
		"baking": {func(_ *testing.T, s *ecstest.Server, _ *ecs.Target) {
			s.Change(func(e *ecstest.Service) { e.Newest().Until("BAKE_TIME") })
		}, "StopServiceDeployment"},
		"ended by somebody": {func(t *testing.T, s *ecstest.Server, d *ecs.Target) {
			for range 4 {
				s.Change(func(e *ecstest.Service) { e.Newest().Say("CONTINUE") })
			}
		}, "UpdateService"},
	} {
		for _, lose := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				clk := clock.NewFake(start)
				s := serve(t, clk)
				d := open(t, config(s), clk)
				must(t, prepare(t, d, tenth))
				c.to(t, s, d)
				before := len(s.Made())
				if lose {
					s.Faults(once(c.made, awstest.Fault{Lost: true}))
				}
				p, err := verb(t, revert(t), d)
				must(t, err)
				if !p.Observation.Baseline.Payload.Same(old) || p.Observation.Exposed() {
					t.Errorf("after the revert: %+v", p.Observation)
				}
				if diff := cmp.Diff([]string{c.made}, s.Made()[before:]); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
				p, err = verb(t, func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Finalize(t.Context(), w) }, d)
				must(t, err)
				if o := p.Observation; o.Canary != nil || o.Reverted || !o.Baseline.Payload.Same(old) {
					t.Errorf("after the end: %+v", o)
				}
			})
		}
	}
}

// conflicting is a conflict that says this.
func conflicting(t *testing.T, err error, parts ...string) {
	t.Helper()
	var te *target.Error
	if !errors.As(err, &te) || te.Code != target.CodeConflict {
		t.Fatalf("no conflict: %v", err)
	}
	for _, part := range parts {
		if !strings.Contains(te.Message+" "+te.Remedy, part) {
			t.Errorf("%q is not in %q, %q", part, te.Message, te.Remedy)
		}
	}
}

// Somebody's second update supersedes ours without a word: no word is said to it, and
// it is not taken back.
func TestSomebodySupersedes(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	must(t, prepare(t, d, tenth))
	_, err := apply(t, d, 10)
	must(t, err)
	before := len(s.Made())
	s.Change(func(e *ecstest.Service) {
		e.Deploy(e.Register(map[string]any{"family": "checkout", "containerDefinitions": []any{map[string]any{"name": "app", "image": a.Reference}}}).ARN)
	})
	_, err = d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("100"), Traffic: target.TrafficState{Weight: 100}})
	conflicting(t, err, "somebody else's deployment of", "checkout:3", "IN_PROGRESS")
	_, err = verb(t, revert(t), d)
	conflicting(t, err, "somebody else's deployment of")
	if made := s.Made()[before:]; len(made) > 0 {
		t.Errorf("writes %q", made)
	}
	o, err := d.Observe(t.Context())
	if err != nil || o.Canary == nil || !o.Canary.Payload.Same(a) || o.Reverted {
		t.Errorf("%+v, %v", o, err)
	}
	// Once it has ended there is nothing of ours left to take back.
	for range 5 {
		s.Change(func(e *ecstest.Service) {
			if e.Newest().Hook != nil {
				e.Newest().Say("CONTINUE")
			}
		})
	}
	p, err := verb(t, revert(t), d)
	if err != nil || !p.Observation.Baseline.Payload.Same(a) {
		t.Errorf("%+v, %v", p.Observation, err)
	}
}

// Another rollout of ours has the newest deployment: this one says no word.
func TestAnotherRolloutHasTheDeployment(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	must(t, prepare(t, d, tenth))
	req := target.ApplyRequest{WriteRequest: write("apply"), Traffic: target.TrafficState{Weight: 10}}
	req.Rollout = "checkout/production/2@1772442000000001"
	_, err := d.Apply(t.Context(), req)
	conflicting(t, err, "of the rollout "+rollout+" and not of "+req.Rollout)
}

// A release that was pointed at another's service takes nothing of it back, whatever it
// is asked.
func TestAnotherReleasesCanaryIsLeftAlone(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	must(t, prepare(t, d, tenth))
	before := len(s.Made())
	w := write("theirs")
	w.Rollout = "billing/production/1@1"
	_, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: w, Payload: a, Plan: tenth})
	conflicting(t, err, "released by checkout/production and not by billing/production")
	for _, do := range []func() (target.Progress, error){
		func() (target.Progress, error) { return d.Revert(t.Context(), w) },
		func() (target.Progress, error) { return d.Finalize(t.Context(), w) },
	} {
		if p, err := do(); err != nil || !p.Done || !p.Observation.Canary.Payload.Same(b) {
			t.Errorf("%+v, %v", p, err)
		}
	}
	if made := s.Made()[before:]; len(made) > 0 {
		t.Errorf("writes %q", made)
	}
}

// A fingerprint of before is refused, and a weight that ECS does not come to next.
func TestStaleFingerprintsAndOtherWeights(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	must(t, prepare(t, d, tenth))
	o, err := d.Observe(t.Context())
	must(t, err)
	_, err = apply(t, d, 10)
	must(t, err)
	_, err = d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: target.TrafficState{Weight: 100}, ExpectedFingerprint: o.Fingerprint})
	conflicting(t, err, "the fingerprint is")
	for _, w := range []float64{25, 5, 0} {
		_, err = d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: target.TrafficState{Weight: w}})
		conflicting(t, err, "ECS goes from 10 % to 100 % next")
	}
}

// ECS shifts from what it believes. Where somebody else moved the rule, we do not let it.
func TestSomebodyMovesTheRule(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	move := func(blue, green int) {
		s.Change(func(e *ecstest.Service) { e.Weights[ecstest.Blue], e.Weights[ecstest.Green] = blue, green })
	}
	move(90, 10)
	if got, err := d.Preflight(t.Context(), b); err != nil || len(got) != 1 || !strings.Contains(got[0].What, "sends 90 % to the target group of what serves") {
		t.Errorf("%+v, %v", got, err)
	}
	conflicting(t, prepare(t, d, tenth), "sends 90 % to the target group of what serves", "does not look at them")
	if o, err := d.Observe(t.Context()); err != nil || o.Baseline.Weight != 90 {
		t.Errorf("%+v, %v", o.Baseline, err)
	}
	move(100, 0)
	must(t, prepare(t, d, tenth))
	_, err := apply(t, d, 10)
	must(t, err)
	before := len(s.Made())
	move(50, 50)
	o, err := d.Observe(t.Context())
	if err != nil || o.Canary.Weight != 50 {
		t.Errorf("%+v, %v", o.Canary, err)
	}
	_, err = d.Apply(t.Context(), target.ApplyRequest{WriteRequest: write("x"), Traffic: target.TrafficState{Weight: 100}})
	conflicting(t, err)
	if made := s.Made()[before:]; len(made) > 0 {
		t.Errorf("writes %q", made)
	}
}

// ECS could not go back: a person is needed, and is told what to do.
func TestRollbackFailed(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	must(t, prepare(t, d, tenth))
	_, err := apply(t, d, 10)
	must(t, err)
	s.Change(func(e *ecstest.Service) { e.RollbackFails = true })
	_, err = verb(t, revert(t), d)
	conflicting(t, err, "ROLLBACK_FAILED", "unable to place a task", "a person is needed", "aws ecs update-service --cluster production --service checkout --task-definition arn:aws:ecs:eu-central-1:123456789012:task-definition/checkout:1")
	if o, err := d.Observe(t.Context()); err != nil || o.Canary.Health != target.Unhealthy || o.Canary.Weight != 10 {
		t.Errorf("%+v, %v", o.Canary, err)
	}
	// The person does it, and nothing is left to do.
	s.Change(func(e *ecstest.Service) {
		e.RollbackFails, e.Config = false, map[string]any{"strategy": "BLUE_GREEN"}
		e.Deploy(e.Serving.Task)
	})
	p, err := verb(t, revert(t), d)
	if err != nil || p.Observation.Exposed() || !p.Observation.Baseline.Payload.Same(old) {
		t.Errorf("%+v, %v", p.Observation, err)
	}
}

// Throttles are waited out; when they do not end, nothing was changed and it is said.
func TestThrottles(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	throttled := awstest.Fault{Status: 400, Code: "ThrottlingException"}
	must(t, prepare(t, d, tenth))
	s.Faults(once("ContinueServiceDeployment", throttled))
	_, err := apply(t, d, 10)
	must(t, err)
	s.Faults(func(op string) awstest.Fault {
		if op == "ContinueServiceDeployment" {
			return throttled
		}
		return awstest.Fault{}
	})
	var te *target.Error
	if _, err := apply(t, d, 100); !errors.As(err, &te) || te.Code != target.CodeUnavailable || te.MaybeDone || !strings.Contains(te.Message, "ContinueServiceDeployment for the number of calls") {
		t.Fatalf("%v", err)
	}
}
