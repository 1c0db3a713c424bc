package sqlite

import (
	"context"
	"database/sql"
	"math"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// queries are the prepared reads.
type queries struct {
	prepared
	stream, heads, lease *sql.Stmt
}

// headsQuery walks from one stream's name to the next by the index, so it costs a
// few steps per stream and not one per record.
const headsQuery = `
WITH RECURSIVE s (name) AS (
	SELECT min(stream) FROM record WHERE stream >= ?1 AND stream < ?2
	UNION ALL
	SELECT (SELECT min(stream) FROM record WHERE stream > s.name AND stream < ?2) FROM s WHERE s.name IS NOT NULL
)
SELECT ` + recordColumns + ` FROM s JOIN record ON record.stream = s.name
	AND record.seq = (SELECT max(seq) FROM record WHERE stream = s.name)
ORDER BY s.name`

func prepareQueries(ctx context.Context, db *sql.DB) (*queries, error) {
	var q queries
	return &q, q.prepare(ctx, db, []toPrepare{
		{&q.stream, streamQuery},
		{&q.heads, headsQuery},
		{&q.lease, selectLease},
	})
}

// Read implements ledger.Ledger.
func (l *Ledger) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	from = max(from, 1)
	// The record before the first wanted one is read too, for the link between.
	start := max(from-1, 1)
	due := start
	rows, err := l.queries.stream.QueryContext(ctx, stream, int64(start))
	if err != nil {
		return nil, named(err, stream, due)
	}
	defer rows.Close()
	var out []ledger.Record
	prev := ledger.Record{Stream: stream, Hash: ledger.ZeroHash}
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, named(err, stream, due)
		}
		if prev.Seq == 0 && start > 1 {
			// What stands before this one is not looked at: take its word.
			prev.Seq, prev.Hash = start-1, r.Prev
		}
		if err := ledger.Check(&prev, r); err != nil {
			return nil, err
		}
		prev, due = r, r.Seq+1
		if r.Seq >= from {
			out = append(out, r)
		}
	}
	if err := rows.Err(); err != nil {
		return nil, named(err, stream, due)
	}
	return out, nil
}

// Heads implements ledger.Ledger.
func (l *Ledger) Heads(ctx context.Context, prefix string) ([]ledger.Record, error) {
	rows, err := l.queries.heads.QueryContext(ctx, prefix, above(prefix))
	if err != nil {
		return nil, mapError(err)
	}
	return collect(rows)
}

// Query implements ledger.Ledger.
func (l *Ledger) Query(ctx context.Context, f ledger.Filter) ([]ledger.Record, error) {
	query, args := build(f)
	rows, err := l.readers.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, mapError(err)
	}
	return collect(rows)
}

// build puts a filter into SQL.
func build(f ledger.Filter) (string, []any) {
	var (
		where []string
		args  []any
	)
	add := func(condition string, values ...any) {
		where = append(where, condition)
		args = append(args, values...)
	}
	if f.StreamPrefix != "" {
		add("stream >= ? AND stream < ?", f.StreamPrefix, above(f.StreamPrefix))
	}
	if len(f.Kinds) > 0 {
		kinds := make([]any, len(f.Kinds))
		for i, k := range f.Kinds {
			kinds[i] = k
		}
		add("kind IN (?"+strings.Repeat(",?", len(kinds)-1)+")", kinds...)
	}
	if f.Service != "" {
		add("service = ?", f.Service)
	}
	if f.Environment != "" {
		add("environment = ?", f.Environment)
	}
	if !f.Since.IsZero() {
		add("at >= ?", ledger.Ceil(f.Since).UnixMicro())
	}
	if !f.Until.IsZero() {
		add("at < ?", ledger.Ceil(f.Until).UnixMicro())
	}
	if f.StreamPrefix == "" && f.Since.IsZero() {
		// This is true of every record, and has SQLite walk the index by time instead
		// of sorting the whole table.
		add("at >= ?", int64(math.MinInt64))
	}
	query := "SELECT " + recordColumns + " FROM record WHERE " + strings.Join(where, " AND ") + " ORDER BY at DESC, stream DESC, seq DESC"
	if f.Limit > 0 {
		query += " LIMIT ?"
		args = append(args, f.Limit)
	}
	return query, args
}

// collect reads records whose neighbours are not at hand.
func collect(rows *sql.Rows) ([]ledger.Record, error) {
	defer rows.Close()
	var out []ledger.Record
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, named(err, r.Stream, r.Seq)
		}
		if err := ledger.CheckHash(r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, mapError(rows.Err())
}

// above returns what is greater than every text that begins with prefix, and not
// greater than any other that is greater than prefix. No valid UTF-8 ends in a
// byte of 255, so the last byte can always grow; and every blob is greater than
// any text.
func above(prefix string) any {
	if prefix == "" {
		return []byte{}
	}
	b := []byte(prefix)
	b[len(b)-1]++
	return string(b)
}
