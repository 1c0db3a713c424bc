package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// recordSize is what a record of this kind takes in a file: the floor writes so
// many bytes before it syncs.
const recordSize = 512

// appends compares one durable append to the ledger with the least that any
// durable record costs on this disk: its bytes appended to a plain file, and
// synced. The two take turns, so that whoever else uses the disk slows both.
func appends(ctx context.Context, b *bench) (err error) {
	l, err := sqlite.Open(ctx, filepath.Join(b.dir, "appends.db"), sqlite.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	floor, err := os.Create(filepath.Join(b.dir, "floor"))
	if err != nil {
		return fmt.Errorf("making the file of the floor: %w", err)
	}
	defer func() { err = errors.Join(err, floor.Close()) }()
	var syncs, writes []float64
	for n := range b.rounds(6000, 600) {
		took, err := timed(func() error {
			_, err := floor.Write(make([]byte, recordSize))
			return errors.Join(err, datasync(floor))
		})
		if err != nil {
			return fmt.Errorf("writing to the disk: %w", err)
		}
		syncs = append(syncs, took.Seconds())
		took, err = timed(func() error {
			_, err := l.Append(ctx, "bench", uint64(n), sampleEntry(n))
			return err
		})
		if err != nil {
			return err
		}
		writes = append(writes, took.Seconds())
	}
	b.add("ledger_appends", 1/median(writes), "per_s")
	b.add("disk_fdatasync", 1/median(syncs), "per_s")
	b.want("ledger_append_to_fdatasync_ratio", median(syncs)/median(writes), "x", atLeast(0.8))
	b.add("ledger_append_p99", 1e6*quantile(writes, 0.99), "us")
	b.add("disk_fdatasync_p99", 1e6*quantile(syncs, 0.99), "us")
	return nil
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
