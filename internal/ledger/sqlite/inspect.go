package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var _ ledger.Inspector = (*Ledger)(nil)

// Inspect implements ledger.Inspector. SQLite's own check compares the indexes
// with the table and looks at the structure of each page; what it finds is then
// laid at the door of a record. The hashes of records are not looked at here:
// ledger.Verify does.
func (l *Ledger) Inspect(ctx context.Context) ([]*ledger.CorruptError, error) {
	conn, err := l.readers.Conn(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	defer conn.Close()
	// One transaction, so that everything is looked at in the same state.
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return nil, mapError(err)
	}
	defer exec(conn, "ROLLBACK") //nolint:errcheck // Nothing was written.

	complaints, err := integrity(ctx, conn)
	if err != nil {
		return nil, err
	}
	problems, err := inspectSchema(ctx, conn)
	if err != nil {
		return nil, err
	}
	if len(complaints) > 0 {
		s := &search{conn: conn, complaints: complaints}
		found, err := s.run(ctx)
		if err != nil {
			return nil, err
		}
		problems = append(problems, found...)
	}
	leases, err := inspectLeases(ctx, conn)
	return append(problems, leases...), err
}

// integrity returns what SQLite has to say against the file: nothing, if it is
// whole. The error is one that has nothing to do with damage.
func integrity(ctx context.Context, conn *sql.Conn) ([]string, error) {
	rows, err := conn.QueryContext(ctx, "PRAGMA integrity_check(1000)")
	if err != nil {
		return damage(err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return nil, mapError(err)
		}
		if line != "ok" {
			out = append(out, line)
		}
	}
	if err := rows.Err(); err != nil {
		more, err := damage(err)
		return append(out, more...), err
	}
	return out, nil
}

// damage turns an error that comes from damaged bytes into a complaint.
func damage(err error) ([]string, error) {
	if damaged(err) {
		return []string{err.Error()}, nil
	}
	return nil, mapError(err)
}

// inspectSchema compares the tables and indexes with those that the migrations
// make.
func inspectSchema(ctx context.Context, conn *sql.Conn) ([]*ledger.CorruptError, error) {
	const query = "SELECT coalesce(group_concat(type || ' ' || name || ' ' || tbl_name || ' ' || coalesce(sql, '-'), char(10)), '') FROM (SELECT * FROM sqlite_schema WHERE sql IS NOT ? ORDER BY name)"
	var got, want string
	if err := conn.QueryRowContext(ctx, query, sealedTrigger).Scan(&got); err != nil {
		return nil, mapError(err)
	}
	model, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	defer func() { _ = model.Close() }()
	model.SetMaxOpenConns(1)
	for _, m := range migrations {
		if _, err := model.ExecContext(ctx, m); err != nil {
			return nil, err
		}
	}
	if err := model.QueryRowContext(ctx, query, sealedTrigger).Scan(&want); err != nil {
		return nil, err
	}
	if got != want {
		return []*ledger.CorruptError{{Reason: "the file's schema is not the one that Sluice made"}}, nil
	}
	return nil, nil
}

// inspectLeases checks the hash of each lease.
func inspectLeases(ctx context.Context, conn *sql.Conn) ([]*ledger.CorruptError, error) {
	names, err := texts(ctx, conn, "SELECT name FROM lease ORDER BY name")
	if err != nil && !damaged(err) {
		return nil, mapError(err)
	}
	var problems []*ledger.CorruptError
	if err != nil {
		problems = append(problems, &ledger.CorruptError{Reason: "the leases cannot be read", Err: err})
	}
	for _, name := range names {
		_, err := readLease(conn.QueryRowContext(ctx, selectLease, name), name)
		var corrupt *ledger.CorruptError
		switch {
		case errors.As(err, &corrupt):
			problems = append(problems, corrupt)
		case err != nil:
			return problems, err
		}
	}
	return problems, nil
}

// Streams implements ledger.Inspector.
func (l *Ledger) Streams(ctx context.Context) ([]string, error) {
	conn, err := l.readers.Conn(ctx)
	if err != nil {
		return nil, mapError(err)
	}
	defer conn.Close()
	names, err := texts(ctx, conn, strings.Replace(headsQuery, recordColumns, "s.name", 1), "", above(""))
	return names, mapError(err)
}

// texts reads one column. Beside an error it returns what came before it.
func texts(ctx context.Context, conn *sql.Conn, query string, args ...any) ([]string, error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return out, fmt.Errorf("%w: %w", errType, err)
		}
		out = append(out, text)
	}
	return out, rows.Err()
}
