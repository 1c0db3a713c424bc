package agent_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
)

// Rollouts that are taken up together are not looked at together ever after.
func TestStartsAreSpread(t *testing.T) {
	t.Parallel()
	w := newWorld(t, mem.New(time.Now()))
	const rollouts = 40
	for n := range rollouts {
		w.begin(keyOf(n), good)
	}
	began := w.clock.Now()
	w.run("a", nil)
	var first []time.Duration
	for n := range rollouts {
		w.until(keyOf(n).String()+" ends", w.ended(keyOf(n), 1))
		records, err := w.ledger.Read(t.Context(), keyOf(n).Stream(), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.Actor == "a" {
				first = append(first, r.At.Sub(began))
				break
			}
		}
	}
	slices.Sort(first)
	// Forty at 8 ms apart.
	if len(first) != rollouts || first[len(first)-1]-first[0] < 250*time.Millisecond {
		t.Errorf("the first records came after %v", first)
	}
}
