package cli

import (
	"context"
	"os"
	"os/user"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
)

// url is the ledger's: the flag's, else the environment's, else the default where
// that is allowed.
func (a *app) url() (string, error) {
	switch {
	case a.ledgerURL != "":
		return a.ledgerURL, nil
	case a.env("SLUICE_LEDGER") != "":
		return a.env("SLUICE_LEDGER"), nil
	}
	if err := ledgers.CheckImplicit(a.env, "."); err != nil {
		return "", err
	}
	return ledgers.Default(), nil
}

// withLedger opens the ledger, hands it to f and closes it. No command but
// ledger rebind creates one.
func (a *app) withLedger(ctx context.Context, opts ledgers.Options, f func(ledger.Ledger) error) (err error) {
	url, err := a.url()
	if err != nil {
		return err
	}
	opts.Clock = a.clock
	l, err := ledgers.Open(ctx, url, opts)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := l.Close(); err == nil {
			err = closeErr
		}
	}()
	return f(l)
}

// reading opens the ledger for reading alone, with a look at those above it.
func (a *app) reading(ctx context.Context, f func(ledger.Ledger) error) error {
	return a.upwards(ctx, ledgers.Options{ReadOnly: true}, f)
}

// writing opens a ledger that is there for writing, with a look at those above it. One
// that says that it is another scope's is refused.
func (a *app) writing(ctx context.Context, f func(ledger.Ledger) error) error {
	return a.upwards(ctx, ledgers.Options{MustExist: true}, func(l ledger.Ledger) error {
		if err := a.ofThisScope(ctx, l); err != nil {
			return err
		}
		return f(l)
	})
}

// driving is writing for what may be on its way back: it asks the ledger nothing first.
func (a *app) driving(ctx context.Context, f func(ledger.Ledger) error) error {
	return a.upwards(ctx, ledgers.Options{MustExist: true}, f)
}

// actor is who does it: the flag's, else the environment's, else user@host.
func (a *app) actor() string {
	if a.actorName != "" {
		return a.actorName
	}
	if name := a.env("SLUICE_ACTOR"); name != "" {
		return name
	}
	name, host := "somebody", "somewhere"
	if u, err := user.Current(); err == nil && u.Username != "" {
		name = u.Username
	}
	if h, err := os.Hostname(); err == nil && h != "" {
		host = h
	}
	return name + "@" + host
}
