package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// recordSize is what a record of this kind takes in a file: the floor writes so
// many bytes before it syncs.
const recordSize = 512

// writers is how many append at once where the store can let them share its work.
const writers = 64

// floor is the least that a durable record costs in a store, as the store itself
// measures it: number n of such writes.
type floor struct {
	// name is what the figures call it.
	name  string
	write func(n int) error
	// beside, where it is not nil, is done and timed by itself in each turn.
	beside func(n int) error
}

// appendsSQLite compares appends with the record's bytes appended to a plain file of
// the same file system, and synced.
func appendsSQLite(ctx context.Context, b *bench) (err error) {
	l, err := sqlite.Open(ctx, filepath.Join(b.dir, "appends.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	file, err := os.Create(filepath.Join(b.dir, "floor"))
	if err != nil {
		return fmt.Errorf("making the file of the floor: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	table, err := openBare(ctx, b.dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, table.close()) }()
	// The bare table is written in the same turns, so that the disk is in the same mood.
	var inserts []float64
	raw := floor{name: "fdatasync", write: func(int) error {
		_, err := file.Write(make([]byte, recordSize))
		return errors.Join(err, datasync(file))
	}, beside: func(n int) error {
		took, err := timed(func() error { return table.write(n, 1) })
		inserts = append(inserts, took.Seconds())
		return err
	}}
	ratio, err := b.alone(ctx, "sqlite", l, raw, b.rounds(6000, 600))
	if err != nil {
		return err
	}
	b.want("ledger_sqlite_append_to_fdatasync_ratio", ratio, "x", atLeast(0.9))
	if appends, ok := b.value("ledger_sqlite_appends"); ok {
		b.add("ledger_sqlite_append_to_bare_table_ratio", appends*median(inserts), "x")
	}
	rounds := b.rounds(2000, 50)
	most, err := table.together(rounds)
	if err != nil {
		return err
	}
	rate, err := b.together(ctx, "sqlite", l, rounds)
	if err != nil {
		return err
	}
	b.add("raw_sqlite_bare_table_by_64", most, "per_s")
	b.want("ledger_sqlite_64_writers", rate, "per_s", atLeast(50_000))
	b.add("ledger_sqlite_64_writers_to_bare_table_ratio", rate/most, "x")
	return nil
}

// alone measures one writer that appends one record after the other, in turn with the
// floor, so that whoever else uses the disk and the processors slows both. It returns
// the rate of appends as a share of the floor's, of medians.
func (b *bench) alone(ctx context.Context, name string, l ledger.Ledger, raw floor, rounds int) (float64, error) {
	var floors, writes []float64
	for n := range rounds {
		took, err := timed(func() error { return raw.write(n) })
		if err != nil {
			return 0, fmt.Errorf("measuring the %s alone: %w", raw.name, err)
		}
		floors = append(floors, took.Seconds())
		took, err = timed(func() error {
			_, err := l.Append(ctx, "bench", uint64(n), sampleEntry(n))
			return err
		})
		if err != nil {
			return 0, err
		}
		writes = append(writes, took.Seconds())
		if raw.beside != nil {
			if err := raw.beside(n); err != nil {
				return 0, err
			}
		}
	}
	b.add("ledger_"+name+"_appends", 1/median(writes), "per_s")
	b.add("raw_"+name+"_"+raw.name, 1/median(floors), "per_s")
	b.add("ledger_"+name+"_append_p99", 1e6*quantile(writes, 0.99), "us")
	b.add("raw_"+name+"_"+raw.name+"_p99", 1e6*quantile(floors, 0.99), "us")
	return median(floors) / median(writes), nil
}

// together has many writers append at once, each to a stream of its own, and returns
// how many records a second the ledger took.
func (b *bench) together(ctx context.Context, name string, l ledger.Ledger, each int) (float64, error) {
	began := time.Now()
	waits, err := atOnce(each, func(w, n int) error {
		_, err := l.Append(ctx, fmt.Sprintf("writer-%d", w), uint64(n), sampleEntry(n))
		return err
	})
	if err != nil {
		return 0, err
	}
	rate := float64(writers*each) / time.Since(began).Seconds()
	b.add("ledger_"+name+"_64_writers_p99", 1e6*quantile(waits, 0.99), "us")
	return rate, nil
}

// atOnce calls do each times in each writer, and returns how long the calls took, in
// seconds.
func atOnce(each int, do func(writer, n int) error) ([]float64, error) {
	var (
		all   sync.WaitGroup
		took  [writers][]float64
		fails [writers]error
	)
	for w := range writers {
		all.Go(func() {
			for n := range each {
				d, err := timed(func() error { return do(w, n) })
				if err != nil {
					fails[w] = err
					return
				}
				took[w] = append(took[w], d.Seconds())
			}
		})
	}
	all.Wait()
	var out []float64
	for _, t := range took {
		out = append(out, t...)
	}
	return out, errors.Join(fails[:]...)
}

// sampleEntry has a body of 435 bytes, a record of ordinary size.
func sampleEntry(n int) ledger.Entry {
	const frame = `{"text":""}`
	body := append([]byte(frame[:len(frame)-2]), bytes.Repeat([]byte("x"), 435-len(frame))...)
	return ledger.Entry{
		ID: fmt.Sprintf("entry-%d", n), Kind: "tick.judged", At: time.Now(), Actor: "ci@acme",
		Service: "checkout", Environment: "production", Body: append(body, `"}`...),
	}
}
