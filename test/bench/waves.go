package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/gate/quarantine"
	"github.com/sluice/terraform-provider-sluice/internal/gate/window"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// The wave goes over so many targets at once, each of which is looked at so often
// for so long.
const (
	waveTargets = 200
	waveTick    = 5 * time.Second
	waveStep    = 20 * time.Second
)

// waved is what driving the wave took.
type waved struct {
	Seconds  float64 `json:"seconds"`
	Calls    float64 `json:"target_calls"`
	Appends  float64 `json:"appends"`
	Reads    float64 `json:"reads"`
	Peak     float64 `json:"peak_bytes"`
	LagP50   float64 `json:"lag_p50"`
	LagP99   float64 `json:"lag_p99"`
	LagMost  float64 `json:"lag_most"`
	TickedBy int     `json:"ticks"`
}

// waves measures one process that drives 200 simulated targets at once on a real
// ledger and a real clock.
func waves(ctx context.Context, b *bench) error {
	cmd, err := inRole(ctx, roleWaves, filepath.Join(b.dir, "waves.db"))
	if err != nil {
		return err
	}
	output, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("driving the wave: %w", err)
	}
	var w waved
	if err := json.Unmarshal(output, &w); err != nil {
		return fmt.Errorf("driving the wave: %w in %q", err, output)
	}
	b.add("waves_200_targets", w.Seconds, "s")
	b.add("waves_200_targets_overhead", w.Seconds-waveStep.Seconds(), "s")
	b.add("waves_200_targets_calls", w.Calls, "calls")
	b.add("waves_200_targets_appends", w.Appends, "records")
	b.add("waves_200_targets_reads", w.Reads, "reads")
	b.add("waves_200_targets_memory", w.Peak/megabyte, "MB")
	b.add("waves_200_targets_ticks", float64(w.TickedBy), "ticks")
	b.add("waves_200_targets_tick_lag_p50", 1000*w.LagP50, "ms")
	b.want("waves_200_targets_tick_lag_p99", 1000*w.LagP99, "ms", atMost(250))
	b.add("waves_200_targets_tick_lag_most", 1000*w.LagMost, "ms")
	return nil
}

// counted counts what goes to a ledger.
type counted struct {
	ledger.Ledger
	appends, reads atomic.Int64
}

// Append implements ledger.Ledger.
func (c *counted) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	c.appends.Add(1)
	return c.Ledger.Append(ctx, stream, after, e)
}

// Read implements ledger.Ledger.
func (c *counted) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	c.reads.Add(1)
	return c.Ledger.Read(ctx, stream, from)
}

// driveWave is the process that drives the wave. It prints what it took.
func driveWave(ctx context.Context, path string) (err error) {
	file, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	l := &counted{Ledger: file}
	cells := map[string]*sim.Target{}
	var calls atomic.Int64
	spec := waveSpec(cells, &calls)
	engine := &release.Engine{
		Ledger: l, Clock: clock.System{}, Actor: "bench", Holder: "bench",
		Gates: []gate.Gate{window.New(l), quarantine.New(l), hold.New(l)},
		Targets: target.NewRegistry(target.Driver{Name: "sim", Validate: anyConfig, Open: func(_ context.Context, c json.RawMessage, _ target.Deps) (target.Target, error) {
			return cells[cellOf(c)], nil
		}}),
		Signals: signal.NewRegistry(signal.Driver{Name: "sim", Validate: anyConfig, Open: func(_ context.Context, c json.RawMessage, _ signal.Deps) (signal.Source, error) {
			return cells[cellOf(c)].Source(), nil
		}}),
	}
	took, err := timed(func() error {
		_, err := engine.Ship(ctx, release.ShipRequest{Spec: spec, Owner: owner})
		return err
	})
	if err != nil {
		return err
	}
	w := waved{Seconds: took.Seconds(), Appends: float64(l.appends.Load()), Reads: float64(l.reads.Load()), Calls: float64(calls.Load())}
	if err := w.lags(ctx, l, spec); err != nil {
		return err
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return err
	}
	if w.Peak, err = fieldOf(status, "VmHWM:"); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(w)
}

// lags reads out of the ledger how long after it was due each look was recorded.
// That is later than it began, by the calls that it made.
func (w *waved) lags(ctx context.Context, l ledger.Ledger, spec release.Spec) error {
	var lags []float64
	for _, name := range spec.Names() {
		records, err := l.Read(ctx, spec.Key().Part(name).Stream(), 1)
		if err != nil {
			return err
		}
		lags = append(lags, tickLags(records, waveTick)...)
	}
	w.TickedBy = len(lags)
	w.LagP50, w.LagP99, w.LagMost = median(lags), quantile(lags, 0.99), greatest(lags)
	return nil
}

// tickLags is how long after it was due each look of a stream was recorded, in seconds.
func tickLags(records []ledger.Record, every time.Duration) (lags []float64) {
	var due time.Time
	for _, r := range records {
		if r.Kind != release.KindTick {
			due = time.Time{}
			continue
		}
		if !due.IsZero() {
			lags = append(lags, max(r.At.Sub(due).Seconds(), 0))
		}
		due = r.At.Add(every)
	}
	return lags
}

func anyConfig(json.RawMessage) field.Errors { return nil }

func cellOf(config json.RawMessage) string {
	var c struct{ Cell string }
	// The bench wrote it itself; what it cannot read is a cell that there is not.
	_ = json.Unmarshal(config, &c)
	return c.Cell
}

// waveSpec goes over all cells in one wave, and makes them; calls counts what is
// asked of them.
func waveSpec(cells map[string]*sim.Target, calls *atomic.Int64) release.Spec {
	spec := release.Spec{
		Service: reentryKey.Service, Environment: release.Environment{Name: reentryKey.Environment}, Payload: pretended("1.1.0", "1"),
		Waves: &release.Waves{Sizes: []int{waveTargets}, MaxParallel: waveTargets},
		Strategy: strategy.Definition{Name: "wave",
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10, AtLeast: field.Duration(waveStep)}, {Weight: 100}}},
			Analysis: strategy.Analysis{Interval: field.Duration(waveTick), Metrics: map[string]strategy.Metric{"errors": {Critical: true, Dispersion: 1}}},
		},
	}
	counting := func(_ string, phase sim.Phase) error {
		if phase == sim.Before {
			calls.Add(1)
		}
		return nil
	}
	for i := range waveTargets {
		name := fmt.Sprintf("cell-%d", i+1)
		cells[name] = sim.New(sim.Options{Clock: clock.System{}, Startup: time.Second, Fault: counting, World: sim.World{
			RatePerSecond: 500, Bad: func(string, artifact.Payload) float64 { return 0 },
		}})
		cells[name].Serve(pretended("1.0.0", "0"))
		config := json.RawMessage(fmt.Sprintf(`{"cell":%q}`, name))
		spec.Targets = append(spec.Targets, release.TargetSpec{
			Name: name, Target: target.Config{Driver: "sim", Config: config},
			Signals: map[string]signal.Config{"http": {Driver: "sim", Config: config}},
		})
	}
	return spec
}
