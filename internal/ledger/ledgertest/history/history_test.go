package history_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/ledgertest/history"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

const limit = time.Minute

// play plays a storm on a ledger all of whose handles are the same.
func play(t *testing.T, l ledger.Ledger, seed uint64) []history.Op {
	t.Helper()
	ops, err := history.Storm{Seed: seed, Clients: 4, Each: 80, Groups: 2}.Run(t.Context(), func(int) ledger.Ledger { return l }, l)
	if err != nil {
		t.Fatal(err)
	}
	return ops
}

// The ledgers that are right are found to be so, lost replies and all.
func TestARightLedgerIsLinearizable(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		for name, l := range map[string]ledger.Ledger{"flawless": newFlawed(none), "mem": mem.New(time.Unix(0, 0))} {
			report, err := history.Check(play(t, l, seed), limit)
			if err != nil {
				t.Errorf("seed %d, %s: %v", seed, name, err)
			}
			if report.Parts < 2 || report.Operations < 320 || (name == "mem") != (report.Open == 0) {
				t.Errorf("seed %d, %s: %+v", seed, name, report)
			}
		}
	}
}

// Each kind of wrong ledger is found. When calls meet decides the machine, so a flaw may
// spare a storm: of twelve storms three must show it.
func TestEachWrongLedgerIsFound(t *testing.T) {
	t.Parallel()
	for _, f := range []flaw{
		losesRecords, forgetsLater, doubles, reorders, readsStale, readsUncommitted, ignoresFences, fencesWrongly, conflictsWrongly,
		writesWhatRefused, takesUsedIDs, losesLeases, grantsTwice, looksStale, commitsMuchLater, otherContent, anotherStreamsTurn,
	} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			const storms, enough = 12, 3
			found := 0
			for seed := uint64(0); seed < storms && found < enough; seed++ {
				_, err := history.Check(play(t, newFlawed(f), seed), limit)
				var wrong *history.NotLinearizableError
				switch {
				case errors.As(err, &wrong):
					found++
				case err != nil:
					t.Fatalf("seed %d: %v", seed, err)
				}
			}
			if found < enough {
				t.Errorf("%d of %d storms showed it, want %d", found, storms, enough)
			}
		})
	}
}
