package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

const judgeExample = `{"t": 10, "metric": "errors", "bad_canary": 1, "total_canary": 50, "bad_baseline": 9, "total_baseline": 950}`

func (a *app) judgeCommand() *cobra.Command {
	var f judgeFlags
	cmd := &cobra.Command{
		Use:   "judge",
		Short: "Judge counts from standard input as a rollout would",
		Long: `Reads one JSON object a line and writes one JSON object a tick, with the verdict
(harm, safe or inconclusive), the evidence, the ratio of the rates and its interval:

  ` + judgeExample + `

Lines with the same t are one tick; "weight" (percent) and "step" may stand beside.
Without --metric, --critical or --strategy every metric of the input is critical,
and the verdicts come when the input ends. The same input gives the same bytes.`,
		Example: `  sluice judge < counts.jsonl
  sluice judge --strategy careful < counts.jsonl
  sluice judge --weight 10 --critical errors --metric slow --alpha-harm 0.01 --alpha-safe 0.05 --margin 0.1 --min-abs 0.001 --safe-ratio 2 --safe-ratio-late 1.5 --dispersion 2 --ceiling 0.01 < counts.jsonl`,
		Args: a.onlyCommands,
	}
	f.declare(cmd)
	weight := cmd.Flags().Float64("weight", judge.UnknownWeight, "share of traffic, in percent, of lines that do not say")
	cmd.RunE = a.does(func(ctx context.Context, _ []string) error {
		options, err := a.replayOptions(ctx, cmd, &f)
		if err != nil {
			return err
		}
		if cmd.Flags().Changed("weight") {
			if !(*weight >= 0 && *weight <= 100) {
				return badInput("--weight is %v; allowed is a number from 0 to 100, for example 5", *weight)
			}
			options.LineWeight = weight
		}
		_, err = judge.Replay(a.stdin, a.stdout, options)
		return f.explain(cmd, err)
	})
	cmd.AddCommand(a.backtestCommand())
	return cmd
}
