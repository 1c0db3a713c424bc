package notify

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// counts counts the calls by their kinds, of whoever is made from now on.
func (w *world) counts() func() map[string]int {
	var mu sync.Mutex
	n := map[string]int{}
	w.on = w.ledger
	w.ledger.Fault = func(op string, phase mem.Phase) error {
		mu.Lock()
		defer mu.Unlock()
		if phase == mem.Before {
			n[op]++
		}
		return nil
	}
	return func() map[string]int {
		mu.Lock()
		defer mu.Unlock()
		out := n
		n = map[string]int{}
		return out
	}
}

// declareForCost makes many releases and a notification that has been told of them.
func (w *world) declareForCost(r *receiver, releases int) {
	w.Helper()
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	for n := range releases {
		w.append(fmt.Sprintf("service-%02d/production", n), release.KindAdopted, 0, release.AdoptedBody{})
	}
	w.round(w.deliverer("first"))
}

func TestAFreshProcessDoesNotAskForEachStream(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declareForCost(r, 40)
	w.ship("service-07/production", 1)
	counted := w.counts()
	w.round(w.deliverer("second"))
	if n := counted(); n["heads"] == 0 || n["lease"]+n["query"]+n["read"] > 20 {
		t.Errorf("with 40 releases, a round took %v", n)
	}
	if got := r.got(); len(got) != 3 {
		t.Error(got)
	}
}

func TestARoundCostsWhatIsNewAndNotWhatStands(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declareForCost(r, 40)
	counted := w.counts()
	d := w.deliverer("agent")
	w.round(d)
	for range 3 {
		w.clock.Advance(30 * time.Second)
		w.append("service-03/production", release.KindTick, 0, release.TickBody{})
		counted()
		w.round(d)
		n := counted()
		// Those of the notifications are heads, too.
		if diff := cmp.Diff(map[string]int{"heads": 1, "query": 1}, n); diff != "" {
			t.Error(diff)
		}
	}
	w.ship("service-03/production", 1)
	w.round(d)
	if got := r.got(); len(got) != 3 {
		t.Error(got)
	}
}

func TestWhatAWrongClockDatesBackIsFoundByTheSweep(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declareForCost(r, 2)
	w.clock.Advance(time.Hour)
	d := w.deliverer("agent")
	w.round(d)
	_, err := w.ledger.Append(t.Context(), releasePrefix+"service-00/production", 1, ledger.Entry{
		ID: "late", Kind: release.KindOpened, At: w.clock.Now().Add(-20 * time.Minute), Actor: "ci@acme",
		Service: "service-00", Environment: "production", Body: []byte(`{"number":1,"kind":"forward","spec":{"payload":{}}}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	for waited := time.Duration(0); len(r.got()) == 0; waited += 30 * time.Second {
		if waited > sweepEvery {
			t.Fatalf("not told after %s", waited)
		}
		w.clock.Advance(30 * time.Second)
		w.round(d)
	}
}
