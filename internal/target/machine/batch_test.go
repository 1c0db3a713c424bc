package machine

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

var everything = target.Capabilities{Cohorts: true, Mirror: true, Batches: true}

// fleet is a machine with so many instances in each arm, of which as many are
// healthy as up says; a serves and b is prepared.
func fleet(t *testing.T, instances int, up map[string]int) *Machine {
	t.Helper()
	m := &Machine{State: State{Baseline: &Slot{ID: "served", Payload: a, Ready: true}}, Can: everything, Instances: instances, LookAgain: time.Second,
		Up: func(id string) int {
			if n, ok := up[id]; ok {
				return n
			}
			return instances
		}}
	if _, err := m.Prepare(t0, target.PrepareRequest{WriteRequest: w("prepare"), Payload: b}); err != nil {
		t.Fatal(err)
	}
	return m
}

func state(key string, s target.TrafficState) target.ApplyRequest {
	return target.ApplyRequest{WriteRequest: w(key), Traffic: s}
}

func TestSharesBecomeWholeInstances(t *testing.T) {
	for _, tc := range []struct {
		instances   int
		share, want float64
	}{
		{4, 0, 0}, {4, 1, 25}, {4, 25, 25}, {4, 37, 25}, {4, 38, 50}, {4, 99, 75}, {4, 100, 100}, {2, 1, 50}, {2, 99, 50}, {1, 100, 100}, {1, 0, 0},
	} {
		m := fleet(t, tc.instances, nil)
		p, err := m.Apply(t0, state("x", target.TrafficState{Batch: &target.Batch{Share: tc.share}}))
		if err != nil || !p.Done || p.Observation.Canary.Weight != tc.want || p.Observation.Traffic.Batch.Share != tc.share {
			t.Errorf("%g %% of %d instances: %+v, %v; want weight %g", tc.share, tc.instances, p.Observation.Canary, err, tc.want)
		}
	}
}

// Instances come in as they become healthy, and the fingerprint says so.
func TestABatchWaitsForHealth(t *testing.T) {
	up := map[string]int{"arm-1": 1}
	m := fleet(t, 4, up)
	req := state("half", target.TrafficState{Batch: &target.Batch{Share: 75, MinHealthy: 100}})
	var weights []float64
	var prints []string
	for n := 1; n <= 4; n++ {
		up["arm-1"] = n
		p, err := m.Apply(t0, req)
		if err != nil || p.Done != (n >= 3) || (p.LookAgain == 0) != p.Done {
			t.Fatalf("with %d healthy: %+v, %v", n, p, err)
		}
		weights, prints = append(weights, p.Observation.Canary.Weight), append(prints, p.Observation.Fingerprint)
	}
	if d := cmp.Diff([]float64{25, 50, 75, 75}, weights); d != "" {
		t.Error(d)
	}
	if prints[0] == prints[1] || prints[1] == prints[2] || prints[2] != prints[3] {
		t.Errorf("the fingerprints are %q", prints)
	}
}

// Never fewer are healthy than the author wants, as long as the warm instances of
// the baseline can take the place of those that fall ill.
func TestTheMinimumHealthyBringsTheBaselineBack(t *testing.T) {
	for _, tc := range []struct{ minHealthy, want float64 }{{100, 25}, {75, 50}, {50, 75}, {25, 100}, {0, 100}} {
		up := map[string]int{}
		m := fleet(t, 4, up)
		if p, err := m.Apply(t0, state("all", target.TrafficState{Batch: &target.Batch{Share: 100, MinHealthy: tc.minHealthy}})); err != nil || !p.Done {
			t.Fatal(p, err)
		}
		up["arm-1"] = 1
		o := m.Observe(t0)
		if o.Canary.Weight != tc.want {
			t.Errorf("with one healthy and a minimum of %g %% the weight is %g, want %g", tc.minHealthy, o.Canary.Weight, tc.want)
		}
		if again := m.Observe(t0); again.Fingerprint != o.Fingerprint {
			t.Errorf("minimum %g %%: it goes on changing", tc.minHealthy)
		}
	}
}

func TestAHandEndsABatch(t *testing.T) {
	m := fleet(t, 4, nil)
	both := target.TrafficState{Batch: &target.Batch{Share: 50}, Cohort: &target.Cohort{Header: "X", Value: "1"}}
	if _, err := m.Apply(t0, state("x", both)); err != nil {
		t.Fatal(err)
	}
	if err := m.Hand(t0, a, 0); err != nil {
		t.Fatal(err)
	}
	if err := m.Hand(t0, b, 30); err != nil {
		t.Fatal(err)
	}
	if o := m.Observe(t0); o.Canary.Weight != 30 || o.Traffic != nil {
		t.Errorf("it observes %+v and %+v", o.Canary, o.Traffic)
	}
}

func TestWhatTheRuntimeLacks(t *testing.T) {
	m := fleet(t, 1, nil)
	m.Can = target.Capabilities{}
	before := m.State.Clone()
	for name, s := range map[string]target.TrafficState{
		"cohorts": {Cohort: &target.Cohort{Header: "X", Value: "1"}}, "mirror": {Mirror: 1}, "batches": {Batch: &target.Batch{Share: 100}},
	} {
		_, err := m.Apply(t0, state(name, s))
		if target.CodeOf(err) != target.CodeUnsupported || !strings.Contains(err.Error(), "the capability "+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if d := cmp.Diff(before, m.State); d != "" {
		t.Error(d)
	}
}
