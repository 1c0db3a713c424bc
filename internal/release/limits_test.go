package release_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// Where the target has no dead-man switch, the author must say how much traffic
// may stand while nobody drives; more than that is refused before anything begins.
func TestAnUnattendedWeightMustBeStated(t *testing.T) {
	ten, fifty, none := 10.0, 50.0, 0.0
	cases := []struct {
		name   string
		limit  *float64
		armed  bool
		refuse string
	}{
		{"not stated", nil, false, "max_unattended_weight is not stated"},
		{"stated too low", &ten, false, "would leave 50 % of the traffic on the new artifact if the driver died"},
		{"nothing at all", &none, false, "max_unattended_weight is 0"},
		{"stated", &fifty, false, ""},
		{"with a switch", nil, true, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			w := upgrade(t)
			w.caps.RevertAfter = c.armed
			req := request(good)
			req.Spec.Strategy.MaxUnattendedWeight = c.limit
			out, err := w.engine("a", nil).Ship(t.Context(), req)
			if c.refuse == "" {
				wantEnd(t, out, err, release.Shipped)
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.refuse) || w.writes != 0 || len(w.records(t)) != 0 {
				t.Errorf("%d writes, %d records, %v", w.writes, len(w.records(t)), err)
			}
		})
	}
}

// A step that is shorter than users stay with an arm is refused before anything
// begins: it would be judged by users of the step before.
func TestNoStepIsShorterThanUsersStay(t *testing.T) {
	for stay, refuse := range map[time.Duration]string{0: "", time.Second: "", 24 * time.Hour: "keeps users with an arm for 24h"} {
		w := upgrade(t)
		w.caps.Sticky = stay
		out, err := w.engine("a", nil).Ship(t.Context(), request(good))
		if refuse == "" {
			wantEnd(t, out, err, release.Shipped)
			continue
		}
		if err == nil || !strings.Contains(err.Error(), refuse) || w.writes != 0 || len(w.records(t)) != 0 {
			t.Errorf("%d writes, %d records, %v", w.writes, len(w.records(t)), err)
		}
	}
}

// A share that the target cannot keep is refused before anything begins, and its
// nearest is named.
func TestNoShareIsFinerThanTheTargetKeeps(t *testing.T) {
	for step, refuse := range map[float64]string{0: "", 0.1: "", 7: "keeps shares in steps of 7 %; allowed are multiples of that, for example 7"} {
		w := upgrade(t)
		w.caps.WeightStep = step
		out, err := w.engine("a", nil).Ship(t.Context(), request(good))
		if refuse == "" {
			wantEnd(t, out, err, release.Shipped)
			continue
		}
		if err == nil || !strings.Contains(err.Error(), refuse) || w.writes != 0 {
			t.Errorf("%d writes, %v", w.writes, err)
		}
	}
}

// A call that goes forward is over before the right to make it is; one that goes
// back is not held by a lease.
func TestACallIsOverBeforeTheLeaseIs(t *testing.T) {
	w := upgrade(t)
	e := w.engine("a", nil)
	e.CallTimeout, e.LeaseTTL = time.Minute, 20*time.Second
	out, err := e.Ship(t.Context(), request(bad))
	wantEnd(t, out, err, release.WentBack)
	for _, verb := range []string{"prepare", "apply", "renew"} {
		if got := w.budgets[verb]; got == 0 || got > 20*time.Second {
			t.Errorf("%s may take %s; the lease has a term of 20s", verb, got)
		}
	}
	if got := w.budgets["revert"]; got != time.Minute {
		t.Errorf("revert may take %s, want the call's own minute", got)
	}
}

// A chain that is broken stops forward work and names the record.
func TestABrokenChainStopsForwardWork(t *testing.T) {
	w := upgrade(t)
	w.clock.after(30*time.Second, func() { w.breakChain(t) })
	out, err := w.engine("a", nil).Ship(t.Context(), request(good))
	wantEnd(t, out, err, release.Underway)
	var corrupt *ledger.CorruptError
	if !errors.As(err, &corrupt) || corrupt.Stream != key.Stream() || corrupt.Seq == 0 {
		t.Errorf("error %v", err)
	}
	if got := w.share(good); got != 10 {
		t.Errorf("it went on to %g %%", got)
	}
}

// The same chain delays no revert that has been decided on.
func TestABrokenChainDelaysNoRevert(t *testing.T) {
	w := upgrade(t)
	e := w.engine("a", func(op, phase string) error {
		if op == "revert" && phase == "before" {
			w.breakChain(t)
		}
		return nil
	})
	out, err := e.Ship(t.Context(), request(bad))
	wantEnd(t, out, err, release.WentBack)
	wantServing(t, w, old)
}

func TestAQuarantineIsLiftedOnce(t *testing.T) {
	w := generations(t, old)
	e := w.engine("kim", nil)
	if err := e.Quarantine(t.Context(), key, good, "leaks"); err != nil {
		t.Fatal(err)
	}
	wantQuarantine(t, w, good, true)
	if err := e.Lift(t.Context(), key, good.Key(), "it was the cache"); err != nil {
		t.Fatal(err)
	}
	wantQuarantine(t, w, good, false)
	if err := e.Lift(t.Context(), key, good.Key(), "again"); !errors.Is(err, ledger.ErrNotFound) {
		t.Errorf("a second time: %v", err)
	}
}

// breakChain changes the last record of the release's stream in place.
func (w *world) breakChain(t testing.TB) {
	t.Helper()
	records := w.records(t)
	last := records[len(records)-1]
	if !w.ledger.Tamper(last.Stream, last.Seq, func(r *ledger.Record) { r.Actor = "mallory" }) {
		t.Error("there is no record to change")
	}
}
