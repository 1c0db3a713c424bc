package drift

import (
	"fmt"
	"strings"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Status is what a comparison comes to.
type Status string

// The statuses. StatusUnknown is never taken for StatusClean.
const (
	StatusClean   Status = "clean"
	StatusDrifted Status = "drifted"
	StatusUnknown Status = "unknown"
)

// Report is the result of one drift check.
type Report struct {
	Key    release.Key `json:"release"`
	At     time.Time   `json:"at"`
	Status Status      `json:"status"`
	// Reason says why the status is unknown; empty otherwise.
	Reason      string       `json:"reason,omitempty"`
	Differences []Difference `json:"differences,omitempty"`
	// Ignored holds what differs and somebody said may differ for now.
	Ignored []Ignored `json:"ignored,omitempty"`
}

// Ignored is a difference that an entry of the check covers.
type Ignored struct {
	Difference
	Reason  string    `json:"reason"`
	Expires time.Time `json:"expires"`
}

// Assess looks at a release once: what its ledger says should serve, against what
// its target said. lookErr is the error of the observation, nil when there was
// none; obs is then not looked at. Entries of ignore that have expired at the
// instant do not count.
func Assess(h *release.History, obs target.Observation, lookErr error, ignore []Ignore, at time.Time) Report {
	report := Report{At: at.UTC(), Status: StatusUnknown}
	if h == nil {
		report.Reason = "the ledger knows nothing of the release"
		return report
	}
	report.Key = h.Key
	expected, ok := ExpectedOf(h)
	switch open := h.Open(); {
	case open != nil:
		report.Reason = fmt.Sprintf("rollout %d is open, and moves what would be compared", open.Number)
		return report
	case !ok:
		report.Reason = "nothing has been released yet"
		return report
	case lookErr != nil:
		report.Reason = "unable to look at the target: " + lookErr.Error()
		return report
	case !obs.Known:
		report.Reason = "the target could not tell what serves"
		return report
	}
	report.compare(expected, obs, ignore)
	return report
}

func (r *Report) compare(expected Expected, obs target.Observation, ignore []Ignore) {
	r.Status = StatusClean
	certain := false
	for _, d := range Compare(expected, obs) {
		if entry, ok := covering(ignore, d.Path, r.At); ok {
			r.Ignored = append(r.Ignored, Ignored{Difference: d, Reason: entry.Reason, Expires: entry.Expires})
			continue
		}
		r.Differences = append(r.Differences, d)
		if d.Observed == Unknown {
			r.Reason = "the target could not tell " + d.Path
		} else {
			certain = true
		}
	}
	switch {
	case certain:
		r.Status, r.Reason = StatusDrifted, ""
	case len(r.Differences) > 0:
		r.Status = StatusUnknown
	}
}

// Summary says in one line what came out.
func (r Report) Summary() string {
	switch {
	case r.Status == StatusClean && len(r.Ignored) > 0:
		return fmt.Sprintf("%s is as the ledger says, but for %s", r.Key, things(len(r.Ignored), "ignored difference"))
	case r.Status == StatusClean:
		return r.Key.String() + " is as the ledger says"
	case r.Status == StatusDrifted:
		return fmt.Sprintf("%s has drifted in %s", r.Key, things(len(r.Differences), "place"))
	default:
		return fmt.Sprintf("nobody can tell whether %s has drifted: %s", r.Key, r.Reason)
	}
}

// Markdown gives the summary and, where something differs, a table below it.
func (r Report) Markdown() string {
	var b strings.Builder
	b.WriteString(cell(r.Summary()) + "\n")
	if len(r.Differences)+len(r.Ignored) == 0 {
		return b.String()
	}
	b.WriteString("\n| path | expected | observed | |\n|---|---|---|---|\n")
	for _, d := range r.Differences {
		row(&b, d, "")
	}
	for _, i := range r.Ignored {
		row(&b, i.Difference, fmt.Sprintf("ignored until %s: %s", i.Expires.UTC().Format("2006-01-02 15:04Z"), i.Reason))
	}
	return b.String()
}

func row(b *strings.Builder, d Difference, note string) {
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", cell(d.Path), cell(d.Expected), cell(d.Observed), cell(note))
}

// cell keeps text from breaking out of its row.
func cell(text string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ", "\r", " ", "`", "'").Replace(text)
}

func things(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
