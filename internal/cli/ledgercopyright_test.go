package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// TestLedgerCopyAsksForTheSeal: who may not seal the old ledger is told so before anything
// is made or copied, and by a dry run as well.
func TestLedgerCopyAsksForTheSeal(t *testing.T) {
	w := newWorld(t)
	s := pgtest.Start(t)
	l, err := ledgers.Open(t.Context(), s.URL("postgres"), ledgers.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), "psql", s.URL("postgres"), "--no-psqlrc", "--file="+rolesFile).CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE anna LOGIN IN ROLE sluice_reader; CREATE ROLE ci LOGIN IN ROLE sluice_releaser; CREATE ROLE dba LOGIN IN ROLE sluice_administrator")
	for _, role := range []string{"anna", "ci"} {
		args := []string{"ledger", "copy", "--from", s.URLAs(role, "postgres"), "--to", movedURL}
		for _, args := range [][]string{append(args, "--dry-run"), args} {
			r := w.expect(Failed, args...)
			contains(t, r.errors, "the ledger that is to be moved: ", "sealing it needs sluice_administrator", role)
			if strings.Contains(r.errors, "unfinished") {
				t.Errorf("nothing was begun:\n%s", r.errors)
			}
		}
	}
	if _, err := os.Stat("moved"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was made: %v", err)
	}
	// An administrator of another schema may create none.
	w.shipped(first)
	for _, more := range []string{"--dry-run", "--json"} {
		r := w.expect(Failed, "ledger", "copy", "--to", s.URLAs("dba", "postgres")+"&sluice_schema=fresh", more)
		contains(t, r.errors, "the destination: ", `the user "dba" may not create it`, `CREATE SCHEMA "fresh" AUTHORIZATION "dba"`)
	}
	dba := []string{"ledger", "copy", "--from", s.URLAs("dba", "postgres"), "--to", movedURL}
	contains(t, w.expect(Done, append(dba, "--dry-run")...).out, "The right to seal the old ledger was looked at, and is enough.")
	w.expect(Done, dba...)
}

// TestLedgerCopyWithoutARight: a right that ended meanwhile is to be given back, and there
// is nothing to give up before the seal.
func TestLedgerCopyWithoutARight(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	l := openURL(t, "sqlite:.sluice/ledger.db")
	says := func() string {
		var told *toldError
		if !errors.As(cutShort(t.Context(), fmt.Errorf("x: %w", ledger.ErrReadOnly), l, placeOf(movedURL)), &told) {
			t.Fatal("it says nothing")
		}
		return told.detail
	}
	if got := says(); !strings.Contains(got, "in use as before") || !strings.Contains(got, "with the right that is missing") || strings.Contains(got, "unseal") || strings.Contains(got, "same command") {
		t.Error(got)
	}
	begun(w)
	if got := says(); !strings.Contains(got, "is sealed") || !strings.Contains(got, "with the right that is missing") || !strings.Contains(got, "unseal --to") {
		t.Error(got)
	}
}
