package pgtest

import (
	"context"
	"errors"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Disconnect ends every connection of a role, and waits until their processes are gone:
// version 13 cannot wait for that by itself, and before it who uses such a connection is
// told so instead of finding it closed.
func (s *Server) Disconnect(t testing.TB, role string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // What was asked for is done or has failed.
	rows, err := conn.Query(ctx, "SELECT CASE WHEN pg_terminate_backend(pid) THEN pid ELSE 0 END FROM pg_stat_activity WHERE usename = $1", role)
	if err != nil {
		t.Fatal(err)
	}
	ended, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		t.Fatal(err)
	}
	for _, pid := range ended {
		// The number 0 is of one that was gone already.
		for pid != 0 && !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			if err := (clock.System{}).Sleep(ctx, pause); err != nil {
				t.Fatalf("the connection of process %d does not end within %s", pid, ready)
			}
		}
	}
}
