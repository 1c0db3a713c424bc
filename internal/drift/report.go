package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
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

// KindChecked is the kind of the records in the stream of a drift check, which Stream
// names. Their body is a Report.
const KindChecked = "drift.checked"

// StreamPrefix begins the names of the streams of drift checks.
const StreamPrefix = "drift/"

// Stream is the stream of the results of the check of that name.
func Stream(name string) string { return StreamPrefix + name }

// Report is the result of one drift check.
type Report struct {
	Key    release.Key `json:"release"`
	Mode   Mode        `json:"mode"`
	At     time.Time   `json:"at"`
	Status Status      `json:"status"`
	// Severity is that of the gravest difference, empty when it is clean.
	Severity Severity `json:"severity,omitempty"`
	// Reason says why the status is unknown; empty otherwise.
	Reason      string    `json:"reason,omitempty"`
	Differences []Finding `json:"differences,omitempty"`
	// Ignored holds what differs and somebody said may differ for now, and Accepted
	// what the author takes for good.
	Ignored  []Ignored  `json:"ignored,omitempty"`
	Accepted []Accepted `json:"accepted,omitempty"`
	// Moving is true when an open rollout moves what would be compared: the target was
	// not looked at, and of what is declared only that which no rollout moves.
	Moving bool `json:"moving,omitempty"`
	// Unborn is true when nothing was released yet, so that nothing can have drifted.
	Unborn bool `json:"unborn,omitempty"`
	// Observed is a hash of what a repair would change and of what it would change it
	// to: a repair that was planned for one is not made on another. It is empty when
	// there is nothing to repair.
	Observed string `json:"observed,omitempty"`
}

// Seen is what a look saw: of the target, or the error that kept it from
// looking, and of the documents of the check, by name.
type Seen struct {
	Observation target.Observation
	Err         error
	Documents   map[string]Content
	// Groups, Resources and Images are what was read of AWS, by name.
	Groups    map[string]SeenGroup
	Resources map[string]Content
	Images    map[string]SeenImage
}

// Assess looks at a release once: what its ledger says should serve and what the
// check declares, against what was seen. Entries of ignore that have expired at
// the instant do not count. A document that was not read is unknown.
func Assess(h *release.History, seen Seen, check Check, at time.Time) Report {
	report := Report{Key: check.Release, Mode: check.EffectiveMode(), At: at.UTC(), Status: StatusUnknown}
	if h == nil {
		report.Reason, report.Unborn = "the ledger knows nothing of the release", true
		return report.graded(check)
	}
	report.Key = h.Key
	expected, ok := ExpectedOf(h)
	expected.Fields = check.Fields
	switch open := h.Open(); {
	case open != nil:
		report.Moving = true
		report.Reason = fmt.Sprintf("rollout %d is open, and moves what would be compared", open.Number)
	case !ok:
		report.Reason, report.Unborn = "nothing has been released yet", true
		return report.graded(check)
	case seen.Err != nil:
		report.Reason = "unable to look at the target: " + seen.Err.Error()
	case !seen.Observation.Known:
		report.Reason = "the target could not tell what serves"
	default:
		report.sort(compareTarget(expected, seen.Observation), check)
	}
	blind := report.Reason
	report.sort(compareDeclared(check.readable(expected, ok), seen), check)
	report.conclude(blind)
	if blind != "" && report.Status == StatusDrifted && !report.Moving {
		// A document that drifted must not hide that nobody saw the target.
		report.sort([]Finding{{Difference: Difference{PathBaseline, expected.Payload.Label(), Unknown}, Kind: KindUnknown, Note: blind}}, Check{Severity: check.Severity})
	}
	report.Observed = report.fingerprint(expected, seen.Observation)
	report.label(versionsOf(h, check))
	return report.graded(check)
}

// compareDeclared holds what is outside of the target against what is declared of it.
// Whatever nobody read is unknown.
func compareDeclared(check Check, seen Seen) []Finding {
	var out []Finding
	for _, name := range slices.Sorted(maps.Keys(check.Documents)) {
		out = append(out, check.Documents[name].compare(name, contentOf(seen.Documents, name))...)
	}
	for _, name := range slices.Sorted(maps.Keys(check.SecurityGroups)) {
		group, ok := seen.Groups[name]
		if !ok {
			group.Err = errNotRead
		}
		out = append(out, check.SecurityGroups[name].compare(name, group)...)
	}
	for _, name := range slices.Sorted(maps.Keys(check.Resources)) {
		out = append(out, check.Resources[name].compare(name, contentOf(seen.Resources, name))...)
	}
	for _, name := range slices.Sorted(maps.Keys(check.Images)) {
		image, ok := seen.Images[name]
		if !ok {
			image.Err = errNotRead
		}
		out = append(out, check.Images[name].compare(name, image)...)
	}
	return out
}

func contentOf(read map[string]Content, name string) Content {
	content, ok := read[name]
	if !ok {
		content.Err = errNotRead
	}
	return content
}

