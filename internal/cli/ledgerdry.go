package cli

import (
	"context"
	"errors"
	"fmt"

	"github.com/dustin/go-humanize"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
)

// dryCopy says what there is to copy and whether it could begin.
func (a *app) dryCopy(ctx context.Context, source ledger.Source, to, fromPlace, toPlace string) error {
	res := copying.Result{From: fromPlace, To: toPlace}
	var err error
	if res.Ledger, err = source.ID(ctx); err != nil {
		return err
	}
	begun, err := a.mayCopyTo(ctx, to, res.Ledger)
	if err != nil {
		return fmt.Errorf("the destination: %w", err)
	}
	heads, err := source.Heads(ctx, "")
	if err != nil {
		return err
	}
	bytes := 0
	for _, h := range heads {
		res.Streams++
		res.Records += h.Seq
		bytes += int(h.Seq) * (len(h.Body) + 400)
	}
	leases, err := source.EveryLease(ctx, "")
	if err != nil {
		return err
	}
	res.Leases = len(leases)
	open, err := openRollouts(ctx, source)
	if err != nil {
		return err
	}
	if a.asJSON {
		if open == nil {
			open = []string{}
		}
		return a.writeJSON(copyJSON{Result: res, DryRun: true, OpenRollouts: open})
	}
	a.say("The ledger %s\nwould move from %s\nto %s: %s in %s and %s, some %s.", res.Ledger, fromPlace, toPlace,
		plural(res.Records, "record"), plural(uint64(res.Streams), "stream"), plural(uint64(res.Leases), "lease"), humanize.Bytes(uint64(bytes)))
	if begun {
		a.say("A copy was begun there, and would go on.")
	}
	for _, name := range open {
		a.say("%s has an open rollout: wait for its end, or say --with-open-rollouts.", name)
	}
	return nil
}

// mayCopyTo says whether a copy could begin in a place, or was begun there, without
// touching it.
func (a *app) mayCopyTo(ctx context.Context, to, id string) (begun bool, err error) {
	there, err := ledgers.Open(ctx, to, ledgers.Options{ReadOnly: true, Clock: a.clock})
	switch {
	case errors.Is(err, ledger.ErrMissing):
		return false, nil
	case errors.Is(err, ledger.ErrUnfinished):
		there, err = ledgers.Open(ctx, to, ledgers.Options{ReadOnly: true, CopyOf: id, Clock: a.clock})
		if err != nil {
			return false, err
		}
		return true, there.Close()
	case err != nil:
		return false, err
	}
	other, err := there.ID(ctx)
	if err = errors.Join(err, there.Close()); err != nil {
		return false, err
	}
	return false, fmt.Errorf("%s is a ledger already, %s; name a place where nothing is", placeOf(to), other)
}
