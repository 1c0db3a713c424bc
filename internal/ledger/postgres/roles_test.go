package postgres_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// Each role of the documented file may do its part and nothing beyond.
func TestRoles(t *testing.T) {
	s := server(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE DATABASE roles")
	admin := open(t, s.URL("roles"), postgres.Options{})
	if _, err := admin.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	for range 2 { // It may be run again.
		if out, err := exec.Command("psql", s.URL("roles"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file=../../../docs/sql/postgres-roles.sql").CombinedOutput(); err != nil {
			t.Fatalf("psql: %v\n%s", err, out)
		}
	}
	pgtest.Exec(t, s.URL("roles"), "CREATE ROLE anna LOGIN IN ROLE sluice_reader; CREATE ROLE ci LOGIN IN ROLE sluice_releaser; CREATE ROLE dba LOGIN IN ROLE sluice_administrator; CREATE ROLE guest LOGIN")

	reader := open(t, s.URLAs("anna", "roles"), postgres.Options{MustExist: true})
	if got, err := reader.Read(t.Context(), "s", 1); err != nil || len(got) != 1 {
		t.Errorf("a reader reads %d records, %v", len(got), err)
	}
	if _, err := ledger.Verify(t.Context(), reader, ledger.VerifyOptions{}); err != nil {
		t.Errorf("a reader verifies: %v", err)
	}
	_, err := reader.Append(t.Context(), "s", 1, entry(2))
	if !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "postgres-roles.sql") {
		t.Errorf("a reader appends: %v", err)
	}
	if err := reader.SwapLease(t.Context(), ledger.Lease{Name: "x"}, ledger.Lease{Name: "x", Holder: "anna", Fence: 1, TTL: time.Second}); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("a reader takes a lease: %v", err)
	}

	releaser := open(t, s.URLAs("ci", "roles"), postgres.Options{})
	if err := releaser.SwapLease(t.Context(), ledger.Lease{Name: "x"}, ledger.Lease{Name: "x", Holder: "ci", Fence: 1, TTL: time.Second}); err != nil {
		t.Errorf("a releaser takes a lease: %v", err)
	}
	fenced := entry(2)
	fenced.Lease, fenced.Fence = "x", 1
	if _, err := releaser.Append(t.Context(), "s", 1, fenced); err != nil {
		t.Errorf("a releaser appends: %v", err)
	}
	for _, forbidden := range []string{"UPDATE sluice.record SET body = '{}'", "DELETE FROM sluice.record", "TRUNCATE sluice.record", "DELETE FROM sluice.lease", "UPDATE sluice.meta SET value = ''", "DROP TABLE sluice.record"} {
		out, err := exec.Command("psql", s.URLAs("ci", "roles"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--command", forbidden).CombinedOutput()
		if err == nil {
			t.Errorf("a releaser may %s: %s", forbidden, out)
		}
	}
	for name, l := range map[string]*postgres.Ledger{"a reader": reader, "a releaser": releaser} {
		if err := l.MaySeal(t.Context()); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "sluice_administrator") {
			t.Errorf("%s may seal: %v", name, err)
		}
	}
	// An administrator may, before and after, and does.
	dba := open(t, s.URLAs("dba", "roles"), postgres.Options{MustExist: true})
	seal := ledger.Sealing{To: "elsewhere", By: "dba", At: epoch, Mark: "roles"}
	for _, err := range []error{dba.MaySeal(t.Context()), admin.MaySeal(t.Context()), dba.SealOff(t.Context(), seal), dba.MaySeal(t.Context()), dba.Unseal(t.Context(), seal), dba.MaySeal(t.Context())} {
		if err != nil {
			t.Errorf("an administrator seals: %v", err)
		}
	}
	if _, err := admin.Append(t.Context(), "t", 0, entry(1)); err != nil {
		t.Errorf("who created the ledger appends: %v", err)
	}
	if _, err := postgres.Open(t.Context(), s.URLAs("guest", "roles"), postgres.Options{}); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("a guest opens: %v", err)
	}
}

