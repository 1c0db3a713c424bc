package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/agent/presence"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// agentFlags are what sluice agent is told.
type agentFlags struct {
	name, listen, logFormat           string
	services, environments            []string
	maxRollouts                       int
	lookEvery, driftEvery, stopWithin string
	lease                             string
}

// agentEnv begins the environment variables that stand in for the flags.
const agentEnv = "SLUICE_AGENT_"

func (a *app) agentCommand() *cobra.Command {
	var f agentFlags
	cmd := &cobra.Command{
		Use:   "agent",
		Short: "Drive every open rollout, until it is stopped",
		Long: `Finds rollouts that are open and that nobody drives, and drives each to its end,
beside applies and other agents: whoever holds a rollout's lease drives it. It
takes over from a driver that shows no sign of life for one term of the lease, and
looks at every declared drift check on a schedule, and records what it finds.

Each flag may be given as an environment variable too: SLUICE_AGENT_ and its name,
as in SLUICE_AGENT_MAX_ROLLOUTS. Credentials are looked up by this process, anew
whenever they are used. /healthz, /readyz and /metrics are served at --listen.

SIGTERM or Ctrl-C makes it hand over: nothing new is begun, what is under way comes
to a safe point, and the leases are given back. A second one ends it at once.`,
		Example: `  sluice agent
  sluice agent --name agent-1 --environment production --environment staging --max-rollouts 200 --log-format json
  sluice agent --service checkout --listen 0.0.0.0:9464 --drift-every 15m --look-every 5s --lease 1m --stop-within 20s`,
		Args: takes(),
	}
	flags := cmd.Flags()
	flags.StringVar(&f.name, "name", "", "the agent's name, unique and the same after a restart (default: the host's name)")
	flags.StringSliceVar(&f.services, "service", nil, "drive this service alone; may be repeated (default: all)")
	flags.StringSliceVar(&f.environments, "environment", nil, "drive releases in this environment alone; may be repeated (default: all)")
	flags.IntVar(&f.maxRollouts, "max-rollouts", agent.DefaultMaxRollouts, "how many are driven at once; what goes back never waits for it")
	flags.StringVar(&f.listen, "listen", "127.0.0.1:9464", "address of /healthz, /readyz and /metrics; port 0 for a free one, none for none")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json, one line per event, to standard error")
	flags.StringVar(&f.driftEvery, "drift-every", "1h", "the time between two looks at each drift check; 0s for never")
	flags.StringVar(&f.lookEvery, "look-every", "", "the time between two looks for work (default: 2s, and 10s with a ledger in S3)")
	flags.StringVar(&f.lease, "lease", release.DefaultLeaseTTL.String(), "after how long without a sign of life another driver may take over")
	flags.StringVar(&f.stopWithin, "stop-within", agent.DefaultStopWithin.String(), "how long a hand-over may take, less than what is killed after")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if err := a.agentEnvironment(flags); err != nil {
			return err
		}
		opts, err := a.agentOptions(f)
		if err != nil {
			return err
		}
		a.joinAbove = true
		return a.writing(ctx, func(l ledger.Ledger) error { return a.runAgent(ctx, l, f.listen, opts) })
	})
	return cmd
}

// agentEnvironment takes from the environment what no flag says.
func (a *app) agentEnvironment(flags *pflag.FlagSet) error {
	var errs []error
	flags.VisitAll(func(flag *pflag.Flag) {
		name := agentEnv + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		if value := a.env(name); value != "" && !flag.Changed && flag.Name != "help" {
			if err := flags.Set(flag.Name, value); err != nil {
				errs = append(errs, badInput("%s: %w", name, err))
			}
		}
	})
	return errors.Join(errs...)
}

