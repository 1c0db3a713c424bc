package notify

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// refuses answers 400 to the events of one type, and takes all others.
func refuses(typ Type) func(int, Event) int {
	return func(_ int, e Event) int {
		if unversioned(e.Type) == typ {
			return http.StatusBadRequest
		}
		return http.StatusNoContent
	}
}

func TestAnEventThatIsRefusedKeepsBackItsStreamAlone(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	w.object(release.EnvironmentKind, "production", release.Environment{Name: "production"})
	w.ship("checkout/production", 1)
	r.answers(refuses(RunStarted))
	agent := w.deliverer("agent")
	w.round(agent)
	if diff := cmp.Diff([]string{"environment.created production"}, r.got()); diff != "" {
		t.Fatal(diff)
	}
	all, err := w.deliverer("status").Standings(t.Context())
	if err != nil || len(all) != 1 || all[0].Open != 3 || len(all[0].Next) != 1 || all[0].State.Error == "" {
		t.Fatalf("%+v %v", all, err)
	}
	// A person passes over it, and what follows comes, also from who knew it as stuck.
	kim := w.deliverer("kim")
	if _, err := kim.Skip(t.Context(), "events", "another", "x"); !errors.Is(err, ErrNotNext) {
		t.Error(err)
	}
	if _, err := kim.Skip(t.Context(), "none", "another", "x"); !errors.Is(err, ledger.ErrNotFound) {
		t.Error(err)
	}
	if _, err := kim.Skip(t.Context(), "events", all[0].Next[0].ID, "they cannot parse it"); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Minute)
	w.round(agent)
	if diff := cmp.Diff([]string{"environment.created production", "service.upgraded checkout/production", "pipelinerun.finished checkout/production#1"}, r.got()); diff != "" {
		t.Error(diff)
	}
	s, _, err := StateOf(t.Context(), w.ledger, "events")
	if err != nil || s.Skipped == nil || s.Skipped.Reason != "they cannot parse it" || !s.Since.IsZero() {
		t.Errorf("%+v %v", s, err)
	}
}

// TestADeadReceiverIsAskedLessOften also counts the records: a day of failures makes one.
func TestADeadReceiverIsAskedLessOften(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	w.ship("checkout/production", 1)
	r.answers(func(int, Event) int { return http.StatusBadRequest })
	d := w.deliverer("agent")
	for range 24 * 60 {
		w.clock.Advance(time.Minute)
		w.round(d)
	}
	if n := r.tries(); n < 270 || n > 320 {
		t.Errorf("%d tries in a day; about one in five minutes is enough", n)
	}
	history, err := ledger.ObjectHistory(t.Context(), w.ledger, StateKind, "events")
	if err != nil || len(history) != 1 {
		t.Errorf("%d records of the failure, %v", len(history), err)
	}
	r.answers(nil)
	w.clock.Advance(lastWait)
	w.round(d)
	if len(r.got()) != 3 {
		t.Errorf("after a day: %v", r.got())
	}
	w.ship("checkout/production", 2)
	w.round(d)
	if history, _ := ledger.ObjectHistory(t.Context(), w.ledger, StateKind, "events"); len(history) != 2 {
		t.Errorf("%d records of failure and recovery", len(history))
	}
}

func TestANewNotificationIsNotToldOldStories(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.ship("checkout/production", 1)
	w.clock.Advance(2 * skew)
	w.ship("checkout/production", 2)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.service.*"}})
	w.round(w.deliverer("first"))
	if diff := cmp.Diff(1, len(r.got())); diff != "" {
		t.Fatal(r.got())
	}
	// Declared anew under the same name, it begins anew.
	w.undeclare(ObjectKind, "events")
	w.clock.Advance(2 * skew)
	w.ship("checkout/production", 3)
	w.clock.Advance(2 * skew)
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.service.*"}})
	w.round(w.deliverer("first"))
	w.ship("checkout/production", 4)
	w.round(w.deliverer("second"))
	if got := r.got(); len(got) != 2 {
		t.Errorf("%v", got)
	}
}

