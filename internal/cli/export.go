package cli

import (
	"bufio"
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func (a *app) exportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write every record of the ledger as a line of JSON",
		Long: `Writes every record of the ledger as one JSON object a line, stream by stream. Two
exports of the same records are the same bytes, and each line has the hash that it
can be checked by. Records hold references to credentials and no secrets.`,
		Example: "  sluice export > ledger.jsonl\n  sluice export --json --ledger sqlite:.sluice/ledger.db > ledger.jsonl",
		Args:    takes(),
		RunE: a.does(func(ctx context.Context, _ []string) error {
			return a.reading(ctx, func(l ledger.Ledger) error {
				w := bufio.NewWriter(a.stdout)
				if err := ledger.Export(ctx, l, w); err != nil {
					return err
				}
				return w.Flush()
			})
		}),
	}
	cmd.Flags().BoolVar(&a.asJSON, "json", true, "write JSON, which it does anyway")
	return cmd
}
