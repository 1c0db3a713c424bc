//go:build unix

package proof

import (
	"errors"
	"math/rand/v2"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/postgres/pgtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// backend is a ledger with what can befall it.
type backend struct {
	// direct is the URL past all faults, and url the workers'.
	direct, url string
	// restart crashes the server and starts it again; nil where there is none.
	restart func()
	// calm ends the faults.
	calm func()
	// struck counts the faults that struck.
	struck *atomic.Int64
}

var backends = []struct {
	name  string
	start func(t *testing.T) backend
	// appends is the small form of the proof.
	appends int
}{
	{"sqlite", startSQLite, 640},
	{"postgres", startPostgres, 480},
	{"s3", startS3, 320},
}

// create makes the ledger, as the first apply does, and opens it past the faults.
func create(t *testing.T, b backend) ledger.Ledger {
	t.Helper()
	l, err := all.Open(t.Context(), b.direct, all.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// startSQLite has no network that could fail: what befalls it is its processes' deaths.
// A full disk is tested beside its driver.
func startSQLite(t *testing.T) backend {
	url := "sqlite:" + filepath.Join(t.TempDir(), "ledger.db")
	return backend{direct: url, url: url, calm: func() {}, struck: &atomic.Int64{}}
}

// shared is the one PostgreSQL of this test's process. TestMain ends it.
var shared *pgtest.Server

// startPostgres is a server that is crashed, behind a wire.
func startPostgres(t *testing.T) backend {
	if shared == nil {
		var err error
		if shared, err = pgtest.New(); err != nil {
			t.Fatal(err)
		}
	}
	s := shared
	direct, _ := s.Schema(t)
	w := pgtest.Tap(t, direct)
	b := backend{direct: direct, url: w.URL, calm: func() { w.Strike(nil) }, struck: &atomic.Int64{}}
	dice := rand.New(rand.NewPCG(2026, 5))
	w.Strike(func(int) pgtest.Fault {
		if n := dice.IntN(400); n <= int(pgtest.Slow) && n > 0 {
			b.struck.Add(1)
			return pgtest.Fault(n)
		}
		return pgtest.Pass
	})
	b.restart = func() {
		if err := errors.Join(s.Kill(), s.Run()); err != nil {
			t.Error(err)
		}
	}
	return b
}

// startS3 is gofakes3 in this process.
func startS3(t *testing.T) backend {
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	b := backend{direct: url, url: url, calm: func() { s.Before(nil) }, struck: &atomic.Int64{}}
	var faults []s3test.Around
	for _, f := range append(s3test.All, s3test.Slow, s3test.Late) {
		faults = append(faults, s3test.Counted(b.struck, f))
	}
	create(t, b)
	s.Before(s3test.Weather(5, 60, faults...))
	return b
}
