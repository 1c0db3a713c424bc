package release_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

func share(v float64) *float64 { return &v }

// checkoutService is a declared service with something in each of its parts.
func checkoutService(change func(*release.Service)) release.Service {
	s := release.Service{
		Name: "checkout", Team: "payments", Criticality: "high", Labels: map[string]string{"pci": "yes"}, Dependencies: []string{"search"},
		Objectives: &release.Objectives{ErrorCeiling: share(0.005), Latency: &release.LatencyObjective{Share: 0.99, Within: field.Duration(300 * time.Millisecond)}},
	}
	change(&s)
	return s
}

func TestADeclaredServiceIsChecked(t *testing.T) {
	for name, tc := range map[string]struct {
		service    release.Service
		path, want string
	}{
		"right":              {checkoutService(func(*release.Service) {}), "", ""},
		"a name alone":       {release.Service{Name: "checkout"}, "", ""},
		"no name":            {checkoutService(func(s *release.Service) { s.Name = "" }), "name", "empty"},
		"a team of two":      {checkoutService(func(s *release.Service) { s.Team = "a/b" }), "team", "slash"},
		"a criticality":      {checkoutService(func(s *release.Service) { s.Criticality = "dire" }), "criticality", "low, medium, high or critical"},
		"itself":             {checkoutService(func(s *release.Service) { s.Dependencies = []string{"checkout"} }), "dependencies[0]", "the service itself"},
		"twice":              {checkoutService(func(s *release.Service) { s.Dependencies = []string{"a", "a"} }), "dependencies[1]", "there already"},
		"too many":           {checkoutService(func(s *release.Service) { s.Dependencies = make([]string, 1001) }), "dependencies", "at most 1000"},
		"a ceiling of 0":     {checkoutService(func(s *release.Service) { s.Objectives.ErrorCeiling = share(0) }), "objectives.error_ceiling", "above 0 %"},
		"a ceiling of all":   {checkoutService(func(s *release.Service) { s.Objectives.ErrorCeiling = share(1) }), "objectives.error_ceiling", "below 100 %"},
		"a share of all":     {checkoutService(func(s *release.Service) { s.Objectives.Latency.Share = 1 }), "objectives.latency.share", "below 100 %"},
		"no time":            {checkoutService(func(s *release.Service) { s.Objectives.Latency.Within = 0 }), "objectives.latency.within", "above 0s"},
		"a time of two days": {checkoutService(func(s *release.Service) { s.Objectives.Latency.Within = field.Duration(48 * time.Hour) }), "objectives.latency.within", "at most 24h"},
	} {
		t.Run(name, func(t *testing.T) {
			errs := tc.service.Validate()
			if tc.want == "" {
				if len(errs) > 0 {
					t.Error(errs)
				}
				return
			}
			if len(errs) != 1 || errs[0].Path != tc.path || !strings.Contains(errs[0].Msg, tc.want) {
				t.Errorf("%v; want one on %s that says %q", errs, tc.path, tc.want)
			}
		})
	}
}

func TestWhoOwnsTheServiceIsWhatTheGatesAreAsked(t *testing.T) {
	spec := release.Spec{Service: "checkout", Environment: release.Environment{Name: "production", Tier: "production", Labels: map[string]string{"zone": "a"}}}
	want := gate.Subject{Service: "checkout", Environment: "production", Tier: "production", Labels: map[string]string{"zone": "a"}}
	if diff := cmp.Diff(want, spec.Subject()); diff != "" {
		t.Errorf("without a definition (-want +got):\n%s", diff)
	}
	d := checkoutService(func(s *release.Service) { s.ExternalDependencies = []string{"psp"} })
	spec.Definition = &d
	want.Dependencies, want.ExternalDependencies = []string{"search"}, []string{"psp"}
	want.Team, want.Labels = "payments", map[string]string{"zone": "a", "pci": "yes"}
	if diff := cmp.Diff(want, spec.Subject()); diff != "" {
		t.Errorf("with one (-want +got):\n%s", diff)
	}
	if len(spec.Environment.Labels) != 1 {
		t.Errorf("the environment's labels became %v", spec.Environment.Labels)
	}
}

