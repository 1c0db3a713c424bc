// Package postgres keeps a ledger in a PostgreSQL database, version 13 or later,
// without extensions, for an organisation. Any number of processes on any number
// of machines may use it at once.
//
// An append is one statement, and so one transaction: sequence, chain and fence
// are checked by the database itself, and the answer comes after its commit.
// TLS, passwords and hosts are given as libpq has them: in the URL, in PG*
// environment variables, in a password file or a service file. Files are read again
// for each new connection, so that credentials may rotate.
package postgres

import (
	"context"
	"errors"
	"fmt"
	neturl "net/url"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Options say how to open a ledger.
type Options struct {
	// MustExist makes a ledger that is not there ErrMissing instead of creating it.
	MustExist bool
	// ReadOnly opens for reading alone; it implies MustExist. Appends fail with
	// ErrReadOnly.
	ReadOnly bool
	// CopyOf is the UUID of a ledger: what is opened is an unfinished copy of it, begun
	// where nothing is. A ledger that is there is opened as it is.
	CopyOf string
	// BusyTimeout is how long one statement may wait for locks, and connecting for
	// a server, before ErrBusy. 0 means 10 s.
	BusyTimeout time.Duration
	// Clock is the machine's if nil.
	Clock clock.Clock
}

// DefaultSchema holds the tables when the URL names no other by sluice_schema.
const DefaultSchema = "sluice"

// schemaParam is the URL's own parameter, which no server hears of.
const schemaParam = "sluice_schema"

// Ledger is a handle on one database. It implements ledger.Ledger.
type Ledger struct {
	opts   Options
	pool   *pgxpool.Pool
	schema string
	// place names host and database for messages, without user and password.
	place string
	id    string
	// unfinished is true while the schema is a copy that has not come to its end.
	unfinished bool
	sql        statements
	// Readings are of the server's clock: of each new connection and each swap of a lease.
	ledger.Readings
	lasting lasting
	// sweepRows is the constant of that name; tests have it smaller.
	sweepRows int

	mu   sync.Mutex
	ends map[string]end
}

var (
	_ ledger.Ledger  = (*Ledger)(nil)
	_ ledger.Clocked = (*Ledger)(nil)
)

// Open opens the ledger in the database that url names, creating its tables
// unless the options say otherwise. Of several processes that create it at once,
// one does and the others use what it made.
func Open(ctx context.Context, url string, opts Options) (*Ledger, error) {
	l, err := connect(ctx, url, opts)
	if err != nil {
		return nil, err
	}
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(l.misplaced(err), l.Close())
	}
	return l, nil
}

// connect makes a handle that has not looked at the database yet.
func connect(ctx context.Context, url string, opts Options) (*Ledger, error) {
	if opts.Clock == nil {
		opts.Clock = clock.System{}
	}
	if opts.BusyTimeout <= 0 {
		opts.BusyTimeout = 10 * time.Second
	}
	config, schema, err := parse(url)
	if err != nil {
		return nil, err
	}
	l := &Ledger{opts: opts, schema: schema, place: fmt.Sprintf("%s/%s", config.ConnConfig.Host, config.ConnConfig.Database), ends: map[string]end{}, sweepRows: sweepRows}
	l.sql = newStatements(pgx.Identifier{schema}.Sanitize())
	l.configure(config)
	l.lasting.url = url
	config.BeforeConnect = renewing(url)
	if l.pool, err = pgxpool.NewWithConfig(ctx, config); err != nil {
		return nil, l.mapError(err)
	}
	return l, nil
}

// Check says whether Open would know what to do with url, without connecting.
func Check(url string) error {
	_, _, err := parse(url)
	return err
}

// Place names host, database and schema, and nothing else of url.
func Place(url string) string {
	config, schema, err := parse(url)
	if err != nil {
		return "postgres:"
	}
	c := config.ConnConfig
	place := fmt.Sprintf("postgres://%s:%d/%s", c.Host, c.Port, c.Database)
	if strings.HasPrefix(c.Host, "/") {
		place = fmt.Sprintf("postgres:///%s?host=%s", c.Database, c.Host)
	}
	if schema != DefaultSchema {
		sep := "?"
		if strings.Contains(place, "?") {
			sep = "&"
		}
		place += sep + schemaParam + "=" + neturl.QueryEscape(schema)
	}
	return place
}

