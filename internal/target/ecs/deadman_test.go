package ecs_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

type ledgerRecord = ledger.Record

// dying is an engine that dies once the condition holds.
func dying(l *mem.Ledger, clk clock.Clock, when func() bool) (*release.Engine, error) {
	e := drive(l, clk, "first")
	handle := l.Handle()
	e.Ledger = handle
	dead := errors.New("the process was killed")
	handle.Fault = func(string, mem.Phase) error {
		if when() {
			return dead
		}
		return nil
	}
	return e, dead
}

func exposed(s *ecstest.Server) func() bool {
	return func() (yes bool) {
		s.Change(func(e *ecstest.Service) { yes = e.Newest().Target.Weight == 10 })
		return yes
	}
}

// Nobody says to go on: ECS goes back when the hook's time is over, and whoever takes
// the rollout up finds that.
func TestTheHookGoesBackWhenNobodyDrives(t *testing.T) {
	clk := clock.NewAuto(start)
	s := serve(t, clk)
	book := mem.New(start)
	first, dead := dying(book, clk, exposed(s))
	if _, err := first.Ship(t.Context(), want(t, s, b, canary(10))); !errors.Is(err, dead) {
		t.Fatal(err)
	}
	o, err := open(t, config(s), clk).Observe(t.Context())
	if err != nil || o.RevertAfter <= 4*time.Minute || o.RevertAfter > 5*time.Minute || o.Reverted {
		t.Fatalf("armed with %s: %+v, %v", o.RevertAfter, o, err)
	}
	must(t, clk.Sleep(t.Context(), 6*time.Minute))
	o, err = open(t, config(s), clk).Observe(t.Context())
	if err != nil || !o.Reverted || o.RevertAfter != 0 || o.Canary.Weight != 0 {
		t.Fatalf("%+v, %v", o, err)
	}
	before := len(s.Made())
	_, err = drive(book, clk, "second").Ship(t.Context(), want(t, s, b, canary(10)))
	var failed *release.EndedError
	if !errors.As(err, &failed) {
		t.Fatalf("%v", err)
	}
	if made := s.Made()[before:]; len(made) != 1 || made[0] != "TagResource" {
		t.Errorf("writes %q", made)
	}
	if s.Weights[ecstest.Blue] != 100 {
		t.Errorf("weights %v", s.Weights)
	}
}

// irreversible is a rollout of which nothing may go back by itself, with an alarm.
func irreversible(t *testing.T, s *ecstest.Server, d strategy.Definition) release.ShipRequest {
	t.Helper()
	c := config(s)
	c.Alarms = []string{"checkout-errors"}
	req := wantOf(t, c, b, d)
	req.Spec.Irreversible = true
	return req
}

// Where going back is what must not happen by itself, nothing goes back by itself; and
// ECS, whose hooks go on then, is given no weight in between, unless the author lets it
// go on to 100 %.
func TestIrreversibleArmsNothing(t *testing.T) {
	clk := clock.NewAuto(start)
	s := serve(t, clk)
	d := canary(10)
	d.RevertAfter = field.Duration(time.Minute)
	for unattended, want := range map[float64]string{
		0:  "and max_unattended_weight is 0; allowed are",
		10: "no hook of ECS waits for longer than 336h: without a word ECS then goes on by itself, up to 100 %, and max_unattended_weight is 10; allowed are",
		99: "and max_unattended_weight is 99; allowed are",
	} {
		if d.MaxUnattendedWeight = nil; unattended > 0 {
			d.MaxUnattendedWeight = &unattended
		}
		if _, err := drive(mem.New(start), clk, "ci").Ship(t.Context(), irreversible(t, s, d)); err == nil || !strings.Contains(err.Error(), want) {
			t.Fatalf("%g: %v", unattended, err)
		}
	}
	all := 100.0
	d.MaxUnattendedWeight = &all
	first, dead := dying(mem.New(start), clk, exposed(s))
	if _, err := first.Ship(t.Context(), irreversible(t, s, d)); !errors.Is(err, dead) {
		t.Fatal(err)
	}
	s.Change(func(e *ecstest.Service) { e.Newest().Alarm("checkout-errors") })
	for days, weight := range map[int]float64{0: 10, 13: 10} {
		must(t, clk.Sleep(t.Context(), time.Duration(days)*24*time.Hour))
		o, err := open(t, config(s), clk).Observe(t.Context())
		if err != nil || o.RevertAfter != 0 || o.Reverted || o.Canary.Weight != weight || o.Canary.Health != target.Unhealthy {
			t.Fatalf("after %d days: %+v, %v", days, o, err)
		}
	}
}

