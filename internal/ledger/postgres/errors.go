package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// SQLSTATE codes, from appendix A of PostgreSQL's manual.
const (
	codeReadOnlyTransaction  = "25006"
	codeInsufficientRight    = "42501"
	codeDiskFull             = "53100"
	codeTooManyConnections   = "53300"
	codeSerializationFailure = "40001"
	codeDeadlock             = "40P01"
	codeLockNotAvailable     = "55P03"
	codeQueryCanceled        = "57014"
	codeCannotConnectNow     = "57P03"
	codeUndefinedTable       = "42P01"
	codeUndefinedSchema      = "3F000"
	codeUndefinedDatabase    = "3D000"
	codeWrongPassword        = "28P01"
	codeWrongRole            = "28000"
	codeUndefinedObject      = "42704"
	codeDuplicateSchema      = "42P06"
	codeIndexCorrupted       = "XX002"
	codeDataCorrupted        = "XX001"
)

// retries is how often a statement that the database refused for the sake of
// others is repeated, and what it waits before the first time.
const (
	retries    = 5
	retryPause = 20 * time.Millisecond
)

// retry repeats what surely had no effect: a transaction that lost against another
// one, and a request that never reached the server. What may have been committed is
// not repeated here; whoever appended asks again, by the entry's id.
func (l *Ledger) retry(ctx context.Context, try func() error) error {
	pause := retryPause
	for n := 0; ; n++ {
		err := try()
		if err == nil || n == retries || !harmless(err) {
			return err
		}
		if slept := l.opts.Clock.Sleep(ctx, pause); slept != nil {
			return errors.Join(err, slept)
		}
		pause *= 2
	}
}

func harmless(err error) bool {
	switch code(err) {
	case codeSerializationFailure, codeDeadlock:
		return true
	case "":
		return pgconn.SafeToRetry(err)
	}
	return false
}

func code(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// saying is what the server itself said: where several ways to connect were tried, the
// library's text begins with those that came to nothing.
func saying(err error) string {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.Message
	}
	return err.Error()
}

// quoted is what a message of the server has between its first quotes, in whatever
// language it says the rest; all of it where it has none.
func quoted(message string) string {
	if _, rest, ok := strings.Cut(message, `"`); ok {
		if name, _, ok := strings.Cut(rest, `"`); ok {
			return name
		}
	}
	return message
}

// mapError puts PostgreSQL's codes into the words of the port. What it does not
// know it leaves as it is: the outcome is then unknown. No error holds the URL.
func (l *Ledger) mapError(err error) error {
	if err == nil {
		return nil
	}
	var connect *pgconn.ConnectError
	switch c := code(err); {
	case c == codeReadOnlyTransaction:
		return ledger.Misplaced("the ledger's server is a replica, or lets this session only read", "name the primary, for example postgres://primary.ledger.example/sluice",
			fmt.Errorf("%s: %w: the server is a replica, or the session may only read; name the primary: %w", l.place, ledger.ErrReadOnly, err))
	case c == codeInsufficientRight:
		return fmt.Errorf("%s: %w at best by this role; to look it needs sluice_reader, to write sluice_releaser, to bring an older schema up to date sluice_administrator, see docs/sql/postgres-roles.sql, and to create a ledger CREATE on the database: %w", l.place, ledger.ErrReadOnly, err)
	case c == codeDiskFull:
		return fmt.Errorf("%s: %w: %w", l.place, ledger.ErrFull, err)
	case c == codeQueryCanceled:
		// Where the statement committed already and waits for a replica, PostgreSQL warns only.
		return fmt.Errorf("%s: %w: the server cancelled the statement, so nothing of it is written: it took longer than statement_timeout, which is %s unless the URL says another, or somebody cancelled it; pg_stat_activity shows what is slow, and the URL takes a longer one, for example &statement_timeout=60000: %w", l.place, ledger.ErrBusy, l.statementTimeout(), err)
	case c == codeTooManyConnections:
		return fmt.Errorf("%s: %w: the server gives this role no further connection; raise max_connections or the role's CONNECTION LIMIT, or put a pool before the server: %w", l.place, ledger.ErrBusy, err)
	case c == codeCannotConnectNow:
		return fmt.Errorf("%s: %w: the server is starting, stopping or a replica that takes no questions; wait for it, or name another: %w", l.place, ledger.ErrBusy, err)
	case c == codeLockNotAvailable, c == codeSerializationFailure, c == codeDeadlock:
		return fmt.Errorf("%s: %w: %w", l.place, ledger.ErrBusy, err)
	case c == codeUndefinedTable, c == codeUndefinedSchema:
		return fmt.Errorf("%w: %w", l.missing(), err)
	case c == codeUndefinedDatabase:
		return ledger.Misplaced("the server has no such database", "name the one that is there, or create it, for example with createdb --encoding UTF8; the first apply creates the ledger in it, and not the database",
			fmt.Errorf("%w: the server has no such database; create it, for example with createdb --encoding UTF8: %w", ledger.ErrMissing, err))
	case c == codeWrongPassword, c == codeWrongRole:
		const look = "look at the URL, PGUSER, PGPASSWORD, the file ~/.pgpass, at sslcert and sslkey where the server asks for a certificate, and at the server's pg_hba.conf"
		return ledger.Misplaced("the server does not take the role or its password", look+"; for example postgres://ci@ledger.example/sluice?sslmode=verify-full with PGPASSWORD",
			fmt.Errorf("%s: the server does not take the role or its password: %s; %s: %w", l.place, saying(err), look, err))
	case c == codeUndefinedObject && errors.As(err, &connect):
		const remedy = "take it out of the URL, out of options in it, or out of PGOPTIONS; a parameter stands as in postgres://ledger.example/sluice?sslmode=verify-full&connect_timeout=5, for example"
		happened := "the URL has a parameter that the server does not know: " + quoted(saying(err))
		return ledger.Misplaced(happened, remedy, fmt.Errorf("%s: %s; %s: %w", l.place, happened, remedy, err))
	case c == codeDataCorrupted, c == codeIndexCorrupted:
		return &ledger.CorruptError{Reason: "PostgreSQL cannot read a part of the database", Err: err}
	case errors.As(err, &connect) && distrust(err) != "":
		return ledger.Misplaced("the server cannot be reached: the two sides do not trust each other", distrust(err), fmt.Errorf("%s cannot be reached: %s: %w", l.place, distrust(err), err))
	case errors.As(err, &connect) && takesNoTLS(connect):
		const (
			happened = "the server takes no TLS, and sslmode in the URL, or PGSSLMODE, asks for it"
			remedy   = "let the server take it, by ssl = on with ssl_cert_file and ssl_key_file; or, where nobody can listen in between, name it without, for example postgres://ledger.example/sluice?sslmode=disable"
		)
		return ledger.Misplaced(happened, remedy, fmt.Errorf("%s: %s; %s: %w", l.place, happened, remedy, err))
	case errors.As(err, &connect):
		const look = "look at host, port and sslmode in the URL, for example postgres://ledger.example:5432/sluice?sslmode=verify-full"
		// The library's text names user and database, and never the password.
		err := fmt.Errorf("%s cannot be reached; %s: %w", l.place, look, connect)
		if pgconn.Timeout(connect) {
			return err // It may only be slow.
		}
		return ledger.Misplaced("the server cannot be reached", look, err)
	}
	return err
}
