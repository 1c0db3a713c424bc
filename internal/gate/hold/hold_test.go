package hold_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

var (
	now     = time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC)
	subject = gate.Subject{Service: "checkout", Environment: "production"}
)

func stopOrder(scope hold.Scope) hold.Hold {
	return hold.Hold{Scope: scope, Reason: "database is being moved", By: "kim@acme", At: now}
}

func place(t *testing.T, l ledger.Ledger, holds ...hold.Hold) {
	t.Helper()
	for _, h := range holds {
		if err := hold.Place(context.Background(), l, h); err != nil {
			t.Fatal(err)
		}
	}
}

func TestCheck(t *testing.T) {
	timed := func(scope hold.Scope, after time.Duration) hold.Hold {
		h := stopOrder(scope)
		h.Until = now.Add(after)
		return h
	}
	cases := []struct {
		name  string
		holds []hold.Hold
		at    time.Time
		want  gate.Result
	}{
		{name: "no hold", at: now, want: gate.Result{Status: gate.Pass}},
		{name: "somebody else's environment", holds: []hold.Hold{stopOrder(hold.OfEnvironment("staging"))}, at: now, want: gate.Result{Status: gate.Pass}},
		{name: "everything", holds: []hold.Hold{stopOrder(hold.Everything)}, at: now.Add(time.Hour), want: gate.Result{
			Status: gate.Fail, Reason: "everything is on hold by kim@acme since 2026-11-27 14:03Z: database is being moved",
			Remedy: `sluice hold lift all --reason "..."`}},
		{name: "the environment, until a time", holds: []hold.Hold{timed(hold.OfEnvironment("production"), time.Hour)}, at: now, want: gate.Result{
			Status: gate.Fail, Reason: "the environment production is on hold by kim@acme since 2026-11-27 14:03Z, until 2026-11-27 15:03Z: database is being moved",
			Remedy: `sluice hold lift environment/production --reason "..."`, NextAt: now.Add(time.Hour)}},
		{name: "the service, just before its end", holds: []hold.Hold{timed(hold.OfService("checkout"), time.Hour)}, at: now.Add(time.Hour - 1), want: gate.Result{
			Status: gate.Fail, Reason: "the service checkout is on hold by kim@acme since 2026-11-27 14:03Z, until 2026-11-27 15:03Z: database is being moved",
			Remedy: `sluice hold lift service/checkout --reason "..."`, NextAt: now.Add(time.Hour)}},
		{name: "at its end", holds: []hold.Hold{timed(hold.OfService("checkout"), time.Hour)}, at: now.Add(time.Hour), want: gate.Result{Status: gate.Pass}},
		{name: "a clock that runs behind does not slip past", holds: []hold.Hold{stopOrder(hold.OfRelease("checkout", "production"))}, at: now.Add(-time.Hour), want: gate.Result{
			Status: gate.Fail, Reason: "checkout in production is on hold by kim@acme since 2026-11-27 14:03Z: database is being moved",
			Remedy: `sluice hold lift release/checkout/production --reason "..."`}},
		{name: "two that end", holds: []hold.Hold{timed(hold.OfService("checkout"), time.Hour), timed(hold.Everything, 2*time.Hour)}, at: now, want: gate.Result{
			Status: gate.Fail,
			Reason: "everything is on hold by kim@acme since 2026-11-27 14:03Z, until 2026-11-27 16:03Z: database is being moved; the service checkout is on hold by kim@acme since 2026-11-27 14:03Z, until 2026-11-27 15:03Z: database is being moved",
			Remedy: `sluice hold lift all --reason "..."; sluice hold lift service/checkout --reason "..."`, NextAt: now.Add(2 * time.Hour)}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			l := mem.New(now)
			place(t, l, c.holds...)
			c.want.Gate = "hold"
			if diff := cmp.Diff(c.want, hold.New(l).Check(context.Background(), subject, c.at)); diff != "" {
				t.Errorf("the gate's answer (-want +got):\n%s", diff)
			}
		})
	}
}

// Nobody knows when the last hold ends as soon as one of them has no end,
// whichever is read first.
func TestCheckNextOfMixed(t *testing.T) {
	for _, endless := range []hold.Scope{hold.Everything, hold.OfService("checkout")} {
		l := mem.New(now)
		for _, scope := range []hold.Scope{hold.Everything, hold.OfRelease("checkout", "production"), hold.OfService("checkout")} {
			h := stopOrder(scope)
			if scope != endless {
				h.Until = now.Add(time.Hour)
			}
			place(t, l, h)
		}
		if got := hold.New(l).Check(context.Background(), subject, now); !got.NextAt.IsZero() || got.Status != gate.Fail {
			t.Errorf("with an endless hold on %s the gate says %s, next at %s", endless, got.Status, got.NextAt)
		}
	}
}

func TestCheckUnknown(t *testing.T) {
	contents := map[string]string{
		"a field of a newer version": `{"scope":"all","reason":"r","by":"b","at":"2026-11-27T14:03:00Z","only":"tuesdays"}`,
		"another scope":              `{"scope":"service/x","reason":"r","by":"b","at":"2026-11-27T14:03:00Z"}`,
		"no reason":                  `{"scope":"all","by":"b","at":"2026-11-27T14:03:00Z"}`,
		"no object":                  `"all"`,
	}
	for name, content := range contents {
		t.Run(name, func(t *testing.T) {
			l := mem.New(now)
			if _, err := ledger.PutObject(context.Background(), l, ledger.Put{Kind: hold.ObjectKind, Name: "all", Content: json.RawMessage(content), Actor: "b", At: now}); err != nil {
				t.Fatal(err)
			}
			got := hold.New(l).Check(context.Background(), subject, now)
			if got.Status != gate.Unknown || !strings.Contains(got.Reason, `the hold on "all" (revision 1)`) {
				t.Errorf("the gate says %+v; want unknown, naming the hold", got)
			}
		})
	}
	l := mem.New(now)
	l.Fault = func(string, mem.Phase) error { return errors.New("disk on fire") }
	if got := hold.New(l).Check(context.Background(), subject, now); got.Status != gate.Unknown || !strings.Contains(got.Reason, "disk on fire") {
		t.Errorf("with a ledger that fails the gate says %+v", got)
	}
}