// An irreversible rollout that moves all at once has sent nobody while nobody says so, for
// however long; and once it has moved, nothing goes back.
func TestIrreversibleAtOnceNeverMovesByItself(t *testing.T) {
	for weight, end := range map[float64]string{0: "ROLLBACK_SUCCESSFUL 0", 100: "SUCCESSFUL 100"} {
		clk := clock.NewAuto(start)
		s := serve(t, clk)
		d := strategy.Definition{Name: "switch", Bake: field.Duration(time.Minute), BlueGreen: &strategy.BlueGreen{}}
		stage := map[float64]string{0: "PRE_PRODUCTION_TRAFFIC_SHIFT", 100: "POST_PRODUCTION_TRAFFIC_SHIFT"}[weight]
		first, dead := dying(mem.New(start), clk, func() (yes bool) {
			s.Change(func(e *ecstest.Service) { n := e.Newest(); yes = n.Stage == stage && n.Target.Weight == weight })
			return yes
		})
		if _, err := first.Ship(t.Context(), irreversible(t, s, d)); !errors.Is(err, dead) {
			t.Fatal(err)
		}
		must(t, clk.Sleep(t.Context(), 15*24*time.Hour))
		if _, err := open(t, config(s), clk).Observe(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Change(func(e *ecstest.Service) {
			if got := fmt.Sprintf("%s %d", e.Newest().Status, e.Weights[ecstest.Green]); got != end {
				t.Errorf("who died at %g %% finds %s, want %s", weight, got, end)
			}
		})
	}
}

// An alarm at which ECS goes back is harm, and condemns the artifact.
func TestAnAlarmIsHarm(t *testing.T) {
	clk := clock.NewAuto(start)
	s := serve(t, clk)
	c := config(s)
	c.Alarms = []string{"checkout-errors"}
	fired := false
	s.After(func(operation string) {
		if operation == "DescribeServices" && !fired && exposed(s)() {
			fired = true
			s.Change(func(e *ecstest.Service) { e.Newest().Alarm("checkout-errors") })
		}
	})
	book := mem.New(start)
	_, err := drive(book, clk, "ci").Ship(t.Context(), wantOf(t, c, b, canary(10)))
	var failed *release.EndedError
	if !errors.As(err, &failed) || !strings.Contains(err.Error(), "unhealthy") {
		t.Fatalf("%v", err)
	}
	records, err := book.Handle().Read(t.Context(), key.Stream(), 1)
	must(t, err)
	if i := slices.IndexFunc(records, func(r ledgerRecord) bool { return r.Kind == "rollout.reverting" }); i < 0 || !strings.Contains(string(records[i].Body), `"quarantine":true`) {
		t.Errorf("the artifact is not condemned: %s", records[max(i, 0)].Body)
	}
	if s.Weights[ecstest.Blue] != 100 || s.Serving.Task != s.Deployments[0].Target.Task {
		t.Errorf("weights %v", s.Weights)
	}
}

// ECS could not go back: the rollout is in rollback_failed, which notifications bring
// to a person, and ends when the person has put it right.
func TestTheEngineCallsAPersonWhenARollbackFailed(t *testing.T) {
	clk := clock.NewAuto(start)
	s := serve(t, clk)
	s.RollbackFails = true
	s.Broken = []string{b.Reference}
	book := mem.New(start)
	ctx, cancel := t.Context(), func() {}
	defer cancel()
	seen := 0
	s.After(func(operation string) {
		if operation != "ListServiceDeployments" {
			return
		}
		s.Change(func(e *ecstest.Service) {
			if e.Newest().Status != "ROLLBACK_FAILED" {
				return
			}
			if seen++; seen == 8 {
				e.RollbackFails = false
				e.Config = map[string]any{"strategy": "BLUE_GREEN"}
				e.Deploy(e.Serving.Task)
			}
		})
	})
	_, err := drive(book, clk, "ci").Ship(ctx, want(t, s, b, canary(10)))
	if err == nil {
		t.Fatal("it was released")
	}
	records, err := book.Handle().Read(t.Context(), key.Stream(), 1)
	must(t, err)
	var kinds []string
	for _, r := range records {
		kinds = append(kinds, r.Kind)
	}
	if text := strings.Join(kinds, " "); !strings.Contains(text, "rollout.rollback_failed") {
		t.Errorf("records %s", text)
	}
}

// One target group, or none: ECS replaces the tasks, and going back is a deployment.
func TestRollingGoesForthAndBack(t *testing.T) {
	for _, harm := range []bool{false, true} {
		clk := clock.NewAuto(start)
		s := serve(t, clk)
		s.Balancers = []any{}
		d := strategy.Definition{Name: "at once", Bake: field.Duration(time.Minute), RevertAfter: field.Duration(5 * time.Minute), AllAtOnce: &strategy.AllAtOnce{}}
		e := drive(mem.New(start), clk, "ci")
		if harm {
			s.After(func(operation string) {
				if operation == "DescribeServices" {
					s.Change(func(e *ecstest.Service) {
						if n := e.Newest(); n.Status == "SUCCESSFUL" && len(e.Deployments) == 2 {
							n.Breaker = true
						}
					})
				}
			})
		}
		_, err := e.Ship(t.Context(), want(t, s, b, d))
		if (err != nil) != harm {
			t.Fatalf("harm %t: %v", harm, err)
		}
		serves := s.Tasks[s.Serving.Task].Image()
		if harm && serves != old.Reference || !harm && serves != b.Reference {
			t.Errorf("harm %t: %s serves", harm, serves)
		}
	}
}
