package sqlite

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// applicationID stands in the file's header and says whose file it is: "SLCE".
const applicationID = 0x534c4345

// migrations bring a file from version i to i+1. They are never edited once
// released; a change of the schema is a further one.
//
// The table record holds each field once. Nothing that is hashed is kept a second
// time outside an index, so whatever a byte of a row is changed to, either the
// hash or SQLite's own check of its indexes shows it. For the same reason there is
// no INTEGER PRIMARY KEY: SQLite would keep an unused byte for it in each row.
//
// One index serves all queries: by time, with the other fields beside it, so that
// a walk from the newest on need not look at the rows it passes over. Each further
// index would cost a page per append, which is 3 to 6 % of its rate.
var migrations = []string{`
CREATE TABLE meta (
	key   TEXT NOT NULL PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE record (
	stream      TEXT    NOT NULL,
	seq         INTEGER NOT NULL,
	id          TEXT    NOT NULL,
	kind        TEXT    NOT NULL,
	at          INTEGER NOT NULL, -- microseconds since 1970, UTC
	actor       TEXT    NOT NULL,
	service     TEXT    NOT NULL,
	environment TEXT    NOT NULL,
	fence       INTEGER NOT NULL,
	prev        BLOB    NOT NULL,
	hash        BLOB    NOT NULL,
	body        TEXT    NOT NULL -- last: a long one does not slow down the others
) STRICT;

CREATE UNIQUE INDEX record_place ON record (stream, seq);
CREATE UNIQUE INDEX record_id ON record (stream, id);
CREATE INDEX record_at ON record (at, service, environment, kind);

CREATE TABLE lease (
	name   TEXT    NOT NULL PRIMARY KEY,
	holder TEXT    NOT NULL,
	fence  INTEGER NOT NULL,
	beat   INTEGER NOT NULL,
	ttl    INTEGER NOT NULL, -- nanoseconds
	hash   BLOB    NOT NULL  -- of the fields above: a lease is in no chain
) STRICT, WITHOUT ROWID;
`}

// header is what a file says of itself.
type header struct {
	application, version, tables int
}

// readHeader reads everything in one statement: between two, another process may
// have created the ledger.
func readHeader(ctx context.Context, conn *sql.Conn) (header, error) {
	const query = "SELECT application_id, user_version, (SELECT count(*) FROM sqlite_schema) FROM pragma_application_id, pragma_user_version"
	var h header
	err := conn.QueryRowContext(ctx, query).Scan(&h.application, &h.version, &h.tables)
	return h, mapError(err)
}

// fresh says that nobody has put anything into the file yet.
func (h header) fresh() bool { return h.version == 0 && h.tables == 0 }

// check says whether this Sluice can use a file that is not fresh as it is.
func (h header) check(path string) error {
	if h.application != applicationID {
		return fmt.Errorf("%s: %w: it is an SQLite database of something else; name another file", path, ledger.ErrForeign)
	}
	if h.version > len(migrations) {
		return fmt.Errorf("%s: %w: its schema has version %d, this one knows up to %d; install that Sluice or a later one", path, ledger.ErrNewer, h.version, len(migrations))
	}
	return nil
}

// migrate brings the file to the present version, creating the ledger in a fresh
// one. Of several processes that come at once, one does it while the others wait
// for the lock and then find it done.
func (l *Ledger) migrate(ctx context.Context, conn *sql.Conn, h header) error {
	if h.fresh() {
		if err := l.patiently(ctx, func() error { return exec(conn, "PRAGMA journal_mode=WAL") }); err != nil {
			return err
		}
	}
	if err := l.begin(ctx, conn); err != nil {
		return err
	}
	err := l.migrateLocked(ctx, conn)
	if err != nil {
		return rollback(conn, err)
	}
	if err := exec(conn, "COMMIT"); err != nil {
		return rollback(conn, mapError(err))
	}
	return nil
}

// migrateLocked does the work of migrate inside a transaction that has the lock.
func (l *Ledger) migrateLocked(ctx context.Context, conn *sql.Conn) error {
	h, err := readHeader(ctx, conn)
	if err != nil {
		return err
	}
	fresh := h.fresh()
	if !fresh {
		if err := h.check(l.path); err != nil {
			return err
		}
	}
	for v := h.version; v < len(migrations); v++ {
		if err := exec(conn, migrations[v]); err != nil {
			return mapError(err)
		}
	}
	if err := exec(conn, fmt.Sprintf("PRAGMA user_version=%d", len(migrations))); err != nil {
		return mapError(err)
	}
	if !fresh {
		return nil
	}
	return l.create(conn)
}

// create gives a new ledger its name and its first record.
func (l *Ledger) create(conn *sql.Conn) error {
	if err := exec(conn, fmt.Sprintf("PRAGMA application_id=%d", applicationID)); err != nil {
		return mapError(err)
	}
	const putMeta = "INSERT INTO meta (key, value) VALUES (?, ?)"
	if l.opts.CopyOf != "" {
		// Its first record comes with the others.
		return mapError(exec(conn, putMeta, copyingKey, l.opts.CopyOf))
	}
	id := uuid.NewString()
	entry, err := ledger.FirstEntry(id, l.opts.Clock.Now())
	if err != nil {
		return err
	}
	if err := exec(conn, putMeta, ledgerKey, id); err != nil {
		return mapError(err)
	}
	return mapError(exec(conn, insertRecord, columns(ledger.Seal(ledger.LedgerStream, 1, ledger.ZeroHash, entry))...))
}
