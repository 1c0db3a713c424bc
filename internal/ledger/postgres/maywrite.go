package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// rights are what somebody who begins a ledger, or goes on with a copy of one, needs, as
// PostgreSQL itself says. $1 is the schema.
const rights = `
SELECT current_user, pg_is_in_recovery() OR current_setting('transaction_read_only') = 'on', n.oid IS NOT NULL, count(c.oid) > 0,
	CASE WHEN n.oid IS NULL THEN has_database_privilege(current_database(), 'CREATE')
		ELSE has_schema_privilege(n.oid, 'USAGE') AND has_schema_privilege(n.oid, 'CREATE') END,
	coalesce(bool_and(has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT') AND (c.relname = 'record' OR has_table_privilege(c.oid, 'UPDATE'))), true)
FROM (SELECT) AS one
LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = $1
LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relkind = 'r' AND c.relname IN ('meta', 'record', 'lease')
GROUP BY n.oid`

// MayWrite says whether a ledger could be begun in the place that url names, or a copy
// that was begun there gone on with. It asks for the rights, and changes nothing. What is
// missing wraps ledger.ErrReadOnly.
func MayWrite(ctx context.Context, url string, opts Options) (err error) {
	l, err := connect(ctx, url, opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	var (
		user                                  string
		frozen, schema, begun, create, insert bool
	)
	err = l.retry(ctx, func() error {
		return l.pool.QueryRow(ctx, rights, l.schema).Scan(&user, &frozen, &schema, &begun, &create, &insert)
	})
	name := pgx.Identifier{l.schema}.Sanitize()
	switch {
	case err != nil:
		return l.mapError(err)
	case frozen:
		return ledger.Misplaced("the server takes no writes here, since it is a replica or set so, and there is no ledger yet", "name the primary, for example postgres://primary.ledger.example/sluice",
			fmt.Errorf("%s: %w: the server takes no writes here, since it is a replica or set so; name the primary", l.place, ledger.ErrReadOnly))
	case begun && !insert:
		return fmt.Errorf("%s: %w: the user %q may not write to the tables that are in the schema %q already; use the one that began the copy", l.place, ledger.ErrReadOnly, user, l.schema)
	case begun:
		return nil
	case !schema && !create:
		return fmt.Errorf("%s: %w: there is no schema %q and the user %q may not create it; somebody who may: CREATE SCHEMA %s AUTHORIZATION %s", l.place, ledger.ErrReadOnly, l.schema, user, name, pgx.Identifier{user}.Sanitize())
	case !create:
		return fmt.Errorf("%s: %w: the user %q may not create tables in the schema %q; somebody who may: GRANT USAGE, CREATE ON SCHEMA %s TO %s", l.place, ledger.ErrReadOnly, user, l.schema, name, pgx.Identifier{user}.Sanitize())
	}
	return nil
}