// sort puts each finding where it belongs.
func (r *Report) sort(found []Finding, check Check) {
	for _, f := range found {
		if stated, ok := severityFor(check.Severity, f.Path); ok || f.Severity == "" {
			f.Severity = stated
		}
		if entry, ok := covering(check.Ignore, f.Path, r.At); ok {
			r.Ignored = append(r.Ignored, Ignored{Finding: f, Reason: entry.Reason, Expires: entry.Expires})
			continue
		}
		if entry, ok := accepting(check.Accepted, f); ok && r.Mode == ModeAccept {
			r.Accepted = append(r.Accepted, Accepted{Finding: f, Reason: entry.Reason})
			continue
		}
		r.Differences = append(r.Differences, f)
	}
}

// conclude gives the status: what certainly differs outweighs what nobody could
// see, and that outweighs what is as it should be.
func (r *Report) conclude(blind string) {
	r.Status, r.Reason = StatusClean, blind
	for _, f := range r.Differences {
		switch {
		case f.Kind != KindUnknown:
			r.Status, r.Reason = StatusDrifted, ""
			return
		case r.Reason == "" && f.Note != "":
			r.Reason = fmt.Sprintf("unable to read %s: %s", f.Path, f.Note)
		case r.Reason == "":
			r.Reason = "the target could not tell " + f.Path
		}
	}
	if r.Reason != "" {
		r.Status = StatusUnknown
	}
}

// graded takes the gravest difference. What nobody could look at at all matters as
// much as anything that nobody graded.
func (r Report) graded(check Check) Report {
	if r.Status == StatusClean {
		return r
	}
	if len(r.Differences) == 0 {
		r.Severity = SeverityMedium
		if s := severityOf(check.Severity, PathBaseline); s == SeverityHigh {
			r.Severity = s
		}
	}
	for _, f := range r.Differences {
		if f.Severity.rank() > r.Severity.rank() {
			r.Severity = f.Severity
		}
	}
	return r
}

// fingerprint hashes what a repair acts upon. Health, fields and documents are left
// out: they change by themselves, and a repair does nothing about them.
func (r Report) fingerprint(expected Expected, obs target.Observation) string {
	if !slices.ContainsFunc(r.Differences, Finding.Repairable) {
		return ""
	}
	type arm struct {
		Key    string
		Weight string
	}
	of := func(a *target.ArmState) *arm {
		if a == nil {
			return nil
		}
		return &arm{Key: a.Payload.Key(), Weight: percent(a.Weight)}
	}
	raw, err := json.Marshal(struct {
		Want             string
		Baseline, Canary *arm
	}{expected.Payload.Key(), of(obs.Baseline), of(obs.Canary)})
	if err != nil {
		return ""
	}
	return "sha256:" + hash(string(raw))
}

// Fails says whether a plan must fail for what the report found.
func (r Report) Fails() bool {
	switch {
	case r.Status == StatusClean:
		return false
	case r.Mode == ModeFail:
		return r.Severity != SeverityLow
	case r.Mode == ModeRemediate && r.Repairs():
		return slices.ContainsFunc(r.Differences, func(f Finding) bool { return f.Severity == SeverityHigh && !f.Repairable() })
	default:
		return r.Severity == SeverityHigh
	}
}

// Repairs says whether the mode asks for a repair and one could mend something that
// matters.
func (r Report) Repairs() bool {
	return r.Mode == ModeRemediate && slices.ContainsFunc(r.Differences, func(f Finding) bool {
		return f.Repairable() && f.Severity != SeverityLow
	})
}

// Blocks says whether what was found is grave enough to keep releases back, where
// the check wants that. Unknown keeps them back too, unless it is because Sluice
// itself moves the release, or because there is nothing yet that could drift.
func (r Report) Blocks() bool {
	return r.Status != StatusClean && r.Severity != SeverityLow && r.Told()
}

// Told says whether the report has anything to tell of: it has not where a rollout moves
// what would be compared, unless something beside it has certainly drifted, nor before
// there was a release.
func (r Report) Told() bool {
	return !r.Unborn && (!r.Moving || r.Status == StatusDrifted)
}

// Summary says in one line what came out.
func (r Report) Summary() string {
	switch {
	case r.Status == StatusClean && len(r.Ignored)+len(r.Accepted) > 0:
		var but []string
		if n := len(r.Ignored); n > 0 {
			but = append(but, things(n, "ignored difference"))
		}
		if n := len(r.Accepted); n > 0 {
			but = append(but, things(n, "accepted difference"))
		}
		return fmt.Sprintf("%s is as the ledger says, but for %s", r.Key, strings.Join(but, " and "))
	case r.Status == StatusClean:
		return r.Key.String() + " is as the ledger says"
	case r.Status == StatusDrifted && r.Moving:
		return fmt.Sprintf("%s has drifted in %s, beside the rollout that is open", r.Key, things(len(r.Differences), "place"))
	case r.Status == StatusDrifted:
		return fmt.Sprintf("%s has drifted in %s", r.Key, things(len(r.Differences), "place"))
	default:
		return fmt.Sprintf("nobody can tell whether %s has drifted: %s", r.Key, r.Reason)
	}
}

func things(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
