package release_test

import (
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

// A target that finds no ledger when its wave comes is tried again when the ledger is
// there, and the targets that have begun stay with their driver. Whoever does not stay
// says so and ends.
func TestWavesATargetBeginsWhileTheLedgerIsAway(t *testing.T) {
	for _, stays := range []bool{true, false} {
		t.Run(map[bool]string{true: "an agent", false: "an apply"}[stays], func(t *testing.T) {
			inFleet(t, 3, func(t *testing.T, f *fleet) {
				var gone atomic.Bool
				e := f.engine("a", func(op, phase string) error {
					if phase == "before" && slices.Contains(ledgerCalls, op) && gone.Load() {
						return errAway
					}
					return nil
				})
				e.Steady, e.SpoolDir = stays, t.TempDir()
				e.Hooks.Recorded = func(r release.Recorded) {
					if r.Kind == release.KindTargetStarted && strings.Contains(string(r.Record.Body), "cell-3") {
						gone.Store(true)
						time.AfterFunc(40*time.Second, func() { gone.Store(false) })
					}
				}
				out, err := e.Ship(t.Context(), f.request(good, release.Waves{MaxParallel: 2, Sizes: []int{1, 2}}))
				if !stays {
					if !errors.Is(err, errAway) {
						t.Errorf("%s, %v", out.Result, err)
					}
					_ = clock.System{}.Sleep(t.Context(), time.Minute) // Until the bubble's ledger is back.
					return
				}
				wantEnded(t, out, err, release.Shipped)
				f.wantServing(good)
			})
		})
	}
}
