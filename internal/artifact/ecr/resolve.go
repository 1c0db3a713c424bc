package ecr

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
)

const (
	// shownTags is how many tags a message names at most.
	shownTags = 5
	// maxPages bounds how many pages of images are read to find the newest tags.
	maxPages = 10
)

// Resolve finds the image and reads what the registry knows of it. What the author can
// mend is a field.Errors, and what AWS refused an *awscloud.Error. It writes nothing.
func (r *Registry) Resolve(ctx context.Context) (Image, error) {
	c, err := r.ecr(ctx)
	if err != nil {
		return Image{}, err
	}
	repository, err := r.repository(ctx, c)
	if err != nil {
		return Image{}, err
	}
	found, tagged, err := r.find(ctx, c)
	if err != nil {
		return Image{}, err
	}
	out := r.image(repository, found)
	if r.query.Tag != "" {
		out.tag(r.query.Tag, tagged, r.query.Digest != "", repository)
	}
	if out.Platforms, out.children, err = r.platforms(ctx, &c.reader, found); err != nil {
		return Image{}, err
	}
	if r.query.Scan != nil {
		if err := r.scan(ctx, c, &out); err != nil {
			return Image{}, err
		}
	}
	return out, nil
}

func (r *Registry) repository(ctx context.Context, c *client) (types.Repository, error) {
	out, err := c.DescribeRepositories(ctx, &awsecr.DescribeRepositoriesInput{RegistryId: r.registry(), RepositoryNames: []string{r.query.Repository}})
	if err != nil {
		return types.Repository{}, r.failed(err)
	}
	if len(out.Repositories) != 1 || aws.ToString(out.Repositories[0].RepositoryUri) == "" {
		return types.Repository{}, &awscloud.Error{Kind: awscloud.Unknown, Message: "ECR was asked for one repository and described another number of them", Err: fmt.Errorf("%d repositories", len(out.Repositories))}
	}
	return out.Repositories[0], nil
}

// find gives the image that is asked for, and the digest that the tag names now; empty
// when there is no such tag (any more), or none was asked for.
func (r *Registry) find(ctx context.Context, c *client) (found types.ImageDetail, tagged string, err error) {
	var byTag *types.ImageDetail
	if r.query.Tag != "" {
		if byTag, err = r.describe(ctx, &c.reader, types.ImageIdentifier{ImageTag: aws.String(r.query.Tag)}); err != nil {
			return found, "", err
		}
	}
	if byTag != nil {
		tagged = aws.ToString(byTag.ImageDigest)
	}
	switch {
	case r.query.Digest == "" && byTag == nil:
		return found, "", r.noTag(ctx, c)
	case r.query.Digest == "" || r.query.Digest == tagged:
		found = *byTag
	default:
		pinned, err := r.describe(ctx, &c.reader, types.ImageIdentifier{ImageDigest: aws.String(r.query.Digest)})
		if err != nil {
			return found, "", err
		}
		if pinned == nil {
			return found, "", field.Errors{{Path: "digest", Msg: fmt.Sprintf("the repository %s has no image %s in %s; it was never pushed there, or a lifecycle policy or a person deleted it. Push it again, or name another",
				r.query.Repository, r.query.Digest, r.where())}}
		}
		found = *pinned
	}
	if digest := aws.ToString(found.ImageDigest); (artifact.Artifact{Reference: "x@" + digest}).Digest() == "" {
		return found, "", &awscloud.Error{Kind: awscloud.Unknown, Message: "ECR named a digest that is none", Err: fmt.Errorf("%q", digest)}
	}
	return found, tagged, nil
}

// describe gives one image, nil when there is none.
func (r *Registry) describe(ctx context.Context, c *reader, id types.ImageIdentifier) (*types.ImageDetail, error) {
	out, err := c.DescribeImages(ctx, &awsecr.DescribeImagesInput{RegistryId: r.registry(), RepositoryName: r.name(), ImageIds: []types.ImageIdentifier{id}})
	switch {
	case awscloud.Code(err) == "ImageNotFoundException":
		return nil, nil
	case err != nil:
		return nil, r.failed(err)
	case len(out.ImageDetails) != 1:
		return nil, &awscloud.Error{Kind: awscloud.Unknown, Message: "ECR was asked for one image and described another number of them", Err: fmt.Errorf("%d images", len(out.ImageDetails))}
	}
	return &out.ImageDetails[0], nil
}

// noTag says that there is no such tag, and which are the newest.
func (r *Registry) noTag(ctx context.Context, c *client) error {
	in := &awsecr.DescribeImagesInput{RegistryId: r.registry(), RepositoryName: r.name(), Filter: &types.DescribeImagesFilter{TagStatus: types.TagStatusTagged}}
	var all []types.ImageDetail
	more := true
	for range maxPages {
		out, err := c.DescribeImages(ctx, in)
		if err != nil {
			return r.failed(err)
		}
		all = append(all, out.ImageDetails...)
		if in.NextToken = out.NextToken; in.NextToken == nil {
			more = false
			break
		}
	}
	slices.SortStableFunc(all, func(a, b types.ImageDetail) int {
		return aws.ToTime(b.ImagePushedAt).Compare(aws.ToTime(a.ImagePushedAt))
	})
	var tags []string
	for _, i := range all {
		tags = append(tags, i.ImageTags...)
	}
	msg := fmt.Sprintf("the repository %s has no tag %q in %s; ", r.query.Repository, r.query.Tag, r.where())
	switch {
	case len(tags) == 0:
		msg += "it has no tag at all: push an image first"
	case more:
		msg += "it has many, some of which are " + strings.Join(tags[:min(len(tags), shownTags)], ", ")
	case len(tags) > shownTags:
		msg += fmt.Sprintf("the newest of %d are %s", len(tags), strings.Join(tags[:shownTags], ", "))
	default:
		msg += "it has " + strings.Join(tags, ", ") + " (the newest first)"
	}
	return field.Errors{{Path: "tag", Msg: msg}}
}
