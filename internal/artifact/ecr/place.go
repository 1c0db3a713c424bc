package ecr

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/pattern"
)

// registryHost is the host of a private registry, by IPv4 alone or with IPv6.
var registryHost = pattern.New(`^([0-9]{12})\.dkr[.-]ecr(?:-fips)?\.([a-z0-9-]+)\.(?:amazonaws\.com|amazonaws\.com\.cn|on\.aws|on\.amazonwebservices\.com\.cn)$`)

// Place is where an artifact's reference says that its image is.
type Place struct{ RegistryID, Region, Repository string }

// PlaceOf reads a reference, "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@sha256:...".
// It is false for one that is of no private registry of ECR.
func PlaceOf(reference string) (Place, bool) {
	name, _, _ := strings.Cut(reference, "@")
	host, repository, _ := strings.Cut(name, "/")
	repository, _, _ = strings.Cut(repository, ":")
	m := registryHost.FindStringSubmatch(host)
	if m == nil || !repositoryPattern.MatchString(repository) {
		return Place{}, false
	}
	return Place{RegistryID: m[1], Region: m[2], Repository: repository}, true
}

// TagNames is the digest that the query's tag names now, empty where there is no such
// tag. What AWS refused is an *awscloud.Error, and a repository that is not there a
// field.Errors.
func (r *Registry) TagNames(ctx context.Context) (string, error) {
	c, err := r.ecr(ctx)
	if err != nil {
		return "", err
	}
	found, err := r.describe(ctx, &c.reader, types.ImageIdentifier{ImageTag: aws.String(r.query.Tag)})
	if err != nil || found == nil {
		return "", err
	}
	return aws.ToString(found.ImageDigest), nil
}

// Platforms are the digests of the images of the index that the query's digest is, one
// for each platform; none for a single image, and for one that is not there any more.
// Errors are as for TagNames.
func (r *Registry) Platforms(ctx context.Context) ([]string, error) {
	c, err := r.ecr(ctx)
	if err != nil {
		return nil, err
	}
	found, err := r.describe(ctx, &c.reader, types.ImageIdentifier{ImageDigest: aws.String(r.query.Digest)})
	if err != nil || found == nil {
		return nil, err
	}
	_, children, err := r.platforms(ctx, &c.reader, *found)
	var out []string
	for _, c := range children {
		out = append(out, c.digest)
	}
	return out, err
}
