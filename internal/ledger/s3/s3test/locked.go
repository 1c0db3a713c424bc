package s3test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Locked makes a bucket with Object Lock, in which each version is kept for a day
// whatever happens, encrypted with a key of KMS. Only moto knows both: it gives each
// version its retention and refuses to delete one, it refuses a write that does not say
// how its content is checked, as AWS does, and it says that it encrypts.
func (m *MotoServer) Locked(t testing.TB) string {
	t.Helper()
	name := "locked-" + strings.TrimPrefix(m.Endpoint, "http://127.0.0.1:")
	ctx, c := context.Background(), m.Client()
	if _, err := c.CreateBucket(ctx, &awss3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	if err := m.Version(ctx, name); err != nil {
		t.Fatal(err)
	}
	lock := &types.ObjectLockConfiguration{
		ObjectLockEnabled: types.ObjectLockEnabledEnabled,
		Rule:              &types.ObjectLockRule{DefaultRetention: &types.DefaultRetention{Mode: types.ObjectLockRetentionModeCompliance, Days: aws.Int32(1)}},
	}
	if _, err := c.PutObjectLockConfiguration(ctx, &awss3.PutObjectLockConfigurationInput{Bucket: &name, ObjectLockConfiguration: lock}); err != nil {
		t.Fatal(err)
	}
	key := types.ServerSideEncryptionRule{ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
		SSEAlgorithm: types.ServerSideEncryptionAwsKms, KMSMasterKeyID: aws.String("arn:aws:kms:us-east-1:123456789012:key/0b8a7a4e-0000-4000-8000-000000000001"),
	}}
	if _, err := c.PutBucketEncryption(ctx, &awss3.PutBucketEncryptionInput{Bucket: &name, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{key}}}); err != nil {
		t.Fatal(err)
	}
	return name
}

// kmsTag is what Keyed puts before an ETag.
const kmsTag = `"kms-`

// Keyed is what moto lacks of a bucket such as Locked makes: an ETag is no MD5 of the
// content, as under a key of KMS.
func Keyed(w http.ResponseWriter, r *http.Request, next http.Handler) {
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if tag := r.Header.Get(name); strings.HasPrefix(tag, kmsTag) {
			r.Header.Set(name, `"`+strings.TrimPrefix(tag, kmsTag))
		}
	}
	answer := httptest.NewRecorder()
	next.ServeHTTP(answer, r)
	for name, values := range answer.Header() {
		w.Header()[name] = values
	}
	if tag := answer.Header().Get("Etag"); strings.HasPrefix(tag, `"`) {
		w.Header().Set("Etag", kmsTag+tag[1:])
	}
	body := answer.Body.Bytes()
	if r.URL.Query().Has("list-type") {
		body = listedTag.ReplaceAll(body, []byte("${1}kms-"))
		w.Header().Del("Content-Length")
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body)
}

// listedTag is where an ETag begins in a listing.
var listedTag = regexp.MustCompile(`(<ETag>(?:"|&quot;|&#34;))`)
