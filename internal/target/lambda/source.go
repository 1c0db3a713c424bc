package lambda

import (
	"net/url"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// source is where Lambda fetches an artifact: an object of S3 or an image of ECR.
type source struct {
	bucket, key, version string
	image                string
}

const exampleSource = "name a package in S3, \"s3://acme-builds/checkout/1.1.0.zip@sha256:<digest of the file>\", with ?versionId=... behind the key where the bucket keeps versions, or an image in ECR, \"123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@sha256:<digest of the image>\""

var (
	bucketPattern = pattern.New(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	imagePattern  = pattern.New(`^([0-9]{12}\.dkr[.-]ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.-]+/[a-z0-9._/-]+)(?::[\w.-]+)?@(sha256:[0-9a-f]{64})$`)
)

// sourceOf reads a reference. It is false for one that Lambda cannot fetch.
func sourceOf(a artifact.Artifact) (source, bool) {
	if m := imagePattern.FindStringSubmatch(a.Reference); m != nil {
		return source{image: m[1] + "@" + m[2]}, true
	}
	place, ok := strings.CutPrefix(strings.TrimSuffix(a.Reference, "@"+a.Digest()), "s3://")
	if !ok || a.Digest() == "" {
		return source{}, false
	}
	place, query, _ := strings.Cut(place, "?")
	bucket, key, _ := strings.Cut(place, "/")
	values, err := url.ParseQuery(query)
	if err != nil || !bucketPattern.MatchString(bucket) || key == "" || len(values) > 1 || len(values) == 1 && !values.Has("versionId") {
		return source{}, false
	}
	return source{bucket: bucket, key: key, version: values.Get("versionId")}, true
}

// imageDigest is the digest at the end of a resolved image's name.
func imageDigest(resolved string) string {
	return artifact.Artifact{Reference: resolved}.Digest()
}