func TestADefinitionFitsItsRelease(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*release.Spec)
		want   string
	}{
		"right":               {func(*release.Spec) {}, ""},
		"the same label":      {func(s *release.Spec) { s.Environment.Labels = map[string]string{"pci": "yes"} }, ""},
		"another service":     {func(s *release.Spec) { s.Service = "search" }, `the definition is of the service "checkout" and the release of "search"`},
		"a label of two ways": {func(s *release.Spec) { s.Environment.Labels = map[string]string{"pci": "no"} }, `the label "pci" is "yes" of the service and "no" of the environment`},
	} {
		t.Run(name, func(t *testing.T) {
			spec := worldSpec(good)
			d := checkoutService(func(s *release.Service) { s.Name = spec.Service })
			d.Name = "checkout"
			spec.Service, spec.Definition = "checkout", &d
			tc.change(&spec)
			errs := spec.Validate()
			switch {
			case tc.want == "" && len(errs) > 0:
				t.Error(errs)
			case tc.want != "" && (len(errs) != 1 || errs[0].Path != "service_definition" || !strings.Contains(errs[0].Msg, tc.want)):
				t.Errorf("%v; want one that says %q", errs, tc.want)
			}
		})
	}
}

// TestTheObjectivesAreTheJudgesCeiling ships with a service's objectives, and reads
// what the rollout fixed before its first step.
func TestTheObjectivesAreTheJudgesCeiling(t *testing.T) {
	fixed, other := field.Duration(300*time.Millisecond), field.Duration(time.Second)
	for name, tc := range map[string]struct {
		metric     strategy.Metric
		objectives *release.Objectives
		want       float64
	}{
		"no objectives":               {strategy.Metric{Critical: true}, nil, 0.01},
		"none for errors":             {strategy.Metric{Critical: true}, &release.Objectives{}, 0.01},
		"the objective":               {strategy.Metric{Critical: true}, &release.Objectives{ErrorCeiling: share(0.005)}, 0.005},
		"the strategy's goes before":  {strategy.Metric{Critical: true, Ceiling: 0.02}, &release.Objectives{ErrorCeiling: share(0.005)}, 0.02},
		"a latency of that time":      {strategy.Metric{Critical: true, SlowerThan: &strategy.SlowerThan{Fixed: fixed}}, &release.Objectives{ErrorCeiling: share(0.005), Latency: &release.LatencyObjective{Share: 0.95, Within: fixed}}, 0.05},
		"a latency of another time":   {strategy.Metric{Critical: true, SlowerThan: &strategy.SlowerThan{Fixed: other}}, &release.Objectives{ErrorCeiling: share(0.005), Latency: &release.LatencyObjective{Share: 0.95, Within: fixed}}, 0.01},
		"a latency without objective": {strategy.Metric{Critical: true, SlowerThan: &strategy.SlowerThan{Fixed: other}}, &release.Objectives{ErrorCeiling: share(0.005)}, 0.01},
	} {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			req := patient(good)
			d := checkoutService(func(s *release.Service) { s.Name, s.Objectives = req.Spec.Service, tc.objectives })
			req.Spec.Definition = &d
			req.Spec.Strategy.Analysis.Metrics = map[string]strategy.Metric{"errors": tc.metric}
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			if err != nil {
				t.Fatalf("%s: %v", out.Result, err)
			}
			h, err := w.engine("a", nil).Load(t.Context(), key)
			if err != nil {
				t.Fatal(err)
			}
			metrics := h.Last().Analysis.Metrics
			if len(metrics) != 1 || metrics[0].Ceiling != tc.want {
				t.Errorf("judged by %+v, want a ceiling of %v", metrics, tc.want)
			}
		})
	}
}
