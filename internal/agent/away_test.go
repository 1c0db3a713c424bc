package agent_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/agent"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// A ledger that goes away does not delay the way back: the agent knows what it drives,
// sees the harm, and brings the traffic back; the records come home afterwards.
func TestAnAgentGoesBackWhileItsLedgerIsAway(t *testing.T) {
	t.Parallel()
	l := mem.New(time.Now())
	var gone atomic.Bool
	handle := l.Handle()
	handle.Fault = func(string, mem.Phase) error {
		if gone.Load() {
			return errors.New("connection refused")
		}
		return nil
	}
	w := newWorld(t, l)
	spec := w.spec(keyOf(0), bad)
	spec.Strategy.Analysis.Interval = field.Duration(500 * time.Millisecond)
	w.beginSpec(spec)
	spool := t.TempDir()
	a := w.run("a", func(o *agent.Options) {
		o.Ledger = handle
		o.Engine = func(l ledger.Ledger) *release.Engine {
			e := w.engine(l, "a")
			e.SpoolDir = spool
			return e
		}
	})
	target := w.target(keyOf(0).String())
	w.until("the new artifact has traffic", func() bool {
		for _, c := range target.Calls() {
			if c.Verb == "apply" && c.Changed && c.Weight > 0 {
				return true
			}
		}
		return false
	})
	gone.Store(true)
	w.until("it goes back", func() bool {
		for _, c := range target.Calls() {
			if c.Verb == "revert" && c.Changed {
				return true
			}
		}
		return false
	})
	if r := w.history(keyOf(0)).Last(); r.State.GoingBack() || r.State.Final() {
		t.Fatalf("the ledger was not away: %s", r.State)
	}
	w.until("it says so", func() bool { return strings.Contains(a.log.String(), "the ledger is away") })
	w.until("it waits with its records", func() bool { return strings.Contains(a.log.String(), "wait beside this process") })
	gone.Store(false)
	w.until("the records come home", w.ended(keyOf(0), 1))
	if r := w.history(keyOf(0)).Last(); r.State != release.RolledBack || r.Cause != release.CauseHarm {
		t.Errorf("%s: %s", r.State, r.Cause)
	}
}
