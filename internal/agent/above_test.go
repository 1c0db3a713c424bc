package agent_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/gate/hold"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/scope"
)

// What an agent lays around its ledger does not hide the ledgers above: what they stop
// is stopped for it too.
func TestItIsStoppedByWhatIsDeclaredAbove(t *testing.T) {
	t.Parallel()
	own, upper := mem.New(time.Now()), mem.New(time.Now())
	w := newWorld(t, own)
	config, errs := scope.Given("own", "acme/retail", map[string]string{"acme": "upper"})
	if err := errs.Err(); err != nil {
		t.Fatal(err)
	}
	for l, c := range map[ledger.Ledger]scope.Config{own: config, upper: {Scope: "acme"}} {
		if _, err := scope.Bind(t.Context(), l, c, "kim", time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	if err := hold.Place(t.Context(), upper, hold.Hold{Scope: hold.Everything, Reason: "audit", By: "kim", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	w.begin(keyOf(0), good)
	view := scope.New(own, config, func(context.Context, string) (ledger.Ledger, error) { return upper, nil }, w.clock)
	w.run("a", func(o *agent.Options) {
		o.Ledger = view
		o.Engine = func(l ledger.Ledger) *release.Engine {
			e := w.engine(l, "a")
			e.Gates = []gate.Gate{hold.New(l)}
			return e
		}
	})
	w.until("it waits for the hold", func() bool { return w.history(keyOf(0)).Last().State == release.Paused })
	if r := w.history(keyOf(0)).Last(); r.Cause != release.CauseGate || !strings.Contains(r.Reason, "acme") {
		t.Errorf("%s: %s", r.Cause, r.Reason)
	}
	if err := hold.Lift(t.Context(), upper, hold.Everything, "kim", "over", time.Now()); err != nil {
		t.Fatal(err)
	}
	w.until("it goes on", w.ended(keyOf(0), 1))
	if r := w.history(keyOf(0)).Last(); r.State != release.Succeeded {
		t.Errorf("%s: %s", r.State, r.Reason)
	}
}