// parse reads a URL as libpq does, with one parameter of our own. Errors do not
// repeat it, since a password may stand there.
func parse(url string) (*pgxpool.Config, string, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		if why := unreadable(err); why != "" {
			return nil, "", errors.New(why)
		}
		// The library's words hold the URL, though without the password where it knows it.
		return nil, "", errors.New("it cannot be read as libpq reads it; for example postgres://ledger.example/sluice?sslmode=verify-full")
	}
	schema := DefaultSchema
	if s, ok := config.ConnConfig.RuntimeParams[schemaParam]; ok {
		delete(config.ConnConfig.RuntimeParams, schemaParam)
		schema = s
	}
	if schema == "" || len(schema) > 63 || strings.ContainsRune(schema, 0) || strings.HasPrefix(schema, "pg_") {
		return nil, "", fmt.Errorf("the schema %.70q is not one that can hold a ledger; it has 1 to 63 bytes and does not begin with pg_, for example sluice_schema=sluice", schema)
	}
	return config, schema, nil
}

// configure bounds everything that may take long.
func (l *Ledger) configure(config *pgxpool.Config) {
	c := config.ConnConfig
	if c.ConnectTimeout == 0 {
		c.ConnectTimeout = l.opts.BusyTimeout
	}
	set := func(name, value string) {
		if _, given := c.RuntimeParams[name]; !given {
			c.RuntimeParams[name] = value
		}
	}
	bound := fmt.Sprintf("%d", l.opts.BusyTimeout.Milliseconds())
	set("application_name", "sluice")
	set("lock_timeout", bound)
	set("statement_timeout", fmt.Sprintf("%d", l.statementTimeout().Milliseconds()))
	set("idle_in_transaction_session_timeout", bound)
	// A statement that is planned while the table is small would read all of it, and a server
	// keeps that plan until it has analyzed the table: each append of a new ledger's first
	// minutes took longer than the one before. Every query of ours has its index.
	set("enable_seqscan", "off")
	if l.opts.ReadOnly {
		set("default_transaction_read_only", "on")
	}
	if config.MaxConns < 8 {
		config.MaxConns = 8
	}
	config.AfterConnect = l.durable
}

// statementTimeout is how long the server works at one statement where the URL says
// nothing of it.
func (l *Ledger) statementTimeout() time.Duration { return 3 * l.opts.BusyTimeout }

// durable refuses a server that would lose what it has committed. A session that
// was told not to wait for the disk is told to.
func (l *Ledger) durable(ctx context.Context, conn *pgx.Conn) error {
	var fsync, commit, encoding string
	reading := ledger.Reading{Asked: l.opts.Clock.Now()}
	var until *time.Time
	const query = "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('server_encoding'), clock_timestamp(), " + validUntil
	if err := conn.QueryRow(ctx, query).Scan(&fsync, &commit, &encoding, &reading.Store, &until); err != nil {
		return err
	}
	reading.Answered = l.opts.Clock.Now()
	l.Keep(reading)
	l.lasting.note(conn.Config(), until)
	switch {
	case fsync != "on":
		return ledger.Misplaced("the server would lose in a crash what it has committed", "set fsync = on, for example with ALTER SYSTEM SET fsync = on",
			fmt.Errorf("%s: the server runs with fsync = off, so a crash would lose what it has committed; set fsync = on", l.place))
	case encoding != "UTF8":
		return ledger.Misplaced("the database keeps its text in another encoding than UTF-8", "create one with ENCODING 'UTF8', for example with createdb --encoding UTF8 --template template0",
			fmt.Errorf("%s: the database's encoding is %s; create one with ENCODING 'UTF8'", l.place, encoding))
	case commit == "off":
		_, err := conn.Exec(ctx, "SET synchronous_commit = on")
		return err
	}
	return nil
}

// open looks at what is there and brings it to the present version.
func (l *Ledger) open(ctx context.Context) error {
	version, err := l.version(ctx, l.pool)
	switch {
	case err != nil:
		return l.mapError(err)
	case version == 0 && (l.opts.MustExist || l.opts.ReadOnly):
		return l.missing()
	case version > len(migrations):
		return fmt.Errorf("%s: %w: its schema has version %d, this one knows up to %d; install that Sluice or a later one", l.place, ledger.ErrNewer, version, len(migrations))
	case version < len(migrations) && l.opts.ReadOnly:
		return ledger.Misplaced("the ledger's schema is of an older version of Sluice, and whoever asks may not bring it up to date", "open it once as the administrator, for example with sluice verify",
			fmt.Errorf("%s: %w, and its schema is of an older version: open it once as the administrator, for example with sluice verify", l.place, ledger.ErrReadOnly))
	case version < len(migrations):
		if err := l.migrate(ctx); err != nil {
			return err
		}
	}
	return l.identify(ctx)
}

// ID implements ledger.Ledger.
func (l *Ledger) ID(context.Context) (string, error) { return l.id, nil }

// Close implements ledger.Ledger.
func (l *Ledger) Close() error {
	l.pool.Close()
	return nil
}

func (l *Ledger) missing() error {
	return fmt.Errorf("%w: %s has no tables of Sluice in the schema %q", ledger.ErrMissing, l.place, l.schema)
}
