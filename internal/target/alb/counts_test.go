package alb_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
)

// With all that a rollout may move, services that are scaled behind a rule and a
// listener, each call makes one change.
func TestEachCallMakesOneChange(t *testing.T) {
	s, c := two(t)
	clk := clock.NewAuto(some)
	f := &targettest.Fixture{Target: &patient{targettest.Count(t, open(t, c, clk), counts(s))}, A: a, B: b, Clock: clk, Patience: 10 * time.Minute}
	for _, check := range checks.All() {
		if check.Name != "complete/there and back" && check.Name != "finalize/after revert" {
			continue
		}
		if r := checks.RunOne(bounded(t), check, f); r.Status != checks.Pass {
			t.Errorf("%s: %s %s", r.Name, r.Status, r.Detail)
		}
	}
}

// A revert goes on to the next route where one is refused, and makes at most one change
// all the same. That is the one exception: it asks once for each route.
func TestARevertAsksOnceForEachRoute(t *testing.T) {
	s, c := two(t)
	d := open(t, c, clock.System{})
	prepare(t, d, b)
	steps(t, d, "50", 50)
	for name, refused := range map[string]string{"the first": "ModifyRule", "both": "Modify"} {
		s.Faults(func(op string) awstest.Fault {
			if len(op) >= len(refused) && op[:len(refused)] == refused {
				return denied
			}
			return awstest.Fault{}
		})
		s.Change(func(w *albtest.World) { w.Routes[albtest.HTTPS].Actions = albtest.Forward(50, 50) })
		most := counts(s)
		most.Most = map[string]int{"Revert": len(c.Routes)}
		asked := s.Asks()
		_, err := targettest.Count(t, d, most).Revert(t.Context(), write("revert"))
		if (err != nil) != (name == "both") || s.Asks()-asked != 2 {
			t.Errorf("%s: %v, after %d writes", name, err, s.Asks()-asked)
		}
	}
}

// What drains is waited for before the groups forget the rollout, for each kind of what
// runs behind them: users are connected still.
func TestFinalizeWaitsForWhatDrains(t *testing.T) {
	for name, start := range map[string]func(*testing.T) (*albtest.Server, alb.Config, target.PrepareRequest){
		"services": func(t *testing.T) (*albtest.Server, alb.Config, target.PrepareRequest) {
			s, c := serveECS(t, 3)
			return s, c, target.PrepareRequest{Payload: b}
		},
		"groups": func(t *testing.T) (*albtest.Server, alb.Config, target.PrepareRequest) {
			s, c := serveGroups(t, 2)
			return s, c, target.PrepareRequest{Payload: template("8")}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c, req := start(t)
			s.Slow = 1 << 20 // Nothing drains by itself.
			d := open(t, c, clock.System{})
			s.After(func(string) {
				s.Change(func(w *albtest.World) { // All else is at once.
					for _, g := range w.Groups {
						for _, target := range g.Targets {
							if target.State == "initial" {
								target.State = "healthy"
							}
						}
					}
					if w.ECS != nil {
						for _, service := range w.ECS.Services {
							service.Looks = 0
						}
					}
					if w.Scaling != nil {
						for _, group := range w.Scaling.Groups {
							group.Looks = 0
						}
					}
				})
			})
			prepare(t, d, req.Payload)
			steps(t, d, "100", 100)
			if p, err := d.Complete(t.Context(), write("complete")); err != nil || !p.Done {
				t.Fatalf("%+v, %v", p, err)
			}
			for range 20 {
				if p, err := d.Finalize(t.Context(), write("finalize")); err != nil || p.Done || !p.Observation.Leftover {
					t.Fatalf("%d targets drain: %+v, %v", len(s.Groups[albtest.Blue].Targets), p, err)
				}
			}
			made := s.Made()
			if last := made[len(made)-1]; last == "AddTags" || len(s.Groups[albtest.Blue].Targets) == 0 {
				t.Errorf("the groups forgot it while %d targets drain: %q", len(s.Groups[albtest.Blue].Targets), made)
			}
			s.Change(func(w *albtest.World) { w.Groups[albtest.Blue].Targets = nil })
			if p, err := again(func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) }); err != nil || !p.Done {
				t.Errorf("%+v, %v", p, err)
			}
		})
	}
}

// What runs is copied, and not what the author or automatic scaling wishes for: more
// were not there a moment ago, and fewer would not carry the traffic.
func TestCapacityIsWhatRuns(t *testing.T) {
	for name, c := range map[string]struct{ desired, running int }{"tasks are missing": {5, 3}, "tasks still go": {2, 4}} {
		t.Run(name, func(t *testing.T) {
			s, config := serveECS(t, 3)
			s.Change(func(w *albtest.World) {
				blue := w.ECS.Services["checkout-blue"]
				blue.Desired, blue.Held = c.desired, &c.running
			})
			prepare(t, open(t, config, clock.System{}), b)
			if got := s.ECS.Services["checkout-green"].Desired; got != c.running {
				t.Errorf("%d tasks were asked for where %d run and %d are desired", got, c.running, c.desired)
			}
		})
	}
}

// Services of CodeDeploy are never touched, whatever verb is called.
func TestServicesOfCodeDeployAreNotTouched(t *testing.T) {
	s, c := serveECS(t, 2)
	s.ECS.Services["checkout-blue"].Controller = "CODE_DEPLOY"
	d := open(t, c, clock.System{})
	w := write("theirs")
	for name, do := range map[string]func() (target.Progress, error){
		"prepare": func() (target.Progress, error) {
			return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: w, Payload: b})
		},
		"apply":    func() (target.Progress, error) { return apply(t, d, "apply", 100) },
		"complete": func() (target.Progress, error) { return d.Complete(t.Context(), w) },
		"revert":   func() (target.Progress, error) { return d.Revert(t.Context(), w) },
		"finalize": func() (target.Progress, error) { return d.Finalize(t.Context(), w) },
	} {
		p, err := do()
		if name == "prepare" && (target.CodeOf(err) != target.CodeConflict || !strings.Contains(err.Error(), "owned by CodeDeploy")) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
	if n := s.Asks(); n > 0 {
		t.Errorf("%d changes were asked for", n)
	}
}
