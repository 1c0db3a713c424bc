package hold_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/gate/quarantine"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// A hold, and a quarantine, of a scope above stop what lies below; one that cannot be
// read is unknown.
func TestWhatStopsAboveStopsBelow(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	acme, retail := mem.New(at), mem.New(at)
	if _, err := scope.Bind(t.Context(), acme, scope.Config{Scope: "acme"}, "x", at); err != nil {
		t.Fatal(err)
	}
	c, _ := scope.Given("mem:retail", "acme/retail", map[string]string{"acme": "mem:acme"})
	var away error
	view := func() ledger.Ledger {
		return scope.New(retail, c, func(context.Context, string) (ledger.Ledger, error) { return acme, away }, clock.NewFake(at))
	}
	payload := artifact.Payload{Artifact: artifact.Artifact{Version: "1.0.0", Reference: "registry.example/checkout@sha256:" + strings.Repeat("a", 64)}}
	s := gate.Subject{Service: "checkout", Environment: "production", Payload: payload}
	gates := func() []gate.Gate { l := view(); return []gate.Gate{hold.New(l), quarantine.New(l)} }
	for _, g := range gates() {
		if got := g.Check(t.Context(), s, at); got.Status != gate.Pass {
			t.Errorf("%+v", got)
		}
	}
	if err := hold.Place(t.Context(), acme, hold.Hold{Scope: "environment/production", Reason: "audit", By: "kim@acme", At: at}); err != nil {
		t.Fatal(err)
	}
	key := release.Key{Service: "checkout", Environment: "production"}
	if err := (&release.Engine{Ledger: acme, Clock: clock.NewFake(at), Actor: "kim@acme"}).Quarantine(t.Context(), key, payload, "leaks"); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"the environment production is on hold by kim@acme for the scope acme since", "1.0.0 is quarantined: leaks (by kim@acme, 2026-03-02 09:00Z), in the scope acme"} {
		got := gates()[i].Check(t.Context(), s, at)
		if got.Status != gate.Fail || !strings.HasPrefix(got.Reason, want) || !strings.Contains(got.Remedy, "in the ledger of the scope acme") {
			t.Errorf("%+v, want %q", got, want)
		}
	}
	away = errors.New("no route to host")
	for _, g := range gates() {
		if got := g.Check(t.Context(), s, at); got.Status != gate.Unknown || !strings.Contains(got.Reason, "no route to host") || got.Remedy == "" {
			t.Errorf("%+v", got)
		}
	}
	if list, err := hold.Everywhere(t.Context(), view()); err == nil || len(list) != 0 {
		t.Errorf("%v, %v", list, err)
	}
}
