package wire

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

func TestAnAnswerSurvivesTheWire(t *testing.T) {
	arm := func(weight float64) *target.ArmState {
		return &target.ArmState{Payload: artifact.Payload{Artifact: artifact.Artifact{Version: "1", Reference: "r@sha256:x"}, ConfigurationDigest: "sha256:c"},
			Weight: weight, Health: target.Healthy, Replicas: 2}
	}
	want := target.Progress{Done: true, LookAgain: 1500 * time.Millisecond, Observation: target.Observation{
		Known: true, Baseline: arm(87.5), Canary: arm(12.5), Fingerprint: "f", Fence: 1 << 50, RevertAfter: 90*time.Second + time.Nanosecond,
		Reverted: true, Fields: map[string]any{"a.b": 1.5, "c": "d", "e": true, "f": nil},
	}}
	body, err := json.Marshal(FromProgress(want))
	if err != nil {
		t.Fatal(err)
	}
	var p Progress
	if err := Decode(body, &p); err != nil {
		t.Fatal(err)
	}
	got, err := p.Target()
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	// The port's own fields must all be there, so that a new one is not lost.
	var fields map[string]any
	if err := json.Unmarshal(body, &fields); err != nil {
		t.Fatal(err)
	}
	observation, _ := fields["observation"].(map[string]any)
	if len(observation) != 8 {
		t.Errorf("the observation has %d fields: %s", len(observation), body)
	}
}

func TestDurationsAreBounded(t *testing.T) {
	for seconds, want := range map[float64]time.Duration{0: 0, 0.1: 100 * time.Millisecond, 2.5: 2500 * time.Millisecond, MaxSeconds: MaxSeconds * time.Second} {
		if got, err := Duration("x", seconds); err != nil || got != want {
			t.Errorf("%g seconds: %s, %v", seconds, got, err)
		}
	}
	for _, seconds := range []float64{-0.001, MaxSeconds + 1, math.NaN(), math.Inf(1), 1e300} {
		if _, err := Duration("x", seconds); err == nil || !strings.Contains(err.Error(), "x is") {
			t.Errorf("%g seconds: %v", seconds, err)
		}
	}
}

func TestWeightsMustAddUp(t *testing.T) {
	arm := func(weight float64) *Arm {
		return &Arm{Payload: artifact.Payload{Artifact: artifact.Artifact{Reference: "r"}}, Weight: weight, Health: target.Healthy}
	}
	for name, c := range map[string]struct {
		o    Observation
		says string
	}{
		"nothing":                   {Observation{Known: true}, ""},
		"a first canary":            {Observation{Known: true, Canary: arm(0)}, ""},
		"a first canary with all":   {Observation{Known: true, Canary: arm(100)}, ""},
		"both, rounded":             {Observation{Known: true, Baseline: arm(66.667), Canary: arm(33.33)}, ""},
		"nobody knows":              {Observation{Baseline: arm(3)}, ""},
		"too little":                {Observation{Known: true, Baseline: arm(90), Canary: arm(5)}, "add up to 95"},
		"too much":                  {Observation{Known: true, Baseline: arm(100), Canary: arm(5)}, "add up to 105"},
		"a baseline with half":      {Observation{Known: true, Baseline: arm(50)}, "add up to 50"},
		"a first canary with half":  {Observation{Known: true, Canary: arm(50)}, "add up to 50"},
		"a weight below 0":          {Observation{Known: true, Baseline: arm(101), Canary: arm(-1)}, "baseline.weight"},
		"a negative number of them": {Observation{Known: true, Baseline: &Arm{Payload: arm(1).Payload, Weight: 100, Health: target.Healthy, Replicas: -1}}, "replicas"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.o.Target()
			if (c.says == "") != (err == nil) || (err != nil && !strings.Contains(err.Error(), c.says)) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestEachCodeHasOneStatusThatFits(t *testing.T) {
	for code, status := range map[target.Code]int{
		target.CodeUnauthorized: 401, target.CodeNotFound: 404, target.CodeConflict: 409, target.CodeStaleFence: 409,
		target.CodeInvalid: 422, target.CodeUnsupported: 501, target.CodeUnavailable: 503,
	} {
		if got := Status(code); got != status || !CodeFits(code, status) {
			t.Errorf("%s: status %d, fits %t", code, got, CodeFits(code, status))
		}
		if CodeFits(code, 200) || CodeFits(code, 418) {
			t.Errorf("%s fits any status", code)
		}
	}
	if CodeFits(target.CodeProtocol, 500) || CodeFits("tired", 409) || CodeFits(target.CodeConflict, 503) {
		t.Error("a code fits that does not")
	}
}
