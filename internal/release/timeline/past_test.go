package timeline_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/release/timeline"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

var key = release.Key{Service: "checkout", Environment: "production"}

// shut is a gate that is closed until an instant.
type shut struct{ until time.Time }

func (*shut) Name() string { return "window" }

func (s *shut) Check(_ context.Context, _ gate.Subject, at time.Time) gate.Result {
	if at.Before(s.until) {
		return gate.Result{Gate: "window", Status: gate.Fail, Reason: "shut", NextAt: s.until}
	}
	return gate.Result{Gate: "window", Status: gate.Pass}
}

// history ships with the real engine, on a clock that moves when it sleeps.
type history struct {
	t      *testing.T
	clock  *clock.Fake
	ledger *mem.Ledger
	target *sim.Target
	gate   shut
	// onStep is called before the weight of a step is set.
	onStep func()
}

func newHistory(t *testing.T) *history {
	h := &history{t: t, clock: clock.NewAuto(monday)}
	h.ledger = mem.New(monday)
	h.target = sim.New(sim.Options{Clock: h.clock, World: sim.World{RatePerSecond: 100},
		Fault: func(verb string, phase sim.Phase) error {
			if verb == sim.VerbApply && phase == sim.Before && h.onStep != nil {
				h.onStep()
			}
			return nil
		}})
	return h
}

func (h *history) ship(version string, d strategy.Definition) {
	h.t.Helper()
	engine := &release.Engine{
		Ledger: h.ledger, Clock: h.clock, Gates: []gate.Gate{&h.gate}, Actor: "ci@acme", Holder: "test",
		Targets: target.NewRegistry(target.Driver{Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
			Open: func(context.Context, json.RawMessage, target.Deps) (target.Target, error) { return h.target, nil }}),
		Signals: signal.NewRegistry(signal.Driver{Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
			Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) {
				return h.target.Source(), nil
			}}),
	}
	spec := release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Strategy: d,
		Payload: artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(version[len(version)-1:], 64)}},
		Target:  target.Config{Driver: "sim", Config: json.RawMessage(`{}`)},
	}
	owner := release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}
	if out, err := engine.Ship(h.t.Context(), release.ShipRequest{Spec: spec, Owner: owner}); err != nil {
		h.t.Fatalf("shipping %s: %v, %s", version, err, out.Result)
	}
}

func careful(name string, minutes ...int) strategy.Definition {
	d := strategy.Definition{Name: name, Bake: field.Duration(5 * time.Minute), Canary: &strategy.Canary{}}
	for i, m := range minutes {
		d.Canary.Steps = append(d.Canary.Steps, strategy.CanaryStep{Weight: []float64{10, 50}[i], AtLeast: field.Duration(time.Duration(m) * time.Minute)})
	}
	d.Canary.Steps = append(d.Canary.Steps, strategy.CanaryStep{Weight: 100})
	return d
}

func (h *history) estimate(d strategy.Definition) timeline.Legs {
	h.t.Helper()
	legs, err := timeline.Estimate(h.t.Context(), h.ledger, key, d)
	if err != nil {
		h.t.Fatal(err)
	}
	return legs
}

func TestWithoutHistoryTheStrategySays(t *testing.T) {
	h := newHistory(t)
	d := careful("careful", 2, 3)
	want := timeline.Legs{Strategy: "careful", Lengths: []time.Duration{2 * time.Minute, 3 * time.Minute, 5 * time.Minute}}
	got := h.estimate(d)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("nothing recorded (-want +got):\n%s", diff)
	}
	if got.Basis() != `the time that the strategy "careful" plans at the least; no rollout by it is recorded here` {
		t.Error(got.Basis())
	}
	// What stays warm counts as the bake does, and nobody knows how long a person takes.
	green := strategy.Definition{Name: "careful", Bake: field.Duration(time.Minute), BlueGreen: &strategy.BlueGreen{Preview: &strategy.Waiting{}, KeepWarm: field.Duration(30 * time.Minute)}}
	if got := h.estimate(green); got.Lengths[1] != 30*time.Minute || !strings.HasSuffix(got.Basis(), "; how long step 1 waits for a person is not in it") {
		t.Errorf("%v: %s", got.Lengths, got.Basis())
	}
	// The first rollout, which has nothing to be compared with, skips its steps and says
	// nothing; nor does one by another strategy, or with other steps under the name.
	h.ship("1.0.1", d)
	h.ship("1.0.2", careful("careless", 1, 1))
	h.ship("1.0.3", careful("careful", 4))
	if diff := cmp.Diff(want, h.estimate(d)); diff != "" {
		t.Errorf("nothing of it recorded (-want +got):\n%s", diff)
	}
}

