package machine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var t0 = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func payload(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "x@sha256:" + strings.Repeat(digit, 64)}}
}

var a, b = payload("1.0.0", "a"), payload("1.1.0", "b")

func w(key string) target.WriteRequest { return target.WriteRequest{Key: key, Fence: 1} }

func apply(key string, weight float64, after time.Duration) target.ApplyRequest {
	return target.ApplyRequest{WriteRequest: w(key), Traffic: target.TrafficState{Weight: weight}, RevertAfter: after}
}

// rolling is a machine in mid-rollout: a serves, b has a quarter.
func rolling(t *testing.T) *Machine {
	t.Helper()
	m := &Machine{State: State{Baseline: &Slot{ID: "served", Payload: a, Ready: true}}}
	_, err := m.Prepare(t0, target.PrepareRequest{WriteRequest: w("prepare"), Payload: b})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Apply(t0, apply("25", 25, time.Minute)); err != nil {
		t.Fatal(err)
	}
	return m
}

func TestTheSwitchFiresAtItsTimeAndNotBefore(t *testing.T) {
	m := rolling(t)
	if m.Expire(t0.Add(time.Minute - time.Nanosecond)) {
		t.Error("it fired too early")
	}
	if !m.Expire(t0.Add(time.Minute)) || m.State.Weight != 0 || !m.State.Reverted {
		t.Errorf("it did not fire: %+v", m.State)
	}
	if m.Expire(t0.Add(time.Hour)) {
		t.Error("it fired twice")
	}
}

// A write that comes after the time finds the switch fired, even when nobody has
// observed in between.
func TestALateWriteMeetsTheSwitch(t *testing.T) {
	m := rolling(t)
	req := apply("50", 50, 0)
	req.ExpectedFingerprint = m.State.Fingerprint()
	if _, err := m.Apply(t0.Add(2*time.Minute), req); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("got %v", err)
	}
	if m.State.Weight != 0 {
		t.Errorf("the weight is %g", m.State.Weight)
	}
}

func TestAKeyAsksForOneThing(t *testing.T) {
	m := rolling(t)
	for name, do := range map[string]func() error{
		"another weight": func() error { _, err := m.Apply(t0, apply("25", 50, time.Minute)); return err },
		"another verb":   func() error { _, err := m.Revert(t0, w("25")); return err },
	} {
		if err := do(); target.CodeOf(err) != target.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	if m.State.Weight != 25 {
		t.Errorf("the weight is %g", m.State.Weight)
	}
}

// A copy of a renewal must not arm a switch that has been disarmed since.
func TestACopyOfARenewalArmsNothing(t *testing.T) {
	m := rolling(t)
	if _, err := m.Revert(t0, w("revert")); err != nil {
		t.Fatal(err)
	}
	p, err := m.Apply(t0, apply("25", 25, time.Minute))
	if err != nil || p.Done || p.Observation.RevertAfter != 0 || p.Observation.Canary.Weight != 0 {
		t.Errorf("a copy after the revert: %+v, %v", p, err)
	}
}

func TestTheFenceIsRememberedEvenWhenTheChangeIsRefused(t *testing.T) {
	m := rolling(t)
	if _, err := m.Complete(t0, target.WriteRequest{Key: "c", Fence: 9}); target.CodeOf(err) != target.CodeConflict {
		t.Fatalf("complete at 25: %v", err)
	}
	if _, err := m.Revert(t0, target.WriteRequest{Key: "r", Fence: 8}); target.CodeOf(err) != target.CodeStaleFence {
		t.Errorf("an older fence: %v", err)
	}
}

func TestAnUnreadyCanaryGetsNoTraffic(t *testing.T) {
	health := target.HealthUnknown
	m := &Machine{State: State{Baseline: &Slot{ID: "served", Payload: a}}, LookAgain: time.Second, Health: func(string) target.Health { return health }}
	p, err := m.Prepare(t0, target.PrepareRequest{WriteRequest: w("p"), Payload: b})
	if err != nil || p.Done || p.LookAgain != time.Second {
		t.Fatalf("prepare of an arm that starts: %+v, %v", p, err)
	}
	if _, err := m.Apply(t0, apply("5", 5, 0)); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("traffic to it: %v", err)
	}
	health = target.Healthy
	if p, err = m.Prepare(t0, target.PrepareRequest{WriteRequest: w("p"), Payload: b}); err != nil || !p.Done {
		t.Errorf("prepare of an arm that has started: %+v, %v", p, err)
	}
	if _, err := m.Apply(t0, apply("50", 50, 0)); err != nil {
		t.Fatal(err)
	}
	// Once it has been healthy, traffic can always be taken from it.
	health = target.Unhealthy
	if _, err := m.Apply(t0, apply("10", 10, 0)); err != nil {
		t.Errorf("less traffic to an arm that has failed: %v", err)
	}
}

