package postgres_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// A statement that takes too long is cancelled by the server, is not written, and is
// said with what to look at. The URL's own limit counts for more than ours.
func TestASlowStatementIsCancelled(t *testing.T) {
	s := server(t)
	url, schema := s.Schema(t)
	patient := open(t, url, postgres.Options{}) // It makes the schema, which may take longer than the others wait.
	quick := open(t, url, postgres.Options{BusyTimeout: 100 * time.Millisecond})
	told := open(t, url+"&statement_timeout=50", postgres.Options{})
	pgtest.Exec(t, s.URL("postgres"), `CREATE FUNCTION `+schema+`.dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(20); RETURN NEW; END $$;
CREATE TRIGGER dawdle BEFORE INSERT ON `+schema+`.record FOR EACH ROW EXECUTE FUNCTION `+schema+`.dawdle()`)
	for name, l := range map[string]*postgres.Ledger{"ours": quick, "the URL's": told} {
		_, err := l.Append(t.Context(), "s", 0, entry(1))
		if !errors.Is(err, ledger.ErrBusy) || !strings.Contains(err.Error(), "/postgres: ") || !strings.Contains(err.Error(), "&statement_timeout=") {
			t.Errorf("%s: %v", name, err)
		}
		if got, err := patient.Read(t.Context(), "s", 1); err != nil || len(got) != 0 {
			t.Errorf("%s: %d records, %v", name, len(got), err)
		}
	}
	pgtest.Exec(t, s.URL("postgres"), "DROP TRIGGER dawdle ON "+schema+".record")
	if _, err := quick.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Errorf("once it is quick again: %v", err)
	}
}

// A server that takes the connection and says nothing is given up after the time that
// connecting may take; one that says why it takes nobody is repeated.
func TestServersThatLetNobodyIn(t *testing.T) {
	s := server(t)
	pgtest.Exec(t, s.URL("postgres"), "CREATE ROLE crowd LOGIN CONNECTION LIMIT 0")
	for name, c := range map[string]struct {
		url  string
		want error
		says string
	}{
		"mute":                 {answering(t, nil), nil, "cannot be reached"},
		"starting":             {answering(t, &pgproto3.ErrorResponse{Severity: "FATAL", Code: "57P03", Message: "the database system is starting up"}), ledger.ErrBusy, "wait for it, or name another"},
		"too many connections": {s.URLAs("crowd", "postgres"), ledger.ErrBusy, "raise max_connections"},
	} {
		asked := clock.System{}.Now()
		_, err := postgres.Open(t.Context(), c.url, postgres.Options{BusyTimeout: 200 * time.Millisecond})
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %v with %q", name, err, c.want, c.says)
		}
		if took := (clock.System{}).Now().Sub(asked); took > 5*time.Second {
			t.Errorf("%s: it took %s", name, took)
		}
	}
}

// answering is the URL of a server that gives each client this one answer, or none.
func answering(t *testing.T, answer *pgproto3.ErrorResponse) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			defer func() { _ = conn.Close() }() // When the test ends.
			if answer == nil {
				continue
			}
			backend := pgproto3.NewBackend(conn, conn)
			if _, err := backend.ReceiveStartupMessage(); err != nil {
				continue
			}
			backend.Send(answer)
			_ = backend.Flush() // Who connects sees what is missing.
			_ = conn.Close()
		}
	}()
	return "postgres://ci@" + listener.Addr().String() + "/sluice?sslmode=disable"
}
