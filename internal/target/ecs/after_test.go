package ecs_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// at is a canary at a weight, and an ECS that moves the rule while it carries a request
// out, or somebody else does.
func at(t *testing.T, weight float64) (*ecstest.Server, *ecs.Target) {
	t.Helper()
	clk := clock.NewFake(start)
	s := serve(t, clk)
	d := open(t, config(s), clk)
	must(t, prepare(t, d, tenth))
	for _, w := range []float64{10, 100} {
		if w <= weight {
			_, err := apply(t, d, w)
			must(t, err)
		}
	}
	return s, d
}

// during moves the rule when an operation has been carried out.
func during(s *ecstest.Server, operation string, blue, green int) {
	s.After(func(op string) {
		if op == operation {
			s.Change(func(e *ecstest.Service) { e.Weights[ecstest.Blue], e.Weights[ecstest.Green] = blue, green })
		}
	})
}

// ECS says that it has shifted, and the rule says otherwise: no step is done then, no
// further word is said, and whoever asks again is told.
func TestTheRuleIsLookedAtAfterAStep(t *testing.T) {
	s, d := at(t, 10)
	during(s, "ContinueServiceDeployment", 60, 40)
	before := len(s.Made())
	_, err := apply(t, d, 100)
	conflicting(t, err, "sends 40 % to the new artifact, and ECS asked for 100 %", "put the rule's weights right")
	if diff := cmp.Diff([]string{"ContinueServiceDeployment"}, s.Made()[before:]); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	if o, err := d.Observe(t.Context()); err != nil || o.Canary == nil || o.Canary.Weight != 40 {
		t.Errorf("%+v, %v", o.Canary, err)
	}
}

// The same of the last word: what is not alone was not completed.
func TestTheRuleIsLookedAtAfterACompletion(t *testing.T) {
	s, d := at(t, 100)
	during(s, "ContinueServiceDeployment", 30, 70)
	before := len(s.Made())
	_, err := verb(t, func(d *ecs.Target, w target.WriteRequest) (target.Progress, error) { return d.Complete(t.Context(), w) }, d)
	conflicting(t, err, "takes 70 % of the traffic and not all of it")
	if diff := cmp.Diff([]string{"ContinueServiceDeployment"}, s.Made()[before:]); diff != "" {
		t.Errorf("the rollout must not be written down as completed (-want +got):\n%s", diff)
	}
}

// A way back that ECS calls ended, while the rule still sends users to the new artifact,
// has not ended: a person is told of the rule, since ECS will do nothing more.
func TestTheRuleIsLookedAtAfterARevert(t *testing.T) {
	s, d := at(t, 10)
	during(s, "ContinueServiceDeployment", 75, 25)
	before := len(s.Made())
	_, err := verb(t, revert(t), d)
	conflicting(t, err, "sends 25 % to the new artifact, and ECS asked for 0 %", "a person")
	_, err = verb(t, revert(t), d)
	conflicting(t, err, "sends 25 %")
	if diff := cmp.Diff([]string{"ContinueServiceDeployment"}, s.Made()[before:]); diff != "" {
		t.Errorf("writes (-want +got):\n%s", diff)
	}
	s.Change(func(e *ecstest.Service) { e.Weights[ecstest.Blue], e.Weights[ecstest.Green] = 100, 0 })
	p, err := verb(t, revert(t), d)
	if err != nil || !p.Done || p.Observation.Exposed() {
		t.Errorf("once the rule is right: %+v, %v", p, err)
	}
}

// A completion of a deployment that somebody superseded says no word to theirs, and
// does not call ours completed.
func TestACompletionIsSuperseded(t *testing.T) {
	s, d := at(t, 100)
	s.Change(func(e *ecstest.Service) {
		e.Slow = true
		e.Deploy(e.Register(map[string]any{"family": "checkout", "containerDefinitions": []any{map[string]any{"name": "app", "image": a.Reference}}}).ARN)
	})
	before := len(s.Made())
	for range 4 {
		_, err := d.Complete(t.Context(), write("complete"))
		conflicting(t, err)
	}
	if made := s.Made()[before:]; len(made) > 0 {
		t.Errorf("writes %q", made)
	}
}

// While ECS removes the old tasks nothing can be stopped: the revert waits for the end of
// it, and then deploys what served before.
func TestARevertInCleanUp(t *testing.T) {
	s, d := at(t, 100)
	s.Change(func(e *ecstest.Service) { e.Newest().Until("CLEAN_UP") })
	for range 3 {
		if p, err := d.Revert(t.Context(), write("revert")); err != nil || p.Done {
			t.Fatalf("%+v, %v", p, err)
		}
	}
	s.Change(func(e *ecstest.Service) { e.Lasts = false })
	p, err := verb(t, revert(t), d)
	if err != nil || p.Observation.Exposed() || !p.Observation.Baseline.Payload.Same(old) || s.Weights[s.Serving.Group] != 100 {
		t.Errorf("%+v, %v, weights %v", p.Observation, err, s.Weights)
	}
}

// The circuit breaker takes back what may go back, and nothing of an irreversible rollout.
func TestTheCircuitBreaker(t *testing.T) {
	for name, irreversible := range map[string]bool{"rollback": false, "irreversible": true} {
		t.Run(name, func(t *testing.T) {
			clk := clock.NewFake(start)
			s := serve(t, clk)
			s.Broken = []string{b.Reference}
			plan := tenth
			plan.Irreversible = irreversible
			err := prepare(t, open(t, config(s), clk), plan)
			conflicting(t, err, "tasks failed to start")
			s.Change(func(e *ecstest.Service) {
				breaker, _ := e.Newest().Config["deploymentCircuitBreaker"].(map[string]any)
				want := map[bool]string{false: "ROLLBACK_SUCCESSFUL", true: "STOPPED"}[irreversible]
				if breaker["enable"] != true || breaker["rollback"] == irreversible || e.Newest().Status != want {
					t.Errorf("the circuit breaker is %v, and the deployment %s", breaker, e.Newest().Status)
				}
			})
		})
	}
}

// A service of CodeDeploy is never touched, whatever verb is called.
func TestAServiceOfCodeDeployIsNotTouched(t *testing.T) {
	clk := clock.NewFake(start)
	s := serve(t, clk)
	s.Controller = "CODE_DEPLOY"
	d := open(t, config(s), clk)
	w := write("theirs")
	for name, do := range map[string]func() (target.Progress, error){
		"prepare": func() (target.Progress, error) {
			return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: w, Payload: b, Plan: tenth})
		},
		"apply": func() (target.Progress, error) {
			return d.Apply(t.Context(), target.ApplyRequest{WriteRequest: w, Traffic: target.TrafficState{Weight: 100}})
		},
		"complete": func() (target.Progress, error) { return d.Complete(t.Context(), w) },
		"revert":   func() (target.Progress, error) { return d.Revert(t.Context(), w) },
		"finalize": func() (target.Progress, error) { return d.Finalize(t.Context(), w) },
	} {
		if p, err := do(); err == nil || p.Done || target.CodeOf(err) != target.CodeUnsupported {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if n := s.Asks(); n > 0 {
		t.Errorf("%d changes were asked for", n)
	}
}
