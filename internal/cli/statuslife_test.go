package cli

import (
	"strings"
	"testing"
	"time"
)

// A driver whose last record is old lives when it renews its lease, and is silent when
// it does not; the record alone says neither.
func TestStatusLooksForASignOfLife(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)

	free := w.keptAlive("ci@acme 4711")
	r := w.expect(Done, "status")
	contains(t, r.out, "driven by ci@acme 4711, last heard of just now")
	if strings.Contains(r.errors, "Looking for") {
		t.Errorf("it looked although the last record is new: %s", r.errors)
	}
	w.clock.Advance(10 * time.Minute)
	r = w.expect(Done, "status")
	contains(t, r.errors, "Looking for a sign of life of 1 driver, for at most 16s.")
	contains(t, r.out, "driven by ci@acme 4711, last heard of just now; its last record was 10m")
	free()

	free = w.held("ci@acme 4712")
	before := w.clock.Now()
	r = w.expect(Done, "status", "checkout/production")
	folded := strings.Join(strings.Fields(r.out), " ")
	contains(t, folded, "driven by ci@acme 4712, which gave no sign of life for 16s; its last record was 10m", "takes over after 30s without one: sluice continue checkout/production")
	if took := w.clock.Now().Sub(before); took > 20*time.Second {
		t.Errorf("it looked for %s", took)
	}
	before = w.clock.Now()
	w.expect(Done, "status", "--json")
	if took := w.clock.Now().Sub(before); took != 0 {
		t.Errorf("a program waited for %s", took)
	}
	free()
}

// Whoever reads a pipe gets whole lines.
func TestWhatIsPipedIsNotClipped(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.broken(good, 2)
	holder := "ci@acme " + strings.Repeat("x", 100)
	free := w.held(holder)
	contains(t, w.expect(Done, "status").out, holder)
	free()
	place := "sqlite:" + strings.Repeat("deep/", 12) + "ledger.db"
	w.expect(Done, "ledger", "copy", "--to", place, "--with-open-rollouts")
	r := w.expect(Failed, "ledger", "check")
	contains(t, r.out, place[len("sqlite:"):], "takes no more records; name that one, in the provider block's ledger, SLUICE_LEDGER or --ledger")
	if strings.Contains(r.out, "...") {
		t.Errorf("it is clipped:\n%s", r.out)
	}
}
