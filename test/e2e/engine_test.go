// Package e2e drives the engine on the real lab, with real processes, a SQLite
// ledger and live traffic, without Terraform in between.
package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	gates "github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/lab/service"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	signals "github.com/sluice/terraform-provider-sluice/internal/signal/all"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	targets "github.com/sluice/terraform-provider-sluice/internal/target/all"
)

var checkout = release.Key{Service: "checkout", Environment: "production"}

var owner = release.Owner{ID: "5f0c8f1e-0000-4000-8000-000000000001", Label: "e2e"}

func newEngine(t *testing.T, l ledger.Ledger) *release.Engine {
	t.Helper()
	return &release.Engine{
		Ledger: l, Clock: clock.System{}, Targets: targets.Drivers(), Signals: signals.Drivers(), Gates: gates.New(l, nil, nil),
		Actor: "e2e", Holder: "e2e " + t.Name(), LeaseTTL: 5 * time.Second, CallTimeout: 2 * time.Second, SpoolDir: t.TempDir(),
	}
}

func newLedger(t *testing.T) ledger.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), sqlite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func spec(t *testing.T, l *labtest.Lab, p artifact.Payload) release.Spec {
	t.Helper()
	config := func(v any) json.RawMessage {
		raw, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	step := func(weight float64) strategy.CanaryStep {
		return strategy.CanaryStep{Weight: weight, AtLeast: field.Duration(300 * time.Millisecond)}
	}
	return release.Spec{
		Service: "checkout", Environment: release.Environment{Name: "production", Tier: "production"}, Payload: p,
		Target: target.Config{Driver: "contract", Config: config(map[string]any{"url": l.Contract})},
		Strategy: strategy.Definition{
			Name: "careful", Canary: &strategy.Canary{Steps: []strategy.CanaryStep{step(25), step(50), {Weight: 100}}},
			Bake: field.Duration(500 * time.Millisecond),
			Analysis: strategy.Analysis{
				Interval: field.Duration(200 * time.Millisecond),
				Metrics: map[string]strategy.Metric{
					"errors": {Critical: true, Ceiling: 0.1, Dispersion: 1},
					// A machine that runs many tests at once makes both arms slow.
					"slow": {SlowerThan: &strategy.SlowerThan{Fixed: field.Duration(2 * time.Second)}},
				},
			},
		},
		Signals: map[string]signal.Config{"http": {Driver: "openmetrics", Config: config(map[string]any{
			"url": l.Metrics, "preset": "lab",
		})}},
	}
}

func TestReleaseStepsAndRollsBackOnTheLab(t *testing.T) {
	l := labtest.Start(t, lab.Config{Traffic: 400})
	e := newEngine(t, newLedger(t))
	good := l.Artifact(service.Descriptor{Service: "checkout", Version: "1.0.0"})
	better := l.Artifact(service.Descriptor{Service: "checkout", Version: "1.1.0"})
	bad := l.Artifact(service.Descriptor{Service: "checkout", Version: "1.2.0", ErrorRate: 0.2})

	for _, p := range []artifact.Payload{good, better} {
		out, err := e.Ship(t.Context(), release.ShipRequest{Spec: spec(t, l, p), Owner: owner})
		if err != nil {
			t.Fatal(explained(err, p))
		}
		if out.Result != release.Shipped || !release.ServesOnly(*out.Serving, p) {
			t.Fatalf("after %s: %s, serving %s", p.Label(), out.Result, release.ServesText(out.Serving, time.Time{}))
		}
	}
	out, err := e.Ship(t.Context(), release.ShipRequest{Spec: spec(t, l, bad), Owner: owner})
	var ended *release.EndedError
	if !errors.As(err, &ended) || out.Result != release.WentBack {
		t.Fatalf("the bad artifact: %s, %v", out.Result, err)
	}
	t.Log(explained(err, bad))
	status, err := e.Describe(t.Context(), checkout, true)
	if err != nil || status.LookErr != nil || !release.ServesOnly(*status.Serving, better) {
		t.Errorf("after the rollback the lab serves %s", release.ServesText(status.Serving, time.Time{}))
	}
	var blocked *release.BlockedError
	if _, err := e.Ship(t.Context(), release.ShipRequest{Spec: spec(t, l, bad), Owner: owner}); !errors.As(err, &blocked) {
		t.Errorf("the quarantined artifact again: %v", err)
	}
	back, err := e.Back(t.Context(), checkout, release.BackRequest{Reason: "try"})
	if err != nil || !release.ServesOnly(*back.Serving, good) {
		t.Fatalf("a person's rollback: %s, %v", back.Result, err)
	}
}

func explained(err error, p artifact.Payload) string {
	summary, detail := release.Explain(err, checkout, p)
	return fmt.Sprintf("%s\n\n%s\n(%v)", summary, detail, err)
}
