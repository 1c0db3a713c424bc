package s3_test

import (
	"encoding/json"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestMain(m *testing.M) {
	s3test.Env(func(name, value string) { _ = os.Setenv(name, value) })
	os.Exit(m.Run())
}

// open opens url and closes it when the test ends.
func open(t testing.TB, url string, opts s3.Options) *s3.Ledger {
	t.Helper()
	l, err := s3.Open(t.Context(), url, opts)
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

// conform runs the suite, with handles that seal and fold after so many records.
func conform(t *testing.T, s *s3test.Server, bucket string, tune func(*s3.Ledger)) {
	t.Helper()
	var mu sync.Mutex
	urls := map[ledger.Ledger]string{}
	at := func(t *testing.T, url string, opts s3.Options) *s3.Ledger {
		l := open(t, url, opts)
		tune(l)
		mu.Lock()
		defer mu.Unlock()
		urls[l] = url
		return l
	}
	edit := func(t *testing.T, l ledger.Ledger, stream string, change func([]ledger.Record) []ledger.Record) {
		mu.Lock()
		url := urls[l]
		mu.Unlock()
		s3.Edit(t, open(t, url, s3.Options{}), stream, change)
	}
	n := 0
	ledgertest.Run(t, func(t *testing.T) ledger.Ledger {
		n++
		return at(t, s.URL(bucket, fmt.Sprintf("org-%d", n)), s3.Options{})
	}, ledgertest.Options{
		Reopen: func(t *testing.T, l ledger.Ledger) ledger.Ledger {
			mu.Lock()
			url := urls[l]
			mu.Unlock()
			return at(t, url, s3.Options{MustExist: true})
		},
		Tamper: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			edit(t, l, stream, func(records []ledger.Record) []ledger.Record {
				for i := range records {
					if records[i].Seq == seq {
						records[i].Body = json.RawMessage(`{"n":"changed"}`)
					}
				}
				return records
			})
		},
		Remove: func(t *testing.T, l ledger.Ledger, stream string, seq uint64) {
			edit(t, l, stream, func(records []ledger.Record) []ledger.Record { return s3.Without(records, seq) })
		},
	})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	fake := func(t *testing.T, tune func(*s3.Ledger)) {
		s := s3test.Fake(t)
		conform(t, s, s.Bucket(t), tune)
	}
	t.Run("standard", func(t *testing.T) { fake(t, func(*s3.Ledger) {}) })
	// A part after each two records, and parts of parts soon.
	t.Run("small parts", func(t *testing.T) {
		fake(t, func(l *s3.Ledger) { s3.SetLimits(l, 2, 1<<20, 2) })
	})
	// Each record is sealed alone by its size.
	t.Run("large records", func(t *testing.T) {
		fake(t, func(l *s3.Ledger) { s3.SetLimits(l, 100, 1, 3) })
	})
}

// In another store, and in a bucket with Object Lock, a default retention and a key of
// KMS, as far as moto has these and what stands before it adds.
func TestConformanceMoto(t *testing.T) {
	t.Parallel()
	m := s3test.Moto(t)
	bucket := m.Locked(t)
	m.Before(s3test.Keyed)
	conform(t, m.Server, bucket, func(l *s3.Ledger) { s3.SetLimits(l, 3, 1<<20, 2) })
}
