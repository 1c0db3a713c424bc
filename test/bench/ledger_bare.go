package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite", as the ledger uses it
)

// bareInsert is what the least table takes that could hold a record.
const bareInsert = `INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?,?,?,?)`

// bare is SQLite by itself, through the same library and with the same settings: the
// columns of a record in a table without key or index, which knows neither the order of a
// stream nor a record that comes twice. No ledger in SQLite is quicker.
type bare struct {
	db                    *sql.DB
	begin, insert, commit *sql.Stmt
}

func openBare(ctx context.Context, dir string) (*bare, error) {
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "bare.db")+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, fmt.Errorf("opening the bare table: %w", err)
	}
	db.SetMaxOpenConns(1)
	b := &bare{db: db}
	_, err = db.ExecContext(ctx, `CREATE TABLE record (stream TEXT NOT NULL, seq INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL,
		actor TEXT NOT NULL, service TEXT NOT NULL, environment TEXT NOT NULL, fence INTEGER NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL, body TEXT NOT NULL) STRICT`)
	for into, query := range map[**sql.Stmt]string{&b.begin: "BEGIN IMMEDIATE", &b.insert: bareInsert, &b.commit: "COMMIT"} {
		if err == nil {
			*into, err = db.PrepareContext(ctx, query)
		}
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making the bare table: %w", err), db.Close())
	}
	return b, b.warm()
}

// warm brings the write-ahead log to its full length, as that of a ledger in use is: while
// it still grows each commit has the file system write down the new length, too.
func (b *bare) warm() error {
	for n := range 1200 {
		if err := b.write(n, 1); err != nil {
			return errors.Join(err, b.close())
		}
	}
	return nil
}

func (b *bare) close() error { return b.db.Close() }

// write inserts so many records in one transaction.
func (b *bare) write(n, records int) error {
	if _, err := b.begin.Exec(); err != nil {
		return fmt.Errorf("beginning: %w", err)
	}
	hash := make([]byte, 32)
	for w := range records {
		e := sampleEntry(n)
		if _, err := b.insert.Exec(fmt.Sprintf("writer-%d", w), int64(n), e.ID, e.Kind, e.At.UnixMicro(), e.Actor, e.Service, e.Environment, int64(0), hash, hash, string(e.Body)); err != nil {
			return fmt.Errorf("inserting: %w", err)
		}
	}
	if _, err := b.commit.Exec(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

// together is how many records a second it takes when each transaction has as many as
// there are writers.
func (b *bare) together(rounds int) (float64, error) {
	began := time.Now()
	for n := range rounds {
		if err := b.write(n, writers); err != nil {
			return 0, err
		}
	}
	return float64(writers*rounds) / time.Since(began).Seconds(), nil
}
