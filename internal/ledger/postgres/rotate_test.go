package postgres_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// A password that is changed while the ledger is open is read again for each new
// connection, and one that is in a file that is just being written is taken as it was.
func TestThePasswordMayRotate(t *testing.T) {
	s := guarded.get(t)
	file := filepath.Join(t.TempDir(), "pgpass")
	rotate := func(password, written string) {
		t.Helper()
		pgtest.Exec(t, s.URL("postgres"), fmt.Sprintf("ALTER ROLE ci PASSWORD '%s'", password))
		if err := os.WriteFile(file, []byte(written), 0o600); err != nil {
			t.Fatal(err)
		}
		s.Disconnect(t, "ci")
	}
	line := func(password string) string { return "localhost:*:*:ci:" + password + "\n" }
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE ci LOGIN; GRANT CREATE ON DATABASE postgres TO ci")
	s.AskPassword(t, "ci")
	rotate("first", line("first"))
	l := open(t, s.URLAs("ci", "postgres")+"&passfile="+file, postgres.Options{})
	appends := func(n int) error {
		_, err := l.Append(t.Context(), "s", uint64(n-1), entry(n))
		return err
	}
	if err := appends(1); err != nil {
		t.Fatal(err)
	}
	rotate("second", line("second"))
	if err := appends(2); err != nil {
		t.Errorf("after the password has changed: %v", err)
	}
	rotate("second", "")
	if err := appends(3); err != nil {
		t.Errorf("while the file is empty: %v", err)
	}
	rotate("third", line("of another"))
	err := appends(4)
	if err == nil || !strings.Contains(err.Error(), "the server does not take the role or its password") || !strings.Contains(err.Error(), "PGPASSWORD") || strings.Contains(err.Error(), "of another") {
		t.Errorf("with a wrong password: %v", err)
	}
	rotate("third", line("third"))
	if err := appends(4); err != nil {
		t.Errorf("once the file is right again: %v", err)
	}
}
