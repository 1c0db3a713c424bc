package client

import (
	"context"
	"errors"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
)

// Look says what is wrong with the place of the ledger as soon as the provider is
// configured: an error that is a *ledger.PlaceError where nothing can be done with it
// before a person changes something, and cautions where it can be used. Where the first
// apply would have to create a ledger it also asks whether it could.
//
// It waits for a second at most, as a rollback by an action stands behind it, and says
// nothing of a ledger that has not answered by then, or is busy, damaged or has moved:
// whoever needs the ledger says that, and waits longer. A file is not looked at.
func (c *Client) Look(ctx context.Context) (cautions []ledger.Finding, err error) {
	if _, isFile := ledgers.SQLitePath(c.URL); isFile || c.Unknown {
		return nil, nil
	}
	ctx, cancel := c.Patiently(ctx)
	defer cancel()
	l, err := c.Existing(ctx)
	var place *ledger.PlaceError
	switch {
	case errors.As(err, &place):
		return nil, err
	case errors.Is(err, ledger.ErrMissing):
		return c.foresee(ctx)
	case err != nil:
		return nil, nil // Whoever needs the ledger says why it cannot be used.
	}
	if able, ok := ledger.As[ledger.Cautioner](l); ok {
		return able.Cautions(ctx), nil
	}
	return nil, nil
}

// Patiently bounds how long a provider that is being configured waits for the first word of
// its ledger, all its questions together.
func (c *Client) Patiently(ctx context.Context) (context.Context, context.CancelFunc) {
	patience := c.Patience
	if patience <= 0 {
		patience = operator.UrgentPatience
	}
	return context.WithTimeout(ctx, patience)
}

// ScopeOf reads whose ledger it is, and creates none.
func (c *Client) ScopeOf(ctx context.Context) (ledger.Scope, error) {
	l, err := c.Existing(ctx)
	if err != nil {
		return ledger.Scope{}, err
	}
	return ledger.ScopeOf(ctx, l)
}

// foresee asks whether a ledger could be created where none is. Rights that whoever asks
// lacks are a caution: who plans need not be who applies.
func (c *Client) foresee(ctx context.Context) ([]ledger.Finding, error) {
	err := ledgers.MayBegin(ctx, c.URL, ledgers.Options{Clock: c.Clock})
	var place *ledger.PlaceError
	switch {
	case errors.As(err, &place):
		return nil, err
	case errors.Is(err, ledger.ErrReadOnly):
		return []ledger.Finding{{Check: "rights", State: ledger.Warned, Value: "there is no ledger yet, and who plans now may not create it: " + err.Error(),
			Remedy: "apply with the rights for it, for example as the owner of the database or the bucket"}}, nil
	}
	return nil, nil
}
