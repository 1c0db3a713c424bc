// Package s3test gives tests a store that speaks S3: gofakes3 in this process, or moto
// in one of its own. Both stand behind a server of ours that counts what is asked and
// can fail it, so the driver under test talks to a real socket and knows of nothing.
package s3test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// The credentials of the stores, which take any.
const (
	AccessKey = "AKIASLUICETEST000000"
	SecretKey = "s3cret-s3cret-s3cret-s3cret-s3cret-s3cr"
)

// Server is a store.
type Server struct {
	// Endpoint is its address.
	Endpoint string
	store    http.Handler
	server   *httptest.Server

	mu     sync.Mutex
	around Around
	counts Counts
	bucket atomic.Int64
}

// Around stands before the store. It may call next never, once or twice.
type Around func(w http.ResponseWriter, r *http.Request, next http.Handler)

// Counts is what was asked of a store, and what it was sent and answered.
type Counts struct {
	Gets, Puts, Lists, Others int
	// In and Out are the bytes of bodies to the store and from it.
	In, Out int64
}

// Requests is the number of all requests.
func (c Counts) Requests() int { return c.Gets + c.Puts + c.Lists + c.Others }

// Fake starts gofakes3, or the store whose program the environment names.
func Fake(t testing.TB) *Server {
	t.Helper()
	if program := os.Getenv(Program); program != "" {
		return gateway(t, program)
	}
	return start(t, gofakes3.New(s3mem.New(), gofakes3.WithLogger(gofakes3.DiscardLog())).Server())
}

// Env points AWS's configuration at the credentials of these stores, and nowhere else.
func Env(set func(name, value string)) {
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": AccessKey, "AWS_SECRET_ACCESS_KEY": SecretKey, "AWS_SESSION_TOKEN": "", "AWS_REGION": "us-east-1",
		"AWS_PROFILE": "", "AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
		"AWS_EC2_METADATA_DISABLED": "true", "AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "",
	} {
		set(name, value)
	}
}

func start(t testing.TB, store http.Handler) *Server {
	t.Helper()
	s := &Server{store: store}
	s.server = httptest.NewServer(s)
	s.Endpoint = s.server.URL
	t.Cleanup(s.server.Close)
	return s
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	around := s.around
	switch {
	case r.Method == http.MethodPut:
		s.counts.Puts++
	case r.Method == http.MethodGet && r.URL.Query().Has("list-type"):
		s.counts.Lists++
	case r.Method == http.MethodGet && len(r.URL.Query()) <= 1:
		s.counts.Gets++
	default:
		s.counts.Others++
	}
	s.counts.In += max(r.ContentLength, 0)
	s.mu.Unlock()
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.store.ServeHTTP(&meter{ResponseWriter: w, server: s}, r)
	})
	if around == nil {
		counted.ServeHTTP(w, r)
		return
	}
	around(w, r, counted)
}

// meter counts what the store answers.
type meter struct {
	http.ResponseWriter
	server *Server
}

func (m *meter) Write(p []byte) (int, error) {
	n, err := m.ResponseWriter.Write(p)
	m.server.mu.Lock()
	m.server.counts.Out += int64(n)
	m.server.mu.Unlock()
	return n, err
}

// Unwrap is for http.ResponseController.
func (m *meter) Unwrap() http.ResponseWriter { return m.ResponseWriter }

// Before puts something before the store; nil takes it away.
func (s *Server) Before(around Around) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.around = around
}

// Take returns what was counted since the last call.
func (s *Server) Take() Counts {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.counts
	s.counts = Counts{}
	return c
}

// Client is a client of the store that goes past what was put before it in no way
// other than the driver's.
func (s *Server) Client() *awss3.Client {
	return awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(s.Endpoint), UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(AccessKey, SecretKey, ""),
	})
}

// Bucket makes a bucket that keeps versions, and returns its name.
func (s *Server) Bucket(t testing.TB) string {
	t.Helper()
	name := s.Plain(t)
	if err := s.Version(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	return name
}

// Version has a bucket keep versions.
func (s *Server) Version(ctx context.Context, bucket string) error {
	_, err := s.Client().PutBucketVersioning(ctx, &awss3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	return err
}

// Plain makes a bucket that keeps no versions.
func (s *Server) Plain(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("ledger-%d", s.bucket.Add(1))
	if _, err := s.Client().CreateBucket(context.Background(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	return name
}

// URL is the ledger's URL of a prefix in a bucket of the store.
func (s *Server) URL(bucket, prefix string, more ...string) string {
	q := url.Values{"endpoint": {s.Endpoint}, "path_style": {"true"}, "region": {"us-east-1"}}
	return "s3://" + bucket + "/" + prefix + "?" + strings.Join(append([]string{q.Encode()}, more...), "&")
}
