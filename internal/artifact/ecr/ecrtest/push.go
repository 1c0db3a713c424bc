// Package ecrtest pushes images into an ECR for tests, whoever plays it.
package ecrtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// The media types of manifests.
const (
	ImageType = "application/vnd.oci.image.manifest.v1+json"
	IndexType = "application/vnd.oci.image.index.v1+json"
)

// Client is a client of moto, as somebody with all rights.
func Client(endpoint, region string) *awsecr.Client {
	return awsecr.New(awsecr.Options{Region: region, BaseEndpoint: aws.String(endpoint), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")})
}

// Descriptor names some content.
type Descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Manifest is one image, or with Manifests an index of several.
type Manifest struct {
	SchemaVersion int               `json:"schemaVersion"`
	MediaType     string            `json:"mediaType"`
	ArtifactType  string            `json:"artifactType,omitempty"`
	Config        *Descriptor       `json:"config,omitempty"`
	Layers        []Descriptor      `json:"layers,omitempty"`
	Manifests     []Descriptor      `json:"manifests,omitempty"`
	Subject       *Descriptor       `json:"subject,omitempty"`
	Annotations   map[string]string `json:"annotations,omitempty"`
}

// Digest is that of some bytes.
func Digest(raw []byte) string {
	sum := sha256.Sum256(raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Blob describes some bytes.
func Blob(mediaType string, raw []byte) Descriptor {
	return Descriptor{MediaType: mediaType, Digest: Digest(raw), Size: len(raw)}
}

// Image is a manifest of an image that is like no other of another content.
func Image(content string) Manifest {
	config := Blob("application/vnd.oci.image.config.v1+json", []byte(`{"os":"linux","config":{"Labels":{"content":"`+content+`"}}}`))
	return Manifest{SchemaVersion: 2, MediaType: ImageType, Config: &config, Layers: []Descriptor{Blob("application/vnd.oci.image.layer.v1.tar+gzip", []byte(content))}}
}

// Raw is the manifest as it is pushed, and its digest.
func (m Manifest) Raw() (raw []byte, digest string) {
	raw, _ = json.Marshal(m) // It holds texts and numbers.
	return raw, Digest(raw)
}

// Push pushes a manifest under a tag, which may be empty, and returns its digest.
func Push(t testing.TB, c *awsecr.Client, repository, tag string, m Manifest) string {
	t.Helper()
	raw, _ := m.Raw()
	return PushRaw(t, c, repository, tag, m.MediaType, raw)
}

// PushRaw pushes a manifest as it is written.
func PushRaw(t testing.TB, c *awsecr.Client, repository, tag, mediaType string, raw []byte) string {
	t.Helper()
	digest := Digest(raw)
	in := &awsecr.PutImageInput{RepositoryName: &repository, ImageManifest: aws.String(string(raw)), ImageManifestMediaType: &mediaType, ImageDigest: aws.String(digest)}
	if tag != "" {
		in.ImageTag = aws.String(tag)
	}
	if _, err := c.PutImage(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	return digest
}

// Create makes a repository.
func Create(t testing.TB, c *awsecr.Client, name string, mutability types.ImageTagMutability) {
	t.Helper()
	if _, err := c.CreateRepository(t.Context(), &awsecr.CreateRepositoryInput{RepositoryName: &name, ImageTagMutability: mutability}); err != nil {
		t.Fatal(err)
	}
}
