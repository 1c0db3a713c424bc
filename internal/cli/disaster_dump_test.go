package cli

import (
	"os/exec"
	"path/filepath"

	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// rolesFile is the documented one, by whatever folder a world is in.
var rolesFile, _ = filepath.Abs("../../docs/sql/postgres-roles.sql")

// keptDump is a ledger in PostgreSQL, whose database is lost, and brought back under another
// name. Whoever drives is a releaser before and after, by the documented roles.
func keptDump(w *world) kept {
	s := pgtest.Start(w.t)
	// ran runs a command of the guide.
	ran := func(name string, args ...string) {
		w.t.Helper()
		if out, err := exec.CommandContext(w.t.Context(), name, args...).CombinedOutput(); err != nil {
			w.t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
	}
	roles := func(database string) {
		ran("psql", s.URL(database), "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--file="+rolesFile)
	}
	for _, database := range []string{"lost", "restored"} {
		pgtest.Exec(w.t, s.URL("postgres"), "CREATE DATABASE "+database)
		pgtest.Exec(w.t, s.URL(database), `CREATE SCHEMA fake; CREATE TABLE fake.clock (now timestamptz NOT NULL); INSERT INTO fake.clock VALUES (now());
CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql AS 'SELECT now FROM fake.clock';
GRANT USAGE ON SCHEMA fake TO PUBLIC; GRANT SELECT ON fake.clock TO PUBLIC; ALTER DATABASE `+database+` SET search_path = fake, pg_catalog`)
	}
	at := "lost"
	l, err := ledgers.Open(w.t.Context(), s.URL("lost"), ledgers.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		w.t.Fatal(err)
	}
	roles("lost")
	pgtest.Exec(w.t, s.URL("postgres"), "CREATE ROLE ci LOGIN IN ROLE sluice_releaser")
	w.env["SLUICE_LEDGER"] = s.URLAs("ci", "lost")
	return kept{
		backup: func() { ran("pg_dump", s.URL("lost"), "--format=custom", "--schema=sluice", "--file=ledger.dump") },
		lose:   func() { pgtest.Exec(w.t, s.URL("postgres"), "DROP DATABASE lost WITH (FORCE)") },
		restore: func() {
			at = "restored"
			ran("pg_restore", "--dbname="+s.URL(at), "--no-owner", "--exit-on-error", "ledger.dump")
			roles(at)
			w.env["SLUICE_LEDGER"] = s.URLAs("ci", at)
		},
		tick: func() { pgtest.Exec(w.t, s.URL(at), "UPDATE fake.clock SET now = $1", w.clock.Now()) },
	}
}
