package release_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/gate"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// The dead-man switch brings users back when nobody drives. Whoever comes next
// records that, closes the rollout without a word against the artifact, and tries
// again.
func TestTheSwitchFiresWhileNobodyDrives(t *testing.T) {
	cases := []struct {
		state string
		until time.Duration
		set   func(w *world)
		way   []string
	}{
		{"stepping", 30 * time.Second, nil, []string{"preparing", "stepping"}},
		{"baking", 200 * time.Second, nil, []string{"preparing", "stepping", "baking"}},
		{"paused", 4 * time.Minute, func(w *world) {
			hold := &shut{status: gate.Pass}
			w.gates = []gate.Gate{hold}
			w.clock.after(30*time.Second, func() { hold.status = gate.Fail })
			w.clock.after(20*time.Minute, func() { hold.status = gate.Pass })
		}, []string{"preparing", "stepping", "paused gate"}},
	}
	for _, c := range cases {
		t.Run(c.state, func(t *testing.T) {
			w := upgrade(t)
			if c.set != nil {
				c.set(w)
			}
			_, err := w.engine("a", nil).Ship(until(w, c.until), request(good))
			var stopped *release.InterruptedError
			if !errors.As(err, &stopped) {
				t.Fatalf("the first run: %v", err)
			}
			wantPath(t, w, c.way...)
			w.clock.Advance(5 * time.Minute)
			if got := w.share(old); got != 100 {
				t.Fatalf("the switch did not fire: the old artifact has %g %%", got)
			}
			out, err := w.engine("b", nil).Continue(t.Context(), key)
			wantEnd(t, out, err, release.Broke)
			wantPath(t, w, append(c.way, "reverting dead_man_switch", "errored dead_man_switch")...)
			wantServing(t, w, old)
			wantQuarantine(t, w, good, false)
			w.gates = nil
			again, err := w.engine("c", nil).Ship(t.Context(), request(good))
			wantEnd(t, again, err, release.Shipped)
		})
	}
}

// Where the switch is armed, each look renews it: a long step outlives it.
func TestALookRenewsTheSwitch(t *testing.T) {
	w := upgrade(t)
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Shipped)
	if took(t, w) < 3*time.Minute || out.Rollout.Spec.Strategy.RevertAfter.Std() != time.Minute {
		t.Errorf("the rollout took %s with a switch of %s", took(t, w), out.Rollout.Spec.Strategy.RevertAfter)
	}
}

// An irreversible rollout arms none, and never runs unattended without leave.
func TestAnIrreversibleRolloutArmsNoSwitch(t *testing.T) {
	w := upgrade(t)
	req := request(good)
	req.Spec.Irreversible = true
	if _, err := w.engine("a", nil).Ship(t.Context(), req); err == nil || w.writes != 0 {
		t.Fatalf("it was begun without max_unattended_weight: %v", err)
	}
	whole := 100.0
	req.Spec.Strategy.MaxUnattendedWeight = &whole
	if _, err := w.engine("a", nil).Ship(until(w, 30*time.Second), req); err == nil {
		t.Fatal("it was not interrupted")
	}
	if obs := w.observe(); obs.RevertAfter != 0 {
		t.Errorf("a switch is armed: %s", obs.RevertAfter)
	}
	w.clock.Advance(time.Hour)
	if got := w.share(good); got != 10 {
		t.Errorf("it went back by itself, to %g %%", got)
	}
}
