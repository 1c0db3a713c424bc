package postgres_test

import (
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// TestWhoMayBeginALedgerIsKnownBefore: what MayWrite says is what Open then meets, and
// nothing is left behind.
func TestWhoMayBeginALedgerIsKnownBefore(t *testing.T) {
	s := server(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE DATABASE begun")
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE stranger LOGIN; CREATE ROLE builder LOGIN; CREATE ROLE tenant LOGIN; CREATE ROLE onlooker LOGIN")
	pgtest.Exec(t, s.URL("begun"), "CREATE SCHEMA prepared; GRANT USAGE, CREATE ON SCHEMA prepared TO tenant; GRANT USAGE ON SCHEMA prepared TO onlooker; GRANT CREATE ON DATABASE begun TO builder")
	at := func(role, schema string) string { return s.URLAs(role, "begun") + "&sluice_schema=" + schema }
	opts := postgres.Options{CopyOf: "6f1c2d3e-0000-4000-8000-000000000000"}
	for name, c := range map[string]struct{ url, says string }{
		"nobody made the schema, and may not":  {at("stranger", "fresh"), "CREATE SCHEMA \"fresh\" AUTHORIZATION \"stranger\""},
		"only looking":                         {at("onlooker", "prepared"), "GRANT USAGE, CREATE ON SCHEMA \"prepared\" TO \"onlooker\""},
		"may make it":                          {at("builder", "fresh"), ""},
		"a schema that was made for it":        {at("tenant", "prepared"), ""},
		"a server that is set to take nothing": {at("builder", "fresh") + "&default_transaction_read_only=on", "name the primary"},
	} {
		err := postgres.MayWrite(t.Context(), c.url, opts)
		if (err == nil) != (c.says == "") || err != nil && (!errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	out, err := exec.Command("psql", s.URL("begun"), "--no-psqlrc", "--tuples-only", "--command",
		"SELECT count(*) FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid WHERE n.nspname = 'fresh' OR n.nspname = 'prepared' AND c.oid IS NOT NULL").CombinedOutput()
	if err != nil || strings.TrimSpace(string(out)) != "0" {
		t.Errorf("something was left behind: %s, %v", out, err)
	}

	// A copy that was begun is gone on with by whoever may write to its tables.
	l, err := postgres.Open(t.Context(), at("tenant", "prepared"), opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := postgres.MayWrite(t.Context(), at("tenant", "prepared"), opts); err != nil {
		t.Errorf("whoever began it: %v", err)
	}
	if err := postgres.MayWrite(t.Context(), at("onlooker", "prepared"), opts); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "use the one that began the copy") {
		t.Errorf("another: %v", err)
	}
}
