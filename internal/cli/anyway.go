package cli

import (
	"context"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/operator"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// urgently opens the ledger for f, which goes back at a person's word. Where the
// ledger is what stands in the way, it goes back by what can still be read.
func (a *app) urgently(ctx context.Context, key release.Key, reason string, f func(ledger.Ledger) error) error {
	err := a.withLedger(ctx, ledgers.Options{MustExist: true, BusyTimeout: operator.UrgentPatience}, a.telling(ctx, f))
	if err == nil || !operator.OfTheLedger(err) || ctx.Err() != nil {
		return err
	}
	spec, lost := a.salvager().Salvaged(ctx, key, err)
	if lost != nil {
		return lost
	}
	a.note("Warning: the ledger does not work: %s", err)
	a.note("Going back to %s all the same, by what it still says.", spec.Payload.Label())
	return a.revertBy(ctx, spec, reason, "since the ledger does not work")
}

// salvager goes back without a ledger that works.
func (a *app) salvager() operator.Salvager {
	return operator.Salvager{Targets: a.targetDrivers(), Deps: target.Deps{Clock: a.clock, UserAgent: a.userAgent()}, Read: a.reading}
}
