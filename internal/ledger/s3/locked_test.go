package s3_test

import (
	"errors"
	"strings"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// What a bucket with Object Lock and a default retention makes of a ledger: each version
// that was ever written is kept, also from whoever may delete; what hides them is taken
// away again; and sluice ledger check says what the bucket has. That the ledger does all
// that it does elsewhere is TestConformanceMoto.
func TestLockedBucket(t *testing.T) {
	m := s3test.Moto(t)
	bucket := m.Locked(t)
	m.Before(s3test.Keyed)
	url := m.URL(bucket, "acme")
	l := open(t, url, s3.Options{})
	for n := range 3 {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n+1)); err != nil {
			t.Fatal(err)
		}
	}
	survey, err := l.Survey(t.Context(), ledger.SurveyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	for _, f := range survey.Findings {
		said[f.Check] = f.Value
	}
	if said["object lock"] != "compliance, 1 days and 0 years" || !strings.HasPrefix(said["encryption"], "aws:kms arn:aws:kms:") {
		t.Errorf("it says %q", said)
	}
	anchor := checkpointed(t, l)
	versions := deleted(t, m, bucket)
	if len(versions) < 6 {
		t.Errorf("%d versions", len(versions))
	}
	if _, err := s3.Open(t.Context(), url, s3.Options{MustExist: true}); !errors.Is(err, ledger.ErrMissing) {
		t.Errorf("behind delete markers: %v", err)
	}
	for _, v := range versions {
		_, err := m.Client().DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: v.Key, VersionId: v.VersionId})
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
			t.Errorf("a version of %s is gone: %v", *v.Key, err)
		}
	}
	unhide(t, m.Server, bucket)
	if _, err := ledger.VerifyAgainst(t.Context(), open(t, url, s3.Options{MustExist: true}), anchor, ledger.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

// checkpointed returns an anchor over all there is.
func checkpointed(t *testing.T, l ledger.Ledger) ledger.Anchor {
	t.Helper()
	if _, err := ledger.Checkpoint(t.Context(), l, "kim@acme", epoch); err != nil {
		t.Fatal(err)
	}
	anchor, err := ledger.LastAnchor(t.Context(), l)
	if err != nil {
		t.Fatal(err)
	}
	return anchor
}

// deleted deletes every object of a bucket, as somebody does who may, and returns the
// versions that are behind.
func deleted(t *testing.T, m *s3test.MotoServer, bucket string) []types.ObjectVersion {
	t.Helper()
	for _, key := range keys(t, m.Server, bucket) {
		if _, err := m.Client().DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
			t.Fatal(err)
		}
	}
	page, err := m.Client().ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	return page.Versions
}

// unhide takes the delete markers of a bucket away.
func unhide(t *testing.T, s *s3test.Server, bucket string) {
	t.Helper()
	page, err := s.Client().ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, marker := range page.DeleteMarkers {
		if _, err := s.Client().DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: marker.Key, VersionId: marker.VersionId}); err != nil {
			t.Fatal(err)
		}
	}
}

// A write that Object Lock refuses is one that surely did not happen, and says why.
func TestObjectLockRefuses(t *testing.T) {
	s, l := begin(t)
	s.Before(s3test.Of("PUT", "heads/", s3test.Refuse(400, "InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object requests with Object Lock parameters")))
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "Object Lock of the bucket refuses the write") {
		t.Errorf("%v", err)
	}
	s.Before(nil)
	wantLength(t, l, 1)
}
