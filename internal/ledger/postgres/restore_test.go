package postgres_test

import (
	"os/exec"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// The commands of the guide on disaster recovery: a dump, brought back into an empty
// database, is the same ledger, and says with an anchor that its tail is gone.
func TestDumpAndRestore(t *testing.T) {
	s := server(t)
	url, restored := s.Database(t), s.Database(t)
	l := open(t, url, postgres.Options{})
	for n := range 3 {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n)); err != nil {
			t.Fatal(err)
		}
	}
	dump := t.TempDir() + "/ledger.dump"
	run := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.Command(name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	run("pg_dump", url, "--format=custom", "--schema=sluice", "--file="+dump)
	if _, err := l.Append(t.Context(), "s", 3, entry(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := ledger.Checkpoint(t.Context(), l, "kim@acme", epoch); err != nil {
		t.Fatal(err)
	}
	anchor, err := ledger.LastAnchor(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	run("pg_restore", "--dbname="+restored, "--no-owner", "--exit-on-error", dump)
	back := open(t, restored, postgres.Options{MustExist: true})
	if _, err := ledger.Verify(t.Context(), back, ledger.VerifyOptions{}); err != nil {
		t.Errorf("it is not whole by itself: %v", err)
	}
	if _, err := ledger.VerifyAgainst(t.Context(), back, anchor, ledger.VerifyOptions{}); err == nil {
		t.Error("the lost minute does not show")
	}
	if _, err := back.Append(t.Context(), "s", 3, entry(9)); err != nil {
		t.Error(err)
	}
	pgtest.Exec(t, url, "SELECT 1")
}
