package postgres

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// SweepBy has a sweep ask for so many records at a time.
func SweepBy(l *Ledger, rows int) { l.sweepRows = rows }

// Migrate adds a migration that a later version would have, until undo is called.
func Migrate(sql string) (undo func()) {
	before := migrations
	migrations = append(migrations[:len(migrations):len(migrations)], sql)
	return func() { migrations = before }
}

// Conn is one of the ledger's connections, with the settings that it gives them.
func Conn(t testing.TB, l *Ledger) *pgx.Conn {
	t.Helper()
	c, err := l.pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Release)
	return c.Conn()
}

// SQL is some of the driver's statements.
type SQL struct {
	InsertNext, InsertNextFenced, Last, ByID, Stream string
	Heads, Streams, Sweep, SweepOn                   string
	Lease, HeldLeases, EveryLease, UpdateLease       string
}

// Statements are those of the ledger.
func Statements(l *Ledger) SQL {
	return SQL{
		l.sql.insertNext, l.sql.insertNextFenced, l.sql.last, l.sql.byID, l.sql.stream,
		l.sql.heads, l.sql.streams, l.sql.sweep, l.sql.sweepOn,
		l.sql.lease, l.sql.heldLeases, l.sql.everyLease, l.sql.updateLease,
	}
}

// Filtered is the statement of a query.
func Filtered(l *Ledger, f ledger.Filter) string {
	query, _ := l.build(f)
	return query
}
