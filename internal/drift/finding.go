package drift

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind says in which way something differs.
type Kind string

// The kinds. KindUnknown is what could not be seen.
const (
	KindChanged Kind = "changed"
	KindMissing Kind = "missing"
	KindExtra   Kind = "extra"
	KindUnknown Kind = "unknown"
)

// Severity says how much a difference matters.
type Severity string

// The severities.
const (
	// SeverityLow is told, and nothing follows from it.
	SeverityLow Severity = "low"
	// SeverityMedium has the consequence that the mode says. It is the default.
	SeverityMedium Severity = "medium"
	// SeverityHigh fails a plan in every mode, unless the apply would repair it.
	SeverityHigh Severity = "high"
)

// Severities lists them, from the least on.
func Severities() []string {
	return []string{string(SeverityLow), string(SeverityMedium), string(SeverityHigh)}
}

func (s Severity) rank() int { return slices.Index(Severities(), string(s)) }

// Finding is a difference with what is to be made of it.
type Finding struct {
	Difference
	Kind     Kind     `json:"kind"`
	Severity Severity `json:"severity"`
	// ExpectedVersion and ObservedVersion are the labels under which the ledger has the
	// artifacts whose digests Expected and Observed are; empty where it has none, and for
	// every other value.
	ExpectedVersion string `json:"expected_version,omitempty"`
	ObservedVersion string `json:"observed_version,omitempty"`
	// Digest is the SHA-256 of what was observed, in full, which accepts it. It is
	// empty where nobody may see the value, and where nothing could be seen.
	Digest string `json:"digest,omitempty"`
	// Note says why something is unknown.
	Note string `json:"note,omitempty"`
	// At is where, below what is declared, an author would mend why it could not be
	// read: "aws.region"; empty where nobody can tell. It is no part of a report.
	At string `json:"-"`
	// digest is Digest for hidden values too. It leaves this package in no form.
	digest string
}

// String gives "baseline.digest: expected sha256:... (1.1.0), observed sha256:... (1.0.0)".
func (f Finding) String() string {
	return fmt.Sprintf("%s: expected %s, observed %s", f.Path, labelled(f.Expected, f.ExpectedVersion), labelled(f.Observed, f.ObservedVersion))
}

// Repairable says whether a rollout of kind repair could mend it: it moves the
// target's payload and weights, and nothing else.
func (f Finding) Repairable() bool {
	switch f.Path {
	case PathBaseline, PathDigest, PathConfiguration, PathWeight, PathCanaryWeight, PathCanaryDigest:
		return f.Kind != KindUnknown
	}
	return false
}

// Ignored is a difference that an entry of the check covers.
type Ignored struct {
	Finding
	Reason  string    `json:"reason"`
	Expires time.Time `json:"expires"`
}

// Accepted is a difference whose value the author accepts.
type Accepted struct {
	Finding
	Reason string `json:"reason"`
}

// covers says whether a path is another or lies below it.
func covers(path, below string) bool { return below == path || strings.HasPrefix(below, path+".") }

// covering returns the first entry that lets the path differ at an instant.
func covering(ignore []Ignore, path string, at time.Time) (Ignore, bool) {
	for _, i := range ignore {
		if covers(i.Path, path) && at.Before(i.Expires) {
			return i, true
		}
	}
	return Ignore{}, false
}

// severityOf is what an author says that a difference at a path matters, or the default.
func severityOf(rules map[string]Severity, path string) Severity {
	severity, _ := severityFor(rules, path)
	return severity
}

// severityFor takes the entry that names the path most closely. It is false, beside the
// default, where there is none.
func severityFor(rules map[string]Severity, path string) (Severity, bool) {
	best, severity := -1, SeverityMedium
	for rule, s := range rules {
		if covers(rule, path) && len(rule) > best {
			best, severity = len(rule), s
		}
	}
	return severity, best >= 0
}

// accepting says whether the author accepts just this value at just this path. What
// nobody could see is accepted by no entry.
func accepting(entries []Acceptance, f Finding) (Acceptance, bool) {
	if f.Kind == KindUnknown {
		return Acceptance{}, false
	}
	for _, a := range entries {
		if a.Path == f.Path && f.digest != "" && a.digest() == f.digest {
			return a, true
		}
	}
	return Acceptance{}, false
}
