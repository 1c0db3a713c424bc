// Package signature asks whether an artifact was signed by whom its release trusts. The
// work is done by sluice-verify, a program of its own beside the provider: what verifies
// Sigstore's signatures would make the provider a tenth larger and slower to start, for
// everybody (ADR 0049).
package signature

import (
	"encoding/json"
	"fmt"
	"regexp"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Format is the version of what is said to sluice-verify and answered by it. Another one
// is refused on both sides.
const Format = 1

// Request is what sluice-verify is asked on its standard input.
type Request struct {
	Format int `json:"format"`
	// Digest is the artifact's: "sha256:...".
	Digest string `json:"digest"`
	// Signatures are those that were found. One that holds is enough.
	Signatures []Signature `json:"signatures"`
	Policy     Policy      `json:"policy"`
	Trust      Trust       `json:"trust"`
}

// Signature is one that was found: a Sigstore bundle, or the parts of one that cosign
// attached the old way. Exactly one is set.
type Signature struct {
	// Source says where it was found, for people.
	Source string          `json:"source"`
	Bundle json.RawMessage `json:"bundle,omitempty"`
	Simple *Simple         `json:"simple,omitempty"`
}

// Simple is a signature that cosign attached under the tag sha256-<hex>.sig: the
// annotations of a layer, and the layer itself, which names the digest.
type Simple struct {
	Payload     []byte `json:"payload"`
	Signature   string `json:"signature"`
	Certificate string `json:"certificate,omitempty"`
	Chain       string `json:"chain,omitempty"`
	// Rekor and Timestamp are as the annotations have them.
	Rekor     string `json:"rekor,omitempty"`
	Timestamp string `json:"timestamp,omitempty"`
}

// Policy says whose signature counts.
type Policy struct {
	// Identity is of a certificate of Fulcio; nil where a key signs.
	Identity *Identity `json:"identity,omitempty"`
	// PublicKey is in PEM; empty where certificates sign.
	PublicKey string `json:"public_key,omitempty"`
	// LogEntries is in how many transparency logs the signature must stand, Timestamps
	// how many trusted times it must have, and CertificateLogEntries in how many logs its
	// certificate must stand. Nil means one of each; with a key no certificate is there.
	LogEntries            *int `json:"transparency_log_entries,omitempty"`
	Timestamps            *int `json:"timestamps,omitempty"`
	CertificateLogEntries *int `json:"certificate_log_entries,omitempty"`
}

// Identity is who a certificate must be of. Of each pair exactly one is given.
type Identity struct {
	Issuer        string `json:"issuer,omitempty"`
	IssuerPattern string `json:"issuer_pattern,omitempty"`
	Subject       string `json:"subject,omitempty"`
	// SubjectPattern is a regular expression for the whole text.
	SubjectPattern string `json:"subject_pattern,omitempty"`
}

// Trust says which certificate authorities and logs are trusted: those of a file, or
// those that a TUF repository hands out. Without either it is the public Sigstore's.
type Trust struct {
	// Root is the content of a trusted_root.json.
	Root json.RawMessage `json:"root,omitempty"`
	// TUF is the address of a repository, and TUFRoot the content of its first
	// root.json; empty means the public Sigstore's.
	TUF     string `json:"tuf,omitempty"`
	TUFRoot []byte `json:"tuf_root,omitempty"`
	// Cache is the folder that keeps what TUF handed out.
	Cache string `json:"cache,omitempty"`
}

// Answer is what sluice-verify answers on its standard output.
type Answer struct {
	Format int `json:"format"`
	// Verified is whether one of the signatures holds; the rest is about that one.
	Verified bool   `json:"verified"`
	Identity string `json:"identity,omitempty"`
	Issuer   string `json:"issuer,omitempty"`
	LoggedAt string `json:"logged_at,omitempty"`
	Source   string `json:"source,omitempty"`
	// Reasons say why none holds, one for each signature.
	Reasons []string `json:"reasons,omitempty"`
	// Error says that it could not be found out. Then nothing is verified.
	Error string `json:"error,omitempty"`
}

const (
	exampleIdentity = "; for example identity = { issuer = \"https://token.actions.githubusercontent.com\", subject_pattern = \"https://github.com/acme/checkout/.*\" }"
	maxThreshold    = 10
)

// Validate checks a policy, by the JSON names.
func (p Policy) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	switch {
	case p.Identity == nil && p.PublicKey == "":
		add("", "neither an identity nor a public key is given, and anybody's signature would do%s", exampleIdentity)
	case p.Identity != nil && p.PublicKey != "":
		add("public_key", "an identity and a public key are both given, and each says whose signature counts; leave one out%s", exampleIdentity)
	case p.Identity != nil:
		errs = append(errs, p.Identity.validate().Under("identity")...)
	}
	for path, n := range map[string]*int{"transparency_log_entries": p.LogEntries, "timestamps": p.Timestamps, "certificate_log_entries": p.CertificateLogEntries} {
		if n != nil && (*n < 0 || *n > maxThreshold) {
			add(path, "%d is not from 0 to %d; for example 1", *n, maxThreshold)
		}
	}
	if p.Identity != nil && p.Timestamps != nil && *p.Timestamps == 0 {
		add("timestamps", "a certificate is good for minutes, so without a trusted time nobody can tell whether it was when it signed; it must be at least 1")
	}
	return errs
}

func (i Identity) validate() field.Errors {
	var errs field.Errors
	for _, pair := range []struct{ name, exact, pattern string }{{"issuer", i.Issuer, i.IssuerPattern}, {"subject", i.Subject, i.SubjectPattern}} {
		if (pair.exact == "") == (pair.pattern == "") {
			errs = append(errs, field.Error{Path: pair.name, Msg: fmt.Sprintf("exactly one of %s and %s_pattern must be given%s", pair.name, pair.name, exampleIdentity)})
		}
		if _, err := regexp.Compile(pair.pattern); err != nil {
			errs = append(errs, field.Error{Path: pair.name + "_pattern", Msg: fmt.Sprintf("%q is not a regular expression: %v%s", pair.pattern, err, exampleIdentity)})
		}
	}
	return errs
}

// Limit bounds one question to sluice-verify; most of it is what TUF may take.
const Limit = 60 * time.Second
