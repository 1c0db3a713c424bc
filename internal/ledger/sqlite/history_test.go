package sqlite_test

import (
	"context"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/sqlite"
)

// counter does something before each append, with its number; not at once with another.
type counter struct {
	ledger.Ledger
	mu     *sync.Mutex
	n      *int
	before func(n int)
}

func (c counter) Append(ctx context.Context, stream string, after uint64, e ledger.Entry) (ledger.Record, error) {
	c.count()
	return c.Ledger.Append(ctx, stream, after, e)
}

func (c counter) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	*c.n++
	c.before(*c.n)
}

// storm plays a storm on two handles and wants its history to be linearizable.
func storm(t *testing.T, path string, handles [2]ledger.Ledger, patience time.Duration, before func(n int), calm func()) (open, refused int) {
	t.Helper()
	var mu sync.Mutex
	n := 0
	// A record of a page's size finds no room in pages that are there.
	s := history.Storm{Seed: 19, Clients: 6, Each: 60, Groups: 2, Patience: patience, Padding: 4096}
	last := open1(t, path)
	ops, err := s.Run(t.Context(), func(i int) ledger.Ledger {
		return counter{Ledger: handles[i%2], mu: &mu, n: &n, before: before}
	}, calmed{last, calm})
	if err != nil {
		t.Fatal(err)
	}
	report, err := history.Check(ops, 2*time.Minute)
	if err != nil {
		t.Error(err)
	}
	if _, err := ledger.Verify(t.Context(), last, ledger.VerifyOptions{}); err != nil {
		t.Errorf("verify: %v", err)
	}
	for _, o := range ops {
		if o.Reply != nil && o.Reply.Kind == history.Refused {
			refused++
		}
	}
	t.Logf("%+v, %d refused", report, refused)
	return report.Open, refused
}

func open1(t *testing.T, path string) *sqlite.Ledger {
	t.Helper()
	return open(t, path, sqlite.Options{MustExist: true})
}

// calmed ends the faults when it first reads.
type calmed struct {
	ledger.Ledger
	calm func()
}

func (c calmed) Read(ctx context.Context, stream string, from uint64) ([]ledger.Record, error) {
	c.calm()
	return c.Ledger.Read(ctx, stream, from)
}

// A disk that is full at times loses nothing that was acknowledged, and keeps nothing that
// was refused.
func TestHistoryOfAFullDisk(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	a := open(t, path, sqlite.Options{})
	b := open1(t, path)
	limit := func(n int) {
		a.LimitPages(t, n)
		b.LimitPages(t, n)
	}
	_, refused := storm(t, path, [2]ledger.Ledger{a, b}, 0, func(n int) {
		switch n % 40 {
		case 20:
			limit(1)
		case 0:
			limit(1 << 20)
		}
	}, func() { limit(1 << 20) })
	if refused == 0 {
		t.Error("the disk was never full")
	}
}

// Calls that are given up while others hold the file have an unknown outcome, and either
// happened or did not.
func TestHistoryOfTimeOuts(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ledger.db")
	a := open(t, path, sqlite.Options{})
	var release func()
	calm := func() {
		if release != nil {
			release()
			release = nil
		}
	}
	opened, _ := storm(t, path, [2]ledger.Ledger{a, open1(t, path)}, 30*time.Millisecond, func(n int) {
		switch n % 30 {
		case 10:
			release = lock(t, path)
		case 18:
			calm()
		}
	}, calm)
	if opened == 0 {
		t.Error("no call was given up")
	}
}
