package release_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
)

// A rollout that is to begin waits for a target that is asked too much, with its lease,
// and not for ever; any other trouble ends it at once.
func TestARolloutWaitsForItsTurnAtATargetThatIsBusy(t *testing.T) {
	busy := &target.Error{Code: target.CodeUnavailable, Message: "too many calls", Busy: true}
	down := &target.Error{Code: target.CodeUnavailable, Message: "nobody answers"}
	for _, c := range []struct {
		verb  string
		err   error
		times int
		want  release.Result
		// asked is how often, at most; waited how long, at least.
		asked  int
		waited time.Duration
	}{
		{sim.VerbObserve, busy, 40, release.Shipped, 100, 3 * time.Minute},
		{sim.VerbPreflight, busy, 40, release.Shipped, 41, 3 * time.Minute},
		{sim.VerbPreflight, busy, 10000, release.Unchanged, 200, 14 * time.Minute},
		{sim.VerbPreflight, down, 1, release.Unchanged, 1, 0},
	} {
		t.Run(fmt.Sprint(c.verb, " ", c.err, " ", c.times), func(t *testing.T) {
			clk, asked := clock.NewAuto(start), 0
			s := sim.New(sim.Options{Clock: clk, Fault: func(verb string, phase sim.Phase) error {
				if verb != c.verb || phase != sim.Before {
					return nil
				}
				if asked++; asked <= c.times {
					return c.err
				}
				return nil
			}})
			s.Serve(old)
			engine := &release.Engine{
				Ledger: mem.New(start).Handle(), Clock: clk, Actor: "ci@acme", Holder: "ci", Signals: signal.NewRegistry(),
				Targets: target.NewRegistry(target.Driver{Name: "sim", Validate: func(json.RawMessage) field.Errors { return nil },
					Open: func(context.Context, json.RawMessage, target.Deps) (target.Target, error) { return s, nil }}),
			}
			out, err := engine.Ship(t.Context(), release.ShipRequest{Owner: owner, Spec: release.Spec{
				Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: good,
				Target:   target.Config{Driver: "sim", Config: json.RawMessage(`{}`)},
				Strategy: strategy.Definition{Name: "at once", AllAtOnce: &strategy.AllAtOnce{}},
			}})
			if out.Result != c.want || (err == nil) != (c.want == release.Shipped) {
				t.Errorf("%s, %v", out.Result, err)
			}
			if waited := clk.Now().Sub(start); asked > c.asked || waited < c.waited {
				t.Errorf("it asked %d times and waited %s", asked, waited)
			}
		})
	}
}
