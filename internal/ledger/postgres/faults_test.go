package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// A reply that is lost after the commit leaves the outcome unknown, and the same
// append again finds the record, once.
func TestReplyLostAfterCommit(t *testing.T) {
	url, _ := server(t).Schema(t)
	direct := open(t, url, postgres.Options{})
	w := pgtest.Tap(t, url)
	l := open(t, w.URL, postgres.Options{})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	w.Strike(func(int) pgtest.Fault { return pgtest.Deaf })
	_, err := l.Append(t.Context(), "s", 1, entry(2))
	var conflict *ledger.ConflictError
	if err == nil || errors.As(err, &conflict) || errors.Is(err, ledger.ErrBusy) {
		t.Fatalf("a lost reply is not an unknown outcome: %v", err)
	}
	w.Strike(nil)
	again, err := l.Append(t.Context(), "s", 1, entry(2))
	if err != nil || again.Seq != 2 {
		t.Fatalf("again: %+v, %v", again, err)
	}
	if got, err := direct.Read(t.Context(), "s", 1); err != nil || len(got) != 2 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// A connection that was cut while nobody used it costs nothing: the next call takes
// another.
func TestCutConnections(t *testing.T) {
	url, _ := server(t).Schema(t)
	w := pgtest.Tap(t, url)
	l := open(t, w.URL, postgres.Options{})
	for n := range 5 {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n+1)); err != nil {
			// The cut may be seen only when the statement was sent: then the outcome is
			// unknown, and the caller asks again.
			if _, err := l.Append(t.Context(), "s", uint64(n), entry(n+1)); err != nil {
				t.Fatal(err)
			}
		}
		w.CutAll()
	}
	if got, err := l.Read(t.Context(), "s", 1); err != nil || len(got) != 5 {
		t.Errorf("%d records, %v", len(got), err)
	}
}

// Whoever blocks the table is waited for no longer than stated.
func TestBusy(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	open(t, url, postgres.Options{}) // To make the schema may take longer than is waited below.
	l := open(t, url, postgres.Options{BusyTimeout: 100 * time.Millisecond})
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // It only held a lock.
	tx, err := conn.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "LOCK TABLE "+schema+".record IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("a locked table: %v", err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Errorf("after the lock: %v", err)
	}
}

// What the database says of a full disk is said in the port's words, and a
// transaction that lost against another is tried again.
func TestRefusals(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	l := open(t, url, postgres.Options{})
	trigger := func(code, when string) { refuse(t, s, schema, code, when) }
	trigger("53100", "> 0")
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); !errors.Is(err, ledger.ErrFull) {
		t.Errorf("a full disk: %v", err)
	}
	pgtest.Exec(t, s.URL("postgres"), "ALTER SEQUENCE "+schema+".calls RESTART")
	trigger("40001", "< 3")
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Errorf("two serialisation failures: %v", err)
	}
	pgtest.Exec(t, s.URL("postgres"), "ALTER SEQUENCE "+schema+".calls RESTART")
	trigger("40P01", "> 0")
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrBusy) {
		t.Errorf("a deadlock each time: %v", err)
	}
}

// refuse has the database refuse inserts with a code, those whose number is as said.
func refuse(t *testing.T, s *pgtest.Server, schema, code, when string) {
	t.Helper()
	pgtest.Exec(t, s.URL("postgres"), fmt.Sprintf(`CREATE SEQUENCE IF NOT EXISTS %[1]s.calls;
CREATE OR REPLACE FUNCTION %[1]s.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
	IF nextval('%[1]s.calls') %[3]s THEN RAISE EXCEPTION 'no' USING ERRCODE = '%[2]s'; END IF; RETURN NEW; END $$;
DROP TRIGGER IF EXISTS refuse ON %[1]s.record;
CREATE TRIGGER refuse BEFORE INSERT ON %[1]s.record FOR EACH ROW EXECUTE FUNCTION %[1]s.refuse()`, schema, code, when))
}
