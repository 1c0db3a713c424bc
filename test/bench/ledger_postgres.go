package main

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// rawInsert puts the same columns into a table without index, key or condition.
const rawInsert = `INSERT INTO raw (stream, seq, id, kind, at, actor, service, environment, fence, prev, hash, body)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`

// appendsPostgres compares appends with a prepared statement that inserts one row of
// the same bytes and commits, in the same server, on a connection of the same kind.
func appendsPostgres(ctx context.Context, b *bench) (err error) {
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	server := pgtest.Start(s)
	at := server.URL("postgres")
	l, err := postgres.Open(ctx, at, postgres.Options{})
	if err != nil {
		return err
	}
	s.Cleanup(func() { _ = l.Close() }) // The server ends with it.
	pgtest.Exec(s, at, `CREATE TABLE raw (stream text, seq bigint, id text, kind text, at bigint, actor text, service text,
		environment text, fence bigint, prev bytea, hash bytea, body text)`)
	config, err := pgxpool.ParseConfig(at)
	if err != nil {
		return err
	}
	// As many as the ledger has.
	config.MaxConns = 8
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connecting to the server: %w", err)
	}
	s.Cleanup(pool.Close)
	commit := floor{name: "commit", write: func(n int) error { return rawCommit(ctx, pool, "bench", n) }}
	ratio, err := b.alone(ctx, "postgres", l, commit, b.rounds(4000, 400))
	if err != nil {
		return err
	}
	b.want("ledger_postgres_append_to_commit_ratio", ratio, "x", atLeast(0.7))
	each := b.rounds(400, 20)
	began := time.Now()
	if _, err := atOnce(each, func(w, n int) error { return rawCommit(ctx, pool, fmt.Sprintf("writer-%d", w), n) }); err != nil {
		return err
	}
	raw := float64(writers*each) / time.Since(began).Seconds()
	rate, err := b.together(ctx, "postgres", l, each)
	if err != nil {
		return err
	}
	b.add("raw_postgres_64_writers", raw, "per_s")
	b.add("ledger_postgres_64_writers", rate, "per_s")
	b.want("ledger_postgres_64_writers_ratio", rate/raw, "x", atLeast(0.7))
	return nil
}

// rawCommit inserts a row of what an append of the same entry would write.
func rawCommit(ctx context.Context, pool *pgxpool.Pool, stream string, n int) error {
	e := sampleEntry(n)
	hash := make([]byte, 32)
	_, err := pool.Exec(ctx, rawInsert, stream, int64(n), e.ID, e.Kind, e.At.UnixMicro(), e.Actor, e.Service, e.Environment, int64(0), hash, hash, string(e.Body))
	return err
}
