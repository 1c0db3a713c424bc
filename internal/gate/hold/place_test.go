package hold_test

import (
	"context"
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

func TestPlaceListLift(t *testing.T) {
	ctx := context.Background()
	l := mem.New(now)
	berlin := time.FixedZone("CET", 3600)
	first := stopOrder(hold.OfEnvironment("production"))
	first.At, first.Until = now.In(berlin), now.Add(time.Hour).In(berlin)
	place(t, l, first, stopOrder(hold.Everything))

	first.At, first.Until = first.At.UTC(), first.Until.UTC()
	want := []hold.Hold{stopOrder(hold.Everything), first}
	if got, err := hold.List(ctx, l); err != nil || cmp.Diff(want, got) != "" {
		t.Fatalf("the holds are %+v, %v; want %+v", got, err, want)
	}
	for _, scope := range []hold.Scope{hold.Everything, first.Scope} {
		if err := hold.Lift(ctx, l, scope, "lee@acme", "moved", now.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
	}
	if got := hold.New(l).Check(ctx, subject, now); got.Status != gate.Pass {
		t.Errorf("after the lifting the gate says %+v", got)
	}
	history, err := ledger.ObjectHistory(ctx, l, hold.ObjectKind, "all")
	if err != nil || len(history) != 2 {
		t.Fatalf("the record of the hold: %+v, %v", history, err)
	}
	if last := history[1]; last.Actor != "lee@acme" || last.Reason != "moved" || !last.Deleted {
		t.Errorf("the record of the lifting is %+v", last)
	}
	// A scope can be put on hold again.
	place(t, l, stopOrder(hold.Everything))
	if got := hold.New(l).Check(ctx, subject, now); got.Status != gate.Fail {
		t.Errorf("after the second hold the gate says %+v", got)
	}
}

func TestPlaceOverAnother(t *testing.T) {
	ctx := context.Background()
	l := mem.New(now)
	first := stopOrder(hold.Everything)
	first.Until = now.Add(time.Hour)
	place(t, l, first, first)

	other := hold.Hold{Scope: hold.Everything, Reason: "mine", By: "lee@acme", At: now.Add(time.Minute)}
	err := hold.Place(ctx, l, other)
	if !errors.Is(err, hold.ErrHeld) || !strings.Contains(err.Error(), "kim@acme: database is being moved") || !strings.Contains(err.Error(), "sluice hold lift all") {
		t.Fatalf("over another's hold: %v", err)
	}
	// The person who placed it may go on longer.
	longer := first
	longer.Until = now.Add(3 * time.Hour)
	place(t, l, longer)
	if got := hold.New(l).Check(ctx, subject, now.Add(2*time.Hour)); got.Status != gate.Fail || !got.NextAt.Equal(longer.Until) {
		t.Fatalf("the longer hold gives %+v", got)
	}
	// And what has ended is nobody's any more.
	other.At = longer.Until
	place(t, l, other)
	if got := hold.New(l).Check(ctx, subject, longer.Until); got.Status != gate.Fail || !strings.Contains(got.Reason, "lee@acme") {
		t.Fatalf("the hold after the end gives %+v", got)
	}
}

func TestRefused(t *testing.T) {
	with := func(change func(*hold.Hold)) hold.Hold {
		h := stopOrder(hold.Everything)
		change(&h)
		return h
	}
	cases := []struct {
		name string
		hold hold.Hold
		want string
	}{
		{"a scope that is none", with(func(h *hold.Hold) { h.Scope = "prod" }), "a scope is all"},
		{"no reason", with(func(h *hold.Hold) { h.Reason = "" }), "it has no reason"},
		{"nobody", with(func(h *hold.Hold) { h.By = "" }), "nobody is named"},
		{"an end that has passed", with(func(h *hold.Hold) { h.Until = now }), "the end must lie ahead"},
	}
	l := mem.New(now)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			err := hold.Place(context.Background(), l, c.hold)
			if !errors.Is(err, hold.ErrInvalid) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "for example") {
				t.Errorf("the error is %v; want ErrInvalid with %q and an example", err, c.want)
			}
		})
	}
	if err := hold.Lift(context.Background(), l, hold.Everything, "kim@acme", "", now); !errors.Is(err, hold.ErrInvalid) {
		t.Errorf("lifting without a reason: %v", err)
	}
	if err := hold.Lift(context.Background(), l, hold.Everything, "kim@acme", "done", now); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("lifting what is not there: %v", err)
	}
	if holds, err := hold.List(context.Background(), l); err != nil || len(holds) != 0 {
		t.Errorf("something was written: %+v, %v", holds, err)
	}
}

// A ledger that fails is said to, whatever was under way.
func TestLedgerFails(t *testing.T) {
	fire := errors.New("disk on fire")
	for _, op := range []string{"read", "append"} {
		l := mem.New(now)
		place(t, l, stopOrder(hold.OfService("search")))
		l.Fault = func(got string, phase mem.Phase) error {
			if got == op && phase == mem.Before {
				return fire
			}
			return nil
		}
		if err := hold.Place(context.Background(), l, stopOrder(hold.Everything)); !errors.Is(err, fire) {
			t.Errorf("placing while %s fails: %v", op, err)
		}
		if err := hold.Lift(context.Background(), l, hold.OfService("search"), "kim@acme", "done", now); !errors.Is(err, fire) {
			t.Errorf("lifting while %s fails: %v", op, err)
		}
	}
}
