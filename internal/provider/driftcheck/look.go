package driftcheck

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/terraform-plugin-framework/diag"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/prose"
)

// look observes a release once and compares.
func (r *Resource) look(ctx context.Context, l ledger.Ledger, check drift.Check) (drift.Report, error) {
	return r.client.Looker(l).Look(ctx, check, r.client.Clock.Now())
}

// tell says what was found. Drift is a warning, or an error where the author wants
// a plan to fail for it or where it matters most, by the report's own rule.
func tell(check drift.Check, report drift.Report) diag.Diagnostics {
	var out diag.Diagnostics
	if report.Status == drift.StatusClean {
		return nil
	}
	summary, detail := report.Summary(), describe(check, report)
	at := attributeOf(check, report)
	if report.Fails() {
		out.AddAttributeError(at, "Unable to call "+report.Key.String()+" clean: "+summary, detail)
	} else {
		out.AddAttributeWarning(at, summary, detail)
	}
	return out
}

// describe lists the differences path by path, and says what follows. The lines
// begin with two spaces, so that Terraform does not wrap them; digests are cut
// there, and whole in the state.
func describe(check drift.Check, report drift.Report) string {
	return strings.Join(append(listed(report), folded(consequence(check, report))), "\n")
}

// listed gives one entry for each difference.
func listed(report drift.Report) []string {
	var lines []string
	for _, f := range report.Differences {
		lines = append(lines, folded(f.String()+notes(f)))
	}
	for _, i := range report.Ignored {
		lines = append(lines, folded(fmt.Sprintf("%s (ignored until %s: %s)", i.Difference, i.Expires.UTC().Format("2006-01-02 15:04Z"), i.Reason)))
	}
	for _, a := range report.Accepted {
		lines = append(lines, folded(fmt.Sprintf("%s (accepted: %s)", a.Difference, a.Reason)))
	}
	return lines
}

// consequence says what happens now, and what a person can do.
func consequence(check drift.Check, report drift.Report) string {
	reachable := slices.ContainsFunc(report.Differences, drift.Finding.Repairable)
	switch {
	case report.Status == drift.StatusUnknown && len(report.Differences) > 0 && !slices.ContainsFunc(report.Differences, func(f drift.Finding) bool { return !outside(check, f) }):
		return "What cannot be seen is not clean. Mend what keeps it from being read, and plan again."
	case report.Status == drift.StatusUnknown:
		return "What cannot be seen is not clean. Look at the target, and plan again."
	case report.Repairs():
		text := "An apply brings it back to what the ledger says, when the gates let it."
		if beyond := beyondRepair(report); beyond != "" {
			text += " It does nothing about " + beyond + "."
		}
		return text
	case !reachable && check.EffectiveMode() == drift.ModeRemediate:
		return "Nothing is changed: no repair reaches this. Put it back where it is kept, or declare what it is now."
	case !reachable:
		return "Nothing is changed. Put it back where it is kept, or declare what it is now."
	case check.EffectiveMode() == drift.ModeRemediate:
		return "Nothing is changed: it is of low severity."
	default:
		return "Nothing is changed. To bring it back: mode = \"remediate\", and apply; to keep what serves: release it."
	}
}

// notes says what is special about a finding, which most are not.
func notes(f drift.Finding) string {
	var words []string
	if f.Severity != drift.SeverityMedium {
		words = append(words, string(f.Severity))
	}
	if f.Note != "" {
		words = append(words, f.Note)
	}
	if len(words) == 0 {
		return ""
	}
	return " (" + strings.Join(words, "; ") + ")"
}

// beyondRepair lists the paths that a repair leaves as they are.
func beyondRepair(report drift.Report) string {
	var paths []string
	for _, f := range report.Differences {
		if !f.Repairable() {
			paths = append(paths, f.Path)
		}
	}
	return strings.Join(paths, ", ")
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
