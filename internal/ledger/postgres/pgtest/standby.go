package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
)

// Standby makes a replica of the server out of a base backup, with the name by which
// synchronous_standby_names knows it, and runs it until the test ends. It follows the
// server, can be asked, and takes no writes before Promote.
func (s *Server) Standby(t testing.TB, name string) *Server {
	t.Helper()
	standby, err := s.standby(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := standby.Close(); err != nil {
			t.Error(err)
		}
	})
	return standby
}

func (s *Server) standby(name string) (*Server, error) {
	dir, err := os.MkdirTemp("", "sluice-pg-")
	if err != nil {
		return nil, err
	}
	r := &Server{bin: s.bin, dir: dir}
	err = r.own()
	if err == nil {
		err = s.backUp(r)
	}
	if err == nil {
		// The last line of a setting counts. The status interval bounds how old the primary's
		// knowledge of a replica may be.
		err = r.configure(fmt.Sprintf("primary_conninfo = 'host=%s user=admin'\nunix_socket_directories = '%s'\ncluster_name = '%s'\nwal_receiver_status_interval = 1s\nwal_retrieve_retry_interval = 50ms\n", s.dir, dir, name))
	}
	if err == nil {
		err = r.Run()
	}
	if err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Promote makes a standby a server that takes writes.
func (s *Server) Promote(t testing.TB) {
	t.Helper()
	Exec(t, s.URL("postgres"), "SELECT pg_promote(true, 30)")
	s.Wait(t, "SELECT NOT pg_is_in_recovery()")
}

// Follow has a standby take what is written from another server, from now on; from none
// where it is nil, as when the network is cut.
func (s *Server) Follow(t testing.TB, primary *Server) {
	t.Helper()
	from := ""
	if primary != nil {
		from = fmt.Sprintf("host=%s user=admin", primary.dir)
	}
	s.set(t, "primary_conninfo", from)
	s.Wait(t, fmt.Sprintf("SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') = %t", primary != nil))
}

// set changes a setting while the server runs.
func (s *Server) set(t testing.TB, name, value string) {
	t.Helper()
	// Two statements in one would be a transaction, in which the first may not stand.
	Exec(t, s.URL("postgres"), fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", name, value))
	Exec(t, s.URL("postgres"), "SELECT pg_reload_conf()")
	s.Wait(t, fmt.Sprintf("SELECT current_setting('%s') = '%s'", name, value))
}

// Wait asks until the answer is true, for as long as a server may take to start.
func (s *Server) Wait(t testing.TB, query string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), ready)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx) //nolint:errcheck // It only asked.
	for {
		var yes bool
		if err := conn.QueryRow(ctx, query).Scan(&yes); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		if yes {
			return
		}
		if err := (clock.System{}).Sleep(ctx, pause); err != nil {
			t.Fatalf("%s is not true within %s", query, ready)
		}
	}
}

// Synchronous has each commit wait from now on until the standby of that name has it
// too; without a name none waits.
func (s *Server) Synchronous(t testing.TB, name string) {
	t.Helper()
	s.set(t, "synchronous_standby_names", name)
	if name != "" {
		s.Wait(t, "SELECT EXISTS (SELECT FROM pg_stat_replication WHERE sync_state IN ('sync', 'quorum'))")
	}
}
