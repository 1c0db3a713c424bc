package cli

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/operator"

	_ "modernc.org/sqlite" // to damage and to lock a ledger behind its driver's back
)

// behind runs SQL on the ledger behind its driver's back.
func (w *world) behind(query string) {
	w.t.Helper()
	db, err := sql.Open("sqlite", ".sluice/ledger.db")
	if err != nil {
		w.t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(w.t.Context(), query); err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
}

// troubles are ledgers that stop whatever is not urgent.
var troubles = map[string]struct {
	trouble func(w *world)
	says    string
}{
	"a changed record": {func(w *world) {
		w.behind(`UPDATE record SET actor = 'you' WHERE stream = 'release/checkout/production' AND seq = 5`)
	}, "record release/checkout/production#5 is not what was written"},
	"a missing record": {func(w *world) {
		w.behind(`DELETE FROM record WHERE stream = 'release/checkout/production' AND kind = 'tick.judged' AND seq > 10`)
	}, "is not what was written: gap"},
	"somebody has locked it": {func(w *world) {
		db, err := sql.Open("sqlite", ".sluice/ledger.db?_txlock=immediate")
		if err != nil {
			w.t.Fatal(err)
		}
		tx, err := db.BeginTx(w.t.Context(), nil)
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _, _ = tx.Rollback(), db.Close() })
	}, "the ledger is locked by others"},
}

func TestALedgerThatDoesNotWorkDoesNotStopARollback(t *testing.T) {
	for name, c := range troubles {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.shipped(first)
			w.shipped(good)
			c.trouble(w)
			before := w.clock.Now()
			r := w.expect(Done, "rollback", "checkout/production", "--reason", "slow shop")
			w.serves("1.0.0")
			contains(t, r.out, "checkout/production is back: 1.0.0 at 100 %.")
			contains(t, r.errors, "Warning: the ledger does not work", c.says, "Not recorded", "slow shop")
			if waited := w.clock.Now().Sub(before); waited > 2*operator.UrgentPatience {
				t.Errorf("it waited %s for the ledger", waited)
			}
		})
	}
}

func TestALedgerThatDoesNotWorkDoesNotStopAnAbort(t *testing.T) {
	for name, c := range troubles {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.shipped(first)
			w.broken(good, 2)
			c.trouble(w)
			r := w.expect(Done, "abort", "checkout/production", "--reason", "slow shop")
			w.serves("1.0.0")
			contains(t, r.errors, "Warning: the ledger does not work", c.says, "Not recorded", "slow shop")
		})
	}
}

// TestALedgerThatDisagreesWithTheTargetIsNotFollowed: the record that is gone may
// be the one that says what serves.
func TestALedgerThatDisagreesWithTheTargetIsNotFollowed(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.shipped(third)
	// The third rollout is gone: by what is left, 1.1.1 serves and 1.0.0 was before.
	w.behind(`DELETE FROM record WHERE stream = 'release/checkout/production' AND seq >= (SELECT max(seq) FROM record WHERE kind = 'rollout.opened')`)
	w.behind(`UPDATE record SET actor = 'you' WHERE stream = 'release/checkout/production' AND seq = 2`)
	r := w.expect(Failed, "rollback", "checkout/production", "--reason", "slow shop")
	contains(t, r.errors, "Unable to take checkout/production back by this ledger", "it says that 1.1.1 serves, and the target says: 1.3.3 at 100 %", "sluice rollback --spec FILE")
	w.serves("1.3.3")
}

func TestARollbackWithoutItsLedgerSaysHow(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	if err := os.RemoveAll(".sluice"); err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"abort", "rollback"} {
		r := w.expect(Failed, verb, "checkout/production", "--reason", "slow shop")
		contains(t, r.errors, "the ledger does not exist", "sluice rollback --spec FILE --reason")
	}
}

func TestADamagedLedgerStillSavesWhatARollbackNeeds(t *testing.T) {
	w := newWorld(t)
	w.shipped(first)
	w.shipped(good)
	w.behind(`UPDATE record SET actor = 'you' WHERE stream = 'release/checkout/production' AND seq = 5`)
	contains(t, w.expect(Failed, "status").errors, "record release/checkout/production#5")
	w.expect(Done, "rollback", "checkout/production", "--write-spec", "back.json")
	raw, err := os.ReadFile("back.json")
	if err != nil || !strings.Contains(string(raw), first.Reference) {
		t.Errorf("%v: %s", err, raw)
	}
}
