package alb_test

import (
	"errors"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
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
