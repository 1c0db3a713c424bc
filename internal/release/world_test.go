package release_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/check"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

var (
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	key   = release.Key{Service: "checkout", Environment: "production"}
	owner = release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}
)

func payload(version string) artifact.Payload {
	digit := version[len(version)-1:]
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

// The artifacts of the tests: what serves, one that is good, and one that fails
// a fifth of its requests.
var (
	old  = payload("1.0.0")
	good = payload("1.0.1")
	bad  = payload("1.0.2")
)

// world is a runtime, its users and its metric store, in memory and on a fake
// clock. It outlives the engines that drive it.
type world struct {
	mu       sync.Mutex
	clock    *script
	machine  machine.Machine
	ledger   *mem.Ledger
	rate     float64
	failing  map[string]float64
	sums     map[target.Arm][2]float64
	counted  time.Time
	calls    map[string]int
	caps     target.Capabilities
	onEffect func(verb string)

	gates []gate.Gate
	// after is asked once a rollout has succeeded.
	after func(context.Context, gate.Subject) []gate.Result
	// health says how a payload's instances are; healthy where it does not.
	health map[string]target.Health
	// down holds what the target answers instead of carrying a verb out, and lost
	// how many replies of a verb get lost after it was carried out.
	down map[string]error
	lost map[string]int
	// vague makes the target answer that it cannot tell.
	vague     bool
	obstacles []target.Obstacle
	// silent stops the metric store from answering, empty loses an arm in it.
	silent bool
	empty  target.Arm
	// ringing is how many alarms each look finds; deaf makes none be heard.
	ringing float64
	deaf    bool
	// source and alarms, where they are not nil, make the signals of these names instead.
	source, alarms func() signal.Source
	// scrape is how often the metric store has news; 0 for always.
	scrape time.Duration
	// keeps says for which part of a time the store kept the counts, nil where it is
	// none that keeps anything.
	keeps   func(signal.Span) []signal.Span
	scraped time.Time
	// skew multiplies the share of traffic that the canary really gets.
	skew float64
	// cohort is how many of 100 requests match a cohort. checks says how a check by
	// its name ends, where it does not pass, and checked which were tried.
	cohort  float64
	checks  map[string]check.Status
	checked []string
	// asked counts the calls to the metric store, verbs those to the target in
	// order, and writes the changes among them.
	asked  int
	verbs  []string
	writes int
	guard  *guard
	// changes lists what writes made different. lateCallsLand lets a write arrive
	// after its deadline, as a packet that the network kept does.
	changes       []change
	lateCallsLand bool
	// lasting is until when the credentials of "target", "signal" and "ledger" last; what
	// is not there has no end.
	lasting map[string]time.Time
	// budgets holds the longest time that a call of each verb was given.
	budgets map[string]time.Duration
}

// change is one difference that a write made.
type change struct {
	verb, key string
	weight    float64
	fence     uint64
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{
		clock: newScript(start), ledger: mem.New(start), rate: 100, guard: &guard{t: t},
		health: map[string]target.Health{}, down: map[string]error{}, lost: map[string]int{},
		failing: map[string]float64{bad.Key(): 0.2}, sums: map[target.Arm][2]float64{}, counted: start,
		calls: map[string]int{}, budgets: map[string]time.Duration{}, caps: target.Capabilities{Weights: true, Cohorts: true, Mirror: true, Batches: true, RevertAfter: true, ConditionalWrite: true},
		cohort: 20, checks: map[string]check.Status{},
	}
	w.machine.Can, w.machine.Instances = w.caps, 4
	w.machine.LookAgain = time.Second
	w.machine.Health = w.healthOf
	return w
}

// serve puts a payload into the world as if it had always been there.
func (w *world) serve(t testing.TB, p artifact.Payload) {
	t.Helper()
	w.machine.State.Slots++
	w.machine.State.Baseline = &machine.Slot{ID: "always", Payload: p, Ready: true}
}

// healthOf says how an instance is.
func (w *world) healthOf(id string) target.Health {
	for _, slot := range w.machine.State.Wanted() {
		if h, ok := w.health[slot.Payload.Key()]; ok && slot.ID == id {
			return h
		}
	}
	return target.Healthy
}

// note remembers a call to the target, and says whether it is down for it.
func (w *world) note(verb string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.verbs = append(w.verbs, verb)
	if err := w.down["any"]; err != nil {
		return err
	}
	return w.down[verb]
}

// hand moves the canary's weight behind every driver's back.
func (w *world) hand(t testing.TB, weight float64) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	if err := w.machine.Hand(w.clock.Now(), artifact.Payload{}, weight); err != nil {
		t.Error(err)
	}
}

