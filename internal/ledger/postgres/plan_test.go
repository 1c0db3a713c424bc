package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
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
	plans(t, conn, l, "new")
	for n := range 3 {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), "ANALYZE "+schema+".record"); err != nil {
		t.Fatal(err)
	}
	plans(t, conn, l, "analyzed while it is small")
}

// byStream are the indexes that are in the order of streams: for what asks for streams
// alone one is as good as the other.
const byStream = "record_pkey or record_stream_id_key"

func plans(t *testing.T, conn *pgx.Conn, l *postgres.Ledger, what string) {
	t.Helper()
	sql := postgres.Statements(l)
	filtered := func(f ledger.Filter) string { return postgres.Filtered(l, f) }
	const arguments = "'s', 2, 'e', 'k', 1, 'a', 's', 'e', 0, 'p', 'h', '{}'"
	for _, c := range []struct{ name, query, arguments, uses, besides string }{
		{"append", sql.InsertNext, arguments + ", 'd'", "record_pkey", ""},
		{"append under a lease", sql.InsertNextFenced, arguments + ", 'd', 'l'", "record_pkey", "lease_pkey"},
		{"last", sql.Last, "'s'", "record_pkey", ""},
		{"by id", sql.ByID, "'s', 'e'", "record_stream_id_key", ""},
		{"read", sql.Stream, "'s', 2", "record_pkey", ""},
		{"heads", sql.Heads, "'release/', 'release0'", "Index Scan Backward using record_pkey", "record_stream_id_key"},
		{"streams", sql.Streams, "'release/', 'release0'", byStream, ""},
		{"the first of a sweep", sql.Sweep, "50000", "record_pkey", ""},
		{"the next of a sweep", sql.SweepOn, "'s', 2, 50000", "record_pkey", ""},
		{"a lease", sql.Lease, "'l'", "lease_pkey", ""},
		{"leases that are held", sql.HeldLeases, "'release/', 'release0'", "lease_pkey", ""},
		{"every lease", sql.EveryLease, "'release/', 'release0'", "lease_pkey", ""},
		{"a lease that is swapped", sql.UpdateLease, "'l', 'h', 2, 3, 4, 'h', 'g', 1, 2, 3", "lease_pkey", ""},
		{"of a service and an environment", filtered(ledger.Filter{Service: "s", Environment: "e"}), "'s', 'e'", "record_at", ""},
		{"of kinds, since", filtered(ledger.Filter{Kinds: []string{"k"}, Since: epoch}), "'{k}', 1", "record_at", ""},
		{"of a span", filtered(ledger.Filter{Since: epoch, Until: epoch}), "1, 2", "record_at", ""},
		{"of a prefix", filtered(ledger.Filter{StreamPrefix: "release/"}), "'release/', 'release0'", byStream, ""},
		{"the last of all", filtered(ledger.Filter{Limit: 20}), "20", "record_at", ""},
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
			plan := strings.Join(lines, "\n")
			// An aggregate would look at all that there is to find the first.
			for _, never := range []string{"record_pkey", "record_stream_id_key", "record_at", "lease_pkey", "Seq Scan", "Aggregate"} {
				if !strings.Contains(c.uses+c.besides, never) && strings.Contains(plan, never) {
					t.Errorf("the plan has %s", never)
				}
			}
			uses := func(index string) bool { return strings.Contains(plan, index) }
			if !slices.ContainsFunc(strings.Split(c.uses, " or "), uses) || t.Failed() {
				t.Errorf("it should use %s alone:\n%s", c.uses, plan)
			}
		})
	}
}
