package postgres_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// A role may be valid until an instant, as those are that a vault hands out. Where the
// next connection would be made with another password, that instant ends nothing.
func TestUntilWhenTheRoleIsValid(t *testing.T) {
	s := guarded.get(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE guest LOGIN PASSWORD 'first'; GRANT CREATE ON DATABASE postgres TO guest")
	s.AskPassword(t, "guest")
	file := filepath.Join(t.TempDir(), "pgpass")
	write := func(password string) {
		t.Helper()
		if err := os.WriteFile(file, []byte("localhost:*:*:guest:"+password+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first")
	for valid, want := range map[string]string{
		"2199-03-02T09:00:00Z": "the ledger's user and password last until 2199-03-02T09:00:00Z", "infinity": "",
	} {
		pgtest.Exec(t, s.URL("postgres"), "ALTER ROLE guest VALID UNTIL '"+valid+"'")
		l := open(t, s.URLAs("guest", "postgres")+"&passfile="+file+"&sluice_schema=of_a_guest", postgres.Options{})
		if end := credential.EndOf(l); end.IsZero() != (want == "") || want != "" && end.String() != want {
			t.Errorf("valid until %s: %v", valid, end)
		}
		write("second")
		if end := credential.EndOf(l); !end.IsZero() {
			t.Errorf("with another password in the file: %s", end)
		}
		write("first")
	}
}
