package sqlite_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// TestWhereALedgerMayBegin: nothing is left where it could, and what is in the way is said.
func TestWhereALedgerMayBegin(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for path, fine := range map[string]bool{"ledger.db": true, "later/on/ledger.db": true, "file": true, "file/ledger.db": false, ".": false} {
		if err := sqlite.MayWrite(filepath.Join(dir, path)); (err == nil) != fine || err != nil && !errors.Is(err, ledger.ErrReadOnly) {
			t.Errorf("%s: %v", path, err)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("it left %v, %v", left, err)
	}
}

// To ask takes the lock that a write takes: whoever opened the file beside SQLite and closed
// it would lose the locks that its process has.
func TestToAskForTheSealIsToWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{BusyTimeout: 20 * time.Millisecond})
	free := lock(t, path)
	if err := l.MaySeal(t.Context()); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("while somebody else writes: %v", err)
	}
	free()
	if err := l.MaySeal(t.Context()); err != nil {
		t.Error(err)
	}
}

// TestWhoMaySealALedger: whoever may write it, and nothing is left by asking.
func TestWhoMaySealALedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.db")
	for _, readOnly := range []bool{false, true} {
		l, err := sqlite.Open(t.Context(), path, sqlite.Options{ReadOnly: readOnly})
		if err != nil {
			t.Fatal(err)
		}
		if err := l.MaySeal(t.Context()); (err == nil) == readOnly || err != nil && !errors.Is(err, ledger.ErrReadOnly) {
			t.Errorf("read-only %t: %v", readOnly, err)
		}
		if s, err := l.Sealing(t.Context()); err != nil || s != nil {
			t.Errorf("sealed: %v, %v", s, err)
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