func TestHistoryGivesTheMedianOfEachStep(t *testing.T) {
	h := newHistory(t)
	h.ship("1.0.1", careful("careful", 2, 3))
	for i, minutes := range []int{9, 4, 2} {
		h.ship("1.0."+[]string{"2", "3", "4"}[i], careful("careful", minutes, 3))
	}
	got := h.estimate(careful("careful", 2, 3))
	if got.Rollouts != 3 || got.Basis() != `the median of 3 recorded rollouts by the strategy "careful"` {
		t.Fatalf("%+v: %s", got, got.Basis())
	}
	// Each step was looked at every ten seconds, and so took a little longer.
	for i, minutes := range []int{4, 3, 5} {
		if planned := time.Duration(minutes) * time.Minute; got.Lengths[i] < planned || got.Lengths[i] > planned+time.Minute {
			t.Errorf("step %d takes %s, want about %s", i+1, got.Lengths[i], planned)
		}
	}
}

// What a rollout waited for a window is not how long it takes.
func TestHistoryLeavesOutWhatWindowsClosed(t *testing.T) {
	h := newHistory(t)
	d := careful("careful", 2, 3)
	h.ship("1.0.1", d)
	steps := 0
	h.onStep = func() {
		if steps++; steps == 1 {
			h.gate.until = h.clock.Now().Add(6 * time.Hour)
		}
	}
	h.ship("1.0.2", d)
	h.onStep = nil
	got := h.estimate(d)
	if got.Rollouts != 1 || got.Basis() != `the one recorded rollout by the strategy "careful"` || got.Lengths[0] > 4*time.Minute || got.Lengths[1] > 4*time.Minute {
		t.Errorf("%+v: %s", got, got.Basis())
	}
	if h.clock.Now().Sub(monday) < 6*time.Hour {
		t.Error("it did not wait")
	}
}

func TestHistoryThatCannotBeRead(t *testing.T) {
	h := newHistory(t)
	away := errors.New("disk on fire")
	h.ledger.Fault = func(string, mem.Phase) error { return away }
	if _, err := timeline.Estimate(t.Context(), h.ledger, key, careful("careful", 2, 3)); !errors.Is(err, away) || !strings.Contains(err.Error(), "checkout/production") {
		t.Errorf("%v", err)
	}
}

// A gate is asked with the start of the rollout, so that it can let it finish.
func TestByGate(t *testing.T) {
	var asked []time.Time
	g := gateFunc(func(s gate.Subject, at time.Time) gate.Result {
		asked = append(asked, s.Started)
		if at.Equal(monday) {
			return gate.Result{Status: gate.Unknown, Reason: "no idea", NextAt: at.Add(time.Hour)}
		}
		return gate.Result{Status: gate.Pass}
	})
	got, err := timeline.Walk(monday, []timeline.Stage{{Environment: "production", Windows: timeline.ByGate(t.Context(), g, gate.Subject{}), Legs: []time.Duration{time.Hour, time.Hour}}})
	if err != nil {
		t.Fatal(err)
	}
	started := monday.Add(time.Hour)
	if diff := cmp.Diff([]time.Time{{}, {}, started}, asked); diff != "" || !got.Finish().Equal(monday.Add(3*time.Hour)) {
		t.Errorf("it finishes at %s; asked with (-want +got):\n%s", got.Finish(), diff)
	}
}

type gateFunc func(gate.Subject, time.Time) gate.Result

func (gateFunc) Name() string { return "window" }

func (f gateFunc) Check(_ context.Context, s gate.Subject, at time.Time) gate.Result { return f(s, at) }
