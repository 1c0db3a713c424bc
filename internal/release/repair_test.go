package release_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target/machine"
)

// swap makes a payload the only one behind every driver's back.
func (w *world) swap(p artifact.Payload) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count()
	w.machine.State.Baseline = &machine.Slot{ID: "by hand", Payload: p, Ready: true}
	w.machine.State.Canary, w.machine.State.Weight = nil, 0
	w.machine.State.Generation++
}

// A repair is a rollout of its own kind towards what the ledger says should serve,
// by the same gates, and the only hand on the target.
func TestARepairBringsBackWhatShouldServe(t *testing.T) {
	cases := []struct {
		name  string
		drift func(t *testing.T, w *world)
		way   []string
	}{
		{"a weight moved by hand", func(t *testing.T, w *world) { w.deploy(t, 30) }, []string{"completing", "succeeded"}},
		{"an arm without traffic", func(t *testing.T, w *world) { w.deploy(t, 0) }, []string{"completing", "succeeded"}},
		{"another artifact", func(_ *testing.T, w *world) { w.swap(bad) }, []string{"preparing", "stepping", "baking", "completing", "succeeded"}},
		{"another artifact, and a weight", func(t *testing.T, w *world) { w.swap(bad); w.deploy(t, 30) }, []string{"preparing", "stepping", "baking", "completing", "succeeded"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := generations(t, old)
			before := len(path(t, w))
			c.drift(t, w)
			out, err := w.engine("a", nil).Repair(t.Context(), key)
			wantEnd(t, out, err, release.Shipped)
			wantServing(t, w, old)
			if got := path(t, w)[before:]; len(got) != len(c.way) {
				t.Errorf("the way was %v, want %v", got, c.way)
			}
			if out.Rollout.Kind != release.Repair || len(fold(t, w).Succeeded) != 1 {
				t.Errorf("kind %s, succeeded %d", out.Rollout.Kind, len(fold(t, w).Succeeded))
			}
			again, err := w.engine("a", nil).Repair(t.Context(), key)
			wantEnd(t, again, err, release.Unchanged)
		})
	}
}

func TestARepairIsGatedAndKeepsItsHandsOff(t *testing.T) {
	t.Run("in a freeze", func(t *testing.T) {
		w := generations(t, old)
		w.deploy(t, 30)
		w.gates = []gate.Gate{&shut{status: gate.Fail, reason: "freeze"}}
		writes := w.writes
		_, err := w.engine("a", nil).Repair(t.Context(), key)
		var blocked *release.BlockedError
		if !errors.As(err, &blocked) || w.writes != writes {
			t.Errorf("%v, %d writes", err, w.writes-writes)
		}
	})
	t.Run("while a rollout is open", func(t *testing.T) {
		w := generations(t, old)
		if _, err := w.engine("a", nil).Ship(until(w, 30*time.Second), patient(good)); err == nil {
			t.Fatal("it was not interrupted")
		}
		_, err := w.engine("b", nil).Repair(t.Context(), key)
		var open *release.OpenError
		if !errors.As(err, &open) {
			t.Errorf("%v", err)
		}
	})
	t.Run("of what nobody released", func(t *testing.T) {
		if _, err := upgrade(t).engine("a", nil).Repair(t.Context(), key); !errors.Is(err, release.ErrUnknown) {
			t.Errorf("%v", err)
		}
	})
}

// A rollback that is asked for while a repair is open ends the repair first.
func TestARollbackComesBeforeARepair(t *testing.T) {
	w := generations(t, old, good)
	w.swap(bad)
	if _, err := w.engine("a", nil).Repair(stopAfter(t, w, "prepare"), key); err == nil {
		t.Fatal("the repair was not interrupted")
	}
	w.onEffect = nil
	out, err := w.engine("kim", nil).Back(t.Context(), key, release.BackRequest{Reason: "no"})
	wantEnd(t, out, err, release.Shipped)
	wantServing(t, w, old)
	h := fold(t, w)
	if n := len(h.Rollouts); h.Rollouts[n-2].Kind != release.Repair || h.Rollouts[n-2].State != release.Aborted {
		t.Errorf("the repair is %s", brief(h.Rollouts[n-2]))
	}
	wantQuarantine(t, w, good, true)
}

// stopAfter interrupts after the first effect of a verb.
func stopAfter(t *testing.T, w *world, verb string) context.Context {
	t.Helper()
	ctx, _ := contextUntil(t, w, verb, 1)
	return ctx
}
