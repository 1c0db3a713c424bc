package ecs_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// live follows what the rule sends to the new tasks, after each word of ours.
func live(s *ecstest.Server) *[]string {
	var seen []string
	s.After(func(operation string) {
		if operation == "ContinueServiceDeployment" {
			s.Change(func(e *ecstest.Service) {
				d := e.Newest()
				seen = append(seen, fmt.Sprintf("%s %s %g", d.Status, d.Stage, d.Target.Weight))
			})
		}
	})
	return &seen
}

// Each strategy of ours that ECS can walk: the engine says the word at each hook, and
// the target groups change places.
func TestTheEngineReleasesStepByStep(t *testing.T) {
	minute := field.Duration(time.Minute)
	for name, c := range map[string]struct {
		strategy strategy.Definition
		words    []string
	}{
		"canary": {canary(10), []string{
			"IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 0", "IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 10", "IN_PROGRESS POST_PRODUCTION_TRAFFIC_SHIFT 100", "SUCCESSFUL CLEAN_UP 100"}},
		"linear": {strategy.Definition{Name: "even", Bake: minute, RevertAfter: 5 * minute, Linear: &strategy.Linear{StepWeight: 25, AtLeast: minute}}, []string{
			"IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 0", "IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 25", "IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 50", "IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 75", "IN_PROGRESS POST_PRODUCTION_TRAFFIC_SHIFT 100", "SUCCESSFUL CLEAN_UP 100"}},
		"blue/green": {strategy.Definition{Name: "switch", Bake: minute, RevertAfter: 5 * minute, BlueGreen: &strategy.BlueGreen{Preview: &strategy.Waiting{Duration: minute}}}, []string{
			"IN_PROGRESS PRE_PRODUCTION_TRAFFIC_SHIFT 0", "IN_PROGRESS POST_PRODUCTION_TRAFFIC_SHIFT 100", "SUCCESSFUL CLEAN_UP 100"}},
	} {
		for _, slow := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s slow %t", name, slow), func(t *testing.T) {
				clk := clock.NewAuto(start)
				s := serve(t, clk)
				s.Slow = slow
				words := live(s)
				out, err := drive(mem.New(start), clk, "ci").Ship(t.Context(), want(t, s, b, c.strategy))
				if err != nil || out.Result != release.Shipped {
					t.Fatalf("result %s, error %v", out.Result, err)
				}
				if diff := cmp.Diff(c.words, *words); diff != "" && !slow {
					t.Errorf("after each word (-want +got):\n%s", diff)
				}
				made := append([]string{"RegisterTaskDefinition", "UpdateService"}, make([]string, len(c.words))...)
				for i := range c.words {
					made[i+2] = "ContinueServiceDeployment"
				}
				if diff := cmp.Diff(append(made, "TagResource"), s.Made()); diff != "" {
					t.Errorf("writes (-want +got):\n%s", diff)
				}
				if s.Serving.Group != ecstest.Green || s.Weights[ecstest.Green] != 100 || s.Weights[ecstest.Blue] != 0 {
					t.Errorf("the group %s serves with the weights %v", s.Serving.Group, s.Weights)
				}
				if tags := s.Tasks[s.Serving.Task].Tags; !strings.HasPrefix(tags["sluice:rollout"], "checkout/production/1@") || tags["sluice:version"] != "1.1.0" || tags["sluice:ended"] != "completed" {
					t.Errorf("the task definition has the tags %v", tags)
				}
			})
		}
	}
}
