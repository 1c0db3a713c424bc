package notify

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

var start = time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)

// world is a ledger in memory with a clock that sleeps at once.
type world struct {
	*testing.T
	clock  *clock.Fake
	ledger *mem.Ledger
	// on, if set, is the ledger that is written to instead.
	on ledger.Ledger
}

// store is the ledger that the world writes to.
func (w *world) store() ledger.Ledger {
	if w.on != nil {
		return w.on
	}
	return w.ledger
}

// handle is the ledger as another process has it.
func (w *world) handle() ledger.Ledger {
	if w.on != nil {
		return w.on
	}
	return w.ledger.Handle()
}

// clockless bounds a child, which has no test.
func clockless(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func newWorld(t *testing.T) *world {
	c := clock.NewAuto(start)
	return &world{T: t, clock: c, ledger: mem.New(c.Now())}
}

// deliverer makes a deliverer, as a process of its own.
func (w *world) deliverer(holder string) *Deliverer {
	return &Deliverer{Ledger: w.handle(), Clock: w.clock, Actor: "ci@acme", Holder: holder, UserAgent: "sluice/test"}
}

// declare puts a notification into the ledger.
func (w *world) declare(n Notification) {
	w.Helper()
	if errs := n.Validate(); len(errs) > 0 {
		w.Fatal(errs)
	}
	w.object(ObjectKind, n.Name, n)
}

// object puts a declared object.
func (w *world) object(kind, name string, content any) {
	w.Helper()
	raw, err := json.Marshal(content)
	if err != nil {
		w.Fatal(err)
	}
	var revision uint64
	if o, err := ledger.GetObject(w.Context(), w.store(), kind, name); err == nil {
		revision = o.Revision
	}
	if _, err := ledger.PutObject(w.Context(), w.store(), ledger.Put{Kind: kind, Name: name, Expected: revision, Content: raw, Actor: "kim@acme", At: w.clock.Now()}); err != nil {
		w.Fatal(err)
	}
}

func (w *world) undeclare(kind, name string) {
	w.Helper()
	o, err := ledger.GetObject(w.Context(), w.store(), kind, name)
	if err == nil {
		err = ledger.DeleteObject(w.Context(), w.store(), ledger.Delete{Kind: kind, Name: name, Expected: o.Revision, Actor: "kim@acme", At: w.clock.Now()})
	}
	if err != nil {
		w.Fatal(err)
	}
}

// append adds a record to the stream of a release, of a rollout where the number is
// not 0.
func (w *world) append(key, kind string, rollout int, body any) ledger.Record {
	w.Helper()
	return w.appendTo(releasePrefix+key, kind, rollout, body)
}

// appendTo appends to any stream; what drift checks found is of checkout.
func (w *world) appendTo(stream, kind string, rollout int, body any) ledger.Record {
	w.Helper()
	records, err := w.store().Read(w.Context(), stream, 1)
	if err != nil {
		w.Fatal(err)
	}
	raw, err := json.Marshal(body)
	if err != nil {
		w.Fatal(err)
	}
	if rollout > 0 {
		raw = append(fmt.Appendf(nil, `{"rollout":%d,`, rollout), raw[1:]...)
	}
	service, environment := coverage(stream)
	if strings.HasPrefix(stream, drift.StreamPrefix) {
		service, environment = "checkout", "production"
	}
	w.clock.Advance(time.Second)
	rec, err := w.store().Append(w.Context(), stream, uint64(len(records)), ledger.Entry{
		ID: fmt.Sprintf("%s-%d", kind, len(records)), Kind: kind, At: w.clock.Now(), Actor: "ci@acme", Service: service, Environment: environment, Body: raw,
	})
	if err != nil {
		w.Fatal(err)
	}
	return rec
}

var (
	one = payload("1.0.0", "1")
	two = payload("1.1.0", "2")
)

func payload(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/shop/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

// opens is the first record of a rollout from one to two.
func opens(number int) release.OpenedBody {
	return release.OpenedBody{Number: number, Kind: release.Forward, Spec: release.Spec{Payload: two}, Baseline: &one}
}

// ship appends a whole rollout that succeeds: one record of each kind that matters.
func (w *world) ship(key string, number int) {
	w.Helper()
	w.append(key, release.KindOpened, number, opens(number))
	w.append(key, move(release.Stepping), number, release.MoveBody{From: release.Preparing})
	w.append(key, release.KindTick, number, release.TickBody{})
	w.append(key, move(release.Succeeded), number, release.MoveBody{From: release.Completing})
}

// receiver is a webhook. It keeps what it was sent.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	events   []Event
	requests []*http.Request
	bodies   [][]byte
	// answer gives the status for the n-th request, from 0 on; nil is 204.
	answer func(n int, e Event) int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		var e Event
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		if err != nil {
			t.Errorf("the webhook got what is no event: %v: %s", err, body)
		}
		r.mu.Lock()
		n := len(r.requests)
		r.requests, r.bodies = append(r.requests, req), append(r.bodies, body)
		answer := r.answer
		r.mu.Unlock()
		status := http.StatusNoContent
		if answer != nil {
			status = answer(n, e)
		}
		if status < 300 {
			r.mu.Lock()
			r.events = append(r.events, e)
			r.mu.Unlock()
		}
		rw.WriteHeader(status)
	}))
	t.Cleanup(r.Close)
	return r
}

// answers sets the answer.
func (r *receiver) answers(f func(n int, e Event) int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = f
}

// got lists the events that were taken, as "type subject", without what begins all
// types.
func (r *receiver) got() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := []string{}
	for _, e := range r.events {
		out = append(out, brief(e))
	}
	return out
}

func (r *receiver) taken() []Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Event{}, r.events...)
}

func (r *receiver) tries() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.requests)
}

func brief(e Event) string {
	return strings.NewReplacer("dev.cdevents.", "", "dev.cdeventsx.sluice-", "").Replace(string(unversioned(e.Type))) + " " + e.Subject
}
