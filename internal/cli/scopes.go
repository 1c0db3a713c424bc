package cli

import (
	"context"
	"errors"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent/calls"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// pacedAbove is the time between two reads of one kind from a ledger above, by an agent:
// a thousand rollouts ask alike, and who asks in between is answered by the next read.
const pacedAbove = 250 * time.Millisecond

// scopes is what the flags, else the environment, say of the scope and those above.
func (a *app) scopes() (scope.Config, error) {
	url, err := a.url()
	if err != nil {
		return scope.Config{}, err
	}
	name, texts := a.scopeName, a.above
	if name == "" {
		name = a.env("SLUICE_SCOPE")
	}
	if len(texts) == 0 {
		texts = []string{a.env("SLUICE_ABOVE")}
	}
	above, err := scope.ParseAbove(texts...)
	if err != nil {
		return scope.Config{}, badInput("--above: %s", err)
	}
	c, errs := scope.Given(url, name, above)
	if err := errs.Err(); err != nil {
		return c, badInput("--scope and --above: %w", err)
	}
	for _, one := range c.Above {
		if err := ledgers.Check(one.URL); err != nil {
			return c, badInput("--above %s=...: %w", one.Scope, err)
		}
	}
	return c, nil
}

// upwards opens the ledger, with a look at those of the scopes above. They are opened
// when something asks for them.
func (a *app) upwards(ctx context.Context, opts ledgers.Options, f func(ledger.Ledger) error) error {
	c, err := a.scopes()
	if err != nil {
		return err
	}
	return a.withLedger(ctx, opts, func(l ledger.Ledger) error {
		v := scope.New(l, c, a.openAbove, a.clock)
		defer v.CloseAbove()
		return f(v)
	})
}

// openAbove opens the ledger of a scope above.
func (a *app) openAbove(ctx context.Context, url string) (ledger.Ledger, error) {
	l, err := ledgers.Open(ctx, url, ledgers.Options{ReadOnly: true, Clock: a.clock})
	if err != nil || !a.joinAbove {
		return l, err
	}
	return calls.Pace(l, a.clock, pacedAbove), nil
}

// ofThisScope refuses a ledger that is another scope's.
func (a *app) ofThisScope(ctx context.Context, l ledger.Ledger) error {
	c, err := a.scopes()
	if err != nil || c.Scope == "" {
		return err
	}
	bound, err := ledger.ScopeOf(ctx, l)
	if err != nil {
		return err
	}
	var other *scope.OtherError
	if err := c.Fits(bound); errors.As(err, &other) {
		return err
	}
	return nil
}
