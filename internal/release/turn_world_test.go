package release_test

import (
	"context"
	"encoding/json"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/queue"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// account is a fleet whose targets share the calls of one account, in which one after the
// other has its turn.
type account struct {
	*fleet
	line *queue.Queue

	mu sync.Mutex
	// verbs are those that were asked, and now how many are asked at this moment.
	verbs     []string
	now, most int
}

// inAccount runs a test in a bubble with n targets.
func inAccount(t *testing.T, n int, test func(t *testing.T, a *account)) {
	t.Helper()
	inFleet(t, n, func(t *testing.T, f *fleet) { test(t, &account{fleet: f, line: queue.New("the account", 1)}) })
}

// engine makes one process that drives the account.
func (a *account) engine(name string) *release.Engine {
	e := a.fleet.engine(name, nil)
	e.Targets = target.NewRegistry(target.Driver{Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(_ context.Context, c json.RawMessage, _ target.Deps) (target.Target, error) {
			return &tenant{Target: a.targets[named(c)], of: a}, nil
		}})
	return e
}

// request is the wish that one target of the account runs a payload, or all do in waves.
func (a *account) request(p artifact.Payload, waves *release.Waves) release.ShipRequest {
	req := a.fleet.request(p, release.Waves{})
	if waves != nil {
		req.Spec.Waves = waves
		return req
	}
	one := req.Spec.Targets[0]
	req.Spec.Waves, req.Spec.Targets, req.Spec.Target, req.Spec.Signals = nil, nil, one.Target, one.Signals
	return req
}

func (a *account) asked() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.verbs)
}

// idle is whether nobody has a turn.
func (a *account) idle() bool {
	p := a.line.Join(queue.Watch)
	defer p.Leave()
	return p.Has()
}

// tenant is one target of the account.
type tenant struct {
	*sim.Target
	of *account
}

var _ target.Sharer = (*tenant)(nil)

func (m *tenant) Join(line queue.Line) *queue.Place { return m.of.line.Join(line) }

// enter notes a call, which takes a moment.
func (m *tenant) enter(verb string) (leave func()) {
	a := m.of
	a.mu.Lock()
	a.verbs = append(a.verbs, verb)
	a.now++
	a.most = max(a.most, a.now)
	a.mu.Unlock()
	_ = clock.System{}.Sleep(a.t.Context(), 10*time.Millisecond)
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.now--
	}
}

func (m *tenant) Observe(ctx context.Context) (target.Observation, error) {
	defer m.enter(sim.VerbObserve)()
	return m.Target.Observe(ctx)
}

// Preflight waits for a turn of its own, as a driver of AWS does, unless there is one.
func (m *tenant) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	if !target.HasTurn(ctx) {
		place := m.Join(queue.Begin)
		defer place.Leave()
		select {
		case <-place.Ready():
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer m.enter(sim.VerbPreflight)()
	return m.Target.Preflight(ctx, p)
}

func (m *tenant) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	defer m.enter(sim.VerbPrepare)()
	return m.Target.Prepare(ctx, req)
}

func (m *tenant) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	defer m.enter(sim.VerbApply)()
	return m.Target.Apply(ctx, req)
}

func (m *tenant) Complete(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	defer m.enter(sim.VerbComplete)()
	return m.Target.Complete(ctx, req)
}

func (m *tenant) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	defer m.enter(sim.VerbRevert)()
	return m.Target.Revert(ctx, req)
}

func (m *tenant) Finalize(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	defer m.enter(sim.VerbFinalize)()
	return m.Target.Finalize(ctx, req)
}
