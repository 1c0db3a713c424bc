package s3

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
)

// Safe says whether the bucket may hold a ledger: it keeps former versions, unless the
// URL allows one that does not, and is not open to everybody. It is asked before a
// ledger is created, with an administrator's permissions, and may be asked later.
// Whether a bucket is public is not held against one whose owner may not ask.
func (l *Ledger) Safe(ctx context.Context) error {
	if err := l.versioned(ctx); err != nil {
		return err
	}
	open, err := l.public(ctx)
	if err != nil {
		return err
	}
	if open != "" {
		return ledger.Misplaced("the bucket is open to everybody by its "+open, closeIt+", before a ledger is kept there",
			fmt.Errorf("%s: the bucket is open to everybody by its %s; %s, before a ledger is kept there", l.place, open, closeIt))
	}
	return nil
}

// What to do about a bucket, wherever it is said.
const (
	closeIt   = "block public access to it, for example with aws s3api put-public-access-block"
	keepThem  = "enable versioning, for example with aws s3api put-bucket-versioning"
	otherwise = "or say allow_unversioned=true in the URL when something else keeps what is overwritten"
)

// unknownError is of a bucket of which nobody says whether it keeps versions, and
// unversionedError of one that keeps none.
type (
	unknownError     struct{ error }
	unversionedError struct{ error }
)

func (e *unknownError) Unwrap() error     { return e.error }
func (e *unversionedError) Unwrap() error { return e.error }

func (l *Ledger) versioned(ctx context.Context) error {
	if l.place.unversioned {
		return nil
	}
	return l.keepsVersions(ctx)
}

// keepsVersions is versioned, whatever the URL allows.
func (l *Ledger) keepsVersions(ctx context.Context) error {
	var state types.BucketVersioningStatus
	err := l.store.call(ctx, func(ctx context.Context) error {
		out, err := l.store.client.GetBucketVersioning(ctx, &awss3.GetBucketVersioningInput{Bucket: &l.place.bucket})
		if err == nil {
			state = out.Status
		}
		return err
	})
	switch {
	case err != nil && cannotSay(err):
		return &unknownError{fmt.Errorf("%s: nobody says whether the bucket keeps former versions; allow s3:GetBucketVersioning, %s: %w", l.place, otherwise, err)}
	case err != nil:
		return err
	case state != types.BucketVersioningStatusEnabled:
		return ledger.Misplaced("the bucket keeps no former versions, so what somebody overwrites or deletes is gone", keepThem+", "+otherwise,
			&unversionedError{fmt.Errorf("%s: the bucket keeps no former versions, so what somebody overwrites or deletes is gone; enable versioning, %s", l.place, otherwise)})
	}
	return nil
}

// public says by what the bucket is open to everybody; empty when it is not, or nobody
// may know.
func (l *Ledger) public(ctx context.Context) (string, error) {
	block, err := l.block(ctx)
	if err != nil {
		return "", err
	}
	var policy bool
	err = l.store.call(ctx, func(ctx context.Context) error {
		out, err := l.store.client.GetBucketPolicyStatus(ctx, &awss3.GetBucketPolicyStatusInput{Bucket: &l.place.bucket})
		if err == nil && out.PolicyStatus != nil {
			policy = aws.ToBool(out.PolicyStatus.IsPublic)
		}
		return err
	})
	switch {
	case err != nil && !cannotSay(err):
		return "", err
	case policy && !aws.ToBool(block.RestrictPublicBuckets):
		return "policy", nil
	}
	var grants []types.Grant
	err = l.store.call(ctx, func(ctx context.Context) error {
		out, err := l.store.client.GetBucketAcl(ctx, &awss3.GetBucketAclInput{Bucket: &l.place.bucket})
		if err == nil {
			grants = out.Grants
		}
		return err
	})
	switch {
	case err != nil && !cannotSay(err):
		return "", err
	case slices.ContainsFunc(grants, toEverybody) && !aws.ToBool(block.IgnorePublicAcls):
		return "access control list", nil
	}
	return "", nil
}

func toEverybody(g types.Grant) bool {
	if g.Grantee == nil {
		return false
	}
	switch aws.ToString(g.Grantee.URI) {
	case "http://acs.amazonaws.com/groups/global/AllUsers", "http://acs.amazonaws.com/groups/global/AuthenticatedUsers":
		return true
	}
	return false
}

func (l *Ledger) block(ctx context.Context) (types.PublicAccessBlockConfiguration, error) {
	var block types.PublicAccessBlockConfiguration
	err := l.store.call(ctx, func(ctx context.Context) error {
		out, err := l.store.client.GetPublicAccessBlock(ctx, &awss3.GetPublicAccessBlockInput{Bucket: &l.place.bucket})
		if err == nil && out.PublicAccessBlockConfiguration != nil {
			block = *out.PublicAccessBlockConfiguration
		}
		return err
	})
	if err != nil && !cannotSay(err) {
		return block, err
	}
	return block, nil
}

// cannotSay is of a question that this store does not know, to which there is no
// answer, or that these credentials may not ask.
func cannotSay(err error) bool {
	switch status(err) {
	case http.StatusForbidden, http.StatusNotFound, http.StatusNotImplemented, http.StatusMethodNotAllowed, http.StatusBadRequest:
		return errorCode(err) != "NoSuchBucket"
	}
	return false
}
