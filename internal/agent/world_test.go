package agent_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/drift/document"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// ttl is short, since these tests run by the machine's clock: several processes that
// wait for each other are what they are about.
const ttl = time.Second

func payload(version string) artifact.Payload {
	digit := version[len(version)-1:]
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/x@sha256:" + strings.Repeat(digit, 64)}}
}

var (
	old  = payload("1.0.0")
	good = payload("1.0.1")
	bad  = payload("1.0.2")
)

// world is a ledger and a simulated target for each release.
type world struct {
	t      *testing.T
	clock  clock.Clock
	ledger ledger.Ledger
	gates  []gate.Gate
	bake   time.Duration

	mu      sync.Mutex
	targets map[string]*sim.Target
}

func newWorld(t *testing.T, l ledger.Ledger) *world {
	t.Helper()
	return &world{t: t, clock: clock.System{}, ledger: l, targets: map[string]*sim.Target{}}
}

func (w *world) target(name string) *sim.Target {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.targets[name] == nil {
		w.targets[name] = sim.New(sim.Options{Clock: w.clock, World: sim.World{RatePerSecond: 2000, Bad: func(_ string, p artifact.Payload) float64 {
			if p.Same(bad) {
				return 0.6
			}
			return 0
		}}})
		w.targets[name].Serve(old)
	}
	return w.targets[name]
}

type named struct {
	Name string `json:"name"`
}

func (w *world) open(raw json.RawMessage) (*sim.Target, error) {
	var n named
	err := json.Unmarshal(raw, &n)
	return w.target(n.Name), err
}

// engine makes what drives, on a ledger.
func (w *world) engine(l ledger.Ledger, actor string) *release.Engine {
	targets := target.NewRegistry(target.Driver{
		Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(_ context.Context, c json.RawMessage, _ target.Deps) (target.Target, error) { return w.open(c) },
	})
	signals := signal.NewRegistry(signal.Driver{
		Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(_ context.Context, c json.RawMessage, _ signal.Deps) (signal.Source, error) {
			t, err := w.open(c)
			return t.Source(), err
		},
	})
	return &release.Engine{Ledger: l, Clock: w.clock, Targets: targets, Signals: signals, Gates: w.gates, Actor: actor, Holder: actor, LeaseTTL: ttl}
}

func (w *world) spec(key release.Key, p artifact.Payload) release.Spec {
	config, _ := json.Marshal(named{key.String()})
	return release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: p,
		Target: target.Config{Driver: "sim", Config: config},
		Strategy: strategy.Definition{
			Name: "brisk", Bake: field.Duration(w.bake),
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 50, AtLeast: field.Duration(300 * time.Millisecond)}, {Weight: 100}}},
			Analysis: strategy.Analysis{Interval: field.Duration(100 * time.Millisecond), Metrics: map[string]strategy.Metric{"errors": {Critical: true}}},
		},
		Signals: map[string]signal.Config{"http": {Driver: "sim", Config: config}},
	}
}

// begin opens a rollout as an apply with a short wait does, and leaves it.
func (w *world) begin(key release.Key, p artifact.Payload) {
	w.t.Helper()
	w.beginSpec(w.spec(key, p))
}

func (w *world) beginSpec(spec release.Spec) {
	w.t.Helper()
	e := w.engine(w.ledger, "apply")
	ctx, leave := context.WithCancel(w.t.Context())
	defer leave()
	e.Hooks.Recorded = func(r release.Recorded) {
		if r.Kind == release.KindOpened {
			leave()
		}
	}
	_, err := e.Ship(ctx, release.ShipRequest{Spec: spec, Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}})
	var stopped *release.InterruptedError
	if !errors.As(err, &stopped) {
		w.t.Fatalf("beginning %s: %v", spec.Key(), err)
	}
}

// lines collects a log, which a test shows when it fails.
type lines struct {
	mu  sync.Mutex
	all strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// runner is an agent that runs.
type runner struct {
	*agent.Agent
	log  *lines
	stop context.CancelFunc
	done chan struct{}
	err  error
}

// run starts an agent on a ledger of its own handle.
func (w *world) run(name string, change func(*agent.Options)) *runner {
	w.t.Helper()
	r := &runner{log: &lines{}, done: make(chan struct{})}
	opts := agent.Options{
		Ledger: w.ledger, Clock: w.clock, Self: presence.Agent{Name: name}, Actor: name, Holder: name + " 1",
		Engine: func(l ledger.Ledger) *release.Engine { return w.engine(l, name) },
		Look: func(l ledger.Ledger) func(context.Context, drift.Check, time.Time) (drift.Report, error) {
			return drift.Looker{Engine: w.engine(l, name), Documents: document.Reader{}}.Look
		},
		LookEvery: 100 * time.Millisecond, LeaseTTL: ttl, StopWithin: 10 * time.Second,
		Log: slog.New(slog.NewTextHandler(r.log, nil)),
	}
	if change != nil {
		change(&opts)
	}
	r.Agent = agent.New(opts)
	var ctx context.Context
	ctx, r.stop = context.WithCancel(context.Background())
	go func() {
		defer close(r.done)
		r.err = r.Run(ctx)
	}()
	w.t.Cleanup(func() {
		r.stop()
		<-r.done
		if w.t.Failed() {
			w.t.Logf("the log of %s:\n%s", name, r.log)
		}
	})
	return r
}

// until waits for a condition, half a minute at most.
func (w *world) until(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); {
		if time.Now().After(deadline) {
			w.t.Fatalf("waited in vain for: %s", what)
		}
		_ = w.clock.Sleep(w.t.Context(), 20*time.Millisecond)
	}
}

func (w *world) history(key release.Key) *release.History {
	w.t.Helper()
	records, err := w.ledger.Read(w.t.Context(), key.Stream(), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	h, err := release.Fold(key, records)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

func (w *world) ended(key release.Key, number int) func() bool {
	return func() bool {
		r := w.history(key).Rollout(number)
		return r != nil && r.State.Final()
	}
}

// wantOneDriver fails where a record was not of the driver who had the fence then,
// and where one wish was carried out twice.
func (w *world) wantOneDriver(key release.Key) {
	w.t.Helper()
	records, err := w.ledger.Read(w.t.Context(), key.Stream(), 1)
	if err != nil {
		w.t.Fatal(err)
	}
	actors, last := map[uint64]string{}, uint64(0)
	for _, r := range records {
		if r.Fence == 0 {
			continue
		}
		if actor, ok := actors[r.Fence]; ok && actor != r.Actor || r.Fence < last {
			w.t.Errorf("%s: record %d of %s has the fence %d, after %d of %s", key, r.Seq, r.Actor, r.Fence, last, actors[last])
		}
		actors[r.Fence], last = r.Actor, r.Fence
	}
	changed := map[string]int{}
	for _, c := range w.target(key.String()).Calls() {
		if c.Changed && !strings.Contains(c.Key, "renew") {
			changed[fmt.Sprintf("%s at %g", c.Verb, c.Weight)]++
		}
	}
	for what, n := range changed {
		if n > 1 {
			w.t.Errorf("%s: %s changed the target %d times", key, what, n)
		}
	}
}

func keyOf(n int) release.Key {
	return release.Key{Service: fmt.Sprintf("service-%02d", n), Environment: "production"}
}
