package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

const (
	// rounds and pause bound how long cleaning waits: the addresses of a load balancer
	// go some minutes after it, and until then neither its groups nor its subnets do.
	rounds = 60
	pause  = 15 * time.Second
)

// clean takes away all that has the tag, and says what it could not. What was taken
// away is not asked for again, since AWS lists it for some time.
func clean(ctx context.Context, a *api, c clock.Clock, out io.Writer) error {
	gone := map[string]bool{}
	for round := 1; ; round++ {
		found, err := leftovers(ctx, a)
		if err != nil {
			return err
		}
		var left []string
		var why error
		for _, arn := range found {
			if gone[arn] {
				continue
			}
			if err := remove(ctx, a, arn, found); err != nil {
				left, why = append(left, arn), err
				continue
			}
			gone[arn] = true
			_, _ = fmt.Fprintln(out, "took away", arn) // Whoever reads may be gone.
		}
		if len(left) == 0 {
			_, _ = fmt.Fprintf(out, "nothing with the tag %s is left\n", tagKey) // As above.
			return nil
		}
		if round == rounds {
			return fmt.Errorf("%d things are left, and cost money: %q; the last answer was: %w", len(left), left, why)
		}
		if err := c.Sleep(ctx, pause); err != nil {
			return fmt.Errorf("%d things are left, and cost money: %q; %w", len(left), left, err)
		}
	}
}

func remove(ctx context.Context, a *api, arn string, all []string) error {
	i := kindOf(arn)
	switch {
	case i < 0:
		return fmt.Errorf("%s is of no kind that a run makes; take it away by hand", arn)
	case kinds[i].remove == nil:
		return nil
	}
	return kinds[i].remove(ctx, a, arn, all)
}
