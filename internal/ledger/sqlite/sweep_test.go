package sqlite

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// swept sweeps a ledger. Verify would hide a sweep that is never sure of anything.
func swept(t *testing.T, l *Ledger, anchored ...ledger.Head) ledger.Swept {
	t.Helper()
	got, err := l.Sweep(t.Context(), anchored)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// TestASweepKnowsAWholeFile: with trees of several levels, bodies and names that need
// pages of their own, numbers of every width, and what is still in the log.
func TestASweepKnowsAWholeFile(t *testing.T) {
	t.Parallel()
	l := benchLedger(t)
	bulk(t, l, "s", 3000)
	long := strings.Repeat("x", ledger.MaxStream-8)
	heads := []ledger.Head{}
	for i, size := range []int{0, 400, 3600, 4050, 4096, 9000, 200_000} {
		for _, stream := range []string{"s2", long + "-1", fmt.Sprintf("%s-2-%d", long[:len(long)-8], i)} {
			e := benchEntry(i)
			e.ID = strings.Repeat("i", ledger.MaxID-2) + fmt.Sprint(i)
			e.Body = []byte(`{"text":"` + strings.Repeat("y", size) + `"}`)
			e.At = e.At.AddDate(-40*i, 0, 0)
			after := uint64(i)
			if strings.Contains(stream, "-2-") {
				after = 0
			}
			r, err := l.Append(t.Context(), stream, after, e)
			if err != nil {
				t.Fatal(err)
			}
			heads = append(heads, ledger.Head{Stream: r.Stream, Seq: r.Seq, Hash: r.Hash})
		}
	}
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: "l"}, ledger.Lease{Name: "l", Holder: "h", Fence: 1}); err != nil {
		t.Fatal(err)
	}
	want := ledger.Swept{Whole: true, Streams: 1 + 1 + 2 + 7, Records: 1 + 3000 + 21}
	if got := swept(t, l, heads...); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	heads[3].Hash = heads[4].Hash
	if got := swept(t, l, heads...); got.Whole {
		t.Error("another hash is anchored, and the sweep finds nothing")
	}
}

// TestASweepDoubts what an ordinary check of a file's structure does not see.
func TestASweepDoubts(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a body":                   `UPDATE record SET body = '{"text":"z"}' WHERE seq = 7`,
		"a link":                   "UPDATE record SET prev = zeroblob(32) WHERE seq = 7",
		"a record that is gone":    "DELETE FROM record WHERE seq = 7",
		"a cut tail, anchored":     "DELETE FROM record WHERE seq > 900",
		"two records changed over": "UPDATE record SET seq = CASE seq WHEN 7 THEN -8 ELSE -7 END WHERE seq IN (7, 8); UPDATE record SET seq = -seq WHERE seq < 0",
		"a lease":                  "INSERT INTO lease VALUES ('l', 'h', 1, 1, 1, zeroblob(32))",
		"another index":            "CREATE INDEX more ON record (kind)",
		// An index that lacks entries, or has the wrong ones.
		"a partial index": "PRAGMA writable_schema = ON; DROP INDEX record_at; CREATE INDEX record_at ON record (at, service, environment, kind) WHERE seq <> 7; UPDATE sqlite_schema SET sql = 'CREATE INDEX record_at ON record (at, service, environment, kind)' WHERE name = 'record_at'",
		"a wrong index":   "PRAGMA writable_schema = ON; DROP INDEX record_at; CREATE INDEX record_at ON record (at, environment, service, kind); UPDATE sqlite_schema SET sql = 'CREATE INDEX record_at ON record (at, service, environment, kind)' WHERE name = 'record_at'",
		"a sorted index":  "PRAGMA writable_schema = ON; DROP INDEX record_at; CREATE INDEX record_at ON record (at DESC, service, environment, kind); UPDATE sqlite_schema SET sql = 'CREATE INDEX record_at ON record (at, service, environment, kind)' WHERE name = 'record_at'",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := benchLedger(t)
			bulk(t, l, "s", 1000)
			last, err := l.Read(t.Context(), "s", 1000)
			if err != nil {
				t.Fatal(err)
			}
			anchor := ledger.Head{Stream: "s", Seq: 1000, Hash: last[0].Hash}
			if !swept(t, l, anchor).Whole {
				t.Fatal("the sweep doubts what is whole")
			}
			if err := exec(l.conn, change); err != nil {
				t.Fatal(err)
			}
			// A connection of its own reads the changed schema.
			again, err := Open(t.Context(), l.path, Options{ReadOnly: true})
			if err != nil {
				t.Fatal(err)
			}
			defer again.Close()
			if swept(t, again, anchor).Whole {
				t.Error("the sweep finds nothing")
			}
		})
	}
}

func TestASweepEndsWithItsContext(t *testing.T) {
	t.Parallel()
	l := benchLedger(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := l.Sweep(ctx, nil); err == nil || got.Whole {
		t.Errorf("got %+v, %v", got, err)
	}
}
