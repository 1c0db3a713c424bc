package cli

import (
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

// driftJSON is one report of sluice drift --json.
type driftJSON struct {
	Release string    `json:"release"`
	Mode    string    `json:"mode"`
	At      time.Time `json:"at"`
	// Status is clean, drifted or unknown; unknown is never clean.
	Status string `json:"status"`
	// Severity is that of the gravest difference: low, medium or high; empty when clean.
	Severity    string        `json:"severity"`
	Reason      string        `json:"reason"`
	Summary     string        `json:"summary"`
	Differences []findingJSON `json:"differences"`
	Ignored     []findingJSON `json:"ignored"`
	Accepted    []findingJSON `json:"accepted"`
}

// findingJSON is one difference.
type findingJSON struct {
	Path string `json:"path"`
	// Kind is changed, missing, extra or unknown.
	Kind     string `json:"kind"`
	Severity string `json:"severity"`
	Expected string `json:"expected"`
	Observed string `json:"observed"`
	// ExpectedVersion and ObservedVersion are the labels of the artifacts whose digests
	// those are; empty where the ledger has none.
	ExpectedVersion string `json:"expected_version"`
	ObservedVersion string `json:"observed_version"`
	// Digest accepts the value; empty where nobody may see it.
	Digest     string `json:"digest"`
	Repairable bool   `json:"repairable"`
	// Note says why it is unknown, ignored or accepted.
	Note    string     `json:"note"`
	Expires *time.Time `json:"expires"`
}

func toDrift(reports []drift.Report) []driftJSON {
	out := make([]driftJSON, 0, len(reports))
	for _, r := range reports {
		j := driftJSON{
			Release: r.Key.String(), Mode: string(r.Mode), At: r.At, Status: string(r.Status), Severity: string(r.Severity),
			Reason: r.Reason, Summary: r.Summary(), Differences: []findingJSON{}, Ignored: []findingJSON{}, Accepted: []findingJSON{},
		}
		for _, f := range r.Differences {
			j.Differences = append(j.Differences, toFinding(f, f.Note))
		}
		for _, i := range r.Ignored {
			f := toFinding(i.Finding, i.Reason)
			f.Expires = timeOrNull(i.Expires)
			j.Ignored = append(j.Ignored, f)
		}
		for _, a := range r.Accepted {
			j.Accepted = append(j.Accepted, toFinding(a.Finding, a.Reason))
		}
		out = append(out, j)
	}
	return out
}

func toFinding(f drift.Finding, note string) findingJSON {
	return findingJSON{
		Path: f.Path, Kind: string(f.Kind), Severity: string(f.Severity), Expected: f.Expected, Observed: f.Observed,
		ExpectedVersion: f.ExpectedVersion, ObservedVersion: f.ObservedVersion,
		Digest: f.Digest, Repairable: f.Repairable(), Note: note,
	}
}
