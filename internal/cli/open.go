package cli

import (
	"context"
	"errors"
	"os"
	"os/user"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
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

// unnamed says whether nobody named the ledger, so that its default is meant.
func (a *app) unnamed() bool { return a.ledgerURL == "" && a.env("SLUICE_LEDGER") == "" }

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
	return a.upwards(ctx, ledgers.Options{ReadOnly: true}, func(l ledger.Ledger) error {
		var moved *ledger.SealedError
		if errors.As(ledger.StillHere(ctx, l), &moved) {
			a.note("%s", prose.Wrapped("Warning: what follows is how it was then; "+moved.Error(), "", width(a.stderr)))
		}
		return f(l)
	})
}

// writing opens a ledger that is there for writing, with a look at those above it. One
// that says that it is another scope's is refused.
func (a *app) writing(ctx context.Context, f func(ledger.Ledger) error) error {
	return a.upwards(ctx, ledgers.Options{MustExist: true}, func(l ledger.Ledger) error {
		if err := a.ofThisScope(ctx, l); err != nil {
			return err
		}
		return a.telling(ctx, f)(l)
	})
}

// driving is writing for what may be on its way back: it asks the ledger nothing first.
// Where what is above is given wrongly, f is told so, and goes on with what goes back alone:
// that asks nobody above.
func (a *app) driving(ctx context.Context, f func(l ledger.Ledger, wrong error) error) error {
	opts := ledgers.Options{MustExist: true}
	if _, wrong := a.scopes(); wrong != nil {
		return a.withLedger(ctx, opts, a.telling(ctx, func(l ledger.Ledger) error { return f(l, wrong) }))
	}
	return a.upwards(ctx, opts, a.telling(ctx, func(l ledger.Ledger) error { return f(l, nil) }))
}

// returning is whether nothing but a way back is to be driven.
func returning(h *release.History) bool {
	open := h.Open()
	return h.BackRequest != nil || open != nil && (open.Abort != nil || open.State.GoingBack() || open.Kind == release.BackOut)
}

// telling wraps what changes something: whoever wants to be told of it is told beside
// it, and at the end the command waits a few seconds for that at most. Where the ledger
// is at fault it does not wait, since there is a way back to be gone without it.
func (a *app) telling(ctx context.Context, f func(ledger.Ledger) error) func(ledger.Ledger) error {
	return func(l ledger.Ledger) error {
		d, atMost := a.deliverer(l), a.tellTime
		if atMost == 0 {
			atMost = notify.FinishTime
		}
		d.Patience = atMost
		a.background = &notify.Background{Deliverer: d}
		defer a.background.Stop()
		err := f(l)
		if err == nil || !operator.OfTheLedger(err) {
			a.background.Finish(ctx, atMost)
		}
		return err
	}
}

// deliverer makes what delivers notifications, as this process.
func (a *app) deliverer(l ledger.Ledger) *notify.Deliverer {
	actor := a.actor()
	return &notify.Deliverer{Ledger: l, Clock: a.clock, Actor: actor, Holder: actor + " " + uuid.NewString(), UserAgent: a.userAgent()}
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
