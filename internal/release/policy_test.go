package release_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// Each mistake in a policy gets one message on its path, with an example.
func TestAPolicyThatCannotBeMeant(t *testing.T) {
	off := `"harm":{"during":"never"},"health":{"during":"never"},"failed_check":{"during":"never"}`
	cases := map[string]struct{ policy, path, says string }{
		"nothing":                         {`{}`, "", ""},
		"all of it":                       {`{"triggers":{"burn_rate":{},"error_ceiling":{"share":0.05},"external":{"a":{"signal":"s","metric":"m"}}},"how":"by_steps","by_steps":{"each":"10s"},"fast_track":{"within":"168h"},"keep_warm":"30m"}`, "", ""},
		"every trigger off, and no word":  {`{"triggers":{` + off + `}}`, "triggers.harm", "automatic = false"},
		"every trigger off, by a person":  {`{"automatic":false,"triggers":{` + off + `}}`, "", ""},
		"one that is on in the bake only": {`{"triggers":{` + off + `,"error_ceiling":{"share":0.05,"during":"bake"}}}`, "", ""},
		"a factor of zero":                {`{"triggers":{"burn_rate":{"windows":[{"long":"1h","short":"5m","factor":0}]}}}`, "triggers.burn_rate.windows[0].factor", "above 0, for example 14.4"},
		"a range that is missing":         {`{"triggers":{"burn_rate":{"windows":[{"short":"5m","factor":6}]}}}`, "triggers.burn_rate.windows[0].long", "above 0s"},
		"ranges the wrong way round":      {`{"triggers":{"burn_rate":{"windows":[{"long":"5m","short":"1h","factor":6}]}}}`, "triggers.burn_rate.windows[0].short", "not shorter than the long one"},
		"too many windows":                {`{"triggers":{"burn_rate":{"windows":[{},{},{},{},{},{},{},{},{}]}}}`, "triggers.burn_rate.windows", "at most 8"},
		"defaults that never fire":        {`{"triggers":{"burn_rate":{"ceiling":0.2}}}`, "triggers.burn_rate.windows", "can never be"},
		"a ceiling of more than all":      {`{"triggers":{"error_ceiling":{"share":1.5}}}`, "triggers.error_ceiling.share", "below 100 %"},
		"a ceiling that is missing":       {`{"triggers":{"error_ceiling":{}}}`, "triggers.error_ceiling.share", "above 0 %"},
		"an external one of no signal":    {`{"triggers":{"external":{"a":{"metric":"m"}}}}`, `triggers.external["a"].signal`, "the name is empty"},
		"a fast track of nothing":         {`{"fast_track":{}}`, "fast_track.within", `for example "168h"`},
		"a warmth of years":               {`{"keep_warm":"9000h"}`, "keep_warm", "from 0s to 720h"},
		"an unknown way":                  {`{"how":"slowly","by_steps":{}}`, "how", "at_once or by_steps"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p := release.Policy{Name: "ours"}
			if err := json.Unmarshal([]byte(c.policy), &p); err != nil {
				t.Fatal(err)
			}
			errs := p.Validate()
			switch {
			case c.path == "" && len(errs) == 0:
			case c.path == "":
				t.Errorf("refused: %v", errs)
			case len(errs) != 1 || errs[0].Path != c.path || !strings.Contains(errs[0].Msg, c.says):
				t.Errorf("%v, want one on %s that says %q", errs, c.path, c.says)
			}
		})
	}
}

// The objective of a burn rate comes from the service where the policy states none,
// and a policy is held against what the release has.
func TestAPolicyIsHeldAgainstItsRelease(t *testing.T) {
	promised := 0.001
	service := &release.Service{Name: key.Service, Objectives: &release.Objectives{ErrorCeiling: &promised}}
	burn := release.Policy{Name: "ours", Triggers: &release.Triggers{BurnRate: &release.BurnRate{}}}
	generous := 0.5
	cases := map[string]struct {
		set  func(s *release.Spec)
		says string
	}{
		"the service's objective": {func(s *release.Spec) { s.Policy, s.Definition = burn, service }, ""},
		"no objective":            {func(s *release.Spec) { s.Policy = burn }, "has a burn rate without an objective"},
		"an objective that is never burnt": {func(s *release.Spec) {
			s.Policy = burn
			d := *service
			d.Objectives = &release.Objectives{ErrorCeiling: &generous}
			s.Definition = &d
		}, "can never fire by its burn rate"},
		"no signal at all": {func(s *release.Spec) {
			s.Policy.Triggers = &release.Triggers{ErrorCeiling: limit}
			s.Signals, s.Strategy.Analysis.Metrics = nil, nil
		}, "the release has no signal to count it"},
		"another signal": {func(s *release.Spec) { s.Policy.Triggers = &release.Triggers{External: alarm} }, `from the signal "alarms", which the release does not have; it has http`},
		"steps back where there are none": {func(s *release.Spec) {
			s.Policy.How = release.BySteps
			s.Strategy.Canary, s.Strategy.AllAtOnce = nil, &strategy.AllAtOnce{}
		}, "none below 100 %"},
		"a negative time": {func(s *release.Spec) { s.Policy.KeepWarm = field.Duration(-time.Hour) }, "has a negative time"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			spec := worldSpec(good)
			c.set(&spec)
			errs := spec.Validate()
			switch {
			case c.says == "" && len(errs) == 0:
			case c.says == "" || len(errs) != 1 || errs[0].Path != "rollback_policy" || !strings.Contains(errs[0].Msg, c.says):
				t.Errorf("%v, want one that says %q", errs, c.says)
			}
		})
	}
	t.Run("a metric that no signal counts", func(t *testing.T) {
		w := upgrade(t)
		spec := worldSpec(good)
		spec.Policy.Triggers = &release.Triggers{External: map[string]release.External{"x": {Signal: "http", Metric: "orders"}}}
		errs := w.engine("a", nil).Validate(t.Context(), spec)
		if len(errs) != 1 || errs[0].Path != "rollback_policy" || !strings.Contains(errs[0].Msg, `no signal counts the metric "orders"`) {
			t.Errorf("%v", errs)
		}
	})
	t.Run("steps back on a target without weights", func(t *testing.T) {
		w := upgrade(t)
		w.caps.Weights = false
		spec := worldSpec(good)
		spec.Policy.How = release.BySteps
		errs := w.engine("a", nil).Validate(t.Context(), spec)
		if len(errs) != 2 || errs[0].Path != "rollback_policy" || !strings.Contains(errs[0].Msg, `needs the capability "weights"`) {
			t.Errorf("%v", errs)
		}
	})
}
