package ecr

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/gate"
)

// Image is what the registry knows of the image that was asked for.
type Image struct {
	// Artifact is what a release takes: the version and the reference with the digest.
	Artifact artifact.Artifact `json:"artifact"`
	Digest   string            `json:"digest"`
	// RegistryID is the account, RepositoryURI where images are pulled from.
	RegistryID    string `json:"registry_id"`
	RepositoryURI string `json:"repository_uri"`
	// TagDigest is what the tag names now; empty where it names nothing, or no tag was
	// asked for. Moved is true when that is not Digest.
	TagDigest string `json:"tag_digest,omitempty"`
	Moved     bool   `json:"moved"`
	// Tags are all that the image has.
	Tags []string `json:"tags"`
	// Immutable is whether the repository refuses to move the tag, as far as that can
	// be told: exclusions by wildcard count.
	Immutable bool `json:"immutable"`
	// SizeBytes is the size of the compressed image; of an index, of the index alone.
	SizeBytes int64  `json:"size_bytes"`
	PushedAt  string `json:"pushed_at,omitempty"`
	// MediaType is that of the manifest; ArtifactMediaType says what it is of.
	MediaType         string `json:"media_type,omitempty"`
	ArtifactMediaType string `json:"artifact_media_type,omitempty"`
	// Platforms are those of an index, "linux/arm64/v8"; nil for a single image.
	Platforms []string `json:"platforms,omitempty"`
	// Scan is what a scan found; nil where none was asked for.
	Scan *Scan `json:"scan_findings,omitempty"`
	// Evidence is what a release's gate takes.
	Evidence []gate.Evidence `json:"evidence"`
	// Warnings are for people.
	Warnings []string `json:"-"`

	children []child
}

// child is the image of one platform of an index.
type child struct{ digest, platform string }

func (r *Registry) image(repository types.Repository, found types.ImageDetail) Image {
	uri, digest := aws.ToString(repository.RepositoryUri), aws.ToString(found.ImageDigest)
	tags := slices.Clone(found.ImageTags)
	slices.Sort(tags)
	out := Image{
		Artifact: artifact.Artifact{Version: r.query.Label(), Reference: uri + "@" + digest}, Digest: digest,
		RegistryID: aws.ToString(repository.RegistryId), RepositoryURI: uri, Tags: append([]string{}, tags...),
		SizeBytes: aws.ToInt64(found.ImageSizeInBytes), MediaType: aws.ToString(found.ImageManifestMediaType), ArtifactMediaType: aws.ToString(found.ArtifactMediaType),
		Evidence: []gate.Evidence{},
	}
	if at := aws.ToTime(found.ImagePushedAt); !at.IsZero() {
		out.PushedAt = at.UTC().Format(time.RFC3339)
	}
	if found.ImageStatus != "" && found.ImageStatus != types.ImageStatusActive {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the image is %s in ECR and cannot be pulled; restore it before it is released", strings.ToLower(string(found.ImageStatus))))
	}
	return out
}

// tag compares the tag with the digest that counts. A tag that could be moved is only said
// where nothing pins the digest yet.
func (i *Image) tag(tag, now string, pinned bool, repository types.Repository) {
	i.TagDigest, i.Moved, i.Immutable = now, now != i.Digest, immutable(repository, tag)
	switch {
	case now == "":
		i.Warnings = append(i.Warnings, fmt.Sprintf("the tag %s is gone from %s; the artifact stays %s", tag, i.RepositoryURI, i.Digest))
	case i.Moved:
		i.Warnings = append(i.Warnings, fmt.Sprintf("the tag %s of %s was moved: it names %s now, and the artifact stays %s. To release what it names now, give it a version of its own", tag, i.RepositoryURI, now, i.Digest))
	case !i.Immutable && !pinned:
		i.Warnings = append(i.Warnings, fmt.Sprintf("the repository %s lets the tag %s be moved to another image, and nothing pins the digest yet. Set image_tag_mutability = \"IMMUTABLE\" there; what a release was given stays, where release names it", i.RepositoryURI, tag))
	}
}

