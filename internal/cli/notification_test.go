package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/notify"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// notified declares a notification.
func (w *world) notified(n notify.Notification) {
	w.t.Helper()
	raw, err := json.Marshal(n)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := n.Validate().Err(); err != nil {
		w.t.Fatal(err)
	}
	l := w.open()
	defer func() { _ = l.Close() }() // It is opened anew by each command.
	if _, err := ledger.PutObject(w.t.Context(), l, ledger.Put{Kind: notify.ObjectKind, Name: n.Name, Content: raw, Actor: "kim@acme", At: w.clock.Now()}); err != nil {
		w.t.Fatal(err)
	}
}

// listener is a webhook that answers with a status and keeps the types it was sent.
type listener struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	types  []string
}

func listening(t *testing.T) *listener {
	l := &listener{status: http.StatusNoContent}
	l.Server = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, req *http.Request) {
		var e notify.Event
		body, err := io.ReadAll(req.Body)
		if err == nil {
			err = json.Unmarshal(body, &e)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if err == nil && l.status < 300 {
			l.types = append(l.types, e.Type)
		}
		rw.WriteHeader(l.status)
	}))
	t.Cleanup(l.Close)
	return l
}

func (l *listener) answers(status int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.status = status
}

func (l *listener) took() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string{}, l.types...)
}

func TestACommandDeliversWhatItDid(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	hook := listening(t)
	w.notified(notify.Notification{Name: "events", Webhook: &notify.Webhook{URL: hook.URL}, Events: []string{"dev.cdevents.*", "dev.cdeventsx.sluice-hold.*"}})
	w.clock.Advance(time.Hour)
	w.broken(good, 2)
	w.expect(Done, "hold", "environment/production", "--reason", "moving")
	w.expect(Done, "hold", "lift", "environment/production", "--reason", "moved")
	w.expect(Done, "continue", "checkout/production")
	want := []string{
		"dev.cdevents.pipelinerun.started.0.3.0", "dev.cdeventsx.sluice-hold.placed.0.1.0", "dev.cdeventsx.sluice-hold.lifted.0.1.0",
		"dev.cdevents.service.upgraded.0.3.0", "dev.cdevents.pipelinerun.finished.0.3.0",
	}
	// The first rollout ended just before the notification was declared, within the skew
	// of clocks that is allowed for. Streams are told side by side.
	counts := map[string]int{}
	for _, typ := range hook.took() {
		counts[typ]++
	}
	for _, typ := range want {
		if counts[typ] == 0 {
			t.Errorf("nobody was told of %s: %v", typ, counts)
		}
	}
	contains(t, w.expect(Done, "notification", "status").out, "events", "0", "work", "webhook "+hook.URL)
}

// stuck is a world in which a receiver refuses an event.
func stuck(w *world) *listener {
	w.shipped(first)
	w.clock.Advance(time.Hour)
	hook := listening(w.t)
	w.notified(notify.Notification{Name: "events", Webhook: &notify.Webhook{URL: hook.URL}, Events: []string{"dev.cdeventsx.sluice-hold.*"}})
	hook.answers(http.StatusBadRequest)
	w.expect(Done, "hold", "environment/production", "--reason", "moving")
	return hook
}

// nextEvent is the id of the event that is open.
func (w *world) nextEvent() string {
	w.t.Helper()
	var all []standingJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "notification", "status", "--json").out), &all); err != nil || len(all) != 1 || len(all[0].Next) != 1 {
		w.t.Fatal(err, all)
	}
	return all[0].Next[0].ID
}