// agentOptions checks what was said.
func (a *app) agentOptions(f agentFlags) (agent.Options, error) {
	opts := agent.Options{Clock: a.clock, MaxRollouts: f.maxRollouts}
	if f.name == "" {
		host, err := os.Hostname()
		if err != nil {
			return opts, badInput("--name is missing, and the host has no name: %w; for example --name agent-1", err)
		}
		f.name = host
	}
	if err := presence.ValidateName(f.name); err != nil {
		return opts, badInput("--name: %w", err)
	}
	for flag, names := range map[string][]string{"--service": f.services, "--environment": f.environments} {
		for _, name := range names {
			if msg := field.Name(name); msg != "" {
				return opts, badInput("%s %q: %s", flag, name, msg)
			}
		}
	}
	if f.maxRollouts < 1 {
		return opts, badInput("--max-rollouts is %d; it is at least 1, for example --max-rollouts 200", f.maxRollouts)
	}
	opts.Self = presence.Agent{Name: f.name, Services: f.services, Environments: f.environments, Version: a.version}
	var err error
	if opts.Log, err = a.agentLog(f.logFormat); err != nil {
		return opts, err
	}
	return opts, a.agentTimes(f, &opts)
}

// agentTimes reads the durations.
func (a *app) agentTimes(f agentFlags, opts *agent.Options) error {
	if f.lookEvery == "" {
		f.lookEvery = agent.DefaultLookEvery.String()
		if url, err := a.url(); err == nil && strings.HasPrefix(url, "s3:") {
			// Each look is some requests that are paid for.
			f.lookEvery = "10s"
		}
	}
	for _, d := range []struct {
		flag, text string
		to         *time.Duration
		zeroOK     bool
		least      time.Duration
	}{
		{"--look-every", f.lookEvery, &opts.LookEvery, false, 100 * time.Millisecond},
		{"--drift-every", f.driftEvery, &opts.DriftEvery, true, time.Minute},
		{"--lease", f.lease, &opts.LeaseTTL, false, time.Second},
		{"--stop-within", f.stopWithin, &opts.StopWithin, false, time.Second},
	} {
		parsed, problem := field.ParseDuration(d.text, d.zeroOK)
		if problem != "" {
			return badInput("%s: %s", d.flag, problem)
		}
		if parsed > 0 && parsed < d.least {
			return badInput("%s %s is too short; it is at least %s, for example %s %s", d.flag, d.text, field.FormatDuration(d.least), d.flag, field.FormatDuration(2*d.least))
		}
		*d.to = parsed
	}
	return nil
}

func (a *app) agentLog(format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(a.stderr, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(a.stderr, nil)), nil
	default:
		return nil, badInput("--log-format %q is neither text nor json; for example --log-format json", format)
	}
}

// runAgent runs an agent on an open ledger until ctx ends.
func (a *app) runAgent(ctx context.Context, l ledger.Ledger, listen string, opts agent.Options) error {
	if err := ledger.StillHere(ctx, l); err != nil {
		return err
	}
	if a.actorName == "" && a.env("SLUICE_ACTOR") == "" {
		a.actorName = "agent/" + opts.Self.Name
	}
	opts.Ledger, opts.Actor, opts.Holder = l, a.actor(), a.actor()+" "+uuid.NewString()
	opts.Engine = a.engine
	if a.background != nil {
		opts.Tell = func(ctx context.Context) error {
			_, err := a.background.Deliverer.Round(ctx)
			return err
		}
	}
	opts.Look = func(l ledger.Ledger) func(context.Context, drift.Check, time.Time) (drift.Report, error) {
		return a.looker(l).Look
	}
	if _, err := scope.Levels(ctx, l); err != nil {
		opts.Log.Warn("nothing goes forward from here; what goes back does", "error", err)
	}
	agent := agent.New(opts)
	if listen != "none" {
		listener, err := net.Listen("tcp", listen)
		if err != nil {
			return badInput("--listen: %w; it is an address with a port, for example 127.0.0.1:9464, or none", err)
		}
		server := &http.Server{Handler: agent.Handler(), ReadHeaderTimeout: 5 * time.Second}
		defer server.Close()                       //nolint:errcheck // The process ends.
		go func() { _ = server.Serve(listener) }() // It ends with Close.
		opts.Log.Info("serving /healthz, /readyz and /metrics", "address", listener.Addr().String())
	}
	// A second signal does what it would do to any process.
	defer context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })()
	if err := agent.Run(ctx); err != nil {
		return fmt.Errorf("the agent %s stopped: %w", opts.Self.Name, err)
	}
	return nil
}