func TestTheOldArmStaysWarmAndIsTakenUpAgain(t *testing.T) {
	m := rolling(t)
	for _, do := range []func() error{
		func() error { _, err := m.Apply(t0, apply("100", 100, 0)); return err },
		func() error { _, err := m.Complete(t0, w("complete")); return err },
		func() error {
			_, err := m.Prepare(t0, target.PrepareRequest{WriteRequest: w("back"), Payload: a})
			return err
		},
	} {
		if err := do(); err != nil {
			t.Fatal(err)
		}
	}
	if c := m.State.Canary; c.ID != "served" || m.State.Retired != nil {
		t.Errorf("going back started another instance: %+v", m.State)
	}
	if n := len(m.State.Wanted()); n != 2 {
		t.Errorf("%d instances shall run", n)
	}
}

func TestACompletionDisarmsTheSwitch(t *testing.T) {
	m := rolling(t)
	if _, err := m.Apply(t0, apply("100", 100, time.Minute)); err != nil {
		t.Fatal(err)
	}
	p, err := m.Complete(t0, w("complete"))
	if err != nil || p.Observation.RevertAfter != 0 || m.Expire(t0.Add(time.Hour)) || m.State.Reverted {
		t.Errorf("got %+v, %v; then %+v", p, err, m.State)
	}
}

func TestAHandPassesEveryGuardAndShows(t *testing.T) {
	m := rolling(t)
	before := m.State.Fingerprint()
	if err := m.Hand(t0, artifact.Payload{}, 60); err != nil || m.State.Weight != 60 || m.State.Fingerprint() == before {
		t.Errorf("a weight by hand: %+v, %v", m.State, err)
	}
	c := payload("3.0.0", "c")
	if err := m.Hand(t0, c, 0); err != nil || !m.State.Canary.Payload.Same(c) {
		t.Errorf("an artifact by hand: %+v, %v", m.State, err)
	}
	m.State.Canary = nil
	if err := m.Hand(t0, artifact.Payload{}, 10); target.CodeOf(err) != target.CodeConflict {
		t.Errorf("a weight for nobody: %v", err)
	}
}

// The same weight reached twice is not the same fingerprint: somebody was here.
func TestAFingerprintIsNeverUsedAgain(t *testing.T) {
	m := rolling(t)
	before := m.State.Fingerprint()
	for _, weight := range []float64{50, 25} {
		if err := m.Hand(t0, artifact.Payload{}, weight); err != nil {
			t.Fatal(err)
		}
	}
	if m.State.Fingerprint() == before {
		t.Error("a change there and back goes unnoticed")
	}
}

func TestTheStateSurvivesAFile(t *testing.T) {
	m := rolling(t)
	body, err := json.Marshal(m.State)
	if err != nil {
		t.Fatal(err)
	}
	var back State
	if err := json.Unmarshal(body, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m.State, back); d != "" {
		t.Error(d)
	}
	clone := m.State.Clone()
	clone.Canary.Payload, clone.Keys[0].Key = a, "x"
	if m.State.Canary.Payload.Same(a) || m.State.Keys[0].Key == "x" {
		t.Error("a copy shares memory with the original")
	}
}

func TestTheMemoryOfKeysIsBounded(t *testing.T) {
	m := rolling(t)
	for i := range MaxKeys + 10 {
		if _, err := m.Apply(t0, apply(fmt.Sprintf("k%d", i), 25, time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.State.Keys); n != MaxKeys || m.State.Keys[n-1].Key != fmt.Sprintf("k%d", MaxKeys+9) {
		t.Errorf("it remembers %d keys", n)
	}
}
