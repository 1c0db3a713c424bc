package sqlite

import (
	"path/filepath"
	"testing"
)

// TestAnAppendIsSynced: durability rests on two settings, of which one belongs to
// the file and one to each connection, and SQLite says nothing when one is not taken.
func TestAnAppendIsSynced(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	for _, what := range []string{"the handle that created it", "one that found it"} {
		l, err := Open(t.Context(), path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var journal string
		var synchronous int
		if err := l.conn.QueryRowContext(t.Context(), "SELECT journal_mode, synchronous FROM pragma_journal_mode, pragma_synchronous").Scan(&journal, &synchronous); err != nil {
			t.Fatal(err)
		}
		// 2 is FULL: the log is synced at each commit.
		if journal != "wal" || synchronous != 2 {
			t.Errorf("%s: journal_mode=%s, synchronous=%d", what, journal, synchronous)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
