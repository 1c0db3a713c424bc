package alb_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// The guide says what a look, a step and a rollback cost in calls: each route is a turn
// of its own, and listeners and rules are asked for separately.
func TestFigures(t *testing.T) {
	for _, c := range []struct {
		name   string
		routes []string
		// before is how many calls of a rollback come before its first change.
		look, step, back, before int
	}{
		{"one listener", []string{albtest.HTTPS}, 5, 8, 8, 2},
		{"two listeners", []string{albtest.HTTP, albtest.HTTPS}, 5, 16, 16, 2},
		{"a listener and a rule", []string{albtest.Rule, albtest.HTTPS}, 6, 20, 20, 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, config := serveECS(t, 3)
			config.Routes = c.routes
			d := open(t, config, clock.System{})
			prepare(t, d, b)
			steps(t, d, "5", 5)
			first := 0 // So many calls there had been when weights were changed first.
			s.After(func(operation string) {
				if first == 0 && strings.HasPrefix(operation, "Modify") {
					first = asked(s)
				}
			})
			for _, one := range []struct {
				what string
				want int
				do   func() error
			}{
				{"a look", c.look, func() error { _, err := d.Observe(t.Context()); return err }},
				{"a step", c.step, func() error { steps(t, d, "50", 50); return nil }},
				{"a step that is there", c.look, func() error { steps(t, d, "50", 50); return nil }},
				{"a rollback", c.back, func() error {
					first = 0
					_, err := again(func() (target.Progress, error) { return d.Revert(t.Context(), write("back")) })
					return err
				}},
			} {
				begun := asked(s)
				if err := one.do(); err != nil {
					t.Fatalf("%s: %v", one.what, err)
				}
				if got := asked(s) - begun; got != one.want {
					t.Errorf("%s takes %d calls, and the guide says %d", one.what, got, one.want)
				}
				if got := first - begun - 1; one.what == "a rollback" && got != c.before {
					t.Errorf("%d calls come before the change of a rollback, and the guide says %d", got, c.before)
				}
			}
		})
	}
}

// asked counts the requests so far.
func asked(s *albtest.Server) (n int) {
	s.Change(func(*albtest.World) {
		for _, c := range s.Calls {
			n += c
		}
	})
	return n
}

// A preflight of services asks for everything once, health by group and rights by change:
// a second answer about the same could differ from the first, and each counts against the
// account's limit.
func TestAPreflightAsksForNothingTwice(t *testing.T) {
	s, c := two(t)
	// By another name than that by which the services have it.
	c.ECS.TaskDefinition = "checkout:1"
	d := open(t, c, clock.System{})
	if obstacles, err := d.Preflight(t.Context(), b); err != nil || len(obstacles) > 0 {
		t.Fatalf("%+v, %v", obstacles, err)
	}
	once := map[string]int{}
	s.Change(func(*albtest.World) { maps.Copy(once, s.Calls) })
	want := map[string]int{
		"DescribeListeners": 1, "DescribeRules": 1, "DescribeTags": 1, "DescribeTargetGroups": 1, "DescribeTargetHealth": 2,
		"DescribeServices": 1, "DescribeScalableTargets": 1, "DescribeTaskDefinition": 1,
		// One for each change; who is asked about, once.
		"GetCallerIdentity": 1, "SimulatePrincipalPolicy": 8,
	}
	if diff := cmp.Diff(want, once); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
