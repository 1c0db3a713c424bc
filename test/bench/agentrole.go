package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/drift/document"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/gate/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// agentTick is how often each rollout is looked at: the default of a strategy.
const agentTick = strategy.DefaultInterval

// agentArgument is what the process of an agent is told.
type agentArgument struct {
	URL, Name string
	Size      agentSize
}

// agentSpec is one of many releases, in a step that lasts for longer than the
// measurement.
func agentSpec(n int, version, digit string) release.Spec {
	cell := fmt.Sprintf("service-%05d", n)
	config := json.RawMessage(fmt.Sprintf(`{"cell":%q}`, cell))
	return release.Spec{
		Service: cell, Environment: release.Environment{Name: "production", Tier: "production"}, Payload: pretended(version, digit),
		Target: target.Config{Driver: "sim", Config: config},
		Strategy: strategy.Definition{Name: "bench",
			Canary:   &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: 10, AtLeast: field.Duration(time.Hour)}, {Weight: 100}}},
			Analysis: strategy.Analysis{Metrics: map[string]strategy.Metric{"errors": {Critical: true, Dispersion: 1}}},
		},
		Signals: map[string]signal.Config{"http": {Driver: "sim", Config: config}},
	}.Normalize()
}

// startAgent starts an agent on two cores.
func startAgent(ctx context.Context, url, name string, size agentSize) (*agentProcess, error) {
	raw, err := json.Marshal(agentArgument{URL: url, Name: name, Size: size})
	if err != nil {
		return nil, err
	}
	cmd, err := inRole(ctx, roleAgent, string(raw))
	if err != nil {
		return nil, err
	}
	cmd.Env = append(cmd.Env, "GOMAXPROCS=2")
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	a := &agentProcess{cmd: cmd}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		a.kill()
		return nil, fmt.Errorf("the agent did not say where it listens: %w", err)
	}
	a.metrics = "http://" + strings.TrimSpace(line) + "/metrics"
	return a, nil
}

// wait waits until the agent's metrics hold a line.
func (a *agentProcess) wait(ctx context.Context, line string) error {
	for limit := time.Now().Add(2 * time.Minute); time.Now().Before(limit); {
		resp, err := http.Get(a.metrics)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close() // It was read.
		if err != nil {
			return err
		}
		if strings.Contains("\n"+string(body), "\n"+line+"\n") {
			return nil
		}
		if err := pause(ctx, 200*time.Millisecond); err != nil {
			return err
		}
	}
	return fmt.Errorf("the agent's metrics never said %q", line)
}

// cells are the simulated targets of a process, made when they are first asked for.
type cells struct {
	mu  sync.Mutex
	all map[string]*sim.Target
}

func (c *cells) get(name string) *sim.Target {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[name] == nil {
		c.all[name] = sim.New(sim.Options{Clock: clock.System{}, World: sim.World{
			RatePerSecond: 50, Bad: func(string, artifact.Payload) float64 { return 0.001 },
		}})
		c.all[name].Serve(pretended("1.0.0", "0"))
	}
	return c.all[name]
}

// playAgent runs an agent until it is killed.
func playAgent(ctx context.Context, argument string) error {
	var arg agentArgument
	if err := json.Unmarshal([]byte(argument), &arg); err != nil {
		return err
	}
	l, err := postgres.Open(ctx, arg.URL, postgres.Options{MustExist: true})
	if err != nil {
		return err
	}
	c := &cells{all: map[string]*sim.Target{}}
	engine := func(l ledger.Ledger) *release.Engine {
		return &release.Engine{
			Ledger: l, Clock: clock.System{}, Actor: arg.Name, Gates: all.New(l, nil, nil),
			Targets: target.NewRegistry(target.Driver{Name: "sim", Validate: anyConfig, Open: func(_ context.Context, raw json.RawMessage, _ target.Deps) (target.Target, error) {
				return c.get(cellOf(raw)), nil
			}}),
			Signals: signal.NewRegistry(signal.Driver{Name: "sim", Validate: anyConfig, Open: func(_ context.Context, raw json.RawMessage, _ signal.Deps) (signal.Source, error) {
				return c.get(cellOf(raw)).Source(), nil
			}}),
		}
	}
	tell := deliverer(l, arg.Name)
	a := agent.New(agent.Options{
		Ledger: l, Clock: clock.System{}, Self: presence.Agent{Name: arg.Name}, Actor: arg.Name, Holder: fmt.Sprintf("%s %d", arg.Name, os.Getpid()),
		Engine: engine, LeaseTTL: arg.Size.Lease, MaxRollouts: arg.Size.Rollouts, DriftEvery: time.Hour,
		Look: func(l ledger.Ledger) func(context.Context, drift.Check, time.Time) (drift.Report, error) {
			return drift.Looker{Engine: engine(l), Documents: document.Reader{}}.Look
		},
		Tell: func(ctx context.Context) error {
			_, err := tell.Round(ctx)
			return err
		},
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	listener, err := net.Listen("tcp", anyFreePort)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: a.Handler()}
	go func() { _ = server.Serve(listener) }() // Until the process is killed.
	fmt.Fprintln(os.Stdout, listener.Addr())
	return errors.Join(a.Run(ctx), server.Close(), l.Close())
}
