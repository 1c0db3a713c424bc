package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHold(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	if r := w.expect(Done, "hold", "list"); r.out != "Nothing is on hold.\n" {
		t.Error(r.out)
	}
	r := w.expect(Done, "hold", "environment/production", "--reason", "moving the database", "--until", "2h")
	contains(t, r.out, "On hold: environment/production", "sluice hold lift environment/production")
	if r.errors != "" {
		t.Error(r.errors)
	}
	r = w.expect(Done, "hold", "service/search", "--reason", "frozen", "--until", "2026-03-09T08:00:00+01:00")
	contains(t, strings.Join(strings.Fields(r.errors), " "), "no release that the ledger knows is within service/search")

	until, later := w.clock.Now().Add(2*time.Hour), time.Date(2026, 3, 9, 7, 0, 0, 0, time.UTC)
	want := []holdJSON{
		{Scope: "environment/production", Reason: "moving the database", By: "kim@acme", At: w.clock.Now(), Until: &until, InForce: true},
		{Scope: "service/search", Reason: "frozen", By: "kim@acme", At: w.clock.Now(), Until: &later, InForce: true},
	}
	var got []holdJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "hold", "list", "--json").out), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	status := w.expect(Done, "status").out
	contains(t, status, "Holds", "environment/production  moving the database", "service/search")
	var one statusJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "status", "checkout/production", "--json").out), &one); err != nil {
		t.Fatal(err)
	}
	if len(one.Holds) != 1 || one.Holds[0].Scope != "environment/production" {
		t.Errorf("the holds of one release are %+v", one.Holds)
	}

	contains(t, w.expect(Failed, "hold", "environment/production", "--reason", "mine", "--actor", "lee@acme").errors, "on hold already")
	contains(t, w.expect(Done, "hold", "lift", "environment/production", "--reason", "moved").out, "Lifted: environment/production")
	contains(t, w.expect(Failed, "hold", "lift", "environment/production", "--reason", "moved").errors, "there is no hold of the scope environment/production to lift", "sluice hold list")

	w.clock.Set(later.Add(time.Minute))
	contains(t, w.expect(Done, "hold", "list").out, "over since 2026-03-09 07:00:00Z")
}

func TestQuarantineByHand(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.expect(Done, "quarantine", "add", "checkout/production", "1.0.0", "--reason", "old and bad")
	w.expect(Done, "quarantine", "add", "checkout/production", "sha256:1111", "--reason", "bad too")
	w.expect(Done, "quarantine", "add", "checkout/production", bad.Reference, "--reason", "never seen here")
	contains(t, w.expect(BadUsage, "quarantine", "lift", "checkout/production", "--reason", "x").errors, "more than one artifact that is quarantined", "1.0.0 (000000000000)")
	contains(t, w.expect(BadUsage, "quarantine", "lift", "checkout/production", "1.9", "--reason", "x").errors, `"1.9" is no artifact`)
	contains(t, w.expect(Done, "quarantine", "lift", "checkout/production", "1.0.0", "--reason", "x").out, "Allowed again in checkout/production: 1.0.0")
	w.expect(Done, "quarantine", "lift", "checkout", "production", "1111111", "--reason", "x")
	var list []quarantineJSON
	if err := json.Unmarshal([]byte(w.expect(Done, "quarantine", "list", "--json").out), &list); err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].Payload.Key != bad.Key() || list[0].By != "kim@acme" || list[0].Rollout != 0 {
		t.Errorf("%+v", list)
	}
	w.expect(Done, "quarantine", "lift", "checkout/production", "--reason", "x")
	contains(t, w.expect(Failed, "quarantine", "lift", "checkout/production", "--reason", "x").errors, "there is no artifact that is quarantined in checkout/production")
	if r := w.expect(Done, "quarantine", "list"); r.out != "Nothing is quarantined.\n" {
		t.Error(r.out)
	}
}
