package ecrtest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Server is an ECR for tests: one repository behind HTTP, for what moto lacks or does
// otherwise: images without a tag, referrers, layers, scans in each state. Each request,
// and each answer of its own, is held to the service model.
type Server struct {
	URL string

	t     testing.TB
	model *awstest.Model
	http  *httptest.Server

	awstest.Watch
	// Mutability is the repository's, and Excluded its wildcards.
	Mutability string
	Excluded   []string
	images     []*image
	blobs      map[string][]byte
	// Scans are the answers to DescribeImageScanFindings, by digest; without one the
	// image was never scanned.
	Scans map[string]map[string]any
}

type image struct {
	raw       []byte
	digest    string
	mediaType string
	artifact  string
	subject   string
	tags      []string
	pushed    float64
}

// Repository is the name of the one that there is, in the account 123456789012 and
// eu-central-1.
const Repository = "acme/checkout"

// URI is where its images are pulled from.
const URI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/" + Repository

// NewServer starts an ECR.
func NewServer(t testing.TB) *Server {
	t.Helper()
	model, err := awstest.ECR()
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, model: model, Mutability: "IMMUTABLE", blobs: map[string][]byte{}, Scans: map[string]map[string]any{}}
	s.http = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.http.Close)
	s.URL = s.http.URL
	return s
}

// Push pushes a manifest, moves the tags to it, and returns its digest.
func (s *Server) Push(m Manifest, tags ...string) string {
	s.Lock()
	defer s.Unlock()
	raw, digest := m.Raw()
	for _, i := range s.images {
		i.tags = slices.DeleteFunc(i.tags, func(t string) bool { return slices.Contains(tags, t) })
	}
	i := &image{raw: raw, digest: digest, mediaType: m.MediaType, artifact: m.ArtifactType, tags: tags, pushed: 1_700_000_000 + float64(len(s.images))}
	if m.Subject != nil {
		i.subject = m.Subject.Digest
	}
	s.images = append(s.images, i)
	return digest
}

// Blob keeps a layer.
func (s *Server) Blob(mediaType string, raw []byte) Descriptor {
	s.Lock()
	defer s.Unlock()
	d := Blob(mediaType, raw)
	s.blobs[d.Digest] = raw
	return d
}

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if digest, ok := strings.CutPrefix(r.URL.Path, "/layer/"); ok {
		if r.Header.Get("Authorization") != "" {
			s.t.Error("S3 is shown credentials for a signed address")
		}
		_, _ = w.Write(s.blobs[digest]) // Whoever asked may be gone.
		return
	}
	s.model.ServeRPC(s.t, w, r, s.Answering(s.do))
}

func (s *Server) do(operation string, given map[string]any) (map[string]any, string) {
	name, _ := given["repositoryName"].(string)
	if list, ok := given["repositoryNames"].([]any); ok {
		name, _ = list[0].(string)
	}
	if name != Repository {
		return nil, "RepositoryNotFoundException"
	}
	switch operation {
	case "DescribeRepositories":
		r := map[string]any{"repositoryName": name, "registryId": "123456789012", "repositoryUri": URI, "imageTagMutability": s.Mutability}
		filters := []any{}
		for _, e := range s.Excluded {
			filters = append(filters, map[string]any{"filterType": "WILDCARD", "filter": e})
		}
		if len(filters) > 0 {
			r["imageTagMutabilityExclusionFilters"] = filters
		}
		return map[string]any{"repositories": []any{r}}, ""
	case "DescribeImages":
		return s.describe(given)
	case "BatchGetImage":
		return s.get(given)
	case "DescribeImageScanFindings":
		return s.scanned(given)
	case "ListImageReferrers":
		return s.referrers(given)
	}
	digest, _ := given["layerDigest"].(string)
	if s.blobs[digest] == nil {
		return nil, "LayersNotFoundException"
	}
	return map[string]any{"downloadUrl": s.URL + "/layer/" + digest, "layerDigest": digest}, ""
}

func (s *Server) find(id any) *image {
	want, _ := id.(map[string]any)
	tag, byTag := want["imageTag"].(string)
	digest, byDigest := want["imageDigest"].(string)
	for _, i := range s.images {
		if (!byTag || slices.Contains(i.tags, tag)) && (!byDigest || i.digest == digest) {
			return i
		}
	}
	return nil
}

func (s *Server) describe(given map[string]any) (map[string]any, string) {
	details := []any{}
	add := func(i *image) {
		d := map[string]any{"imageDigest": i.digest, "imagePushedAt": i.pushed, "imageSizeInBytes": len(i.raw), "imageManifestMediaType": i.mediaType, "registryId": "123456789012", "repositoryName": Repository}
		if len(i.tags) > 0 {
			d["imageTags"] = i.tags
		}
		details = append(details, d)
	}
	ids, ok := given["imageIds"].([]any)
	for _, id := range ids {
		i := s.find(id)
		if i == nil {
			return nil, "ImageNotFoundException"
		}
		add(i)
	}
	for _, i := range s.images {
		if !ok && len(i.tags) > 0 {
			add(i)
		}
	}
	return map[string]any{"imageDetails": details}, ""
}

// get gives a manifest only in the type that it was pushed with, as AWS does for indexes.
func (s *Server) get(given map[string]any) (map[string]any, string) {
	ids, _ := given["imageIds"].([]any)
	i := s.find(ids[0])
	accepted, _ := given["acceptedMediaTypes"].([]any)
	if i == nil || !slices.Contains(accepted, any(i.mediaType)) {
		return map[string]any{"images": []any{}, "failures": []any{map[string]any{"failureCode": "ImageNotFound", "failureReason": "Requested image not found"}}}, ""
	}
	return map[string]any{"images": []any{map[string]any{"imageManifest": string(i.raw), "imageManifestMediaType": i.mediaType, "imageId": map[string]any{"imageDigest": i.digest}}}}, ""
}

func (s *Server) scanned(given map[string]any) (map[string]any, string) {
	i := s.find(given["imageId"])
	if i == nil {
		return nil, "ImageNotFoundException"
	}
	if scan := s.Scans[i.digest]; scan != nil {
		return scan, ""
	}
	return nil, "ScanNotFoundException"
}

func (s *Server) referrers(given map[string]any) (map[string]any, string) {
	subject, _ := given["subjectId"].(map[string]any)
	list := []any{}
	for _, i := range s.images {
		if i.subject != "" && i.subject == subject["imageDigest"] {
			list = append(list, map[string]any{"digest": i.digest, "mediaType": i.mediaType, "artifactType": i.artifact, "size": len(i.raw)})
		}
	}
	return map[string]any{"referrers": list}, ""
}
