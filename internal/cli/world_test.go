package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

var update = flag.Bool("update", false, "write the golden files anew")

var (
	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	key   = release.Key{Service: "checkout", Environment: "production"}
	owner = release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "ci@acme default"}
)

// errAway is what a target says that this process has no access to.
var errAway = errors.New("connection refused")

func payload(version string) artifact.Payload {
	digit := version[len(version)-1:]
	return artifact.Payload{Artifact: artifact.Artifact{
		Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(digit, 64),
	}}
}

// The artifacts: what serves first, a good one, and one that fails a fifth of its
// requests.
var (
	first = payload("1.0.0")
	good  = payload("1.1.1")
	bad   = payload("1.2.2")
	third = payload("1.3.3")
)

// world is a ledger, usually in a file, a simulated target with users, and a clock that
// moves when somebody sleeps.
type world struct {
	t      *testing.T
	clock  *clock.Fake
	target *sim.Target
	env    map[string]string
	// ledger is where it is, if not in the usual file; see keep.
	ledger string
	// away makes the target answer nobody.
	away bool
	// asleep, if set, is called once, when a command of run first waits.
	asleep func()
	// steps, if set, are the canary's.
	steps []strategy.CanaryStep
	// environment, if set, is the one that is shipped to instead of production.
	environment string
	// tellTime is how long commands wait for receivers of notifications at their end; 0 is
	// the usual time.
	tellTime time.Duration
	// stop, if set, is called before each change of the target.
	stop func(verb string)
}

func newWorld(t *testing.T) *world {
	t.Helper()
	t.Chdir(t.TempDir())
	w := &world{t: t, clock: clock.NewAuto(start), env: map[string]string{"SLUICE_ACTOR": "kim@acme"}}
	w.target = sim.New(sim.Options{
		Clock: w.clock,
		Fault: func(verb string, phase sim.Phase) error {
			if w.away {
				return errAway
			}
			if w.stop != nil && phase == sim.Before {
				w.stop(verb)
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
	return w
}

// keep puts the ledger at url from now on, for commands as for what the world does itself.
func (w *world) keep(url string) { w.ledger, w.env["SLUICE_LEDGER"] = url, url }

// place is where the ledger is.
func (w *world) place() string {
	if w.ledger != "" {
		return w.ledger
	}
	return ledgers.Default()
}

func (w *world) drivers() target.Registry {
	return target.NewRegistry(target.Driver{
		Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(context.Context, json.RawMessage, target.Deps) (target.Target, error) { return w.target, nil },
	})
}

func (w *world) sources() signal.Registry {
	return signal.NewRegistry(signal.Driver{
		Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
		Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) {
			return w.target.Source(), nil
		},
	})
}

func spec(p artifact.Payload) release.Spec {
	step := func(weight float64) strategy.CanaryStep {
		return strategy.CanaryStep{Weight: weight, AtLeast: field.Duration(time.Minute)}
	}
	return release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment, Tier: "production"}, Payload: p,
		Target: target.Config{Driver: "sim", Config: json.RawMessage(`{}`)},
		Strategy: strategy.Definition{
			Name: "careful", Bake: field.Duration(time.Minute),
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{step(10), step(50), {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{"errors": {Critical: true}}},
		},
		Signals: map[string]signal.Config{"http": {Driver: "sim", Config: json.RawMessage(`{}`)}},
	}
}

// ship releases a payload as an apply would.
func (w *world) ship(ctx context.Context, p artifact.Payload) (release.Outcome, error) {
	w.t.Helper()
	l, err := ledgers.Open(w.t.Context(), w.place(), ledgers.Options{Clock: w.clock})
	if err != nil {
		w.t.Fatal(err)
	}
	defer l.Close()
	a := w.app()
	a.actorName = "ci@acme"
	wish := spec(p)
	if w.environment != "" {
		wish.Environment = release.Environment{Name: w.environment}
	}
	if w.steps != nil {
		wish.Strategy.Canary.Steps = w.steps
	}
	return a.engine(l).Ship(ctx, release.ShipRequest{Spec: wish, Owner: owner})
}

// shipped releases a payload that must succeed, from nothing or from another.
func (w *world) shipped(p artifact.Payload) {
	w.t.Helper()
	if out, err := w.ship(w.t.Context(), p); err != nil {
		w.t.Fatalf("shipping %s: %v, %s", p.Label(), err, out.Result)
	}
}

// broken ships a payload and stops the driver, as if by Ctrl-C, when the target is
// asked for the n-th apply.
func (w *world) broken(p artifact.Payload, n int) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	w.stop = func(verb string) {
		if verb == sim.VerbApply {
			if n--; n == 0 {
				cancel()
			}
		}
	}
	_, err := w.ship(ctx, p)
	w.stop = nil
	var stopped *release.InterruptedError
	if !errors.As(err, &stopped) {
		w.t.Fatalf("shipping %s was to be interrupted: %v", p.Label(), err)
	}
}

func (w *world) app() *app {
	return &app{
		version: "1.2.3", stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{},
		env: func(name string) string { return w.env[name] }, clock: w.clock,
		drivers: w.drivers(), sources: w.sources(), tellTime: w.tellTime,
	}
}

// waiting is the world's clock as a command sees it: what others do while it waits
// happens in its sleep, so that nothing depends on which of two is quicker.
type waiting struct {
	*clock.Fake
	w *world
}

func (c waiting) Sleep(ctx context.Context, d time.Duration) error {
	if asleep := c.w.asleep; asleep != nil {
		c.w.asleep = nil
		asleep()
	}
	return c.Fake.Sleep(ctx, d)
}

// result is what a run of the command line gave.
type result struct {
	code        int
	out, errors string
}

func (w *world) run(args ...string) result { return w.runWith("", args...) }

func (w *world) runWith(stdin string, args ...string) result {
	w.t.Helper()
	var stdout, stderr bytes.Buffer
	a := w.app()
	a.stdin, a.stdout, a.stderr = strings.NewReader(stdin), &stdout, &stderr
	a.clock = waiting{w.clock, w}
	code := a.run(w.t.Context(), args)
	return result{code: code, out: stdout.String(), errors: stderr.String()}
}

// expect runs a command that must exit with code, and returns its output.
func (w *world) expect(code int, args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != code {
		w.t.Fatalf("sluice %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.out, r.errors)
	}
	return r
}

var anyUUID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

var goldenDir, _ = filepath.Abs("testdata")

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

// golden compares a text with the file of that name.
func golden(t *testing.T, name, got string) {
	t.Helper()
	got = anyUUID.ReplaceAllString(got, "UUID")
	path := filepath.Join(goldenDir, name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got), go test -update writes it:\n%s", name, diff)
	}
}
