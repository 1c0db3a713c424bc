package postgres

import (
	"context"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// sealRights are what SealOff needs, as PostgreSQL itself says: to write to meta, and as
// long as the ledger is open, to make the function and the trigger. A function that an
// earlier seal left is its owner's to replace. $1 is the schema, $2 whether it is sealed.
const sealRights = `
SELECT current_user, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on',
	has_table_privilege(meta.oid, 'INSERT') AND has_table_privilege(meta.oid, 'UPDATE') AND ($2 OR
		has_schema_privilege(n.oid, 'CREATE') AND has_table_privilege(record.oid, 'TRIGGER')
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_proc AS p WHERE p.pronamespace = n.oid AND p.proname = 'refuse_record' AND NOT pg_has_role(p.proowner, 'USAGE')))
FROM pg_catalog.pg_namespace AS n
JOIN pg_catalog.pg_class AS meta ON meta.relnamespace = n.oid AND meta.relname = 'meta'
JOIN pg_catalog.pg_class AS record ON record.relnamespace = n.oid AND record.relname = 'record'
WHERE n.nspname = $1`

// MaySeal implements ledger.Source, by asking for the rights.
func (l *Ledger) MaySeal(ctx context.Context) error {
	if l.opts.ReadOnly {
		return ledger.ErrReadOnly
	}
	s, err := l.Sealing(ctx)
	if err != nil {
		return err
	}
	var (
		user        string
		frozen, may bool
	)
	err = l.retry(ctx, func() error {
		return l.pool.QueryRow(ctx, sealRights, l.schema, s != nil).Scan(&user, &frozen, &may)
	})
	switch {
	case err != nil:
		return l.mapError(err)
	case frozen:
		return fmt.Errorf("%s: %w: the server takes no writes here, since it is a replica or set so; name the primary", l.place, ledger.ErrReadOnly)
	case !may:
		return fmt.Errorf("%s: %w for the user %q: %s", l.place, ledger.ErrReadOnly, user, whoSeals)
	}
	return nil
}
