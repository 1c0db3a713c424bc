// Package sqlite keeps a ledger in one SQLite file, through the pure Go port of
// SQLite, for one machine. Any number of processes may use the file at once.
//
// The file is in WAL mode with synchronous=FULL, so an append is durable when it
// returns. It must lie on a local disk: SQLite's locks do not hold on network
// file systems.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite" of database/sql

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Options say how to open a ledger.
type Options struct {
	// MustExist makes a ledger that is not there ErrMissing instead of creating it.
	// A plan sets it: it creates nothing.
	MustExist bool
	// ReadOnly opens for reading alone; it implies MustExist. Appends fail with
	// ErrReadOnly.
	ReadOnly bool
	// CopyOf is the UUID of a ledger: what is opened is an unfinished copy of it, begun
	// where nothing is. A ledger that is there is opened as it is.
	CopyOf string
	// BusyTimeout is how long a call waits for other processes before it fails
	// with ErrBusy. 0 means 10 s.
	BusyTimeout time.Duration
	// Clock is the machine's if nil.
	Clock clock.Clock
}

// Ledger is one handle on a file. It implements ledger.Ledger.
type Ledger struct {
	path string
	opts Options
	id   string
	// unfinished is true while the file is a copy that has not come to its end.
	unfinished bool

	readers *sql.DB
	// queries are the prepared statements of readers.
	queries *queries
	// sweeping is held by whoever takes several of the readers' connections.
	sweeping sync.Mutex

	// writer and what belongs to it are nil in a read-only handle.
	writer *sql.DB
	conn   *sql.Conn
	stmts  *statements
	queue  queue
	// ends and version belong to whoever has the turn in the queue.
	ends    map[string]end
	version int64
}

var _ ledger.Ledger = (*Ledger)(nil)

// Open opens the ledger in the file path, creating it, and the folder around it,
// unless the options say otherwise. Of several processes that create it at once,
// one does and the others open what it made.
func Open(ctx context.Context, path string, opts Options) (*Ledger, error) {
	if opts.Clock == nil {
		opts.Clock = clock.System{}
	}
	if opts.BusyTimeout == 0 {
		opts.BusyTimeout = 10 * time.Second
	}
	l := &Ledger{path: path, opts: opts}
	if err := l.ensureFile(); err != nil {
		return nil, err
	}
	if err := l.open(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return l, nil
}

func (l *Ledger) open(ctx context.Context) error {
	var err error
	if l.opts.ReadOnly {
		err = l.openReadOnly(ctx)
	} else {
		err = l.openWriter(ctx)
	}
	if err != nil {
		return err
	}
	if err := l.identify(ctx); err != nil {
		return err
	}
	l.queries, err = prepareQueries(ctx, l.readers)
	return mapError(err)
}

func (l *Ledger) openWriter(ctx context.Context) (err error) {
	if l.writer, err = sql.Open("sqlite", dsn(l.path, "mode=rw&_pragma=busy_timeout(20)&_pragma=synchronous(FULL)")); err != nil {
		return err
	}
	l.writer.SetMaxOpenConns(1)
	// Each of these steps meets the locks of another process that creates the file
	// at the same moment, some of them without SQLite waiting by itself.
	if err = l.patiently(ctx, func() (err error) { l.conn, err = l.writer.Conn(ctx); return err }); err != nil {
		return err
	}
	var h header
	err = l.patiently(ctx, func() (err error) { h, err = readHeader(ctx, l.conn); return err })
	switch {
	case err != nil:
		return err
	case h.fresh() && l.opts.MustExist:
		return missing(l.path)
	case !h.fresh():
		err = h.check(l.path)
	}
	if err == nil && h.version < len(migrations) {
		err = l.migrate(ctx, l.conn, h)
	}
	if err != nil {
		return err
	}
	if l.stmts, err = prepare(ctx, l.conn); err != nil {
		return mapError(err)
	}
	l.queue.turn = make(chan struct{}, 1)
	return l.openReaders(ctx, "mode=rw&_pragma=query_only(1)&"+l.readTimeout())
}

// openReadOnly opens a file that this process may not, or shall not, write. SQLite
// wants to write beside a file in WAL mode even to read it; where it cannot, and
// no WAL is left over, nobody else writes either, and the file is taken as it is.
func (l *Ledger) openReadOnly(ctx context.Context) error {
	err := l.openReaders(ctx, "mode=ro&"+l.readTimeout())
	if err == nil {
		return l.checkReadOnly(ctx)
	}
	if _, statErr := os.Stat(l.path + "-wal"); errors.Is(statErr, fs.ErrNotExist) && !damaged(err) {
		_ = l.readers.Close()
		err = l.openReaders(ctx, "mode=ro&immutable=1")
		if err == nil {
			return l.checkReadOnly(ctx)
		}
	}
	return err
}

func (l *Ledger) checkReadOnly(ctx context.Context) error {
	conn, err := l.readers.Conn(ctx)
	if err != nil {
		return mapError(err)
	}
	defer conn.Close()
	h, err := readHeader(ctx, conn)
	switch {
	case err != nil:
		return err
	case h.fresh():
		return missing(l.path)
	}
	if err := h.check(l.path); err != nil {
		return err
	}
	if h.version < len(migrations) {
		return fmt.Errorf("%s: %w, and its schema is of an older version: open it once for writing, for example with sluice verify", l.path, ledger.ErrReadOnly)
	}
	return nil
}

func (l *Ledger) openReaders(ctx context.Context, params string) (err error) {
	if l.readers, err = sql.Open("sqlite", dsn(l.path, params)); err != nil {
		return err
	}
	l.readers.SetMaxOpenConns(4)
	l.readers.SetMaxIdleConns(4)
	return l.patiently(ctx, func() error {
		var n int
		return l.readers.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&n)
	})
}