// An administrator of the documented file brings the schema up to date; what is added is
// no person's, and readers and releasers go on without the file being run again.
func TestAnAdministratorMigrates(t *testing.T) {
	s := server(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE DATABASE migrated")
	url := func(role string) string { return s.URLAs(role, "migrated") + "&sluice_schema=team" }
	appended(t, open(t, url("admin"), postgres.Options{}), "s", 1)
	if out, err := exec.Command("psql", s.URL("migrated"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--set=schema=team", "--set=prefix=team", "--file=../../../docs/sql/postgres-roles.sql").CombinedOutput(); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE looks LOGIN IN ROLE team_reader; CREATE ROLE ships LOGIN IN ROLE team_releaser; CREATE ROLE keeps LOGIN IN ROLE team_administrator")
	defer postgres.Migrate("ALTER TABLE %[1]s.record ADD COLUMN later text; CREATE INDEX record_later ON %[1]s.record (later); CREATE TABLE %[1]s.later (key text)")()
	if _, err := postgres.Open(t.Context(), url("ships"), postgres.Options{}); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "administrator") {
		t.Errorf("a releaser migrates: %v", err)
	}
	open(t, url("keeps"), postgres.Options{})
	appended(t, open(t, url("ships"), postgres.Options{}), "s", 2)
	if got, err := open(t, url("looks"), postgres.Options{ReadOnly: true}).Read(t.Context(), "s", 1); err != nil || len(got) != 2 {
		t.Errorf("a reader reads %d records, %v", len(got), err)
	}
	pgtest.Exec(t, url("looks")[:strings.Index(url("looks"), "&sluice_schema")], "SELECT * FROM team.later")
	// Nothing of it belongs to the person, who may leave.
	pgtest.Exec(t, s.URL("postgres"), "DROP ROLE keeps")
}

// Who may not run the documented file is told so, and nothing of it remains: roles belong
// to the whole server, so half of it would let the releasers of another database in.
func TestRolesStopAtTheFirstError(t *testing.T) {
	s := server(t)
	run := func(url, prefix string) (string, error) {
		out, err := exec.Command("psql", url, "--no-psqlrc", "--set=prefix="+prefix, "--file=../../../docs/sql/postgres-roles.sql").CombinedOutput()
		return string(out), err
	}
	for _, q := range []string{"CREATE ROLE landlord LOGIN", "CREATE DATABASE first", "CREATE DATABASE second OWNER landlord"} {
		pgtest.Exec(t, s.URL("postgres"), q)
	}
	open(t, s.URL("first"), postgres.Options{})
	if out, err := run(s.URL("first"), "first"); err != nil {
		t.Fatalf("psql: %v\n%s", err, out)
	}
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE firstci LOGIN IN ROLE first_releaser")
	second := s.URLAs("landlord", "second")
	open(t, second, postgres.Options{})

	if out, err := run(second, "second"); err == nil || strings.Count(out, "ERROR") != 1 || !strings.Contains(out, "permission denied to create role") {
		t.Errorf("without CREATEROLE: %v\n%s", err, out)
	}
	// The roles are there, and not this owner's to grant.
	if out, err := run(second, "first"); err == nil || strings.Count(out, "ERROR") != 1 {
		t.Errorf("another database's roles: %v\n%s", err, out)
	}
	if l, err := postgres.Open(t.Context(), s.URLAs("firstci", "second"), postgres.Options{}); !errors.Is(err, ledger.ErrReadOnly) {
		if err == nil {
			_ = l.Close()
		}
		t.Errorf("another database's releaser opens: %v", err)
	}
	pgtest.Exec(t, s.URL("postgres"), "ALTER ROLE landlord CREATEROLE")
	if out, err := run(second, "second"); err != nil {
		t.Errorf("with CREATEROLE and a prefix of its own: %v\n%s", err, out)
	}
}

// A scope's releaser reads the schema of the scope above, and cannot write there.
func TestRolesOfScopes(t *testing.T) {
	s := server(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE DATABASE units")
	at := func(url, schema string) string { return url + "&sluice_schema=" + schema }
	for _, scope := range []string{"acme", "retail"} {
		if _, err := open(t, at(s.URL("units"), scope), postgres.Options{}).Append(t.Context(), "s", 0, entry(1)); err != nil {
			t.Fatal(err)
		}
		for range 2 { // It may be run again.
			if out, err := exec.Command("psql", s.URL("units"), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--set=schema="+scope, "--set=prefix="+scope, "--file=../../../docs/sql/postgres-roles.sql").CombinedOutput(); err != nil {
				t.Fatalf("psql: %v\n%s", err, out)
			}
		}
	}
	pgtest.Exec(t, s.URL("units"), "GRANT acme_reader TO retail_reader; CREATE ROLE shop LOGIN IN ROLE retail_releaser; CREATE ROLE board LOGIN IN ROLE acme_releaser")
	shop := s.URLAs("shop", "units")
	above := open(t, at(shop, "acme"), postgres.Options{ReadOnly: true})
	if got, err := above.Read(t.Context(), "s", 1); err != nil || len(got) != 1 {
		t.Errorf("retail reads %d records of acme, %v", len(got), err)
	}
	if _, err := open(t, at(shop, "acme"), postgres.Options{MustExist: true}).Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("retail writes to acme: %v", err)
	}
	if _, err := open(t, at(shop, "retail"), postgres.Options{}).Append(t.Context(), "s", 1, entry(2)); err != nil {
		t.Errorf("retail writes its own: %v", err)
	}
	if l, err := postgres.Open(t.Context(), at(s.URLAs("board", "units"), "retail"), postgres.Options{ReadOnly: true}); err == nil {
		_ = l.Close()
		t.Error("acme reads retail, which nobody granted")
	}
}
