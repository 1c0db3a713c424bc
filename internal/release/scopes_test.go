package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/calls"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/dependency"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// stuck is a ledger that stops answering, and heeds no context.
type stuck struct {
	ledger.Ledger
	hung func() bool
	over chan struct{}
}

func (h stuck) wait() {
	if h.hung() {
		<-h.over
	}
}

func (h stuck) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	h.wait()
	return h.Ledger.Read(ctx, stream, from)
}

func (h stuck) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	h.wait()
	return h.Ledger.Heads(ctx, prefix)
}

// below puts a ledger into the scope acme/retail, with a ledger of acme above it.
func below(t *testing.T, own *mem.Ledger, c clock.Clock, above func(*mem.Ledger) ledger.Ledger) (*scope.View, *mem.Ledger) {
	t.Helper()
	acme := mem.New(c.Now())
	if _, err := scope.Bind(t.Context(), acme, scope.Config{Scope: "acme"}, "kim@acme", c.Now()); err != nil {
		t.Fatal(err)
	}
	config, errs := scope.Given("mem:retail", "acme/retail", map[string]string{"acme": "mem:acme"})
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	return scope.New(own, config, func(context.Context, string) (ledger.Ledger, error) { return above(acme), nil }, c), acme
}

// one is the wish of a fleet of one target, as a release of that target alone.
func (f *fleet) one() release.ShipRequest {
	req := f.request(good, release.Waves{})
	only := req.Spec.Targets[0]
	req.Spec.Waves, req.Spec.Targets, req.Spec.Target, req.Spec.Signals = nil, nil, only.Target, only.Signals
	req.Spec.Definition = &release.Service{Name: key.Service, ExternalDependencies: []string{"psp"}}
	return req
}

// A ledger above that hangs keeps the rollout from going forward, and a revert for harm
// waits for it at no point, whenever harm shows.
func TestAHungLedgerAboveDelaysNoRevert(t *testing.T) {
	for _, late := range []time.Duration{0, 5 * time.Second, 10 * time.Second, 15 * time.Second, 20 * time.Second} {
		t.Run(late.String(), func(t *testing.T) {
			inFleet(t, 1, func(t *testing.T, f *fleet) {
				over, hung := make(chan struct{}), false
				view, acme := below(t, f.ledger, clock.System{}, func(acme *mem.Ledger) ledger.Ledger {
					return stuck{acme, func() bool { f.mu.Lock(); defer f.mu.Unlock(); return hung }, over}
				})
				psp := ledger.Put{Kind: dependency.ObjectKind, Name: "psp", Actor: "kim@acme", At: clock.System{}.Now(), Content: json.RawMessage(`{"name":"psp"}`)}
				if _, err := ledger.PutObject(t.Context(), acme, psp); err != nil {
					t.Fatal(err)
				}
				f.gates = gates.New(view, nil, nil)
				f.onCall = func(name, verb string, phase sim.Phase) {
					if verb != "apply" || phase != sim.After {
						return
					}
					f.set(func() { hung = true })
					time.AfterFunc(late, func() { f.set(func() { f.sick[name] = good }) })
				}
				out, err := f.engine("a", nil).Ship(t.Context(), f.one())
				close(over)
				wantEnded(t, out, err, release.WentBack)
				f.wantServing(old)
				f.wantNoDelay()
			})
		})
	}
}

// wantNoDelay wants the look that found harm to have asked nobody above, though others
// did, and the revert to follow upon it at once.
func (f *fleet) wantNoDelay() {
	f.t.Helper()
	var found time.Time
	asked := 0
	for _, r := range f.records(key) {
		var tick release.TickBody
		if r.Kind == release.KindTick {
			if err := json.Unmarshal(r.Body, &tick); err != nil {
				f.t.Fatal(err)
			}
			if strings.Contains(strings.Join(tick.Away, " "), "acme") {
				asked++
			}
			if tick.Verdict != nil && tick.Verdict.Kind == judge.Harm {
				found = r.At
				if len(tick.Away) > 0 {
					f.t.Errorf("the look that found harm waited for an answer: %q", tick.Away)
				}
			}
		}
		var eff release.Effect
		if r.Kind == release.KindIntent && json.Unmarshal(r.Body, &eff) == nil && eff.Kind == release.EffectRevert {
			if late := r.At.Sub(found); found.IsZero() || late > 100*time.Millisecond {
				f.t.Errorf("the revert begins %s after the look that found harm", late)
			}
		}
	}
	if asked == 0 {
		f.t.Error("no look met the hung ledger, so nothing was tried")
	}
}

// What a scope above put into quarantine, and the maintenance of a dependency that it
// declares, keep a rollout below from beginning, also where something lies around the
// look upwards as an agent's ledger does; a person goes back through both.
func TestWhatIsSaidAboveHoldsForARolloutBelow(t *testing.T) {
	around := map[string]func(ledger.Ledger, clock.Clock) ledger.Ledger{
		"an apply": func(l ledger.Ledger, _ clock.Clock) ledger.Ledger { return l },
		"an agent": func(l ledger.Ledger, c clock.Clock) ledger.Ledger {
			return calls.Join(calls.Measure(l, c, func(string, time.Duration, bool) {}))
		},
	}
	for name, wrap := range around {
		t.Run(name, func(t *testing.T) {
			w := upgrade(t)
			for _, p := range []string{"1.0.3", "1.0.4"} {
				if _, err := w.engine("before", nil).Ship(t.Context(), brisk(payload(p))); err != nil {
					t.Fatal(err)
				}
			}
			view, acme := below(t, w.ledger, w.clock, func(acme *mem.Ledger) ledger.Ledger { return acme })
			w.gates = gates.New(wrap(view, w.clock), nil, nil)
			above := &release.Engine{Ledger: acme, Clock: w.clock, Actor: "kim@acme"}
			if err := above.Quarantine(t.Context(), key, good, "leaks"); err != nil {
				t.Fatal(err)
			}
			put := ledger.Put{Kind: dependency.ObjectKind, Name: "psp", Actor: "kim@acme", At: w.clock.Now(), Content: json.RawMessage(
				`{"name":"psp","maintenance":{"time_zone":"UTC","absolute":[{"starts_at":"2026-03-02T08:00:00","ends_at":"2026-03-02T23:00:00"}]}}`)}
			if _, err := ledger.PutObject(t.Context(), acme, put); err != nil {
				t.Fatal(err)
			}
			for p, gateName := range map[string]string{"1.0.1": "quarantine", "1.0.5": "dependency"} {
				req := brisk(payload(p))
				if gateName == "dependency" {
					req.Spec.Definition = &release.Service{Name: key.Service, ExternalDependencies: []string{"psp"}}
				}
				_, err := w.engine("a", nil).Ship(t.Context(), req)
				var blocked *release.BlockedError
				if !errors.As(err, &blocked) || !says(blocked.Results, gateName, "acme") {
					t.Errorf("%s is not kept back by the %s of acme: %v", p, gateName, err)
				}
			}
			if _, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "worse"}); err != nil {
				t.Errorf("a person's rollback is held up: %v", err)
			}
			wantServing(t, w, payload("1.0.3"))
		})
	}
}

func says(results []gate.Result, name, text string) bool {
	for _, r := range results {
		if r.Gate == name && r.Status == gate.Fail && strings.Contains(r.Reason, text) {
			return true
		}
	}
	return false
}
