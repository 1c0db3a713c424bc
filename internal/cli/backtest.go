package cli

import (
	"context"
	"os"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

func (a *app) backtestCommand() *cobra.Command {
	var f judgeFlags
	options := judge.DefaultBacktest()
	cmd := a.reads(&cobra.Command{
		Use:   "backtest FILE",
		Short: "Count the false alarms that past traffic would have had",
		Long: `Reads a file of past traffic without any release, one JSON object a line,

  {"t": 10, "metric": "errors", "bad": 10, "total": 1000}

deals it into two pretended arms again and again, and counts how often the judge
would have rolled back a release that changed nothing. "-" reads standard input.
The same file and flags give the same report.`,
		Example: `  sluice judge backtest traffic.jsonl
  sluice judge backtest traffic.jsonl --strategy careful --weight 25 --json
  sluice judge backtest traffic.jsonl --window 1h --rollouts 200 --clump 3 --seed 7 --critical errors --metric slow --alpha-harm 0.01 --alpha-safe 0.05 --margin 0.1 --min-abs 0.001 --safe-ratio 2 --safe-ratio-late 1.5 --dispersion 2 --ceiling 0.01`,
		Args: takes("FILE"),
	})
	f.declare(cmd)
	flags := cmd.Flags()
	flags.Float64Var(&options.Weight, "weight", options.Weight, "share of traffic, in percent, of the pretended canary")
	window := flags.Duration("window", seconds(options.Window), "how long each pretended rollout lasts")
	flags.IntVar(&options.Rollouts, "rollouts", options.Rollouts, "how many rollouts to pretend")
	flags.Float64Var(&options.Clump, "clump", options.Clump, "how many bad events stay together in one arm")
	flags.Uint64Var(&options.Seed, "seed", options.Seed, "makes the cut repeatable")
	cmd.RunE = a.does(func(ctx context.Context, args []string) error {
		replay, err := a.replayOptions(ctx, cmd, &f)
		if err != nil {
			return err
		}
		options.ReplayOptions, options.Window = replay, window.Seconds()
		input := a.stdin
		if args[0] != "-" {
			file, err := os.Open(args[0])
			if err != nil {
				return badInput("the traffic cannot be read: %w; name a file with one JSON object a line, or - for standard input", err)
			}
			defer func() { _ = file.Close() }() // It was only read.
			input = file
		}
		report, err := judge.Backtest(input, options)
		if err != nil {
			return f.explain(cmd, err)
		}
		if a.asJSON {
			return a.writeJSON(report)
		}
		a.backtestText(report)
		return nil
	})
	return cmd
}

func (a *app) backtestText(r judge.BacktestReport) {
	a.say("%s pretended at %s for %s each, nothing of which changed anything:", plural(uint64(r.Rollouts), "rollout"), percent(r.Weight), span(seconds(r.Window)))
	a.say("  false alarms  %d  (%.3g %%)", r.FalseAlarms, 100*r.FalseAlarmShare)
	a.say("  pauses        %d", r.Pauses)
	if r.MedianSecondsToSafe != nil {
		a.say("  proved safe   %d  (half of them within %s)", r.ProvedSafe, span(seconds(*r.MedianSecondsToSafe)))
	} else {
		a.say("  proved safe   0")
	}
	for _, m := range r.Metrics {
		a.say("  %s: %s bad of %s (%s), counts divided by %.3g", m.Metric, number(m.Bad), number(m.Total), share(m.Bad, m.Total), m.Dispersion)
	}
	for _, w := range r.Warnings {
		a.note("Warning: %s", w)
	}
}
