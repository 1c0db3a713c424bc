package postgres

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Read implements ledger.Ledger.
func (l *Ledger) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	from = max(from, 1)
	// The record before the first wanted one is read too, for the link between.
	start := max(from-1, 1)
	var out []ledger.Record
	err := l.retry(ctx, func() error {
		out = nil
		rows, err := l.pool.Query(ctx, l.sql.stream, stream, int64(start))
		if err != nil {
			return err
		}
		defer rows.Close()
		prev := ledger.Record{Stream: stream, Hash: ledger.ZeroHash}
		for rows.Next() {
			r, err := scan(rows)
			if err != nil {
				return err
			}
			if prev.Seq == 0 && start > 1 {
				// What stands before this one is not looked at: take its word.
				prev.Seq, prev.Hash = start-1, r.Prev
			}
			if err := ledger.Check(&prev, r); err != nil {
				return err
			}
			prev = r
			if r.Seq >= from {
				out = append(out, r)
			}
		}
		return rows.Err()
	})
	if err != nil {
		return nil, l.mapError(err)
	}
	if n := len(out); n > 0 {
		l.remember(stream, endAt(out[n-1]))
	}
	return out, nil
}

// Heads implements ledger.Ledger.
func (l *Ledger) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	return l.collect(ctx, l.sql.heads, prefix, above(prefix))
}

// Query implements ledger.Ledger.
func (l *Ledger) Query(ctx context.Context, f ledger.Filter) ([]ledger.Record, error) {
	query, args := l.build(f)
	return l.collect(ctx, query, args...)
}

// build puts a filter into SQL.
func (l *Ledger) build(f ledger.Filter) (string, []any) {
	var (
		where []string
		args  []any
	)
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.StreamPrefix != "" {
		add("stream >= $%d", f.StreamPrefix)
		if limit := above(f.StreamPrefix); limit != nil {
			add("stream < $%d", *limit)
		}
	}
	if len(f.Kinds) > 0 {
		add("kind = ANY($%d)", f.Kinds)
	}
	if f.Service != "" {
		add("service = $%d", f.Service)
	}
	if f.Environment != "" {
		add("environment = $%d", f.Environment)
	}
	if !f.Since.IsZero() {
		add("at >= $%d", ledger.Ceil(f.Since).UnixMicro())
	}
	if !f.Until.IsZero() {
		add("at < $%d", ledger.Ceil(f.Until).UnixMicro())
	}
	query := l.sql.query
	if len(where) > 0 {
		query += " WHERE " + strings.Join(where, " AND ")
	}
	query += " ORDER BY at DESC, stream DESC, seq DESC"
	if f.Limit > 0 {
		args = append(args, f.Limit)
		query += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return query, args
}

// collect reads records whose neighbours are not at hand.
func (l *Ledger) collect(ctx context.Context, query string, args ...any) ([]ledger.Record, error) {
	var out []ledger.Record
	err := l.retry(ctx, func() error {
		out = nil
		rows, err := l.pool.Query(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			r, err := scan(rows)
			if err != nil {
				return err
			}
			if err := ledger.CheckHash(r); err != nil {
				return err
			}
			out = append(out, r)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, l.mapError(err)
	}
	return out, nil
}

// snapshot runs read in one state of the database.
func (l *Ledger) snapshot(ctx context.Context, read func(pgx.Tx) error) error {
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return l.mapError(l.retry(ctx, func() error { return pgx.BeginTxFunc(ctx, l.pool, options, read) }))
}

// above returns the first text, by bytes, that is greater than all that begin with
// prefix; nil where there is none. The last character that has a successor is
// replaced by it, since a byte alone would not be UTF-8.
func above(prefix string) *string {
	for prefix != "" {
		last, size := utf8.DecodeLastRuneInString(prefix)
		prefix = prefix[:len(prefix)-size]
		if last == utf8.MaxRune {
			continue
		}
		last++
		if last == surrogateMin {
			last = surrogateMax + 1
		}
		limit := prefix + string(last)
		return &limit
	}
	return nil
}

// The surrogates are no characters, and stand in no text.
const (
	surrogateMin = 0xD800
	surrogateMax = 0xDFFF
)
