package release_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
)

// TestALedgerThatIsBehindSaysWhatIsOpen: the way on depends on what the rollout was to do.
func TestALedgerThatIsBehindSaysWhatIsOpen(t *testing.T) {
	t.Parallel()
	stop := &release.RequestBody{By: "kim", Reason: "slow"}
	for name, c := range map[string]struct {
		rollout     release.Rollout
		says, never []string
	}{
		"an apply":        {release.Rollout{Kind: release.Forward}, []string{"Unable to release checkout", "then go on with this rollout: apply again, or: sluice continue checkout/production", "or give it up: sluice abort"}, nil},
		"an abort":        {release.Rollout{Kind: release.Forward, Abort: stop}, []string{"which was asked to stop", "then go on with this rollout: sluice continue"}, []string{"apply again", "or give it up"}},
		"a rollback":      {release.Rollout{Kind: release.BackOut}, []string{"Unable to take checkout back to", "the rollback to"}, []string{"apply again", "Unable to release"}},
		"a repair":        {release.Rollout{Kind: release.Repair}, []string{"Unable to repair checkout", "the repair of"}, []string{"apply again"}},
		"after an effect": {release.Rollout{Kind: release.BackOut, Outcome: &release.OutcomeBody{}}, []string{"what it had changed at the target before, this order left as it is"}, []string{"changed nothing"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := c.rollout
			r.Number, r.State, r.Steps, r.Spec.Payload = 3, release.Preparing, []strategy.Step{{}}, good
			cause := &release.BehindError{Key: key, BehindBody: release.BehindBody{Seen: 6, Given: 4}}
			summary, detail := release.Explain(&release.InterruptedError{Outcome: release.Outcome{Key: key, Rollout: &r}, Cause: cause}, key, good)
			text := strings.Join(strings.Fields(summary+" "+detail), " ")
			for _, want := range append(c.says, "has seen the fence 6", "has come to 4 only (stale_fence)", "restored from an older copy", "rollout 3, ", "sluice ledger rebind --reason", "sluice explain checkout/production/3") {
				if !strings.Contains(text, want) {
					t.Errorf("%q is missing in:\n%s\n%s", want, summary, detail)
				}
			}
			for _, never := range c.never {
				if strings.Contains(text, never) {
					t.Errorf("%q is in:\n%s\n%s", never, summary, detail)
				}
			}
		})
	}
}
