package release

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// TestAMissingArm holds what the judge gets when one arm could not be measured: no
// counts below 100 %, which pauses, and a one-arm test at 100 %, where the old
// process may be gone.
func TestAMissingArm(t *testing.T) {
	canary := signal.Count{Metric: "errors", Arm: target.Canary, Bad: 1, Total: 200}
	gone := func(arm target.Arm) []signal.Missing {
		return []signal.Missing{{Metric: "errors", Arm: arm, Reason: "connection refused"}}
	}
	alone := []judge.Counts{{Metric: "errors", BadCanary: 1, TotalCanary: 200}}
	old := artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0"}}
	tests := map[string]struct {
		weight   float64
		baseline *artifact.Payload
		missing  []signal.Missing
		want     []judge.Counts
	}{
		"a baseline below 100 %":    {50, &old, gone(target.Baseline), nil},
		"a baseline at 100 %":       {100, &old, gone(target.Baseline), alone},
		"a baseline that never was": {50, nil, gone(target.Baseline), alone},
		"a canary at 100 %":         {100, &old, gone(target.Canary), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			tick := TickBody{Weight: test.weight}
			tick.add("http", signal.Counts{Counts: []signal.Count{canary}, Missing: test.missing}, &Rollout{Baseline: test.baseline})
			if diff := cmp.Diff(test.want, tick.Input.Counts); diff != "" {
				t.Errorf("the judge gets (-want +got):\n%s", diff)
			}
		})
	}
}
