package main

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// perStream is how many records each stream has of a ledger that is verified.
const perStream = 1000

// verifies measures the verification of a whole ledger of a million records, and says
// for fewer what a million would take.
func verifies(ctx context.Context, b *bench) error {
	n := b.rounds(1_000_000, 50_000)
	if err := verifySQLite(ctx, b, n); err != nil {
		return err
	}
	return verifyPostgres(ctx, b, n)
}

func verifySQLite(ctx context.Context, b *bench, n int) (err error) {
	path := filepath.Join(b.dir, "verify.db")
	l, err := sqlite.Open(ctx, path, sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	b.say("filling a file with %d records", n)
	if err := fillSQLite(ctx, path, n); err != nil {
		return err
	}
	return b.verify(ctx, "sqlite", l, n, atMost(5))
}

// verify measures three times.
func (b *bench) verify(ctx context.Context, name string, l ledger.Ledger, n int, wanted bound) error {
	var walls, cpus []float64
	for range b.rounds(3, 1) {
		busy := processTime()
		took, err := timed(func() error {
			report, err := ledger.Verify(ctx, l, ledger.VerifyOptions{})
			if err == nil && report.Records != uint64(n)+1 {
				err = fmt.Errorf("%d records were verified instead of %d", report.Records, n+1)
			}
			return err
		})
		if err != nil {
			return err
		}
		scale := 1e6 / float64(n)
		walls = append(walls, took.Seconds()*scale)
		cpus = append(cpus, (processTime()-busy).Seconds()*scale)
	}
	b.want("ledger_"+name+"_verify_1000000", median(walls), "s", wanted)
	b.add("ledger_"+name+"_verify_1000000_cpu", median(cpus), "s")
	return nil
}

// records are n of them in streams of perStream, in the order in which they would come
// from that many releases at once, a hundred records at a time.
func records(n int) iter.Seq[ledger.Record] {
	const turn = 100
	streams := max(n/perStream, 1)
	return func(yield func(ledger.Record) bool) {
		heads := make([]ledger.Record, streams)
		for i := range heads {
			heads[i] = ledger.Record{Stream: fmt.Sprintf("release/service-%04d/production", i), Hash: ledger.ZeroHash}
		}
		start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		for i := range n {
			h := &heads[i/turn%streams]
			e := sampleEntry(int(h.Seq))
			e.At = start.Add(time.Duration(i) * time.Millisecond)
			*h = ledger.Seal(h.Stream, h.Seq+1, h.Hash, e)
			if !yield(*h) {
				return
			}
		}
	}
}

// row is a record as the tables hold it.
func row(r ledger.Record) ([]any, error) {
	prev, err1 := hex.DecodeString(r.Prev)
	hash, err2 := hex.DecodeString(r.Hash)
	return []any{
		r.Stream, int64(r.Seq), r.ID, r.Kind, r.At.UnixMicro(), r.Actor, r.Service, r.Environment, int64(r.Fence), prev, hash, string(r.Body),
	}, errors.Join(err1, err2)
}

// columns are those of the table record, in the order of row.
var columns = []string{"stream", "seq", "id", "kind", "at", "actor", "service", "environment", "fence", "prev", "hash", "body"}

// fillSQLite writes past the ledger, in one transaction: a million appends would take
// minutes.
func fillSQLite(ctx context.Context, path string, n int) (err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	insert, err := tx.PrepareContext(ctx, "INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?)")
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	for r := range records(n) {
		values, err := row(r)
		if err == nil {
			_, err = insert.ExecContext(ctx, values...)
		}
		if err != nil {
			return errors.Join(err, tx.Rollback())
		}
	}
	return errors.Join(insert.Close(), tx.Commit())
}

func verifyPostgres(ctx context.Context, b *bench, n int) (err error) {
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	at := pgtest.Start(s).URL("postgres")
	l, err := postgres.Open(ctx, at, postgres.Options{})
	if err != nil {
		return err
	}
	s.Cleanup(func() { _ = l.Close() }) // The server ends with it.
	conn, err := pgx.Connect(ctx, at)
	if err != nil {
		return fmt.Errorf("connecting to the server: %w", err)
	}
	s.Cleanup(func() { _ = conn.Close(ctx) })
	b.say("filling a database with %d records", n)
	next, stop := iter.Pull(records(n))
	defer stop()
	rows := pgx.CopyFromFunc(func() ([]any, error) {
		r, ok := next()
		if !ok {
			return nil, nil
		}
		return row(r)
	})
	if _, err := conn.CopyFrom(ctx, pgx.Identifier{postgres.DefaultSchema, "record"}, columns, rows); err != nil {
		return fmt.Errorf("filling the database: %w", err)
	}
	// As the server itself would do within a minute.
	pgtest.Exec(s, at, "VACUUM ANALYZE "+postgres.DefaultSchema+".record")
	return b.verify(ctx, "postgres", l, n, atMost(5))
}
