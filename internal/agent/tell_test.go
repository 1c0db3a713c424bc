package agent_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// declare makes a notification of everything for a webhook.
func (w *world) declare(url string) {
	w.t.Helper()
	content, err := json.Marshal(notify.Notification{Name: "events", Webhook: &notify.Webhook{URL: url}})
	if err == nil {
		_, err = ledger.PutObject(w.t.Context(), w.ledger, ledger.Put{Kind: notify.ObjectKind, Name: "events", Content: content, Actor: "kim", At: w.clock.Now()})
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

// tells gives an agent a deliverer, as the command does.
func (w *world) tells(o *agent.Options) {
	d := &notify.Deliverer{Ledger: w.ledger, Clock: w.clock, Actor: o.Actor, Holder: o.Holder, UserAgent: "sluice/test"}
	o.Tell = func(ctx context.Context) error {
		_, err := d.Round(ctx)
		return err
	}
}

// What somebody else recorded, and did not live to tell, the agent tells.
func TestTheAgentTellsWhatAnotherRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	var told atomic.Int64
	receiver := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var e notify.Event
		if err := json.NewDecoder(r.Body).Decode(&e); err != nil {
			t.Error(err)
		}
		if e.Subject == keyOf(0).String() {
			told.Add(1)
		}
		rw.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(receiver.Close)
	w.declare(receiver.URL)
	e := w.engine(w.ledger, "apply")
	if _, err := e.Ship(t.Context(), release.ShipRequest{Spec: w.spec(keyOf(0), old), Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001"}}); err != nil {
		t.Fatal(err)
	}
	r := w.run("a", w.tells)
	w.until("it is told", func() bool { return told.Load() > 0 })
	r.stop()
	<-r.done
	if r.err != nil {
		t.Error(r.err)
	}
}

// A receiver that never answers delays no look at a rollout, and no leave.
func TestADeadReceiverDelaysNoRollout(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	var asked atomic.Int64
	over := make(chan struct{})
	receiver := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked.Add(1)
		<-over
	}))
	t.Cleanup(func() { close(over); receiver.Close() })
	w.declare(receiver.URL)
	w.begin(keyOf(0), good)
	r := w.run("a", w.tells)
	w.until("the receiver hangs", func() bool { return asked.Load() > 0 })
	w.begin(keyOf(1), good)
	for n := range 2 {
		w.until("the rollout ends", w.ended(keyOf(n), 1))
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("the receiver did not hang all the while: it was asked %d times", n)
	}
	records, err := w.ledger.Read(t.Context(), keyOf(1).Stream(), 1)
	if err != nil {
		t.Fatal(err)
	}
	// Each look is due 0.1 s after the one before; a call of the receiver may take 10 s.
	var last time.Time
	for _, rec := range records {
		if late := rec.At.Sub(last); !last.IsZero() && late > 5*time.Second {
			t.Errorf("record %d, %s, came %s after the one before", rec.Seq, rec.Kind, late)
		}
		last = rec.At
	}
	left := w.clock.Now()
	r.stop()
	<-r.done
	if took := w.clock.Now().Sub(left); r.err != nil || took > 5*time.Second {
		t.Errorf("the agent left after %s, %v", took, r.err)
	}
}
