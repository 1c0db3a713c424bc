package driftcheck

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// look observes a release once and compares.
func (r *Resource) look(ctx context.Context, l ledger.Ledger, check drift.Check) (drift.Report, error) {
	now := r.client.Clock.Now()
	status, err := r.client.Engine(l).Describe(ctx, check.Release, true)
	if errors.Is(err, release.ErrUnknown) {
		report := drift.Assess(nil, target.Observation{}, nil, check.Ignore, now)
		report.Key = check.Release
		return report, nil
	}
	if err != nil {
		return drift.Report{}, err
	}
	var obs target.Observation
	if status.Serving != nil {
		obs = *status.Serving
	}
	return drift.Assess(status.History, obs, status.LookErr, check.Ignore, now), nil
}

// tell says what was found. Drift is a warning, or an error where the author wants
// a plan to fail for it; what could not be seen is a warning in any mode but fail.
func tell(check drift.Check, report drift.Report) diag.Diagnostics {
	var out diag.Diagnostics
	if report.Status == drift.StatusClean {
		return nil
	}
	summary, detail := report.Summary(), describe(check, report)
	if check.EffectiveMode() == drift.ModeFail {
		out.AddError("Unable to call "+report.Key.String()+" clean: "+summary, detail)
		return out
	}
	out.AddWarning(summary, detail)
	return out
}

// describe lists the differences path by path. The lines begin with two spaces, so
// that Terraform does not wrap them; digests are cut there, and whole in the state.
func describe(check drift.Check, report drift.Report) string {
	var lines []string
	for _, d := range report.Differences {
		lines = append(lines, folded(d.String()))
	}
	for _, i := range report.Ignored {
		lines = append(lines, folded(fmt.Sprintf("%s (ignored until %s: %s)", i.Difference, i.Expires.UTC().Format("2006-01-02 15:04Z"), i.Reason)))
	}
	switch {
	case report.Status == drift.StatusUnknown:
		lines = append(lines, folded("What cannot be seen is not clean. Look at the target, and plan again."))
	case check.EffectiveMode() == drift.ModeRemediate:
		lines = append(lines, folded("An apply brings it back to what the ledger says, when the gates let it."))
	default:
		lines = append(lines, folded("Nothing is changed. To bring it back: mode = \"remediate\", and apply; to keep what serves: release it."))
	}
	return strings.Join(lines, "\n")
}

// wholeDigest is a digest, of which people compare the beginning.
var wholeDigest = regexp.MustCompile(`(sha256:[0-9a-f]{12})[0-9a-f]{52}`)

func folded(text string) string {
	return prose.Wrapped(wholeDigest.ReplaceAllString(text, "$1..."), "  ", prose.Width)
}

type diagnostics = diag.Diagnostics

// afterColon gives what a summary says behind its first colon.
func afterColon(summary string) string {
	_, rest, ok := strings.Cut(summary, ": ")
	if !ok {
		return summary
	}
	return rest
}
