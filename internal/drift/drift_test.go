package drift_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func digest(hex string) string { return "sha256:" + strings.Repeat(hex, 64) }

func payload(version, hex string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@" + digest(hex)}}
}

func equals(text string) drift.Expectation { return drift.Expectation{Equals: &text} }

func arm(p artifact.Payload, weight float64) *target.ArmState {
	return &target.ArmState{Payload: p, Weight: weight, Health: target.Healthy}
}

func TestCompare(t *testing.T) {
	old, other := payload("1.1.0", "a"), payload("1.2.0", "b")
	configured := old
	configured.ConfigurationDigest = digest("c")
	expected := drift.Expected{Payload: old, Weight: 100}

	cases := []struct {
		name     string
		expected drift.Expected
		obs      target.Observation
		want     []drift.Difference
	}{
		{"as it should be", expected, target.Observation{Known: true, Baseline: arm(old, 100)}, nil},
		{"another label for the same digest", expected, target.Observation{Known: true, Baseline: arm(payload("one", "a"), 100)}, nil},
		{"a warm canary without traffic", expected, target.Observation{Known: true, Baseline: arm(old, 100), Canary: arm(other, 0)}, nil},
		{"a rounded weight", expected, target.Observation{Known: true, Baseline: arm(old, 99.995)}, nil},
		{"fields that nobody asked for", expected, target.Observation{Known: true, Baseline: arm(old, 100), Fields: map[string]any{"replicas": 3}}, nil},
		{"another artifact", expected, target.Observation{Known: true, Baseline: arm(other, 100)},
			[]drift.Difference{{"baseline.digest", digest("a"), digest("b")}}},
		{"an artifact without a digest", expected, target.Observation{Known: true, Baseline: arm(artifact.Payload{}, 100)},
			[]drift.Difference{{"baseline.digest", digest("a"), "none"}}},
		{"an expectation without a digest is never met", drift.Expected{Weight: 100}, target.Observation{Known: true, Baseline: arm(artifact.Payload{}, 100)},
			[]drift.Difference{{"baseline.digest", "none", "none"}}},
		{"another configuration", expected, target.Observation{Known: true, Baseline: arm(configured, 100)},
			[]drift.Difference{{"baseline.configuration_digest", "none", digest("c")}}},
		{"the configuration is gone", drift.Expected{Payload: configured, Weight: 100}, target.Observation{Known: true, Baseline: arm(old, 100)},
			[]drift.Difference{{"baseline.configuration_digest", digest("c"), "none"}}},
		{"a weight moved by hand", expected, target.Observation{Known: true, Baseline: arm(old, 70), Canary: arm(other, 30)},
			[]drift.Difference{{"baseline.weight", "100 %", "70 %"}, {"canary.weight", "0 %", "30 %"}, {"canary.digest", "none", digest("b")}}},
		{"a small weight", expected, target.Observation{Known: true, Baseline: arm(old, 99.5), Canary: arm(other, 0.5)},
			[]drift.Difference{{"baseline.weight", "100 %", "99.5 %"}, {"canary.weight", "0 %", "0.5 %"}, {"canary.digest", "none", digest("b")}}},
		{"a cohort, a mirror and a batch that were left", expected, target.Observation{Known: true, Baseline: arm(old, 100), Canary: arm(other, 0),
			Traffic: &target.TrafficState{Cohort: &target.Cohort{Header: "X-Beta", Value: "1"}, Mirror: 10, Batch: &target.Batch{Share: 25}}},
			[]drift.Difference{{"traffic.cohort", "none", "X-Beta: 1"}, {"traffic.mirror", "0 %", "10 %"}, {"traffic.batch", "none", "25 %"}}},
		{"a weight that is no number", expected, target.Observation{Known: true, Baseline: arm(old, math.NaN())},
			[]drift.Difference{{"baseline.weight", "100 %", "NaN %"}}},
		{"nothing runs", expected, target.Observation{Known: true},
			[]drift.Difference{{"baseline", "1.1.0", "none"}}},
		{"sick", expected, target.Observation{Known: true, Baseline: &target.ArmState{Payload: old, Weight: 100, Health: target.Unhealthy}},
			[]drift.Difference{{"baseline.health", "healthy", "unhealthy"}}},
		{"health that nobody knows", expected, target.Observation{Known: true, Baseline: &target.ArmState{Payload: old, Weight: 100, Health: target.HealthUnknown}},
			[]drift.Difference{{"baseline.health", "healthy", "unknown"}}},
		{"a word for health that there is not", expected, target.Observation{Known: true, Baseline: &target.ArmState{Payload: old, Weight: 100, Health: "splendid"}},
			[]drift.Difference{{"baseline.health", "healthy", "unknown"}}},
		{"a target that cannot tell", expected, target.Observation{Known: false, Baseline: arm(old, 100)},
			[]drift.Difference{{"baseline", "1.1.0", "unknown"}}},
		{"fields in their order", drift.Expected{Payload: old, Weight: 100, Fields: map[string]drift.Expectation{"z": equals("x"), "b.c": equals("2"), "a": equals("true"), "n": equals("1")}},
			target.Observation{Known: true, Baseline: arm(old, 100), Fields: map[string]any{"z": "y", "b.c": 3, "n": 1.0}},
			[]drift.Difference{{"a", `"true"`, "unknown"}, {"b.c", "2", "3"}, {"z", `"x"`, `"y"`}}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, drift.Compare(c.expected, c.obs)); diff != "" {
				t.Errorf("the differences (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDifferenceString(t *testing.T) {
	got := drift.Difference{Path: "baseline.weight", Expected: "100 %", Observed: "70 %"}.String()
	if want := "baseline.weight: expected 100 %, observed 70 %"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
