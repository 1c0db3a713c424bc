package release_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// holds are the schemas of a database, with the tables and how many rows each has.
func holds(t *testing.T, s *pgtest.Server) (what string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // It only looked.
	const query = `SELECT coalesce(string_agg(concat(n.nspname, '.', c.relname, CASE WHEN c.relkind = 'r' THEN
	(xpath('/row/n/text()', query_to_xml(format('SELECT count(*) AS n FROM %I.%I', n.nspname, c.relname), false, true, '')))[1]::text END), ' ' ORDER BY n.nspname, c.relname), '')
FROM pg_namespace AS n LEFT JOIN pg_class AS c ON c.relnamespace = n.oid WHERE n.nspname NOT LIKE 'pg\_%' AND n.nspname <> 'information_schema'`
	if err := conn.QueryRow(t.Context(), query).Scan(&what); err != nil {
		t.Fatal(err)
	}
	return what
}

// Each thing that can be wrong with a PostgreSQL is said at plan, on the attribute; the
// server is one, with a replica. An older schema is in TestOlderSchema of the driver, as
// there is no older one yet.
func TestAccWhatIsWrongWithAPostgreSQLIsSaidAtPlan(t *testing.T) {
	t.Parallel()
	s := pgtest.Start(t)
	at := func(url, schema string) string { return url + "&sluice_schema=" + schema }
	as := func(role, schema string) string { return at(s.URLAs(role, "postgres"), schema) }
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE ci LOGIN PASSWORD 'right'; CREATE ROLE guest LOGIN; CREATE SCHEMA invoices; CREATE TABLE invoices.paid ()")
	made(t, as("admin", "payments"))
	made(t, as("admin", "newer"))
	pgtest.Exec(t, s.URL("postgres"), "UPDATE newer.meta SET value = '99' WHERE key = 'schema_version'")
	replica := s.Standby(t, "replica") // Before AskPassword, which leaves no rule for one.
	s.AskPassword(t, "ci")
	setting := func(fsync string) func() {
		return func() {
			pgtest.Exec(t, s.URL("postgres"), "ALTER SYSTEM SET fsync = "+fsync)
			pgtest.Exec(t, s.URL("postgres"), "SELECT pg_reload_conf()")
			s.Wait(t, "SELECT current_setting('fsync') = '"+fsync+"'")
		}
	}
	there := func() string { return holds(t, s) }
	refusedAtPlan(t, []badLedger{
		{name: "a password that is wrong", url: as("ci:s3cret", "payments")},
		{name: "a role that is not there", url: as("nobody", "payments")},
		{name: "a role without rights", url: as("guest", "payments")},
		{name: "a role that may create nothing", url: as("guest", "fresh"), caution: true},
		{name: "a database that is not there", url: s.URL("nowhere")},
		{name: "a server that is not there", url: "postgres://ci:s3cret@127.0.0.1:1/ledger?sslmode=disable"},
		{name: "a URL that cannot be read", url: "postgres://ci:s3cret@127.0.0.1:port/ledger"},
		{name: "a schema of the server's own", url: as("admin", "pg_ledger")},
		{name: "a schema of a newer version", url: as("admin", "newer")},
		{name: "a schema of something else", url: as("admin", "invoices")},
		{name: "a replica with a ledger", url: at(replica.URL("postgres"), "payments"), caution: true},
		{name: "a replica without a ledger", url: at(replica.URL("postgres"), "fresh")},
		{name: "a server that loses what it commits", url: as("admin", "payments"), before: setting("off"), after: setting("on")},
	}, there)

	was := there()
	tf := acctest.New(t, patient())
	tf.Write("main.tf", declaring(as("ci:s3cret", "payments"), "staging", ""))
	failsOnTheAttribute(t, tf)
	cautioned(t, tf, "an apply without the right to create", as("guest", "fresh"))
	cautioned(t, tf, "an apply on a replica", at(replica.URL("postgres"), "payments"))
	if is := there(); is != was {
		t.Errorf("%s was left, and before there was %s", is, was)
	}
}
