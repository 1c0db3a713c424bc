package postgres

import (
	"context"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Cautioner = (*Ledger)(nil)

// misplaced marks what only opening meets: a role without the rights for it, and a schema
// that is no ledger of this version.
func (l *Ledger) misplaced(err error) error {
	marked, unfit := ledger.Unfit(err, "a schema where nothing is yet, for example by sluice_schema=sluice_payments in the URL")
	switch {
	case unfit:
		return marked
	case code(err) != codeInsufficientRight:
		return err
	case l.opts.MustExist || l.opts.ReadOnly:
		return ledger.Misplaced("this role may not even read the ledger", "take one that may, or let this one, for example with GRANT sluice_releaser TO ci; docs/sql/postgres-roles.sql makes the roles", err)
	}
	return ledger.Misplaced("this role may not create the ledger, or bring its schema up to date", "do it once as one that may, or let this one, for example with GRANT CREATE ON DATABASE sluice TO ci", err)
}

// Cautions implements ledger.Cautioner, by one question. That a role may only read is
// none: it is how a plan is to be made.
func (l *Ledger) Cautions(ctx context.Context) []ledger.Finding {
	var replica, frozen bool
	err := l.pool.QueryRow(ctx, "SELECT pg_is_in_recovery(), current_setting('transaction_read_only') = 'on'").Scan(&replica, &frozen)
	const remedy = "name the primary, for example postgres://primary.ledger.example/sluice"
	switch {
	case err != nil:
		return nil
	case replica:
		return []ledger.Finding{{Check: "rights", State: ledger.Warned, Value: fmt.Sprintf("%s is a replica: what is read there may be old, and no apply can record anything", l.place), Remedy: remedy}}
	case frozen && !l.opts.ReadOnly:
		return []ledger.Finding{{Check: "rights", State: ledger.Warned, Value: fmt.Sprintf("%s takes no writes, since it is set so, and no apply can record anything", l.place), Remedy: remedy}}
	}
	return nil
}
