package sqlite

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// mapError puts SQLite's codes into the words of the port. What it does not know
// it leaves as it is: the outcome is then unknown.
func mapError(err error) error {
	var e *driver.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ledger.ErrBusy, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ledger.ErrReadOnly, err)
	case sqlite3.SQLITE_FULL:
		return fmt.Errorf("%w: %w", ledger.ErrFull, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &ledger.CorruptError{Reason: "SQLite cannot read a part of the file; sluice verify names the records", Err: err}
	}
	return err
}

// damaged says whether err comes from bytes that cannot be what was written: what
// SQLite itself refuses, or a column that is of another type.
func damaged(err error) bool {
	var e *driver.Error
	if errors.As(err, &e) {
		code := e.Code() & 0xff
		return code == sqlite3.SQLITE_CORRUPT || code == sqlite3.SQLITE_NOTADB
	}
	return errors.Is(err, errType)
}

// isScan says whether err comes from database/sql's conversion of a column, and
// not from the database or the context.
func isScan(err error) bool {
	var e *driver.Error
	return err != nil && !errors.As(err, &e) && strings.Contains(err.Error(), "Scan error")
}

// constrained says whether a unique index refused a row.
func constrained(err error) bool {
	var e *driver.Error
	return errors.As(err, &e) && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT
}

// named lays damage at a record's door, and maps any other error.
func named(err error, stream string, seq uint64) error {
	if damaged(err) {
		return &ledger.CorruptError{Stream: stream, Seq: seq, Reason: "it cannot be read", Err: err}
	}
	return mapError(err)
}

// rollback ends the transaction that failed with err. When the connection is not
// in a transaction any more, since SQLite has ended it, there is nothing to do.
func rollback(conn *sql.Conn, err error) error {
	_ = exec(conn, "ROLLBACK")
	return err
}