// immutable is whether the repository refuses to move the tag.
func immutable(repository types.Repository, tag string) bool {
	excluded := slices.ContainsFunc(repository.ImageTagMutabilityExclusionFilters, func(f types.ImageTagMutabilityExclusionFilter) bool {
		return wildcard(aws.ToString(f.Filter), tag)
	})
	switch repository.ImageTagMutability {
	case types.ImageTagMutabilityImmutable:
		return true
	case types.ImageTagMutabilityImmutableWithExclusion:
		return !excluded
	case types.ImageTagMutabilityMutableWithExclusion:
		return excluded
	case types.ImageTagMutabilityMutable:
	}
	return false
}

// wildcard matches a filter of ECR, in which * stands for any text.
func wildcard(filter, tag string) bool {
	parts := strings.Split(filter, "*")
	if len(parts) == 1 {
		return filter == tag
	}
	first, last := parts[0], parts[len(parts)-1]
	if !strings.HasPrefix(tag, first) {
		return false
	}
	tag = tag[len(first):]
	for _, part := range parts[1 : len(parts)-1] {
		at := strings.Index(tag, part)
		if at < 0 {
			return false
		}
		tag = tag[at+len(part):]
	}
	return strings.HasSuffix(tag, last)
}

// indexTypes are the media types of what holds an image for each platform.
var indexTypes = []string{"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}

// maxChildren bounds how many platforms of an index are looked at.
const maxChildren = 32

// index is the manifest of an index.
type index struct {
	Manifests []struct {
		Digest      string            `json:"digest"`
		Annotations map[string]string `json:"annotations"`
		Platform    *struct {
			OS           string `json:"os"`
			Architecture string `json:"architecture"`
			Variant      string `json:"variant"`
		} `json:"platform"`
	} `json:"manifests"`
}

// platforms reads which platforms an index has an image for, and nothing for a single
// image. What an index holds beside images (attestations have the platform
// unknown/unknown) is left out.
func (r *Registry) platforms(ctx context.Context, c *reader, found types.ImageDetail) ([]string, []child, error) {
	if !slices.Contains(indexTypes, aws.ToString(found.ImageManifestMediaType)) {
		return nil, nil, nil
	}
	raw, err := r.manifest(ctx, c, aws.ToString(found.ImageDigest), aws.ToString(found.ImageManifestMediaType))
	if err != nil {
		return nil, nil, err
	}
	var m index
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, nil, &awscloud.Error{Kind: awscloud.Unknown, Message: "the index " + aws.ToString(found.ImageDigest) + " cannot be read", Err: err}
	}
	platforms, children := []string{}, []child{}
	for _, one := range m.Manifests {
		p := one.Platform
		if p == nil || p.OS == "unknown" || one.Annotations["vnd.docker.reference.type"] != "" {
			continue
		}
		if len(children) == maxChildren {
			return nil, nil, &awscloud.Error{Kind: awscloud.Invalid, Message: "the index " + aws.ToString(found.ImageDigest) + " holds too many images to look at", Err: fmt.Errorf("more than %d", maxChildren)}
		}
		name := strings.TrimSuffix(strings.Join([]string{p.OS, p.Architecture, p.Variant}, "/"), "/")
		platforms, children = append(platforms, name), append(children, child{one.Digest, name})
	}
	slices.Sort(platforms)
	return slices.Compact(platforms), children, nil
}

// manifest reads a manifest of the media type that it was pushed with: of another one ECR
// would make it. Its digest is checked.
func (r *Registry) manifest(ctx context.Context, c *reader, digest, mediaType string) ([]byte, error) {
	out, err := c.BatchGetImage(ctx, &awsecr.BatchGetImageInput{RegistryId: r.registry(), RepositoryName: r.name(),
		ImageIds: []types.ImageIdentifier{{ImageDigest: aws.String(digest)}}, AcceptedMediaTypes: []string{mediaType}})
	if err != nil {
		return nil, r.failed(err)
	}
	if len(out.Images) != 1 {
		reason := "no reason given"
		if len(out.Failures) > 0 {
			reason = fmt.Sprintf("%s: %s", out.Failures[0].FailureCode, aws.ToString(out.Failures[0].FailureReason))
		}
		return nil, &awscloud.Error{Kind: awscloud.Unknown, Message: "ECR gave no manifest of " + digest, Err: fmt.Errorf("%s", reason)}
	}
	raw := []byte(aws.ToString(out.Images[0].ImageManifest))
	if got := digestOf(raw); got != digest {
		return nil, &awscloud.Error{Kind: awscloud.Unknown, Message: "what ECR gave as the manifest of " + digest + " has another digest", Err: fmt.Errorf("%s", got)}
	}
	return raw, nil
}