func TestWhatIsOpenIsShownAndDelivered(t *testing.T) {
	w := newWorld(t)
	hook := stuck(w)
	w.clock.Advance(2 * time.Hour)
	status := w.expect(Done, "notification", "status").out
	golden(t, "notification-status.txt", strings.ReplaceAll(status, hook.URL, "http://127.0.0.1:1"))
	r := w.expect(Failed, "notification", "deliver")
	contains(t, r.out+r.errors, "events: 0 events delivered", `the notification "events" stays open: the webhook answered with status 400`)
	var all []standingJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "notification", "status", "--json").out), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Open != 1 || all[0].FailingSince == nil || len(all[0].Next) != 1 || all[0].Error == "" {
		t.Fatalf("%+v", all)
	}
	w.expect(Done, "hold", "lift", "environment/production", "--reason", "moved")
	contains(t, w.expect(BadUsage, "notification", "skip", "events", all[0].Next[0].ID).errors, "--reason")
	contains(t, w.expect(Failed, "notification", "skip", "events", "x", "--reason", "y").errors, "not the next event", "sluice notification status")
	contains(t, w.expect(Done, "notification", "skip", "events", all[0].Next[0].ID, "--reason", "they cannot parse it").out, "Passed over: dev.cdeventsx.sluice-hold.placed.0.1.0 of environment/production")
	hook.answers(http.StatusAccepted)
	contains(t, w.expect(Done, "notification", "deliver").out, "events: 1 event delivered")
	if diff := cmp.Diff([]string{"dev.cdeventsx.sluice-hold.lifted.0.1.0"}, hook.took()); diff != "" {
		t.Error(diff)
	}
	contains(t, w.expect(BadUsage, "notification", "deliver", "--timeout", "soon").errors, "--timeout", "not a duration")
}

// tellTime is how long the commands of the test wait for receivers at their end.
const tellTime = 400 * time.Millisecond

// reverted makes a rollout, takes it back with the command, and says how long it was
// until the target was asked to revert, and until the command ended.
func reverted(t *testing.T, n *notify.Notification, command ...string) (revert, end time.Duration) {
	t.Helper()
	w := newWorld(t)
	w.tellTime = tellTime
	w.shipped(first)
	if n != nil {
		w.notified(*n)
	}
	w.clock.Advance(time.Hour)
	carries, code := good, Done
	if command[0] == "continue" {
		carries, code = bad, RolledBack
	}
	w.broken(carries, 2)
	began := clock.System{}.Now()
	w.stop = func(verb string) {
		if verb == sim.VerbRevert && revert == 0 {
			revert = clock.System{}.Now().Sub(began)
		}
	}
	w.expect(code, command...)
	end = clock.System{}.Now().Sub(began)
	w.serves("1.0.0")
	if revert == 0 {
		t.Fatal("nothing was reverted")
	}
	return revert, end
}

// TestARollbackWaitsForNoReceiver takes rollouts back, by a person's word and by the
// judge's, while receivers hang for ever, are full, or cannot be asked.
func TestARollbackWaitsForNoReceiver(t *testing.T) {
	over := make(chan struct{})
	hangs := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(hangs.Close)
	t.Cleanup(func() { close(over) })
	hook := func(w notify.Webhook) notify.Notification {
		w.Timeout = field.Duration(notify.MaxTimeout)
		return notify.Notification{Name: "events", Webhook: &w}
	}
	receivers := map[string]notify.Notification{
		"a webhook that hangs":      hook(notify.Webhook{URL: hangs.URL}),
		"a secret that hangs":       hook(notify.Webhook{URL: hangs.URL, Token: &credential.Reference{Command: []string{"sleep", "10"}}}),
		"a disk that is full":       {Name: "events", File: &notify.File{Path: "/dev/full"}},
		"a folder that is not here": {Name: "events", File: &notify.File{Path: filepath.Join(t.TempDir(), "none", "events.jsonl")}},
	}
	// What a busy machine may add; a receiver would add seconds.
	const noise = 1500 * time.Millisecond
	for _, command := range [][]string{{"abort", "checkout/production", "--reason", "slow"}, {"continue", "checkout/production"}} {
		alone, _ := reverted(t, nil, command...)
		for name, n := range receivers {
			revert, end := reverted(t, &n, command...)
			t.Logf("%s, %s: reverted after %s (%s without), ended after %s", command[0], name, revert, alone, end)
			if revert > alone+noise {
				t.Errorf("%s, %s: the revert came after %s, and without a receiver after %s", command[0], name, revert, alone)
			}
			if end > alone+tellTime+noise {
				t.Errorf("%s, %s: the command ended after %s only", command[0], name, end)
			}
		}
	}
}
