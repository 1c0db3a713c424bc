package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// exec runs statements on the writing connection. It takes no context: the work
// is short, and a transaction that is cut in the middle would leave its outcome
// unknown for nothing.
func exec(conn *sql.Conn, query string, args ...any) error {
	_, err := conn.ExecContext(context.Background(), query, args...)
	return err
}

// prepared are statements to be closed before their connections: SQLite keeps a
// connection alive in the background while a statement of it is open, and then
// the last one does not fold in the write-ahead log.
type prepared []*sql.Stmt

type toPrepare struct {
	into  **sql.Stmt
	query string
}

func (p *prepared) prepare(ctx context.Context, on interface {
	PrepareContext(context.Context, string) (*sql.Stmt, error)
}, list []toPrepare) error {
	for _, q := range list {
		stmt, err := on.PrepareContext(ctx, q.query)
		if err != nil {
			return err
		}
		*q.into = stmt
		*p = append(*p, stmt)
	}
	return nil
}

func (p prepared) close() error {
	var errs []error
	for _, stmt := range p {
		errs = append(errs, stmt.Close())
	}
	return errors.Join(errs...)
}

// begin starts a transaction that has the right to write.
func (l *Ledger) begin(ctx context.Context, conn *sql.Conn) error {
	return l.patiently(ctx, func() error { return exec(conn, "BEGIN IMMEDIATE") })
}

// patiently repeats try while other processes are in the way, until the busy
// timeout or the context is used up. SQLite's own handler would not look at the
// context.
func (l *Ledger) patiently(ctx context.Context, try func() error) error {
	start := l.opts.Clock.Now()
	pause := time.Millisecond
	if err := ctx.Err(); err != nil {
		return err
	}
	for {
		err := mapError(try())
		if !errors.Is(err, ledger.ErrBusy) || l.opts.Clock.Now().Sub(start) >= l.opts.BusyTimeout {
			return err
		}
		switch gaveUp := l.opts.Clock.Sleep(ctx, pause); {
		case errors.Is(gaveUp, context.DeadlineExceeded):
			// That others were in the way says more than that the time was up.
			return fmt.Errorf("%w: %w", ledger.ErrBusy, gaveUp)
		case gaveUp != nil:
			return gaveUp
		}
		pause = min(2*pause, 20*time.Millisecond)
	}
}
