package release_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// TestAStoppedDriverSaysWhyInWords wants no word of a context or of a lease before
// people, and no advice to go on from whoever has lost the rollout.
func TestAStoppedDriverSaysWhyInWords(t *testing.T) {
	t.Parallel()
	goOn := "apply again to go on from here"
	for name, c := range map[string]struct {
		cause       error
		says, never []string
	}{
		"interrupted": {context.Canceled, []string{"the driver stopped at 5 % (stepping, step 1 of 2): it was interrupted", goOn}, []string{"context"}},
		"too long":    {context.DeadlineExceeded, []string{"its time was up", goOn}, []string{"context"}},
		"taken over": {
			fmt.Errorf("appending: %w", &ledger.FencedError{Lease: ledger.Lease{Name: "l", Holder: "kim@acme 7", Fence: 13}, Fence: 12}),
			[]string{"another driver took the rollout over at 5 % (stepping, step 1 of 2): kim@acme 7", "when this run last looked", "sluice wait checkout/production"},
			[]string{"fence", goOn, "sluice continue"},
		},
		"nobody has it":  {&ledger.FencedError{Lease: ledger.Lease{Name: "l", Fence: 13}, Fence: 12}, []string{"nobody holds it now", goOn}, nil},
		"something else": {errors.New("the disk is full"), []string{"the disk is full", goOn}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &release.Rollout{Number: 3, State: release.Stepping, Weight: 5, Steps: []strategy.Step{{}, {}}}
			summary, detail := release.Explain(&release.InterruptedError{Outcome: release.Outcome{Key: key, Rollout: r}, Cause: c.cause}, key, good)
			text := strings.Join(strings.Fields(detail), " ")
			if !strings.HasSuffix(summary, ": the rollout is not finished") {
				t.Error(summary)
			}
			for _, want := range append(c.says, "sluice explain checkout/production/3") {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in:\n%s", want, detail)
				}
			}
			for _, never := range c.never {
				if strings.Contains(text, never) {
					t.Errorf("%q is in:\n%s", never, detail)
				}
			}
		})
	}
}
