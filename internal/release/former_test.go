package release_test

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// keyOf is a release of the world under that name.
func keyOf(service string) release.Key {
	return release.Key{Service: service, Environment: key.Environment}
}

// as ships a payload under a name, as one that was renamed from another, nil for none. It
// must succeed.
func as(t *testing.T, w *world, service string, p artifact.Payload, from *release.Key) release.Outcome {
	t.Helper()
	req := request(p)
	req.Spec.Service, req.PreviousName = service, from
	out, err := w.engine("a", nil).Ship(t.Context(), req)
	if err != nil {
		t.Fatalf("%s as %s: %v", p.Label(), service, err)
	}
	return out
}

// letGo ends the management of a release, as a destroy does.
func letGo(t *testing.T, w *world, service string) *release.Key {
	t.Helper()
	key := keyOf(service)
	if err := w.engine("a", nil).Release(t.Context(), key, owner, "renamed"); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	return &key
}

// formers gives the names from which a release goes on, with a star where nothing was carried.
func formers(t *testing.T, w *world, service string) []string {
	t.Helper()
	h, err := w.engine("a", nil).Load(t.Context(), keyOf(service))
	if err != nil {
		t.Fatal(err)
	}
	list, err := release.Formers(t.Context(), w.ledger, h)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range list {
		name := f.Key.Service
		if !f.Carried {
			name += "*"
		}
		names = append(names, name)
	}
	return names
}

// deaf is a ledger that finds nothing across streams.
type deaf struct{ ledger.Ledger }

func (deaf) Query(context.Context, ledger.Filter) ([]ledger.Record, error) {
	return nil, errors.New("connection refused")
}

func TestAReleaseThatComesBackToANameShipsWhatThatNameServedLast(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	as(t, w, "checkout", good, nil)
	as(t, w, "basket", payload("1.0.3"), letGo(t, w, "checkout"))
	out := as(t, w, "checkout", good, letGo(t, w, "basket"))
	if s := w.observe().Baseline; out.Result != release.Shipped || s == nil || !s.Payload.Same(good) {
		t.Fatalf("%s, and the target serves %+v", out.Result, s)
	}
	if p := out.History.Previous(); p == nil || !p.Same(payload("1.0.3")) {
		t.Errorf("it would go back to %v, and 1.0.3 was the last before", p)
	}
	if got := formers(t, w, "checkout"); !slices.Equal(got, []string{"basket"}) {
		t.Errorf("it goes on from %v", got)
	}
}

func TestWhoManagesAReleaseAgainLooksWhatServes(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	letGo(t, w, "checkout")
	w.serve(t, good)
	out := as(t, w, "checkout", old, nil)
	if s := w.observe().Baseline; out.Result != release.Shipped || s == nil || !s.Payload.Same(old) {
		t.Errorf("%s, and the target serves %+v", out.Result, s)
	}
}

func TestWhatANameHasLearntMeanwhileIsCarriedOverAgain(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	as(t, w, "basket", old, letGo(t, w, "checkout"))
	back := letGo(t, w, "basket")
	as(t, w, "checkout", old, back)
	if err := w.engine("a", nil).Quarantine(t.Context(), key, bad, "corrupts baskets"); err != nil {
		t.Fatal(err)
	}
	out := as(t, w, "basket", old, letGo(t, w, "checkout"))
	if _, there := out.History.Quarantine[bad.Key()]; !there {
		t.Fatal("what was found bad under the other name may be released again")
	}
	// Once is enough: what was lifted since stays lifted.
	if err := w.engine("a", nil).Lift(t.Context(), keyOf("basket"), bad.Key(), "it was the database"); err != nil {
		t.Fatal(err)
	}
	letGo(t, w, "basket")
	out = as(t, w, "basket", old, &key)
	if len(out.History.Quarantine) > 0 || len(out.Warnings) > 0 {
		t.Errorf("carried over a second time: %v, %q", out.History.Quarantine, out.Warnings)
	}
}

func TestAnUnknownPreviousNameIsSaidAndMayBeMended(t *testing.T) {
	w := newWorld(t)
	ship(t, w, old)
	if err := w.engine("a", nil).Quarantine(t.Context(), key, bad, "corrupts baskets"); err != nil {
		t.Fatal(err)
	}
	letGo(t, w, "checkout")
	typo := keyOf("chekout")
	out := as(t, w, "basket", old, &typo)
	if len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "the ledger knows no release chekout/production") {
		t.Errorf("warnings: %q", out.Warnings)
	}
	out = as(t, w, "basket", old, &key)
	if _, there := out.History.Quarantine[bad.Key()]; !there || len(out.Warnings) > 0 {
		t.Errorf("after it was mended: %v, %q", out.History.Quarantine, out.Warnings)
	}
}

func TestAReleaseIsToldWhoHadItsTarget(t *testing.T) {
	w := upgrade(t)
	ship(t, w, old)
	if err := w.engine("a", nil).Quarantine(t.Context(), key, bad, "corrupts baskets"); err != nil {
		t.Fatal(err)
	}
	letGo(t, w, "checkout")
	out := as(t, w, "basket", old, nil)
	if len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "checkout/production had this target before basket/production did, and has an artifact in quarantine") {
		t.Errorf("warnings: %q", out.Warnings)
	}
	if got := formers(t, w, "basket"); !slices.Equal(got, []string{"checkout*"}) {
		t.Errorf("it goes on from %v", got)
	}
	if out := as(t, w, "basket", good, nil); strings.Contains(strings.Join(out.Warnings, "\n"), "had this target") {
		t.Errorf("it is said again: %q", out.Warnings)
	}
	// A further name carries what basket had, and checkout's is still nobody's.
	as(t, w, "cart", good, letGo(t, w, "basket"))
	if got := formers(t, w, "cart"); !slices.Equal(got, []string{"basket", "checkout*"}) {
		t.Errorf("it goes on from %v", got)
	}
	if got := formers(t, w, "checkout"); got != nil {
		t.Errorf("the first of all goes on from %v", got)
	}
}

func TestWhoHadAnotherTargetOrLongAgoIsNoFormerRelease(t *testing.T) {
	for name, change := range map[string]func(w *world, req *release.ShipRequest){
		"another target": func(_ *world, req *release.ShipRequest) {
			req.Spec.Target.Config = json.RawMessage(`{"url": "elsewhere"}`)
		},
		"long ago":    func(w *world, _ *release.ShipRequest) { w.clock.Advance(25 * time.Hour) },
		"no ledger":   func(w *world, _ *release.ShipRequest) {},
		"still there": func(w *world, _ *release.ShipRequest) {},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			ship(t, w, old)
			if name != "still there" {
				letGo(t, w, "checkout")
			}
			req := request(old)
			req.Spec.Service = "basket"
			change(w, &req)
			e := w.engine("a", nil)
			if name == "no ledger" {
				e.Ledger = deaf{e.Ledger}
			}
			out, err := e.Ship(t.Context(), req)
			if err != nil || len(out.Warnings) > 0 {
				t.Errorf("%v, warnings %q", err, out.Warnings)
			}
			if got := formers(t, w, "basket"); name != "no ledger" && got != nil {
				t.Errorf("it goes on from %v", got)
			}
		})
	}
}
