package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// reentryRecords is how long the ledger is that a driver comes back to.
const reentryRecords = 10000

var reentryKey = release.Key{Service: "checkout", Environment: "production"}

// reentry measures a driver that comes back cold: a fresh process opens the
// ledger, folds a release and decides what to do next. It is the hardest case,
// where all records are of one rollout that is still open, so that every verdict
// is judged again.
func reentry(ctx context.Context, b *bench) error {
	path := filepath.Join(b.dir, "reentry.db")
	if err := longRollout(ctx, path); err != nil {
		return fmt.Errorf("writing the long rollout: %w", err)
	}
	var totals, inside []float64
	for range b.rounds(9, 3) {
		cmd, err := inRole(ctx, roleReenter, path)
		if err != nil {
			return err
		}
		var output []byte
		took, err := timed(func() (err error) {
			output, err = cmd.Output()
			return err
		})
		if err != nil {
			return fmt.Errorf("coming back: %w", err)
		}
		var seconds float64
		if _, err := fmt.Sscan(string(output), &seconds); err != nil {
			return fmt.Errorf("coming back: %w in %q", err, output)
		}
		totals, inside = append(totals, took.Seconds()), append(inside, seconds)
	}
	b.want("reentry_10000_records", median(totals), "s", atMost(1))
	b.add("reentry_10000_records_without_process_start", median(inside), "s")
	return nil
}

// reenter is the driver that comes back. It prints the seconds it took.
func reenter(ctx context.Context, path string) error {
	began := time.Now()
	l, err := sqlite.Open(ctx, path, sqlite.Options{MustExist: true})
	if err != nil {
		return err
	}
	engine := &release.Engine{Ledger: l, Clock: clock.System{}}
	h, err := engine.Load(ctx, reentryKey)
	if err != nil {
		return err
	}
	if h.Seq < reentryRecords || h.Open() == nil {
		return fmt.Errorf("the ledger is not what was written: %d records", h.Seq)
	}
	decision := release.Decide(h, release.Observations{}, release.Limits{}, time.Now())
	took := time.Since(began)
	if decision.State != release.Stepping || decision.Action == "" {
		return fmt.Errorf("the decision is not one for a rollout under way: %+v", decision)
	}
	fmt.Println(took.Seconds())
	return l.Close()
}

// counting ends a context when enough has been appended.
type counting struct {
	ledger.Ledger
	left int
	stop context.CancelFunc
}

// Append implements ledger.Ledger.
func (c *counting) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	r, err := c.Ledger.Append(ctx, stream, after, e)
	if c.left--; c.left == 0 {
		c.stop()
	}
	return r, err
}

// longRollout lets the engine itself drive a rollout in a simulated world, on a
// clock that does not wait, until the ledger is long enough.
func longRollout(ctx context.Context, path string) (err error) {
	l, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	limited, stop := context.WithCancel(ctx)
	defer stop()
	clk := clock.NewAuto(time.Now().Add(-7 * 24 * time.Hour))
	world := sim.New(sim.Options{Clock: clk, World: sim.World{
		RatePerSecond: 100, Metrics: []string{"errors", "slow"},
		Bad: func(string, artifact.Payload) float64 { return 0.001 },
	}})
	world.Serve(pretended("1.0.0", "0"))
	valid := func(json.RawMessage) field.Errors { return nil }
	engine := &release.Engine{
		Ledger: &counting{l, reentryRecords, stop}, Clock: clk, Actor: "bench", Holder: "bench",
		Targets: target.NewRegistry(target.Driver{Name: "sim", Validate: valid,
			Open: func(context.Context, json.RawMessage, target.Deps) (target.Target, error) { return world, nil }}),
		Signals: signal.NewRegistry(signal.Driver{Name: "sim", Validate: valid,
			Open: func(context.Context, json.RawMessage, signal.Deps) (signal.Source, error) { return world.Source(), nil }}),
	}
	_, err = engine.Ship(limited, release.ShipRequest{Spec: longSpec(), Owner: owner})
	var interrupted *release.InterruptedError
	if !errors.As(err, &interrupted) {
		return fmt.Errorf("the rollout ended before its time: %w", err)
	}
	return nil
}

// longSpec stands at 50 % for a week.
func longSpec() release.Spec {
	const week = field.Duration(7 * 24 * time.Hour)
	return release.Spec{
		Service: reentryKey.Service, Environment: release.Environment{Name: reentryKey.Environment}, Payload: pretended("1.1.0", "1"),
		Target: target.Config{Driver: "sim", Config: json.RawMessage(`{}`)},
		Strategy: strategy.Definition{Name: "long",
			Canary: &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 50, AtLeast: week, AtMost: week}, {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{
				"errors": {Critical: true}, "slow": {SlowerThan: &strategy.SlowerThan{BaselineQuantile: 0.99}},
			}},
		},
		Signals: map[string]signal.Config{"http": {Driver: "sim", Config: json.RawMessage(`{}`)}},
	}
}

// pretended is a payload that no file backs.
func pretended(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{
		Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(digit, 64),
	}}
}
