package sqlite_test

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// open opens path and closes it when the test ends.
func open(t testing.TB, path string, opts sqlite.Options) *sqlite.Ledger {
	t.Helper()
	l, err := sqlite.Open(t.Context(), path, opts)
	if err != nil {
		t.Fatalf("Open(%s): %v", path, err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

// raw runs SQL on the file behind the driver's back.
func raw(t testing.TB, path, query string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), query, args...); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func entry(n int) ledger.Entry {
	return ledger.Entry{
		ID: fmt.Sprintf("entry-%d", n), Kind: "rollout.opened", At: epoch.Add(time.Duration(n) * time.Second),
		Actor: "ci@acme", Service: "checkout", Environment: "production", Body: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

// fill appends n records to a stream that is empty.
func fill(t testing.TB, l ledger.Ledger, stream string, n int) []ledger.Record {
	t.Helper()
	var out []ledger.Record
	for i := range n {
		r, err := l.Append(t.Context(), stream, uint64(i), entry(i+1))
		if err != nil {
			t.Fatalf("Append(%s, %d): %v", stream, i, err)
		}
		out = append(out, r)
	}
	return out
}

func TestConformance(t *testing.T) {
	t.Parallel()
	paths := map[ledger.Ledger]string{}
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		path := filepath.Join(t.TempDir(), "ledger.db")
		l := open(t, path, sqlite.Options{})
		paths[l] = path
		return l
	}, ledgertest.Options{
		Reopen: func(t *testing.T, l ledger.Ledger) ledger.Ledger {
			return open(t, paths[l], sqlite.Options{MustExist: true})
		},
		Tamper: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			raw(t, paths[l], `UPDATE record SET body = '{"n":"changed"}' WHERE stream = ? AND seq = ?`, stream, int64(seq))
		},
		Remove: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			raw(t, paths[l], `DELETE FROM record WHERE stream = ? AND seq = ?`, stream, int64(seq))
		},
	})
}
