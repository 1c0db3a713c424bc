package operator

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// rolling is a history whose rollout stands at its second step.
func rolling() *release.History {
	h := release.NewHistory(release.Key{Service: "checkout", Environment: "production"})
	old := artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0"}}
	h.Rollouts = []*release.Rollout{{
		Number: 2, Kind: release.Forward, State: release.Stepping, Step: 1, Weight: 25, Baseline: &old, Soak: 64 * time.Second,
		Steps: []strategy.Step{{}, {AtLeast: 2 * time.Minute}, {}},
		Spec: release.Spec{
			Payload:  artifact.Payload{Artifact: artifact.Artifact{Version: "1.1.0"}},
			Strategy: strategy.Definition{Analysis: strategy.Analysis{Interval: 10e9}},
		},
	}}
	return h
}

func record(t *testing.T, kind string, body any) ledger.Record {
	t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return ledger.Record{Kind: kind, Body: raw}
}

func TestALineSaysWhereARolloutStandsAndWhatHappened(t *testing.T) {
	for want, rec := range map[string]ledger.Record{
		"checkout/production 25 %, step 2 of 3: rollout 2 goes from 1.0.0 to 1.1.0 (forward)":    record(t, release.KindOpened, release.OpenedBody{}),
		"checkout/production 25 %, step 2 of 3: 1m4s of 2m, looked; next look in 10s":            record(t, release.KindTick, release.TickBody{}),
		"checkout/production 25 %, step 2 of 3: 25 % of the traffic is on 1.1.0":                 record(t, release.KindOutcome, release.OutcomeBody{Effect: release.Effect{Kind: release.EffectApply, Weight: 25}, Done: true}),
		"checkout/production 25 %, step 2 of 3: waiting for the target to prepare":               record(t, release.KindOutcome, release.OutcomeBody{Effect: release.Effect{Kind: release.EffectPrepare}}),
		"checkout/production 25 %, step 2 of 3: the target did not apply: no route; give it one": record(t, release.KindFailure, release.FailureBody{Effect: release.Effect{Kind: release.EffectApply}, Message: "no route", Remedy: "give it one"}),
		"checkout/production 25 %, step 2 of 3: step 1 has passed: proved safe":                  record(t, release.KindStepPassed, release.StepPassedBody{Reason: "proved safe"}),
		"checkout/production 25 %, stepping: errors":                                             record(t, "rollout.stepping", release.MoveBody{Reason: "errors"}),
		"checkout/production 25 %, stepping: operator":                                           record(t, "rollout.stepping", release.MoveBody{Cause: "operator"}),
		"checkout/production 25 %, stepping":                                                     record(t, "rollout.stepping", release.MoveBody{}),
		"":                                                                                       record(t, release.KindIntent, release.OutcomeBody{}),
	} {
		if got := Line(rolling(), rec); got != want {
			t.Errorf("%s: %q, want %q", rec.Kind, got, want)
		}
	}
	if got := Line(rolling(), ledger.Record{Kind: release.KindOutcome, Body: []byte(`[]`)}); got != "" {
		t.Errorf("a body that cannot be read says %q", got)
	}
	if got := Line(release.NewHistory(release.Key{}), record(t, release.KindOpened, nil)); got != "" {
		t.Errorf("a release without a rollout says %q", got)
	}
}

// TestLooksDoNotFillTheScreen tells of one look in half a minute, and of all else.
func TestLooksDoNotFillTheScreen(t *testing.T) {
	c := clock.NewFake(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC))
	told := 0
	tell := &teller{clock: c, tell: func(string) { told++ }}
	look := record(t, release.KindTick, release.TickBody{})
	for range 7 { // One minute of looks, both ends in it.
		tell.record(release.Recorded{History: rolling(), Record: look})
		c.Advance(10 * time.Second)
	}
	if told != 3 {
		t.Errorf("%d lines in a minute, want 3", told)
	}
	tell.record(release.Recorded{History: rolling(), Record: record(t, "rollout.paused", release.MoveBody{})})
	tell.record(release.Recorded{History: rolling(), Record: record(t, "rollout.paused", release.MoveBody{})})
	if told != 5 {
		t.Errorf("%d lines, want 5: only looks are left out", told)
	}
}
