package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// fleet is many simulated targets and their users. Its time is that of a bubble of
// testing/synctest, in which goroutines that all wait make it move on.
type fleet struct {
	t       testing.TB
	ledger  *mem.Ledger
	names   []string
	targets map[string]*sim.Target
	gates   []gate.Gate

	mu sync.Mutex
	// sick says at which targets which payload fails a fifth of its requests.
	sick map[string]artifact.Payload
	// ill says which payload the target calls unhealthy.
	ill map[string]artifact.Payload
	// ends is when the credentials of all targets end, zero for never.
	ends time.Time
	// away says which targets do not answer, and onCall is told each call.
	away   map[string]bool
	onCall func(name, verb string, phase sim.Phase)
}

// inFleet runs a test in a bubble with n targets that serve the old artifact.
func inFleet(t *testing.T, n int, test func(t *testing.T, f *fleet)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newFleet(t, n)) })
}

func newFleet(t testing.TB, n int) *fleet {
	f := &fleet{
		t: t, ledger: mem.New(clock.System{}.Now()), targets: map[string]*sim.Target{},
		sick: map[string]artifact.Payload{}, ill: map[string]artifact.Payload{}, away: map[string]bool{},
	}
	for i := range n {
		f.add(fmt.Sprintf("cell-%d", i+1))
	}
	return f
}

func (f *fleet) add(name string) {
	f.names = append(f.names, name)
	f.targets[name] = sim.New(sim.Options{
		Clock: clock.System{}, Startup: time.Second,
		Health: func(p artifact.Payload) target.Health {
			if f.is(f.ill, name, p) {
				return target.Unhealthy
			}
			return target.Healthy
		},
		World: sim.World{RatePerSecond: 100, Bad: func(_ string, p artifact.Payload) float64 {
			if f.is(f.sick, name, p) || p.Same(bad) {
				return 0.2
			}
			return 0
		}},
		Fault: func(verb string, phase sim.Phase) error {
			f.mu.Lock()
			away, tell := f.away[name], f.onCall
			f.mu.Unlock()
			if tell != nil {
				tell(name, verb, phase)
			}
			if away && phase == sim.Before {
				return &target.Error{Code: target.CodeUnavailable, Message: name + " does not answer"}
			}
			return nil
		},
	})
	f.targets[name].Serve(old)
}

func (f *fleet) is(which map[string]artifact.Payload, name string, p artifact.Payload) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	q, ok := which[name]
	return ok && q.Same(p)
}

// set changes the world while engines run in it.
func (f *fleet) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func named(raw json.RawMessage) string {
	var c struct{ Name string }
	if err := json.Unmarshal(raw, &c); err != nil {
		panic(err) // The tests write it themselves.
	}
	return c.Name
}

// engine makes one process that drives the fleet, which may be made to die.
func (f *fleet) engine(name string, fault func(op, phase string) error) *release.Engine {
	l := f.ledger.Handle()
	if fault != nil {
		l.Fault = func(op string, phase mem.Phase) error { return fault(op, string(phase)) }
	}
	valid := func(json.RawMessage) field.Errors { return nil }
	return &release.Engine{
		Ledger: l, Clock: clock.System{}, Gates: f.gates, Actor: name, Holder: name,
		Targets: target.NewRegistry(target.Driver{Name: "sim", Validate: valid, Open: func(_ context.Context, c json.RawMessage, _ target.Deps) (target.Target, error) {
			return endingTarget{f.targets[named(c)], f}, nil
		}}),
		Signals: signal.NewRegistry(signal.Driver{Name: "sim", Validate: valid, Open: func(_ context.Context, c json.RawMessage, _ signal.Deps) (signal.Source, error) {
			return f.targets[named(c)].Source(), nil
		}}),
	}
}

func simConfig(name string) json.RawMessage { return json.RawMessage(`{"name":"` + name + `"}`) }

// request is the wish that all targets run a payload.
func (f *fleet) request(p artifact.Payload, w release.Waves) release.ShipRequest {
	spec := release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: p, Waves: &w,
		Strategy: strategy.Definition{
			Name: "careful", RevertAfter: field.Duration(10 * time.Minute),
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10, AtLeast: field.Duration(time.Minute)}, {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{"errors": {Critical: true}}},
		},
	}
	for _, name := range f.names {
		spec.Targets = append(spec.Targets, release.TargetSpec{
			Name: name, Target: target.Config{Driver: "sim", Config: simConfig(name)},
			Signals: map[string]signal.Config{"http": {Driver: "sim", Config: simConfig(name)}},
		})
	}
	return release.ShipRequest{Spec: spec, Owner: owner}
}

// history folds the stream of the whole release.
func (f *fleet) history() *release.History {
	f.t.Helper()
	h, err := release.Fold(key, f.records(key))
	if err != nil {
		f.t.Fatal(err)
	}
	return h
}

func (f *fleet) records(k release.Key) []ledger.Record {
	f.t.Helper()
	records, err := f.ledger.Read(context.Background(), k.Stream(), 1)
	if err != nil {
		f.t.Fatal(err)
	}
	return records
}

// story lists the records of the whole release about its targets, in order:
// "started cell-1".
func (f *fleet) story(kinds ...string) []string {
	f.t.Helper()
	var out []string
	for _, r := range f.records(key) {
		if !slices.Contains(kinds, r.Kind) {
			continue
		}
		var b struct{ Target string }
		if err := json.Unmarshal(r.Body, &b); err != nil {
			f.t.Fatal(err)
		}
		out = append(out, strings.TrimPrefix(r.Kind, "target.")+" "+b.Target)
	}
	return out
}

// wantServing checks what each target itself says.
func (f *fleet) wantServing(p artifact.Payload, but ...string) {
	f.t.Helper()
	for _, name := range f.names {
		s := f.targets[name].State()
		serves := s.Baseline != nil && s.Baseline.Payload.Same(p) && s.Weight == 0
		if serves == slices.Contains(but, name) {
			f.t.Errorf("%s: serves %s alone is %v (baseline %+v, canary at %g %%)", name, p.Label(), serves, s.Baseline, s.Weight)
		}
	}
}

func wantEnded(t *testing.T, out release.Outcome, err error, result release.Result) {
	t.Helper()
	var ended *release.EndedError
	if out.Result != result || (err != nil) != (result != release.Shipped) || err != nil && !errors.As(err, &ended) {
		t.Fatalf("result %s, error %v; want %s", out.Result, err, result)
	}
}
