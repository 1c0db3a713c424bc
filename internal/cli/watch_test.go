package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

// continues lets somebody else drive the open rollout while a command waits.
func (w *world) continues() {
	w.asleep = func() { _, _ = w.app().engine(w.open()).Continue(w.t.Context(), key) }
}

func TestWatchFollowsToTheEnd(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	w.continues()
	golden(t, "watch.txt", w.expect(Done, "watch", "checkout/production", "--plain").out)
}

func TestWatchEndsAsTheRolloutDoes(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.asleep = func() { _, _ = w.ship(t.Context(), bad) }
	r := w.expect(Failed, "watch", "checkout/production")
	contains(t, r.errors, "no rollout of checkout/production is open", "the last one, 1, succeeded", "--within 1m")

	w.broken(bad, 2)
	w.continues()
	r = w.expect(RolledBack, "watch", "checkout/production", "--json")
	contains(t, r.errors, "rolled back", "What to do")
	var last eventJSON
	seqs := map[uint64]bool{}
	for line := range strings.Lines(r.out) {
		last = eventJSON{}
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if seqs[last.Seq] || last.Rollout != 2 {
			t.Errorf("record %d of rollout %d is not a new one of rollout 2", last.Seq, last.Rollout)
		}
		seqs[last.Seq] = true
	}
	if last.Event != "rollout.rolled_back" || last.State != "rolled_back" {
		t.Errorf("the last line is %+v", last)
	}
}

func TestWatchWaitsForTheFirstRollout(t *testing.T) {
	w := newWorld(t)
	before := w.clock.Now()
	contains(t, w.expect(Failed, "watch", "checkout/production").errors, "the ledger does not exist")
	if w.clock.Now() != before {
		t.Error("it waited without being told to")
	}
	contains(t, w.expect(Failed, "watch", "checkout/production", "--within", "5s").errors, "the ledger does not exist")
	if waited := w.clock.Now().Sub(before).Seconds(); waited < 5 || waited > 6 {
		t.Errorf("it waited %g s for a ledger", waited)
	}
	w.asleep = func() {
		w.broken(first, 1)
		w.continues()
	}
	r := w.expect(Done, "watch", "checkout/production", "--within", "1s", "--plain")
	contains(t, r.out, "checkout nothing -> 1.0.0   production   rollout 1   by ci@acme", "succeeded after")
}
