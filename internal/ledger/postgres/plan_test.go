package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
)

// A server plans a statement when it is first used, which in a new ledger is when it
// knows nothing of the tables, and keeps the plan. It must be good for the tables that
// they become: no statement may read a whole table, nor a whole stream for one record.
func TestPlansOfANewLedgerStayGood(t *testing.T) {
	url, schema := server(t).Schema(t)
	l := open(t, url, postgres.Options{})
	conn := postgres.Conn(t, l)
	if _, err := conn.Exec(t.Context(), "SET plan_cache_mode = force_generic_plan"); err != nil {
		t.Fatal(err)
	}
	plans(t, conn, postgres.Statements(l), "new")
	for n := range 3 {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), "ANALYZE "+schema+".record"); err != nil {
		t.Fatal(err)
	}
	plans(t, conn, postgres.Statements(l), "analyzed while it is small")
}

func plans(t *testing.T, conn *pgx.Conn, sql postgres.SQL, what string) {
	t.Helper()
	const arguments = "'s', 2, 'e', 'k', 1, 'a', 's', 'e', 0, 'p', 'h', '{}'"
	for _, c := range []struct{ name, query, arguments, uses string }{
		{"append", sql.InsertNext, arguments + ", 'd'", "record_pkey"},
		{"append under a lease", sql.InsertNextFenced, arguments + ", 'd', 'l'", "record_pkey"},
		{"last", sql.Last, "'s'", "record_pkey"},
		{"by id", sql.ByID, "'s', 'e'", "record_stream_id_key"},
		{"read", sql.Stream, "'s', 2", "record_pkey"},
	} {
		t.Run(what+": "+c.name, func(t *testing.T) {
			if _, err := conn.Exec(t.Context(), "PREPARE plan AS "+c.query); err != nil {
				t.Fatal(err)
			}
			rows, err := conn.Query(t.Context(), fmt.Sprintf("EXPLAIN EXECUTE plan(%s)", c.arguments), pgx.QueryExecModeSimpleProtocol)
			if err != nil {
				t.Fatal(err)
			}
			lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
			if err != nil {
				t.Fatal(err)
			}
			if _, err := conn.Exec(t.Context(), "DEALLOCATE plan"); err != nil {
				t.Fatal(err)
			}
			other := slices.DeleteFunc([]string{"record_pkey", "record_stream_id_key", "record_at"}, func(n string) bool { return n == c.uses })
			plan := strings.Join(lines, "\n")
			for _, never := range append(other, "Seq Scan") {
				if strings.Contains(plan, never) {
					t.Errorf("the plan has %s", never)
				}
			}
			if !strings.Contains(plan, c.uses) || t.Failed() {
				t.Errorf("it should use %s alone:\n%s", c.uses, plan)
			}
		})
	}
}
