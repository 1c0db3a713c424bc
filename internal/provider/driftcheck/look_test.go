package driftcheck

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// TestDriftIsToldInLinesThatTerraformLeavesAlone wants every line indented and
// within the width, also with two whole digests in it.
func TestDriftIsToldInLinesThatTerraformLeavesAlone(t *testing.T) {
	t.Parallel()
	report := drift.Report{Status: drift.StatusDrifted, Differences: []drift.Finding{
		{Difference: drift.Difference{Path: "baseline.digest", Expected: "sha256:3f3cf830c66c" + strings.Repeat("a", 52), Observed: "sha256:f2abedd1c112" + strings.Repeat("b", 52)}, Kind: drift.KindChanged, Severity: drift.SeverityMedium},
		{Difference: drift.Difference{Path: "baseline.weight", Expected: "100 %", Observed: "70 %"}, Kind: drift.KindChanged, Severity: drift.SeverityMedium},
	}}
	differences := "  baseline.digest: expected sha256:3f3cf830c66c..., observed\n  sha256:f2abedd1c112...\n  baseline.weight: expected 100 %, observed 70 %\n"
	for mode, want := range map[drift.Mode]string{
		drift.ModeRemediate: "  An apply brings it back to what the ledger says, when the gates let it.",
		drift.ModeReport:    "  Nothing is changed. To bring it back: mode = \"remediate\", and apply; to keep\n  what serves: release it.",
	} {
		report.Mode = mode
		if diff := cmp.Diff(differences+want, describe(drift.Check{Mode: mode}, report)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", mode, diff)
		}
	}
}
