package copying_test

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

var system clock.System

var shared struct {
	once   sync.Once
	server *pgtest.Server
	err    error
}

func TestMain(m *testing.M) {
	s3test.Env(func(name, value string) { _ = os.Setenv(name, value) })
	for _, name := range []string{"PGHOST", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD", "PGSERVICE", "PGOPTIONS"} {
		_ = os.Unsetenv(name)
	}
	code := m.Run()
	if shared.server != nil {
		if err := shared.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func postgresServer(t *testing.T) *pgtest.Server {
	t.Helper()
	shared.once.Do(func() { shared.server, shared.err = pgtest.New() })
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.server
}

// backends make a place of each kind where nothing is.
func backends(t *testing.T) map[string]func() string {
	t.Helper()
	store := s3test.Fake(t)
	bucket, n := store.Bucket(t), 0
	return map[string]func() string{
		"sqlite":   func() string { return place(t) },
		"postgres": func() string { url, _ := postgresServer(t).Schema(t); return url },
		"s3":       func() string { n++; return store.URL(bucket, fmt.Sprintf("org-%d", n)) },
	}
}

func TestBetweenBackends(t *testing.T) {
	places := backends(t)
	for from := range places {
		for to := range places {
			t.Run(from+" to "+to, func(t *testing.T) {
				a, b := places[from](), places[to]()
				fill(t, source(t, a))
				res, err := move(t, a, b).Run(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				moved(t, a, b, res)
			})
		}
	}
}

// TestUnderLoadOnEach: the seal of each driver parts what is copied from what is
// refused, however the writers' appends fall.
func TestUnderLoadOnEach(t *testing.T) {
	for name, begin := range backends(t) {
		if name != "sqlite" {
			t.Run(name, func(t *testing.T) { underLoad(t, begin(), place(t), 4) })
		}
	}
}

// TestUnfinishedIsNoLedger: nobody but the copy opens what is unfinished, in any way,
// and another copy does not go on with it.
func TestUnfinishedIsNoLedger(t *testing.T) {
	for name, begin := range backends(t) {
		from, to := place(t), begin()
		s := source(t, from)
		fill(t, s)
		destination(t, to, idOf(t, s))
		for what, opts := range map[string]all.Options{
			"apply": {}, "plan": {MustExist: true}, "read": {ReadOnly: true}, "another copy": {CopyOf: "6f1c2d3e-0000-4000-8000-000000000000"},
		} {
			l, err := all.Open(t.Context(), to, opts)
			if err == nil {
				_ = l.Close()
			}
			if !errors.Is(err, ledger.ErrUnfinished) || !strings.Contains(err.Error(), idOf(t, s)) {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
		if _, err := move(t, from, to).Run(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUnsealed: a ledger that is opened again takes appends as before, of handles that
// were refused as well, and can be sealed anew.
func TestUnsealed(t *testing.T) {
	for name, begin := range backends(t) {
		url := begin()
		l, other := source(t, url), source(t, url)
		fill(t, l)
		seal := func(mark string) ledger.Sealing {
			return ledger.Sealing{To: "elsewhere", By: "kim@acme", At: epoch, Mark: mark}
		}
		var sealed *ledger.SealedError
		for i, mark := range []string{"one", "two"} {
			n := uint64(7 + i)
			if err := l.SealOff(t.Context(), seal(mark)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if err := l.SealOff(t.Context(), seal(mark)); err != nil {
				t.Errorf("%s, again: %v", name, err)
			}
			if err := other.SealOff(t.Context(), seal("three")); !errors.As(err, &sealed) || sealed.Sealing.Mark != mark {
				t.Errorf("%s, by another: %v", name, err)
			}
			if err := other.Unseal(t.Context(), seal("three")); !errors.As(err, &sealed) {
				t.Errorf("%s, unsealed by another: %v", name, err)
			}
			for _, h := range []ledger.Ledger{l, other} {
				if _, err := h.Append(t.Context(), "release/checkout/production", n, entry(int(n))); !errors.As(err, &sealed) {
					t.Errorf("%s: appended: %v", name, err)
				}
				if _, err := h.Append(t.Context(), "new-"+mark, 0, entry(1)); !errors.As(err, &sealed) {
					t.Errorf("%s: appended to a new stream: %v", name, err)
				}
			}
			// Whoever goes back needs a lease.
			lease, err := other.Lease(t.Context(), "release/checkout/production")
			next := lease
			next.Beat++
			if err == nil {
				err = other.SwapLease(t.Context(), lease, next)
			}
			if err != nil {
				t.Errorf("%s: the lease of a sealed ledger: %v", name, err)
			}
			if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
				t.Errorf("%s: sealed and not whole: %v", name, err)
			}
			for range 2 {
				if err := l.Unseal(t.Context(), seal(mark)); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			push(t, other, "release/checkout/production", n, entry(int(n)))
			push(t, l, "new-"+mark, 0, entry(1))
		}
	}
}
