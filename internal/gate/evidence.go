package gate

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
