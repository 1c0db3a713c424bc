package gate

import (
	"fmt"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Evidence is what somebody has found out about an artifact: a scan, a signature. It
// says of which digest, by what, and until when it is good, and it is frozen with the
// rollout that it let begin.
type Evidence struct {
	// Kind is what was looked at: "scan" or "signature".
	Kind string `json:"kind"`
	// Digest is the artifact's: "sha256:...".
	Digest string `json:"digest"`
	Status Status `json:"status"`
	// Reason says what was found, in one line; Remedy what a person can do about it.
	Reason string `json:"reason"`
	Remedy string `json:"remedy,omitempty"`
	// Source is where it was found.
	Source string `json:"source,omitempty"`
	// At is when it came about, and ExpiresAt until when it is good, RFC 3339; empty
	// where nobody can tell, and where it stays good.
	At        string `json:"at,omitempty"`
	ExpiresAt string `json:"expires_at,omitempty"`
}

// The kinds of evidence.
const (
	ScanEvidence      = "scan"
	SignatureEvidence = "signature"
)

// Validate checks evidence as an author wrote it. It may be of another artifact: that is
// for the gate to say.
func (e Evidence) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	const from = "; take it from a data source, for example evidence = data.sluice_ecr_artifact.checkout.evidence"
	if msg := field.Name(e.Kind); msg != "" {
		add("kind", "%q is not a kind of evidence%s", e.Kind, from)
	}
	if (artifact.Artifact{Reference: "x@" + e.Digest}).Digest() == "" {
		add("digest", "%q is not the digest of an artifact, \"sha256:\" and 64 lower-case hexadecimal digits%s", e.Digest, from)
	}
	if e.Status != Pass && e.Status != Fail && e.Status != Unknown {
		add("status", "%q is not pass, fail or unknown%s", e.Status, from)
	}
	if e.Reason == "" {
		add("reason", "the reason is empty, and evidence says what was found%s", from)
	}
	for path, text := range map[string]string{"at": e.At, "expires_at": e.ExpiresAt} {
		if _, err := time.Parse(time.RFC3339, text); text != "" && err != nil {
			add(path, "%q is not an instant of RFC 3339, such as \"2026-11-26T08:00:00Z\"%s", text, from)
		}
	}
	return errs
}
