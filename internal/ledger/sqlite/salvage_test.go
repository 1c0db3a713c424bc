package sqlite_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

func TestSalvageLeavesOutWhatIsNotWhatWasWritten(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	l := open(t, path, sqlite.Options{})
	fill(t, l, "s", 6)
	fill(t, l, "t", 2)
	raw(t, path, `UPDATE record SET body = '{"n":0}' WHERE stream = 's' AND seq = 3`)
	raw(t, path, `UPDATE record SET hash = x'00' WHERE stream = 's' AND seq = 4`)
	raw(t, path, `DELETE FROM record WHERE stream = 's' AND seq = 5`)
	if _, err := l.Read(t.Context(), "s", 1); err == nil {
		t.Error("the damage does not stop a reader")
	}
	found, err := l.Salvage(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	var seqs []uint64
	for _, r := range found {
		seqs = append(seqs, r.Seq)
	}
	if !slices.Equal(seqs, []uint64{1, 2, 6}) {
		t.Errorf("records %v", seqs)
	}
}
