// Package artifact names what a rollout carries: an immutable package by digest,
// and the digest of the configuration that goes with it.
package artifact

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/field"
)

// Artifact is an immutable package. It is never rebuilt between environments.
type Artifact struct {
	// Version is a label for people, such as "1.1.0". It identifies nothing.
	Version string `json:"version"`
	// Reference ends in "@sha256:" and 64 hexadecimal digits, for example
	// "registry.example/checkout@sha256:9f2c...". What stands before is for the
	// target, which knows where to fetch it.
	Reference string `json:"reference"`
}

// Payload is what a rollout carries. Two payloads are the same when their keys
// are, whatever their labels say.
type Payload struct {
	Artifact
	// ConfigurationDigest identifies the configuration that ships with the
	// artifact: "sha256:" and 64 hexadecimal digits, or empty where there is none.
	ConfigurationDigest string `json:"configuration_digest,omitempty"`
}

// digestPrefix stands before the 64 hexadecimal digits.
const digestPrefix = "sha256:"

const exampleReference = "registry.example/checkout@sha256:<64 hexadecimal digits>"

// Digest returns the "sha256:..." at the end of the reference, or an empty
// string when the reference has none (Validate says so).
func (a Artifact) Digest() string {
	before, digest, found := strings.Cut(a.Reference, "@")
	if !found || strings.ContainsAny(before, " \t\n\f\r") || !isDigest(digest) {
		return ""
	}
	return digest
}

// isDigest is written out and no pattern: whoever folds a history compares payloads
// at each record.
func isDigest(s string) bool {
	digits, found := strings.CutPrefix(s, digestPrefix)
	return found && len(digits) == 64 && strings.Trim(digits, "0123456789abcdef") == ""
}

// Key identifies the payload: the artifact's digest, and behind a plus sign the
// configuration's where there is one.
func (p Payload) Key() string {
	if p.ConfigurationDigest == "" {
		return p.Digest()
	}
	return p.Digest() + "+" + p.ConfigurationDigest
}

// IsZero reports whether the payload names nothing at all.
func (p Payload) IsZero() bool { return p == Payload{} }

// Same reports whether both name the same artifact and configuration. Nothing
// is the same as a payload without a digest.
func (p Payload) Same(other Payload) bool {
	return p.Digest() != "" && p.Key() == other.Key()
}

// Label is what people read: the version, or the short digest without one, and a
// short configuration digest where there is one.
func (p Payload) Label() string {
	label := p.Version
	if label == "" {
		label = Short(p.Digest())
	}
	if p.ConfigurationDigest != "" {
		label += " (configuration " + Short(p.ConfigurationDigest) + ")"
	}
	return label
}

// Answers is whether a person who says name means this payload: its version, label,
// reference or whole key, or the beginning of its digest, of four digits at least.
func (p Payload) Answers(name string) bool {
	if name == p.Version || name == p.Label() || name == p.Reference || name == p.Key() {
		return true
	}
	digits := strings.TrimPrefix(name, "sha256:")
	return len(digits) >= 4 && strings.HasPrefix(strings.TrimPrefix(p.Key(), "sha256:"), digits)
}

// Handle is the shortest name to which this payload alone answers among those given,
// for a command that can be pasted. Where they are not known, nil, it is the digest.
func (p Payload) Handle(among []Payload) string {
	names := []string{p.Version, Short(p.Digest())}
	switch {
	case among == nil && p.ConfigurationDigest != "":
		return p.Key()
	case among == nil:
		return Short(p.Digest())
	}
	for _, name := range names {
		other := func(q Payload) bool { return !q.Same(p) && q.Answers(name) }
		if name != "" && !slices.ContainsFunc(among, other) {
			return name
		}
	}
	return p.Key()
}

// Short shortens a digest for people: its first twelve hexadecimal digits.
func Short(digest string) string {
	hex := strings.TrimPrefix(digest, "sha256:")
	if len(hex) > 12 {
		hex = hex[:12]
	}
	return hex
}

// Validate checks an artifact as an author wrote it. Paths are "version" and
// "reference".
func (a Artifact) Validate() field.Errors {
	var errs field.Errors
	if msg := field.Name(a.Version); msg != "" {
		errs = append(errs, field.Error{Path: "version", Msg: strings.ReplaceAll(strings.ReplaceAll(msg, "the name", "the version label"), "checkout", "1.1.0")})
	}
	if a.Digest() == "" {
		errs = append(errs, field.Error{Path: "reference", Msg: referenceProblem(a.Reference)})
	}
	return errs
}

// ValidateConfigurationDigest checks a configuration digest; empty is allowed
// and means that there is no configuration. It returns what is wrong, or "".
func ValidateConfigurationDigest(digest string) string {
	if digest == "" || isDigest(digest) {
		return ""
	}
	return fmt.Sprintf("%q is not a digest; it must be \"sha256:\" and 64 lower-case hexadecimal digits, for example \"sha256:${filesha256(\"config.json\")}\"", digest)
}

func referenceProblem(reference string) string {
	const must = "; a reference must end in a digest, which cannot change, for example " + exampleReference
	switch at := strings.LastIndex(reference, "@"); {
	case reference == "":
		return "the reference is empty" + must
	case at < 0 && strings.Contains(reference[strings.LastIndex(reference, "/")+1:], ":"):
		return fmt.Sprintf("%q names a tag, which can be moved to another artifact%s", reference, must)
	case at < 0:
		return fmt.Sprintf("%q has no digest, so it means \"latest\", which can move%s", reference, must)
	case !isDigest(reference[at+1:]):
		return fmt.Sprintf("%q is not a digest (sha256 and 64 lower-case hexadecimal digits)%s", reference[at+1:], must)
	default:
		return fmt.Sprintf("%q is malformed%s", reference, must)
	}
}
