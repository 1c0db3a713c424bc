package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
)

func (a *app) labCommand() *cobra.Command {
	var cfg lab.Config
	var header, cookie string
	var share float64
	cmd := a.reads(&cobra.Command{
		Use:   "lab --artifacts DIR",
		Short: "Run a small runtime on this machine, to try releases on",
		Long: `Runs the reference server of the deployment contract until Ctrl-C: a router
that splits traffic by weight, header and cookie and mirrors it, before real
processes for each artifact, with counters in OpenMetrics and calls that inject
faults. With --json the addresses are one line of JSON, which
comes when both ports are open.

Where SLUICE_LAB_TOKEN is set, contract and admin calls must show it as a bearer
token.`,
		Example: `  sluice lab --artifacts examples/quickstart/artifacts --rate 50
  sluice lab --artifacts examples/quickstart/artifacts --rate 50 --listen 127.0.0.1:0 --traffic-listen 127.0.0.1:0 --state lab.json --seed 7 --json
  sluice lab --artifacts examples/quickstart/artifacts --rate 50 --instances 4 --mark-header X-Canary=internal --mark-share 20
  sluice lab --artifacts examples/quickstart/artifacts --rate 50 --mark-cookie staff=yes --no-batches
  sluice lab --artifacts examples/quickstart/artifacts --no-cohorts --no-mirror`,
		Args: takes(),
	})
	flags := cmd.Flags()
	flags.StringVar(&cfg.Artifacts, "artifacts", "", "folder of the artifact files (required)")
	flags.StringVar(&cfg.Listen, "listen", lab.DefaultListen, "address of contract, metrics and admin calls; port 0 for a free one")
	flags.StringVar(&cfg.TrafficListen, "traffic-listen", lab.DefaultTraffic, "address of the service's users; port 0 for a free one")
	flags.Float64Var(&cfg.Traffic, "rate", 0, "requests a second that the lab sends itself")
	flags.StringVar(&header, "mark-header", "", "a share of those requests carry this header, as NAME=VALUE, to be a cohort")
	flags.StringVar(&cookie, "mark-cookie", "", "the same with a cookie; one of the two")
	flags.Float64Var(&share, "mark-share", 10, "which share that is, 0 to 100")
	flags.IntVar(&cfg.Instances, "instances", 1, "processes of each artifact; batches need at least 2")
	flags.BoolVar(&cfg.NoCohorts, "no-cohorts", false, "be a target that cannot route by header and cookie")
	flags.BoolVar(&cfg.NoMirror, "no-mirror", false, "be a target that cannot mirror traffic")
	flags.BoolVar(&cfg.NoBatches, "no-batches", false, "be a target that cannot move instances in batches")
	flags.StringVar(&cfg.State, "state", "", "file in which the lab keeps what it serves over a restart")
	flags.Uint64Var(&cfg.Seed, "seed", 1, "decides the random choices between the arms")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		if cfg.Artifacts == "" {
			return badInput("--artifacts is missing; it is the folder of the artifact files, for example --artifacts examples/quickstart/artifacts")
		}
		var err error
		if cfg.Marked, err = marked(header, cookie, share); err != nil {
			return err
		}
		cfg.Token = a.env("SLUICE_LAB_TOKEN")
		cfg.Log, cfg.Command = a.stderr, a.labChild
		return lab.Run(ctx, cfg, a.labReady)
	})
	cmd.AddCommand(a.labServeCommand())
	return cmd
}

// marked reads which requests of the lab's own traffic belong to a cohort.
func marked(header, cookie string, share float64) (*lab.Marked, error) {
	if header == "" && cookie == "" {
		return nil, nil
	}
	m := &lab.Marked{Share: share}
	for _, f := range []struct {
		flag, text string
		name       *string
	}{{"--mark-header", header, &m.Header}, {"--mark-cookie", cookie, &m.Cookie}} {
		if f.text == "" {
			continue
		}
		var ok bool
		if *f.name, m.Value, ok = strings.Cut(f.text, "="); !ok {
			return nil, badInput("%s: %q is not a name and a value; for example %s X-Beta=1", f.flag, f.text, f.flag)
		}
	}
	if errs := m.Validate(); len(errs) > 0 {
		return nil, badInput("--mark-header, --mark-cookie: %w", errs)
	}
	return m, nil
}

// labReady says where the lab listens.
func (a *app) labReady(where lab.Addresses) {
	if a.asJSON {
		if err := a.writeLine(where); err != nil {
			a.note("Warning: the addresses could not be written: %v", err)
		}
		return
	}
	a.say("contract  %s\nmetrics   %s\nadmin     %s\ntraffic   %s", where.Contract, where.Metrics, where.Admin, where.Traffic)
	a.note("The lab runs until Ctrl-C.")
}

// labServeCommand is the child process that the lab starts for each arm.
func (a *app) labServeCommand() *cobra.Command {
	return &cobra.Command{
		Use:                "serve",
		Short:              "Serve one artifact, as a child of the lab",
		Example:            "  sluice lab serve --artifact artifacts/1.0.0.json",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE:               a.does(lab.ServeArtifact),
	}
}
