package main

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

func evidence(name string, critical bool, harm, bad, total float64) judge.Evidence {
	return judge.Evidence{Metric: name, Critical: critical, EHarm: harm, BadCanary: bad, TotalCanary: total, BadBaseline: 4, TotalBaseline: 3911}
}

func TestCounted(t *testing.T) {
	fresh := artifact.Payload{Artifact: artifact.Artifact{Version: "1.2.0"}}
	old := artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0"}}
	metrics := []judge.Evidence{evidence("slow", false, 1, 2, 203), evidence("errors", true, 400, 41, 203)}
	cases := []struct {
		name     string
		baseline *artifact.Payload
		verdict  judge.Verdict
		want     string
	}{
		{"the critical metric leads", &old, judge.Verdict{Kind: judge.Safe, Metrics: metrics}, "safe: errors 41 of 203 on 1.2.0, 4 of 3911 on 1.1.0"},
		{"the worst leads to harm", &old, judge.Verdict{Kind: judge.Harm, Metrics: metrics}, "harm: errors 41 of 203 on 1.2.0, 4 of 3911 on 1.1.0"},
		{"whatever it is", &old, judge.Verdict{Kind: judge.Harm, Metrics: []judge.Evidence{evidence("errors", true, 1, 0, 9), evidence("slow", false, 200, 7, 9)}}, "harm: slow 7 of 9 on 1.2.0, 4 of 3911 on 1.1.0"},
		{"nothing served before", nil, judge.Verdict{Kind: judge.Safe, Metrics: metrics}, "safe: errors 41 of 203 on 1.2.0"},
		{"no metric", &old, judge.Verdict{Kind: judge.Inconclusive}, "inconclusive"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r := &release.Rollout{Spec: release.Spec{Payload: fresh}, Baseline: c.baseline}
			if got := counted(r, c.verdict); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// What is followed is the rollout that opens from now on, read from the file that
// another process writes.
func TestFollow(t *testing.T) {
	s, b := newTestStage(t)
	watch := s.follow()
	fill(t, s)
	watch()
	if got := b.String(); !strings.Contains(got, "  0 %") || strings.Count(got, "\n") != 1 {
		t.Errorf("a new rollout is shown as %q", got)
	}

	b.Reset()
	s.follow()()
	if b.Len() > 0 {
		t.Errorf("a rollout that was there before is shown as %q", b)
	}
}

func TestLastRollout(t *testing.T) {
	s, _ := newTestStage(t)
	fill(t, s)
	if r := s.lastRollout(1, release.Forward, release.Opened); r == nil || s.problem != nil {
		t.Fatalf("what is so gives %+v", s.problem)
	}
	s.lastRollout(2, release.Forward, release.Succeeded)
	if s.problem == nil || !strings.Contains(s.problem.came, "rollout 1, forward, opened") {
		t.Errorf("what is not so gives %+v", s.problem)
	}
	s, _ = newTestStage(t)
	if s.lastRollout(1, release.Forward, release.Succeeded); s.problem == nil {
		t.Error("without a ledger it is so")
	}
}

func TestArms(t *testing.T) {
	arm := func(version string, weight float64) *wire.Arm {
		return &wire.Arm{Payload: artifact.Payload{Artifact: artifact.Artifact{Version: version}}, Weight: weight}
	}
	for want, o := range map[string]wire.Observation{
		"nothing":                         {},
		"1.1.0 at 100 %":                  {Baseline: arm("1.1.0", 100)},
		"1.0.0 at 70 % and 1.1.0 at 30 %": {Baseline: arm("1.0.0", 70), Canary: arm("1.1.0", 30)},
	} {
		if got := arms(o); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