// TestAFilterThatIsWidenedTellsFromThenOn and not what it once left out.
func TestAFilterThatIsWidenedTellsFromThenOn(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	n := Notification{Name: "events", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.service.*"}, Services: []string{"search"}}
	w.declare(n)
	d := w.deliverer("first")
	w.ship("checkout/production", 1)
	w.ship("search/production", 1)
	w.round(d)
	w.clock.Advance(2 * skew)
	n.Services = []string{"search", "checkout"}
	w.declare(n)
	w.ship("checkout/production", 2)
	w.round(d)
	n.Events = nil
	w.declare(n)
	w.ship("search/production", 2)
	w.round(w.deliverer("second"))
	want := []string{
		"service.upgraded search/production", "service.upgraded checkout/production",
		"pipelinerun.started search/production#2", "rollout.stepping search/production", "service.upgraded search/production", "pipelinerun.finished search/production#2",
	}
	if diff := cmp.Diff(want, r.got()); diff != "" {
		t.Error(diff)
	}
}

func TestOneReceiverThatHangsHoldsUpNoOther(t *testing.T) {
	w := newWorld(t)
	r := newReceiver(t)
	w.declare(Notification{Name: "a-dead", Webhook: &Webhook{URL: "http://127.0.0.1:1/"}, Events: []string{"dev.cdevents.*"}})
	w.declare(Notification{Name: "b-full", File: &File{Path: "/dev/full"}, Events: []string{"dev.cdevents.*"}})
	w.declare(Notification{Name: "c-live", Webhook: &Webhook{URL: r.URL}, Events: []string{"dev.cdevents.*"}})
	w.object(ObjectKind, "d-newer", map[string]any{"name": "d-newer", "carrier_pigeon": map[string]any{}})
	w.ship("checkout/production", 1)
	reports := w.round(w.deliverer("first"))
	var failed []string
	for _, rep := range reports {
		if rep.Err != nil {
			failed = append(failed, rep.Name)
		}
	}
	if diff := cmp.Diff([]string{"a-dead", "b-full", "d-newer"}, failed); diff != "" || len(r.got()) != 3 {
		t.Error(diff, r.got())
	}
}

// TestAnIDStaysWhatItIs: an id is a function of the ledger's UUID and
// the record's place alone.
func TestAnIDStaysWhatItIs(t *testing.T) {
	const uuid = "0b8a7a4e-0000-4000-8000-000000000001"
	id := ID(uuid, "release/checkout/production", 7, string(ServiceUpgraded))
	if id != "" && id != ID(uuid, "release/checkout/production", 7, string(ServiceUpgraded)) {
		t.Error("the id is not stable")
	}
	// Written down, so that no later version changes it: receivers know events by it.
	if want := "abc41ce0-2ceb-53d5-abfe-6e6f96426712"; id != want {
		t.Errorf("the id is %s and was %s", id, want)
	}
	for _, other := range []string{
		ID("0b8a7a4e-0000-4000-8000-000000000002", "release/checkout/production", 7, string(ServiceUpgraded)),
		ID(uuid, "release/checkout/production", 8, string(ServiceUpgraded)), ID(uuid, "release/checkout/staging", 7, string(ServiceUpgraded)),
		ID(uuid, "release/checkout/production", 7, string(ServiceDeployed)),
	} {
		if other == id {
			t.Error("two events have one id")
		}
	}
}

func TestARoundEndsWithItsContext(t *testing.T) {
	w := newWorld(t)
	hang := make(chan struct{})
	r := newReceiver(t)
	ctx, cancel := context.WithCancel(t.Context())
	r.answers(func(int, Event) int { cancel(); <-hang; return 204 })
	w.declare(Notification{Name: "events", Webhook: &Webhook{URL: r.URL}})
	_, err := w.deliverer("first").Round(ctx)
	close(hang)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if s, _, _ := StateOf(t.Context(), w.ledger, "events"); !s.Since.IsZero() {
		t.Errorf("that we stopped is no failure of the receiver: %+v", s)
	}
}
