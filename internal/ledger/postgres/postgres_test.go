package postgres_test

import (
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// open opens url and closes it when the test ends.
func open(t testing.TB, url string, opts postgres.Options) *postgres.Ledger {
	t.Helper()
	l, err := postgres.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return l
}

func entry(n int) ledger.Entry {
	return ledger.Entry{
		ID: fmt.Sprintf("entry-%d", n), Kind: "rollout.opened", At: epoch.Add(time.Duration(n) * time.Second),
		Actor: "ci@acme", Service: "checkout", Environment: "production", Body: fmt.Appendf(nil, `{"n":%d}`, n),
	}
}

func TestConformance(t *testing.T) {
	s := server(t)
	var mu sync.Mutex
	type place struct{ url, schema string }
	places := map[ledger.Ledger]place{}
	at := func(l ledger.Ledger) place {
		mu.Lock()
		defer mu.Unlock()
		return places[l]
	}
	remember := func(l ledger.Ledger, p place) ledger.Ledger {
		mu.Lock()
		defer mu.Unlock()
		places[l] = p
		return l
	}
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		url, schema := s.Schema(t)
		return remember(open(t, url, postgres.Options{}), place{url, schema})
	}, ledgertest.Options{
		Reopen: func(t *testing.T, l ledger.Ledger) ledger.Ledger {
			return remember(open(t, at(l).url, postgres.Options{MustExist: true}), at(l))
		},
		Tamper: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			pgtest.Exec(t, s.URL("postgres"), `UPDATE `+at(l).schema+`.record SET body = '{"n":"changed"}' WHERE stream = $1 AND seq = $2`, stream, int64(seq))
		},
		Remove: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			pgtest.Exec(t, s.URL("postgres"), `DELETE FROM `+at(l).schema+`.record WHERE stream = $1 AND seq = $2`, stream, int64(seq))
		},
	})
}

// readOnly makes new sessions of a database what those of a replica are.
const readOnly = `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database()); END $$`

// kept is a server of several tests, started by the first.
type kept struct {
	once   sync.Once
	start  func() (*pgtest.Server, error)
	server *pgtest.Server
	err    error
}

func (k *kept) get(t testing.TB) *pgtest.Server {
	t.Helper()
	k.once.Do(func() { k.server, k.err = k.start() })
	if k.err != nil {
		t.Fatal(k.err)
	}
	return k.server
}

var (
	// shared is of all tests that do not ask for one of their own.
	shared = kept{start: func() (*pgtest.Server, error) { return pgtest.New() }}
	// guarded is of those that change whom it lets in. Each says that first.
	guarded = kept{start: pgtest.NewListening}
)

func server(t testing.TB) *pgtest.Server {
	t.Helper()
	return shared.get(t)
}

func TestMain(m *testing.M) {
	// What the machine's user has set must not lead elsewhere.
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGSERVICE", "PGOPTIONS"} {
		_ = os.Unsetenv(name)
	}
	code := m.Run()
	for _, k := range []*kept{&shared, &guarded} {
		if k.server == nil {
			continue
		}
		if err := k.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
