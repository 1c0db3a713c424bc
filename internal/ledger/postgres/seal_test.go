package postgres_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

var sealing = ledger.Sealing{To: "elsewhere", By: "kim@acme", At: epoch, Mark: "one"}

// A seal waits for the appends that are under way, since nobody would copy them
// otherwise; where it waits too long, nothing is sealed.
func TestSealWaitsForAppends(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	l := open(t, url, postgres.Options{BusyTimeout: 300 * time.Millisecond})
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // The test is over.
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Another process's append, before its commit.
	if _, err := tx.Exec(t.Context(), "INSERT INTO "+schema+".record SELECT 's', 1, id, kind, at, actor, service, environment, fence, prev, hash, body FROM "+schema+".record"); err != nil {
		t.Fatal(err)
	}
	if err := l.SealOff(t.Context(), sealing); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("sealed over an append under way: %v", err)
	}
	if now, err := l.Sealing(t.Context()); err != nil || now != nil {
		t.Errorf("half sealed: %v, %v", now, err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := l.SealOff(t.Context(), sealing); err != nil {
		t.Fatal(err)
	}
}

// The database itself refuses, so it does not matter which version of Sluice appends.
func TestSealIsTheDatabases(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	l := open(t, url, postgres.Options{})
	if err := l.SealOff(t.Context(), sealing); err != nil {
		t.Fatal(err)
	}
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context()) //nolint:errcheck // The test is over.
	_, err = conn.Exec(t.Context(), "INSERT INTO "+schema+".record SELECT 's', 1, id, kind, at, actor, service, environment, fence, prev, hash, body FROM "+schema+".record")
	if err == nil || !strings.Contains(err.Error(), "the ledger is sealed") {
		t.Errorf("%v", err)
	}
}

// Who may append may not seal: only an administrator closes a ledger.
func TestSealingNeedsAnAdministrator(t *testing.T) {
	s := server(t)
	url := s.Database(t)
	open(t, url, postgres.Options{})
	pgtest.Exec(t, url, `CREATE ROLE bob LOGIN; GRANT USAGE ON SCHEMA sluice TO bob; GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO bob; GRANT INSERT ON sluice.record TO bob`)
	l := open(t, strings.Replace(url, "//admin@", "//bob@", 1), postgres.Options{})
	for _, err := range []error{l.MaySeal(t.Context()), l.SealOff(t.Context(), sealing)} {
		if !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "sluice_administrator") {
			t.Errorf("%v", err)
		}
	}
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Errorf("half sealed: %v", err)
	}
}
