package postgres

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// migrations bring a schema from version i to i+1; %s stands for its name. They
// are never edited once released; a change is a further one.
//
// Names are compared by their bytes (COLLATE "C"), as the port wants it. Bodies are
// text and not jsonb, since their bytes are hashed.
var migrations = []string{`
CREATE TABLE %[1]s.meta (
	key   text PRIMARY KEY,
	value text NOT NULL
);

CREATE TABLE %[1]s.record (
	stream      text   COLLATE "C" NOT NULL,
	seq         bigint NOT NULL CHECK (seq > 0),
	id          text   COLLATE "C" NOT NULL,
	kind        text   COLLATE "C" NOT NULL,
	at          bigint NOT NULL, -- microseconds since 1970, UTC
	actor       text   COLLATE "C" NOT NULL,
	service     text   COLLATE "C" NOT NULL,
	environment text   COLLATE "C" NOT NULL,
	fence       bigint NOT NULL,
	prev        bytea  NOT NULL,
	hash        bytea  NOT NULL,
	body        text   COLLATE "C" NOT NULL,
	PRIMARY KEY (stream, seq),
	UNIQUE (stream, id)
);

CREATE INDEX record_at ON %[1]s.record (at, service, environment, kind);

CREATE TABLE %[1]s.lease (
	name   text   COLLATE "C" PRIMARY KEY,
	holder text   COLLATE "C" NOT NULL,
	fence  bigint NOT NULL,
	beat   bigint NOT NULL,
	ttl    bigint NOT NULL, -- nanoseconds
	hash   bytea  NOT NULL  -- of the fields above: a lease is in no chain
);

COMMENT ON TABLE %[1]s.record IS 'The append-only record of every release. Never UPDATE or DELETE: each row holds the hash of the one before.';
`}

const versionKey = "schema_version"

// querier is what a pool, a connection and a transaction have in common.
type querier interface {
	QueryRow(ctx context.Context, sql string, args ...any) pgx.Row
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

// version is the schema's, 0 where there is none. A schema that holds something
// else is ErrForeign.
func (l *Ledger) version(ctx context.Context, q querier) (int, error) {
	var tables, ours int
	const look = `SELECT count(*), count(*) FILTER (WHERE tablename IN ('meta', 'record', 'lease')) FROM pg_catalog.pg_tables WHERE schemaname = $1`
	if err := q.QueryRow(ctx, look, l.schema).Scan(&tables, &ours); err != nil {
		return 0, err
	}
	switch {
	case tables == 0:
		return 0, nil
	case ours < 3:
		return 0, fmt.Errorf("%s: %w: the schema %q holds tables of something else; name another by sluice_schema", l.place, ledger.ErrForeign, l.schema)
	}
	var version int
	if err := q.QueryRow(ctx, l.sql.version, versionKey).Scan(&version); err != nil {
		if errors.Is(err, pgx.ErrNoRows) {
			return 0, fmt.Errorf("%s: %w: the schema %q does not say which version it has", l.place, ledger.ErrForeign, l.schema)
		}
		return 0, err
	}
	if version < 1 {
		return 0, fmt.Errorf("%s: %w: the schema %q says that it has version %d, which none ever had", l.place, ledger.ErrForeign, l.schema, version)
	}
	return version, nil
}

// migrate brings the schema to the present version. Of several processes that come
// at once one does it, under a lock of the database, and the others find it done.
func (l *Ledger) migrate(ctx context.Context) error {
	return l.mapError(pgx.BeginFunc(ctx, l.pool, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey(l.schema)); err != nil {
			return err
		}
		version, err := l.version(ctx, tx)
		if err != nil || version >= len(migrations) {
			return err
		}
		name := pgx.Identifier{l.schema}.Sanitize()
		fresh := version == 0
		if fresh {
			var exists bool
			if err := tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1)", l.schema).Scan(&exists); err != nil {
				return err
			}
			if !exists {
				// Asked first, since CREATE needs a right that a prepared schema does not.
				if _, err := tx.Exec(ctx, "CREATE SCHEMA "+name); err != nil {
					return err
				}
			}
		} else if err := l.asOwner(ctx, tx); err != nil {
			return err
		}
		for ; version < len(migrations); version++ {
			if _, err := tx.Exec(ctx, strings.ReplaceAll(migrations[version], "%[1]s", name)); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, l.sql.putMeta, versionKey, fmt.Sprint(version)); err != nil {
			return err
		}
		if !fresh {
			return nil
		}
		return l.create(ctx, tx)
	}))
}

// asOwner has the rest of a transaction done by the owner of the tables, which whoever
// migrates must be or be a member of: so what a migration adds belongs to the same role
// as the rest, with the rights that are its default, and not to a person.
func (l *Ledger) asOwner(ctx context.Context, tx pgx.Tx) error {
	var owner string
	const ask = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE oid = to_regclass($1)"
	if err := tx.QueryRow(ctx, ask, pgx.Identifier{l.schema, "record"}.Sanitize()).Scan(&owner); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "SET LOCAL ROLE "+pgx.Identifier{owner}.Sanitize())
	return err
}

// create gives a new ledger its name and its first record.
func (l *Ledger) create(ctx context.Context, tx pgx.Tx) error {
	if l.opts.CopyOf != "" {
		// Its first record comes with the others.
		_, err := tx.Exec(ctx, l.sql.putMeta, copyingKey, l.opts.CopyOf)
		return err
	}
	id := uuid.NewString()
	entry, err := ledger.FirstEntry(id, l.opts.Clock.Now())
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, l.sql.putMeta, ledgerKey, id); err != nil {
		return err
	}
	first := ledger.Seal(ledger.LedgerStream, 1, ledger.ZeroHash, entry)
	_, err = tx.Exec(ctx, l.sql.insertFirst, columns(first)...)
	return err
}

// lockKey names the lock of a schema's migration. Locks are the database's, so
// that two schemas in one database do not wait for each other.
func lockKey(schema string) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("sluice/" + schema)) // It never fails.
	return int64(h.Sum64())
}
