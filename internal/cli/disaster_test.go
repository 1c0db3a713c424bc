package cli

import (
	"os"
	"strings"
	"testing"
)

// TestTheDrill is the one of the guide on disaster recovery: a backup of the ledger
// from before the last release is brought back.
func TestTheDrill(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	backup, err := os.ReadFile(".sluice/ledger.db")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // Others drive meanwhile, so the fences go on.
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
	// The target has seen newer fences: nobody goes forward by the old record.
	if _, err := w.ship(t.Context(), bad); err == nil || !strings.Contains(err.Error(), "stale_fence") {
		t.Fatalf("forward on a restored ledger that nobody looked at: %v", err)
	}
	w.serves("1.3.3")
	// A rollback needs no ledger.
	w.expect(Done, "rollback", "--spec", "back.json", "--reason", "the ledger is being restored")
	w.serves("1.0.0")
	// Bound anew it drives on, under its own UUID.
	w.expect(Done, "ledger", "rebind", "--reason", "restored the backup of 10:00")
	w.expect(Done, "abort", "checkout/production", "--reason", "opened on the restored ledger")
	w.shipped(third)
	w.serves("1.3.3")
	w.expect(Done, "verify", "--checkpoint", "anchor.json")
}
