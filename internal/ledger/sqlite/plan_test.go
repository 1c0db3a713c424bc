package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

func TestQueriesUseIndexes(t *testing.T) {
	t.Parallel()
	l, err := Open(t.Context(), filepath.Join(t.TempDir(), "ledger.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	filter := func(f ledger.Filter) func() (string, []any) { return func() (string, []any) { return build(f) } }
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		query func() (string, []any)
		uses  string
	}{
		{"read", func() (string, []any) { return streamQuery, []any{"a", 1} }, "record_place (stream=? AND seq>?)"},
		{"last", func() (string, []any) { return lastQuery, []any{"a"} }, "record_place (stream=?)"},
		{"by id", func() (string, []any) { return byIDQuery, []any{"a", "b"} }, "record_id (stream=? AND id=?)"},
		{"heads", func() (string, []any) { return headsQuery, []any{"a", "b"} }, "record_place (stream=? AND seq=?)"},
		{"service and environment", filter(ledger.Filter{Service: "a", Environment: "b"}), "record_at (at>?)"},
		{"kinds since", filter(ledger.Filter{Kinds: []string{"a"}, Since: now}), "record_at (at>?)"},
		{"a span", filter(ledger.Filter{Since: now, Until: now}), "record_at (at>? AND at<?)"},
		{"a prefix", filter(ledger.Filter{StreamPrefix: "release/"}), "record_place (stream>? AND stream<?)"},
		{"the last of all", filter(ledger.Filter{Limit: 20}), "record_at (at>?)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			query, args := c.query()
			rows, err := l.readers.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, args...)
			if err != nil {
				t.Fatal(err)
			}
			defer rows.Close()
			var plan []string
			for rows.Next() {
				var id, parent, unused any
				var detail string
				if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
					t.Fatal(err)
				}
				plan = append(plan, detail)
			}
			if got := strings.Join(plan, "; "); !strings.Contains(got, c.uses) || strings.Contains(got, "SCAN record") {
				t.Errorf("the plan is %s", got)
			}
		})
	}
}
