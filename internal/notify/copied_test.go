package notify

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	ledgers "github.com/sluice/terraform-provider-sluice/internal/ledger/all"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/copying"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// opened opens a ledger until the test ends.
func opened(t *testing.T, url string, opts ledgers.Options) ledger.Ledger {
	t.Helper()
	opts.Clock = clock.System{}
	l, err := ledgers.Open(t.Context(), url, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// TestACopyOfTheLedgerTellsWithTheSameIDs moves a ledger from a file to a bucket while
// deliveries are open. What was told before and what is told from the copy are the same
// events: whoever keeps their ids sees none twice and misses none.
func TestACopyOfTheLedgerTellsWithTheSameIDs(t *testing.T) {
	s3test.Env(t.Setenv)
	store := s3test.Fake(t)
	from, to := "sqlite:"+filepath.Join(t.TempDir(), "ledger.db"), store.URL(store.Bucket(t), "acme")
	w := newWorld(t)
	w.on = opened(t, from, ledgers.Options{})
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	for i := 1; i <= 2; i++ {
		w.ship("checkout/production", i)
		w.ship("search/production", i)
	}
	r.answers(func(n int, _ Event) int {
		if n < 5 {
			return 204
		}
		return 503
	})
	w.round(w.deliverer("before"))
	before, told := idsOf(w.all()), len(r.taken())
	if told < 5 || told >= len(before) {
		t.Fatalf("%d of %d events were told", told, len(before))
	}

	id, err := w.on.ID(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	copied := opened(t, to, ledgers.Options{CopyOf: id})
	c := copying.Copy{
		From: w.on.(ledger.Source), To: copied.(ledger.Destination), FromPlace: from, ToPlace: to, Actor: "kim@acme", Clock: clock.System{}, //nolint:forcetypeassert // Every driver is both.
	}
	if _, err := c.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.on = opened(t, to, ledgers.Options{MustExist: true})
	after := idsOf(w.all())
	for _, id := range before {
		if !slices.Contains(after, id) {
			t.Errorf("the copy does not tell %s", id)
		}
	}
	w.ship("checkout/production", 3)
	r.answers(func(int, Event) int { return 204 })
	w.clock.Advance(time.Hour)
	w.round(w.deliverer("after"))
	atLeastOnce(t, w, r.taken())
}
