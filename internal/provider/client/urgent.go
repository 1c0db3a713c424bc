package client

import (
	"context"
	"errors"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// ErrUnknown is returned for what cannot be done while the provider block is unknown.
var ErrUnknown = errors.New("the provider block is not known, so no ledger can be asked")

// Acting opens the ledger for what a person asks for, hands it to f and closes it.
// The patience is how long a call waits for others at the ledger; 0 leaves it to the
// driver. It never creates a ledger.
func (c *Client) Acting(ctx context.Context, patience time.Duration, f func(ledger.Ledger) error) error {
	return c.with(ctx, ledgers.Options{MustExist: true, BusyTimeout: patience, Clock: c.Clock}, func(l ledger.Ledger) error {
		defer func() { c.telling(l).Stop() }()
		err := f(l)
		if err == nil || !operator.OfTheLedger(err) {
			c.Tell(ctx, l)
		}
		return err
	})
}

// Salvager goes back without a ledger that works.
func (c *Client) Salvager() operator.Salvager {
	return operator.Salvager{
		Targets: c.Targets, Deps: target.Deps{Clock: c.Clock, UserAgent: c.UserAgent()},
		Read: func(ctx context.Context, f func(ledger.Ledger) error) error {
			return c.with(ctx, ledgers.Options{ReadOnly: true, Clock: c.Clock}, f)
		},
	}
}

func (c *Client) with(ctx context.Context, opts ledgers.Options, f func(ledger.Ledger) error) (err error) {
	if c.Unknown {
		return ErrUnknown
	}
	l, err := ledgers.Open(ctx, c.URL, opts)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := l.Close(); err == nil {
			err = closeErr
		}
	}()
	return f(c.upwards(l))
}
