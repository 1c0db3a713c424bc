package postgres_test

import (
	"context"
	"flag"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// wanted is the major version that all tests must have met: "make test-postgres" gives
// it, lest they pass on the system's server under the name of another.
var wanted = flag.Int("server", 0, "the major version of the server that the tests must run on")

// The tests run on the server that was asked for, and "ledger check" names it.
func TestTheServerIsTheOneThatWasAskedFor(t *testing.T) {
	s := server(t)
	conn, err := pgx.Connect(t.Context(), s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // It only asked.
	var version int
	if err := conn.QueryRow(t.Context(), "SELECT current_setting('server_version_num')::int / 10000").Scan(&version); err != nil {
		t.Fatal(err)
	}
	if *wanted != 0 && version != *wanted {
		t.Errorf("the server is PostgreSQL %d, not %d", version, *wanted)
	}
	url, _ := s.Schema(t)
	_, got := found(t, open(t, url, postgres.Options{}), ledger.SurveyOptions{})
	if f := got["server"]; !strings.Contains(f.Value, fmt.Sprint(version)) || f.State == ledger.Wrong {
		t.Errorf("ledger check: %+v", f)
	}
}

// Programs that are not where they are said to be are no reason to take others.
func TestProgramsThatAreNotThere(t *testing.T) {
	t.Setenv(pgtest.Programs, t.TempDir())
	s, err := pgtest.New()
	if err == nil {
		t.Fatal(s.Close(), "a server was started from an empty folder")
	}
	if !strings.Contains(err.Error(), pgtest.Programs) {
		t.Error(err)
	}
}