func (l *Ledger) readTimeout() string {
	return fmt.Sprintf("_pragma=busy_timeout(%d)", l.opts.BusyTimeout.Milliseconds())
}

// ensureFile makes sure that there is a file to open, readable by its owner alone
// when it is new.
func (l *Ledger) ensureFile() error {
	info, err := os.Stat(l.path)
	switch {
	case err == nil && info.IsDir():
		return fmt.Errorf("%s is a folder; a ledger is a file, for example sqlite:.sluice/ledger.db", l.path)
	case err == nil:
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the ledger %s cannot be opened: %w", l.path, err)
	case l.opts.MustExist || l.opts.ReadOnly:
		return missing(l.path)
	}
	dir := filepath.Dir(l.path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("the folder of the ledger %s cannot be made: %w", l.path, err)
	}
	f, err := os.OpenFile(l.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("the ledger %s cannot be made: %w", l.path, err)
	}
	syncDir(dir)
	return f.Close()
}

// syncDir makes a new file's name durable. Systems that cannot sync a folder do
// not need it, so what goes wrong here is no reason to refuse.
func syncDir(dir string) {
	d, err := os.Open(dir)
	if err == nil {
		_ = d.Sync()
		_ = d.Close()
	}
}

func missing(path string) error {
	return fmt.Errorf("%s: %w: terraform apply creates it; if it was there before, restore it", path, ledger.ErrMissing)
}

// dsn builds SQLite's URI for a path that may contain any character.
func dsn(path, params string) string {
	p := filepath.ToSlash(path)
	if filepath.VolumeName(path) != "" && !strings.HasPrefix(p, "/") {
		p = "/" + p
	}
	return "file:" + strings.ReplaceAll(url.PathEscape(p), "%2F", "/") + "?" + params
}

// ID implements ledger.Ledger.
func (l *Ledger) ID(ctx context.Context) (string, error) { return l.id, ctx.Err() }

// Close implements ledger.Ledger. The last handle on a file to be closed folds
// the write-ahead log into it.
func (l *Ledger) Close() error {
	var errs []error
	if l.queries != nil {
		errs = append(errs, l.queries.close())
	}
	if l.stmts != nil {
		errs = append(errs, l.stmts.close())
	}
	if l.readers != nil {
		errs = append(errs, l.readers.Close())
	}
	if l.conn != nil {
		errs = append(errs, l.conn.Close())
	}
	if l.writer != nil {
		errs = append(errs, l.writer.Close())
	}
	return errors.Join(errs...)
}
