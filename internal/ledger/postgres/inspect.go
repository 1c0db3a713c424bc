package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

var (
	_ ledger.Inspector = (*Ledger)(nil)
	_ ledger.Salvager  = (*Ledger)(nil)
)

// Inspect implements ledger.Inspector: it checks the hash of each lease, which is
// in no chain. Pages and indexes are PostgreSQL's own to check (data_checksums,
// pg_amcheck).
func (l *Ledger) Inspect(ctx context.Context) ([]*ledger.CorruptError, error) {
	var problems []*ledger.CorruptError
	err := l.snapshot(ctx, func(tx pgx.Tx) error {
		problems = nil
		names, err := texts(ctx, tx, l.sql.leases)
		if err != nil {
			return err
		}
		for _, name := range names {
			_, err := readLease(tx.QueryRow(ctx, l.sql.lease, name), name)
			var corrupt *ledger.CorruptError
			switch {
			case errors.As(err, &corrupt):
				problems = append(problems, corrupt)
			case err != nil:
				return err
			}
		}
		return nil
	})
	return problems, err
}

// Streams implements ledger.Inspector.
func (l *Ledger) Streams(ctx context.Context) (names []string, err error) {
	err = l.retry(ctx, func() error {
		names, err = texts(ctx, l.pool, l.sql.streams, "", above(""))
		return err
	})
	return names, l.mapError(err)
}

// Salvage implements ledger.Salvager.
func (l *Ledger) Salvage(ctx context.Context, stream string) ([]ledger.Record, error) {
	rows, err := l.pool.Query(ctx, l.sql.stream, stream, int64(0))
	if err != nil {
		return nil, l.mapError(err)
	}
	defer rows.Close()
	var out []ledger.Record
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return out, l.mapError(err)
		}
		if ledger.CheckHash(r) == nil {
			out = append(out, r)
		}
	}
	return out, l.mapError(rows.Err())
}

// texts reads one column.
func texts(ctx context.Context, q querier, query string, args ...any) ([]string, error) {
	rows, err := q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
