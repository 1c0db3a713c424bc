// Command live releases the three examples of AWS in an account of yours, and takes
// everything away again. It is no part of any test that runs by itself: "make live".
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// cleaning bounds what is done after a run was stopped or has failed.
const cleaning = 30 * time.Minute

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Getenv, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "live:", err)
		os.Exit(1)
	}
}

// run is "run" or "clean". Both refuse an account that was not named.
func run(ctx context.Context, args []string, getenv func(string) string, out io.Writer) error {
	verb := strings.Join(args, " ")
	if verb != "run" && verb != "clean" {
		return fmt.Errorf("%q is neither run nor clean", verb)
	}
	_, _ = fmt.Fprint(out, cost) // Whoever reads may be gone.
	region := getenv(envRegion)
	if region == "" {
		region = "eu-central-1"
	}
	var a *api
	who := func(ctx context.Context) (string, error) {
		var err error
		if a, err = connect(ctx, region); err != nil {
			return "", err
		}
		return a.account(ctx)
	}
	account, err := allowed(ctx, getenv, who)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(out, "account %s, region %s\n", account, region) // As above.
	if verb == "run" {
		err = stories(ctx, region, getenv, out)
	}
	// Whatever became of it, nothing stays; a Ctrl-C ends the run and not this.
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	if left := clean(last, a, clock.System{}, out); left != nil {
		if err != nil {
			_, _ = fmt.Fprintln(out, err) // As above.
		}
		return left
	}
	return err
}
