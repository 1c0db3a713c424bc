package sqlite

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// benchEntry has a body of 435 bytes, as the figures that it is compared with.
func benchEntry(n int) ledger.Entry {
	body := append([]byte(`{"text":"`), bytes.Repeat([]byte("x"), 435-11)...)
	return ledger.Entry{
		ID: fmt.Sprintf("entry-%d", n), Kind: "rollout.step", At: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC).Add(time.Duration(n) * time.Millisecond),
		Actor: "ci@acme", Service: "checkout", Environment: "production", Body: append(body, `"}`...),
	}
}

func benchLedger(b testing.TB) *Ledger {
	b.Helper()
	l, err := Open(b.Context(), filepath.Join(b.TempDir(), "ledger.db"), Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = l.Close() })
	return l
}

// bulk appends n records to a stream in few transactions.
func bulk(b testing.TB, l *Ledger, stream string, n int) {
	b.Helper()
	for from := 0; from < n; from += 1000 {
		var batch []*request
		for at := from; at < min(from+1000, n); at++ {
			batch = append(batch, &request{done: make(chan struct{}), do: func() error {
				_, err := l.append(stream, uint64(at), benchEntry(at))
				return err
			}})
		}
		if err := l.transact(b.Context(), batch); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkAppend is one writer, one record at a time, durable when it returns,
// and between any two appends the floor: the bytes of one record appended to a
// plain file, and synced. On a disk that others use too, only what is measured in
// turn can be compared. It reports both rates and their ratio, from the medians.
func BenchmarkAppend(b *testing.B) {
	l := benchLedger(b)
	f, err := os.Create(filepath.Join(b.TempDir(), "floor"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	record := make([]byte, 512)
	var syncs, appends []time.Duration
	n := 0
	timed := func(into *[]time.Duration, do func() error) {
		start := clock.System{}.Now()
		if err := do(); err != nil {
			b.Fatal(err)
		}
		*into = append(*into, clock.System{}.Now().Sub(start))
	}
	for b.Loop() {
		timed(&syncs, func() error {
			_, err := f.Write(record)
			return errors.Join(err, fdatasync(f))
		})
		timed(&appends, func() error {
			_, err := l.Append(b.Context(), "s", uint64(n), benchEntry(n))
			return err
		})
		n++
	}
	slices.Sort(syncs)
	slices.Sort(appends)
	perSync, perAppend := syncs[n/2].Seconds(), appends[n/2].Seconds()
	b.ReportMetric(1/perSync, "syncs/s")
	b.ReportMetric(1/perAppend, "appends/s")
	b.ReportMetric(perSync/perAppend, "ratio")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkAppend64 is 64 writers, each with a stream of its own.
func BenchmarkAppend64(b *testing.B) {
	l := benchLedger(b)
	var writers atomic.Int64
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		stream := fmt.Sprintf("s%d", writers.Add(1))
		for n := 0; pb.Next(); n++ {
			if _, err := l.Append(b.Context(), stream, uint64(n), benchEntry(n)); err != nil {
				b.Error(err)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
}

// BenchmarkRead10000 reads and checks a stream of 10,000 records.
func BenchmarkRead10000(b *testing.B) {
	l := benchLedger(b)
	bulk(b, l, "s", 10000)
	for b.Loop() {
		if got, err := l.Read(b.Context(), "s", 1); err != nil || len(got) != 10000 {
			b.Fatal(len(got), err)
		}
	}
}

// BenchmarkVerify10000 verifies the same with SQLite's own check of the file.
func BenchmarkVerify10000(b *testing.B) {
	l := benchLedger(b)
	bulk(b, l, "s", 10000)
	for b.Loop() {
		if _, err := ledger.Verify(b.Context(), l, ledger.VerifyOptions{}); err != nil {
			b.Fatal(err)
		}
	}
}

func TestReadingTenThousandRecordsTakesLessThanASecond(t *testing.T) {
	l := benchLedger(t)
	bulk(t, l, "s", 10000)
	start := clock.System{}.Now()
	got, err := l.Read(t.Context(), "s", 1)
	if took := (clock.System{}).Now().Sub(start); err != nil || len(got) != 10000 || took > time.Second {
		t.Errorf("%d records in %s: %v", len(got), took, err)
	}
}