// count brings the users' requests up to now.
func (w *world) count() {
	now := w.clock.Now()
	seconds := max(now.Sub(w.counted).Seconds(), 0)
	w.counted = now
	s := w.machine.State
	add := func(arm target.Arm, slot *machine.Slot, share float64) {
		if slot == nil {
			return
		}
		n := w.rate * seconds * share / 100
		sum := w.sums[arm]
		w.sums[arm] = [2]float64{sum[0] + n*w.failing[slot.Payload.Key()], sum[1] + n}
	}
	skewed, copied := min(s.Weight*max(w.skew, 1), 100), 0.0
	if s.Extra != nil && s.Extra.Cohort != nil {
		skewed = w.cohort + (100-w.cohort)*skewed/100
	}
	if s.Extra != nil {
		copied = s.Extra.Mirror * (100 - skewed) / 100
	}
	add(target.Baseline, s.Baseline, 100-skewed)
	add(target.Canary, s.Canary, skewed+copied)
}

// fault is asked before and after each call of an engine that changes something.
type fault func(op, phase string) error

// engine makes one driver of the world, which may be made to die.
func (w *world) engine(name string, f fault) *release.Engine {
	if f == nil {
		f = func(string, string) error { return nil }
	}
	l := w.ledger.Handle()
	l.Fault = func(op string, phase mem.Phase) error { return f(op, string(phase)) }
	targets := target.NewRegistry(target.Driver{
		Name: "world", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(context.Context, json.RawMessage, target.Deps) (target.Target, error) {
			return &worldTarget{w: w, fault: f}, nil
		},
	})
	signals := signal.NewRegistry(signal.Driver{
		Name: "alarms", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) {
			if w.alarms != nil {
				return w.alarms(), nil
			}
			return &alarms{w: w}, nil
		},
	}, signal.Driver{
		Name: "world", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) {
			if w.keeps != nil {
				return &keptSource{worldSource{w: w}}, nil
			}
			if w.source != nil {
				return w.source(), nil
			}
			return &worldSource{w: w}, nil
		},
	})
	e := &release.Engine{Ledger: l, Clock: w.clock, Targets: targets, Signals: signals, Gates: w.gates, After: w.after, Checks: w, Actor: name, Holder: name}
	release.Watch(e, func(d release.Decision) { w.guard.decided(w.clock.Now(), d) })
	return e
}

func worldSpec(p artifact.Payload) release.Spec {
	step := func(weight float64) strategy.CanaryStep {
		return strategy.CanaryStep{Weight: weight, AtLeast: field.Duration(time.Minute)}
	}
	return release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: p,
		Target: target.Config{Driver: "world", Config: json.RawMessage(`{}`)},
		Strategy: strategy.Definition{
			Name: "careful", Bake: field.Duration(time.Minute),
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{step(10), step(50), {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{"errors": {Critical: true}}},
		},
		Signals: map[string]signal.Config{"http": {Driver: "world", Config: json.RawMessage(`{}`)}},
	}
}

func request(p artifact.Payload) release.ShipRequest {
	return release.ShipRequest{Spec: worldSpec(p), Owner: owner}
}

// records reads the release's stream.
func (w *world) records(t testing.TB) []ledger.Record {
	t.Helper()
	records, err := w.ledger.Read(context.Background(), key.Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	return records
}

func (w *world) observe() target.Observation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.machine.Observe(w.clock.Now())
}

// share is how much of the traffic a payload gets.
func (w *world) share(p artifact.Payload) float64 {
	obs := w.observe()
	for _, arm := range []*target.ArmState{obs.Canary, obs.Baseline} {
		if arm != nil && arm.Payload.Same(p) {
			return arm.Weight
		}
	}
	return 0
}

// deploy gives the good artifact traffic as somebody else's tool does.
func (w *world) deploy(t testing.TB, weight float64) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	if err := w.machine.Hand(w.clock.Now(), good, weight); err != nil {
		t.Error(err)
	}
}

// takeOver makes the good artifact the only one, as somebody else's tool does.
func (w *world) takeOver() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	w.machine.State.Baseline = &machine.Slot{ID: "theirs", Payload: good, Ready: true}
	w.machine.State.Canary, w.machine.State.Weight = nil, 0
}
