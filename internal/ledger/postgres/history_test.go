package postgres_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
)

// decided bounds the check of a history.
const decided = 2 * time.Minute

// check wants a history to be linearizable and the ledger whole, and returns what it saw.
func check(t *testing.T, ops []history.Op, err error, l ledger.Ledger) history.Report {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	report, err := history.Check(ops, decided)
	if err != nil {
		t.Error(err)
	}
	if _, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{}); err != nil {
		t.Errorf("verify: %v", err)
	}
	t.Logf("%+v", report)
	return report
}

// one makes a fault strike one message in so many, by chance.
func one(in int, fault pgtest.Fault) func(int) pgtest.Fault {
	dice := rand.New(rand.NewPCG(2026, uint64(in)))
	return func(int) pgtest.Fault {
		if dice.IntN(in) == 0 {
			return fault
		}
		return pgtest.Pass
	}
}

// Whatever strikes between the driver and the database, the answers are those of a ledger
// that does one thing at a time.
func TestHistoriesUnderFaults(t *testing.T) {
	dice := rand.New(rand.NewPCG(2026, 1))
	for _, c := range []struct {
		name     string
		strike   func(int) pgtest.Fault
		code     string
		patience time.Duration
		// open is true where outcomes stay unknown, and full where the disk is.
		open, full bool
	}{
		{name: "connections cut in mid-append", strike: one(12, pgtest.Cut), open: true},
		{name: "replies lost after the commit", strike: one(12, pgtest.Deaf), open: true},
		{name: "time-outs", strike: one(12, pgtest.Slow), patience: pgtest.SlowFor / 2, open: true},
		{name: "a full disk", code: "53100", full: true},
		{name: "serialisation failures", code: "40001"},
		{name: "everything", code: "53100", open: true, full: true, strike: func(int) pgtest.Fault {
			if n := dice.IntN(30); n <= int(pgtest.Slow) {
				return pgtest.Fault(n)
			}
			return pgtest.Pass
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := server(t)
			url, schema := s.Schema(t)
			direct := open(t, url, postgres.Options{})
			if c.code != "" {
				refuse(t, s, schema, c.code, "% 5 = 0")
			}
			w := pgtest.Tap(t, url)
			through := [2]*postgres.Ledger{open(t, w.URL, postgres.Options{}), open(t, w.URL, postgres.Options{})}
			w.Strike(c.strike)
			storm := history.Storm{Seed: 11, Clients: 4, Each: 40, Groups: 2, Patience: c.patience}
			ops, err := storm.Run(t.Context(), func(i int) ledger.Ledger { return through[i%2] }, direct)
			w.Strike(nil)
			report := check(t, ops, err, direct)
			if c.open != (report.Open > 0) {
				t.Errorf("%d operations are open", report.Open)
			}
			if full := refused(ops); c.full != (full > 0) {
				t.Errorf("%d operations were refused", full)
			}
		})
	}
}

func refused(ops []history.Op) (n int) {
	for _, o := range ops {
		if o.Reply != nil && o.Reply.Kind == history.Refused && o.Call.Verb == history.Append {
			n++
		}
	}
	return n
}

// A server that crashes under load and comes back, as a failover within one machine does,
// loses nothing that was acknowledged and doubles nothing.
func TestServerCrashesUnderLoad(t *testing.T) {
	s := pgtest.Start(t)
	l := open(t, s.URL("postgres"), postgres.Options{})
	storm := history.Storm{Seed: 13, Clients: 8, Each: 80, Groups: 4}
	var (
		calls atomic.Int64
		all   sync.WaitGroup
		// down is held while the server is, so that a storm does not pass over it.
		down sync.RWMutex
	)
	crashes := make(chan struct{})
	all.Go(func() {
		for range crashes {
			killed := s.Kill()
			down.Lock()
			if err := errors.Join(killed, s.Run()); err != nil {
				t.Error(err)
			}
			down.Unlock()
		}
	})
	// The server goes down beside the call whose number it is, and comes back meanwhile.
	counted := counter{Ledger: l, before: func() {
		if n := calls.Add(1); n == 150 || n == 350 {
			crashes <- struct{}{}
		}
		down.RLock()
		down.RUnlock() //nolint:staticcheck // Whoever comes waits until the server is back.
	}}
	ops, err := storm.Run(t.Context(), func(int) ledger.Ledger { return counted }, l)
	close(crashes)
	all.Wait()
	if report := check(t, ops, err, l); report.Open == 0 {
		t.Error("nothing was under way when the server crashed")
	}
}

// counter does something before each append.
type counter struct {
	ledger.Ledger
	before func()
}

func (c counter) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	c.before()
	return c.Ledger.Append(ctx, stream, after, e)
}
