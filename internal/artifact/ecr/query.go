// Package ecr finds an artifact in Amazon ECR: it resolves a tag to a digest, and reads
// what the registry knows of the image, its scans and its signatures. It changes
// nothing.
package ecr

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// Query is what an author asks for. It holds no secret.
type Query struct {
	awscloud.Settings
	// RegistryID is the account whose registry it is; empty means that of the
	// credentials.
	RegistryID string `json:"registry_id,omitempty"`
	// Repository is its name, without the registry: "acme/checkout".
	Repository string `json:"repository"`
	// Tag is resolved, unless Digest pins it. At least one of them is given; where both
	// are, the digest counts, and Image.Moved says whether the tag is still its.
	Tag    string `json:"tag,omitempty"`
	Digest string `json:"digest,omitempty"`
	// Version is a label for people; empty means the tag, or the short digest.
	Version string `json:"version,omitempty"`
	// Scan asks for the findings of the image's scan; nil asks for none.
	Scan *ScanRules `json:"scan,omitempty"`
}

const (
	maxRepository = 256
	maxTag        = 128

	exampleRepository = "; for example \"acme/checkout\""
	exampleTag        = "; for example \"1.4.2\""
	exampleDigest     = "; for example \"sha256:<64 lower-case hexadecimal digits>\""
)

var (
	repositoryPattern = pattern.New(`^[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*$`)
	registryPattern   = pattern.New(`^[0-9]{12}$`)
	tagPattern        = pattern.New(`^[a-zA-Z0-9_][a-zA-Z0-9_.-]*$`)
)

// Validate says what is wrong, by the JSON names. It looks nothing up.
func (q Query) Validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	switch {
	case q.Repository == "":
		add("repository", "the repository's name is missing%s", exampleRepository)
	case strings.Contains(q.Repository, ".dkr.") || strings.ContainsAny(q.Repository, ":@"):
		add("repository", "%.80q is more than a repository's name; the registry is said by registry_id and region, the tag by tag and the digest by digest%s", q.Repository, exampleRepository)
	case len(q.Repository) < 2 || len(q.Repository) > maxRepository || !repositoryPattern.MatchString(q.Repository):
		add("repository", "%.80q is not a repository's name: 2 to 256 lower-case letters and digits, parted by . _ - and /%s", q.Repository, exampleRepository)
	}
	if q.RegistryID != "" && !registryPattern.MatchString(q.RegistryID) {
		add("registry_id", "%.80q is not an account: 12 digits; for example \"123456789012\"", q.RegistryID)
	}
	if q.Tag == "" && q.Digest == "" {
		add("tag", "neither a tag nor a digest is given, and without one it would be \"latest\", which moves%s", exampleTag)
	}
	if q.Tag != "" && (len(q.Tag) > maxTag || !tagPattern.MatchString(q.Tag)) {
		add("tag", "%.140q is not a tag: 1 to 128 letters, digits, and . _ - behind the first%s", q.Tag, exampleTag)
	}
	if q.Digest != "" && (artifact.Artifact{Reference: "x@" + q.Digest}).Digest() == "" {
		add("digest", "%.80q is not a digest: \"sha256:\" and 64 lower-case hexadecimal digits, as docker push and aws ecr describe-images print it%s", q.Digest, exampleDigest)
	}
	if q.Version != "" {
		if e := (artifact.Artifact{Version: q.Version, Reference: "x@sha256:" + strings.Repeat("0", 64)}).Validate(); len(e) > 0 {
			errs = append(errs, e...)
		}
	}
	if q.Scan != nil {
		errs = append(errs, q.Scan.validate().Under("scan")...)
	}
	return append(errs, q.Settings.Validate()...)
}

// Label is the version that the artifact has for people.
func (q Query) Label() string {
	switch {
	case q.Version != "":
		return q.Version
	case q.Tag != "":
		return q.Tag
	}
	return artifact.Short(q.Digest)
}
