package cli

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestTheDrill is the one of the guide on disaster recovery: a backup of the ledger
// from before the last release is brought back. Where nobody else drove meanwhile, it
// gives the very fence next that the target saw last.
func TestTheDrill(t *testing.T) {
	for _, others := range []int{0, 3} {
		t.Run(fmt.Sprintf("%d others drove", others), func(t *testing.T) { drill(t, others) })
	}
}

func drill(t *testing.T, others int) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	backup, err := os.ReadFile(".sluice/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	for range others { // Who drive meanwhile, so the fences go on.
		w.held("ci@acme 4711")()
	}
	w.shipped(third)
	w.expect(Done, "verify", "--checkpoint", "anchor.json")

	if err := os.RemoveAll(".sluice"); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(".sluice", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(".sluice/ledger.db", backup, 0o600); err != nil {
		t.Fatal(err)
	}

	// It is whole by itself, and the anchor says what it lacks.
	w.expect(Done, "verify")
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "gap: the stream ends before it", "Forward work stops until this is understood")
	if r := w.run("verify", "--against", "anchor.json"); strings.Contains(r.errors, "bound anew") {
		t.Errorf("nobody has bound it yet:\n%s", r.errors)
	}
	// The target has seen newer fences: nobody goes forward by the old record, nor back,
	// however often they try.
	for range 6 {
		if _, err := w.ship(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "stale_fence") {
			t.Fatalf("forward on a restored ledger that nobody looked at: %v", err)
		}
		contains(t, w.expect(Failed, "rollback", "checkout/production", "--reason", "an old record").errors, "stale_fence", "sluice ledger rebind --reason", "sluice rollback --spec FILE")
	}
	if others == 0 {
		contains(t, w.expect(Failed, "rollback", "checkout/production", "--dry-run").out, "before, and this ledger gives it only now")
	}
	w.serves("1.3.3")
	// A rollback needs no ledger.
	w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is being restored")
	w.serves("1.0.0")
	// Bound anew it drives on, under its own UUID.
	contains(t, w.expect(Done, "ledger", "rebind", "--reason", "restored the backup of 10:00").out, "Save a new one: sluice verify --checkpoint anchor.json")
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "gap: the stream ends before it",
		"This ledger was bound anew at 2026-03-02", "in place of one that was lost: restored the backup of 10:00.", "sluice verify --checkpoint anchor.json")
	w.shipped(third)
	w.serves("1.3.3")
	// The old anchor stays of what was lost, also once there are as many checkpoints again.
	contains(t, w.expect(Failed, "verify", "--against", "anchor.json").errors, "This ledger was bound anew")
	w.expect(Done, "verify", "--checkpoint", "anchor.json")
	w.expect(Done, "verify", "--against", "anchor.json")
}
