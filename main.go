// Command terraform-provider-sluice is the Terraform provider Sluice and, with
// arguments, its command line.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/sluice/terraform-provider-sluice/internal/cli"
	"github.com/sluice/terraform-provider-sluice/internal/provider"
	"github.com/sluice/terraform-provider-sluice/internal/provider/serve"
)

// version is set by the linker.
var version = "dev"

func main() { os.Exit(run(os.Args[1:])) }

// run serves the provider when Terraform started it, or with -debug when a
// debugger did. Everything else is the command line, which helps without arguments.
func run(args []string) int {
	debug := slices.Equal(args, []string{"-debug"})
	if debug || len(args) == 0 && serve.ByTerraform(os.Getenv) {
		if err := serve.Run(provider.New(version), debug); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, err) // There is nowhere else to say it.
			return 1
		}
		return 0
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return cli.Main(ctx, version, args, os.Stdin, os.Stdout, os.Stderr)
}
