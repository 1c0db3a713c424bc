package actions_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/terraform-plugin-go/tfprotov6"
	"github.com/hashicorp/terraform-plugin-go/tftypes"
	_ "modernc.org/sqlite" // to damage a ledger behind its driver's back

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/client"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

var key = release.Key{Service: "checkout", Environment: "production"}

func payload(version string) artifact.Payload {
	digit := version[len(version)-1:]
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

// The artifacts: what serves first, a good one, and one that fails a fifth of its
// requests.
var first, good, bad = payload("1.0.0"), payload("1.1.1"), payload("1.2.2")

// world is a ledger in a file, a simulated target with users, a clock that moves when
// somebody sleeps, and a provider in front of them.
type world struct {
	*acctest.Protocol
	t      *testing.T
	clock  *clock.Fake
	target *sim.Target
	// ci is another process on the same ledger.
	ci   *client.Client
	path string
	// away makes the target answer nobody.
	away bool
	// before, if set, is called before each change of the target.
	before func(verb string)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewAuto(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)), path: filepath.Join(t.TempDir(), "ledger.db")}
	w.target = sim.New(sim.Options{
		Clock: w.clock,
		Fault: func(verb string, phase sim.Phase) error {
			if w.away {
				return errors.New("connection refused")
			}
			if w.before != nil && phase == sim.Before {
				w.before(verb)
			}
			return nil
		},
		World: sim.World{RatePerSecond: 100, Bad: func(_ string, p artifact.Payload) float64 {
			if p.Same(bad) {
				return 0.2
			}
			return 0.001
		}},
	})
	in := client.World{
		Clock: w.clock, Dir: ".", Version: "test",
		Getenv: func(name string) string { return map[string]string{"SLUICE_ACTOR": "kim@acme"}[name] },
		Targets: target.NewRegistry(target.Driver{
			Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
			Open: func(context.Context, json.RawMessage, target.Deps) (target.Target, error) { return w.target, nil },
		}),
		Signals: signal.NewRegistry(signal.Driver{
			Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
			Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) {
				return w.target.Source(), nil
			},
		}),
	}
	w.ci = &client.Client{World: in, URL: "sqlite:" + w.path, Actor: "ci@acme"}
	t.Cleanup(func() { _ = w.ci.Close() }) // Nothing was left unwritten.
	w.Protocol = acctest.Speak(t, in, w.ci.URL)
	return w
}

func (w *world) ledger() ledger.Ledger {
	w.t.Helper()
	l, err := w.ci.Writing(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// ship releases a payload as an apply would.
func (w *world) ship(ctx context.Context, p artifact.Payload) error {
	w.t.Helper()
	step := func(weight float64) strategy.CanaryStep {
		return strategy.CanaryStep{Weight: weight, AtLeast: field.Duration(time.Minute)}
	}
	_, err := w.ci.Engine(w.ledger()).Ship(ctx, release.ShipRequest{Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "ci@acme"}, Spec: release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment, Tier: "production"}, Payload: p,
		Target: target.Config{Driver: "sim", Config: json.RawMessage(`{}`)},
		Strategy: strategy.Definition{
			Name: "careful", Bake: field.Duration(time.Minute),
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{step(10), step(50), {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{"errors": {Critical: true}}},
		},
		Signals: map[string]signal.Config{"http": {Driver: "sim", Config: json.RawMessage(`{}`)}},
	}})
	return err
}

func (w *world) shipped(payloads ...artifact.Payload) {
	w.t.Helper()
	for _, p := range payloads {
		if err := w.ship(w.t.Context(), p); err != nil {
			w.t.Fatalf("shipping %s: %v", p.Label(), err)
		}
	}
}

// broken ships a payload and stops the driver when the target is asked for the n-th
// apply.
func (w *world) broken(p artifact.Payload, n int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	w.before = func(verb string) {
		if verb == sim.VerbApply {
			if n--; n == 0 {
				cancel()
			}
		}
	}
	err := w.ship(ctx, p)
	w.before = nil
	var stopped *release.InterruptedError
	if !errors.As(err, &stopped) {
		w.t.Fatalf("shipping %s was to be interrupted: %v", p.Label(), err)
	}
}

// held makes somebody hold the lease for as long as the test lasts.
func (w *world) held() {
	w.t.Helper()
	leaser := &ledger.Leaser{Ledger: w.ledger(), Clock: w.clock, Holder: "ci@acme 4711"}
	if _, err := leaser.Acquire(w.t.Context(), key.LeaseName(), 30*time.Second); err != nil {
		w.t.Fatal(err)
	}
}

// history gives what the ledger says of the release.
func (w *world) history() *release.History {
	w.t.Helper()
	h, err := w.ci.Engine(w.ledger()).Load(w.t.Context(), key)
	if err != nil {
		w.t.Fatal(err)
	}
	return h
}

// serves fails unless the target serves this payload alone.
func (w *world) serves(p artifact.Payload) {
	w.t.Helper()
	s := w.target.State()
	if s.Baseline == nil || !s.Baseline.Payload.Same(p) || s.Weight != 0 {
		w.t.Fatalf("the target does not serve %s alone: %+v", p.Label(), s)
	}
}

// behind runs SQL on the ledger behind its driver's back.
func (w *world) behind(query string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", w.path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), query); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

type config = map[string]tftypes.Value

// asked is a configuration of texts, with the release.
func asked(more ...string) config {
	out := config{"release": acctest.Text("checkout/production")}
	for i := 0; i < len(more); i += 2 {
		out[more[i]] = acctest.Text(more[i+1])
	}
	return out
}

// lines writes diagnostics, one a line: severity, path, summary and detail.
func lines(diags []*tfprotov6.Diagnostic) string {
	var out []string
	for _, d := range diags {
		out = append(out, fmt.Sprintf("%s (%s) %s: %s", d.Severity, acctest.Path(d), d.Summary, d.Detail))
	}
	return strings.Join(out, "\n")
}

// contains fails unless text has every part, however its lines are broken.
func contains(t *testing.T, text string, parts ...string) {
	t.Helper()
	flat := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	for _, part := range parts {
		if !strings.Contains(flat(text), flat(part)) {
			t.Errorf("it does not say %q:\n%s", part, text)
		}
	}
}

// succeeded fails unless an action ended without an error, having said all parts.
func succeeded(t *testing.T, got acctest.Invoked, parts ...string) {
	t.Helper()
	if err := acctest.Errors(got.Diagnostics); err != nil {
		t.Fatalf("%v\nafter %q", err, got.Lines)
	}
	contains(t, strings.Join(got.Lines, "\n"), parts...)
}
