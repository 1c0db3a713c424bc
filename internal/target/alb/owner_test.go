package alb_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
)

// The next rollout of a release finds the groups as its last one left them, and is not
// kept out by that.
func TestARolloutLeftBehindIsOnesOwn(t *testing.T) {
	_, config := serveECS(t, 2)
	d := open(t, config, clock.System{})
	prepare(t, d, b)
	next, err := alb.New(config, target.Deps{Clock: clock.System{}, Subject: "checkout/production/3", Release: "checkout/production"})
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]target.Target{"its own": d, "the next": next} {
		if obstacles, err := d.Preflight(t.Context(), b); err != nil || len(obstacles) != 0 {
			t.Errorf("%s: %+v, %v", name, obstacles, err)
		}
	}
	if _, err := next.Prepare(t.Context(), target.PrepareRequest{WriteRequest: target.WriteRequest{Key: "next", Fence: 2, Rollout: "checkout/production/3"}, Payload: b}); err != nil {
		t.Error(err)
	}
	theirs, err := alb.New(config, target.Deps{Clock: clock.System{}, Release: "invoices/production"})
	if err != nil {
		t.Fatal(err)
	}
	var te *target.Error
	if _, err := theirs.Prepare(t.Context(), target.PrepareRequest{WriteRequest: target.WriteRequest{Key: "theirs", Fence: 9, Rollout: "invoices/production/1"}, Payload: b}); !errors.As(err, &te) || te.Code != target.CodeConflict {
		t.Errorf("another release: %v", err)
	}
}

// Whoever has suspended scale-in of what serves finds it suspended after a release; where
// it was not, what serves then is scaled in again.
func TestAnAuthorsSuspensionStays(t *testing.T) {
	for _, suspended := range []bool{true, false} {
		t.Run(fmt.Sprint(suspended), func(t *testing.T) {
			s, c := two(t)
			s.ECS.Scalable["service/production/checkout-blue"].Suspended = suspended
			out, err := drive(mem.New(start), clock.NewAuto(start), "ci").Ship(bounded(t), want(t, c, b))
			if err != nil || out.Result != release.Shipped {
				t.Fatalf("result %s, error %v", out.Result, err)
			}
			s.Change(func(w *albtest.World) {
				if serves := w.ECS.Scalable["service/production/checkout-green"]; serves.Suspended != suspended {
					t.Errorf("afterwards %+v", *serves)
				}
			})
		})
	}
}

// Somebody moves the weights back by hand after a release: what the release had left
// suspended is no suspension of the author's, and what serves after the next one is scaled
// in again. Where the author suspends what serves, nothing was moved, and it stays.
func TestOurOwnSuspensionIsNotTheAuthors(t *testing.T) {
	const blue, green = "service/production/checkout-blue", "service/production/checkout-green"
	for name, c := range map[string]struct {
		change    func(*albtest.World)
		serves    string
		suspended bool
	}{
		"moved back by hand": {func(w *albtest.World) {
			for _, route := range []string{albtest.Rule, albtest.HTTPS} {
				w.Routes[route].Actions = albtest.Forward(100, 0)
			}
			w.ECS.Services["checkout-blue"].Desired = 3
		}, green, false},
		"nothing is moved":                {func(w *albtest.World) { w.ECS.Services["checkout-blue"].Desired = 0 }, blue, false},
		"the author suspends what serves": {func(w *albtest.World) { w.ECS.Scalable[green].Suspended = true }, blue, true},
	} {
		t.Run(name, func(t *testing.T) {
			s, config := two(t)
			book, clk := mem.New(start), clock.NewAuto(start)
			for _, p := range []artifact.Payload{b, a} {
				if out, err := drive(book, clk, "ci").Ship(bounded(t), want(t, config, p)); err != nil || out.Result != release.Shipped {
					t.Fatalf("result %s, error %v", out.Result, err)
				}
				if p.Same(b) {
					if left := s.ECS.Scalable[blue]; !left.Suspended {
						t.Fatalf("the idle one is not left suspended: %+v", *left)
					}
					s.Change(c.change)
				}
			}
			s.Change(func(w *albtest.World) {
				if got := w.ECS.Scalable[c.serves]; got.Suspended != c.suspended {
					t.Errorf("%s: %+v", c.serves, *got)
				}
			})
		})
	}
}
