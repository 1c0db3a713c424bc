package s3_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

func keys(t *testing.T, s *s3test.Server, bucket string) (out []string) {
	t.Helper()
	page, err := s.Client().ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range page.Contents {
		out = append(out, *o.Key)
	}
	return out
}

func put(t *testing.T, s *s3test.Server, bucket, key, text string) {
	t.Helper()
	_, err := s.Client().PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String(key), Body: strings.NewReader(text)})
	if err != nil {
		t.Fatal(err)
	}
}

// bucketSays has the store answer a question about a bucket.
func bucketSays(query, answer string) s3test.Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !r.URL.Query().Has(query) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte(answer))
	}
}

const (
	publicPolicy = `<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>`
	publicACL    = `<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/AllUsers</URI></Grantee><Permission>READ</Permission></Grant></AccessControlList></AccessControlPolicy>`
)

// What cannot be a ledger is refused, with the word of the port and what to do, and
// nothing is left half-made.
func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		plain  bool
		there  map[string]string
		before s3test.Around
		opts   s3.Options
		want   error
		says   string
	}{
		"no ledger, at plan": {opts: s3.Options{MustExist: true}, want: ledger.ErrMissing, says: "holds no ledger.json"},
		"no ledger, to read": {opts: s3.Options{ReadOnly: true}, want: ledger.ErrMissing},
		"no versions":        {plain: true, says: "enable versioning"},
		"nobody says whether there are versions": {before: func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Query().Has("versioning") {
				next = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					s3test.Refuse(403, "AccessDenied", "Access Denied")(w, r, nil)
				})
			}
			next.ServeHTTP(w, r)
		}, says: "s3:GetBucketVersioning"},
		"public by policy":       {before: bucketSays("policyStatus", publicPolicy), says: "open to everybody by its policy"},
		"public by list":         {before: bucketSays("acl", publicACL), says: "open to everybody by its access control list"},
		"no conditions":          {before: s3test.Careless, says: "wrote under the condition If-None-Match: *"},
		"no If-Match":            {before: onlyCreates, says: "wrote under the condition If-Match"},
		"conditions not known":   {before: s3test.Of("PUT", "", s3test.Refuse(501, "NotImplemented", "A header you provided implies functionality that is not implemented")), says: "knows no conditional writes"},
		"something else":         {there: map[string]string{"acme/invoices.csv": "1"}, want: ledger.ErrForeign, says: "a prefix of its own"},
		"another's ledger.json":  {there: map[string]string{"acme/ledger.json": `{"accounts":[]}`}, want: ledger.ErrForeign, says: "ledger.json of something else"},
		"a ledger inside":        {there: map[string]string{"acme/payments/ledger.json": "{}"}, want: ledger.ErrForeign},
		"a newer layout":         {there: map[string]string{"acme/ledger.json": `{"kind":"sluice-ledger","format":7,"ledger":"x"}`}, want: ledger.ErrNewer, says: "version 7, this one knows up to 1"},
		"no layout's version":    {there: map[string]string{"acme/ledger.json": `{"kind":"sluice-ledger","ledger":"x"}`}, want: ledger.ErrForeign, says: "which is 1 to 1; restore"},
		"another region":         {before: elsewhere, says: "another region, eu-west-3: name that one by region="},
		"a key that is off":      {before: s3test.Of("PUT", "", s3test.Refuse(400, "KMS.DisabledException", "The key is disabled.")), says: "or enable the key"},
		"a key of others":        {before: s3test.Of("PUT", "", s3test.Refuse(403, "AccessDenied", "not authorized to perform: kms:GenerateDataKey")), says: "allow kms:GenerateDataKey and kms:Decrypt"},
		"a key, to read":         {before: s3test.Of("GET", "ledger.json", s3test.Refuse(403, "AccessDenied", "not authorized to perform: kms:Decrypt")), opts: s3.Options{ReadOnly: true}, says: "allow kms:GenerateDataKey and kms:Decrypt"},
		"a clock far off":        {before: s3test.Refuse(403, "RequestTimeTooSkewed", "The difference is too large."), says: "set this machine's clock"},
		"no permission to write": {before: s3test.Of("PUT", "", s3test.Refuse(403, "AccessDenied", "Access Denied")), want: ledger.ErrReadOnly, says: "docs/policies"},
		"no permission at all":   {before: s3test.Refuse(403, "AccessDenied", "Access Denied"), says: "docs/policies"},
	} {
		s := s3test.Fake(t)
		bucket := s.Plain(t)
		if !c.plain {
			if err := s.Version(t.Context(), bucket); err != nil {
				t.Fatal(err)
			}
		}
		for key, text := range c.there {
			put(t, s, bucket, key, text)
		}
		s.Before(c.before)
		c.opts.BusyTimeout = time.Second
		l, err := s3.Open(t.Context(), s.URL(bucket, "acme"), c.opts)
		if err == nil {
			_ = l.Close()
		}
		if err == nil || c.want != nil && !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), s3test.SecretKey) {
			t.Errorf("%s: %v; want %v with %q", name, err, c.want, c.says)
		}
		s.Before(nil)
		for _, key := range keys(t, s, bucket) {
			if _, ours := c.there[key]; !ours && key != "acme/probe.json" {
				t.Errorf("%s: left behind %s", name, key)
			}
		}
	}
	s := s3test.Fake(t)
	if _, err := s3.Open(t.Context(), s.URL("nowhere", "acme"), s3.Options{}); !errors.Is(err, ledger.ErrMissing) || !strings.Contains(err.Error(), "no bucket nowhere") {
		t.Errorf("no such bucket: %v", err)
	}
	if _, err := s3.Open(t.Context(), s.URL(s.Plain(t), "acme", "allow_unversioned=true"), s3.Options{}); err != nil {
		t.Errorf("no versions, and that is known: %v", err)
	}
}

// elsewhere is a bucket of another region.
func elsewhere(w http.ResponseWriter, r *http.Request, next http.Handler) {
	w.Header().Set("X-Amz-Bucket-Region", "eu-west-3")
	s3test.Refuse(301, "PermanentRedirect", "must be addressed using the specified endpoint")(w, r, next)
}

// onlyCreates is a store that honours one condition of the two.
func onlyCreates(w http.ResponseWriter, r *http.Request, next http.Handler) {
	r.Header.Del("If-Match")
	next.ServeHTTP(w, r)
}

// slept adds up how long somebody slept, and lets nobody do so.
type slept struct {
	clock.System
	total *time.Duration
}

// Now implements clock.Clock.
func (s slept) Now() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC).Add(*s.total) }

// Sleep implements clock.Clock.
func (s slept) Sleep(_ context.Context, d time.Duration) error {
	*s.total += d
	return nil
}

// An address at which nobody answers, which may be a mistyped region, is said before a plan's
// look is over, which takes a second.
func TestUnreachable(t *testing.T) {
	var total time.Duration
	_, err := s3.Open(t.Context(), "s3://bucket/x?endpoint=http://127.0.0.1:1&path_style=true", s3.Options{Clock: slept{total: &total}})
	if err == nil || !strings.Contains(err.Error(), "cannot be reached") || total > 700*time.Millisecond {
		t.Errorf("after %s: %v", total, err)
	}
}

func TestURLs(t *testing.T) {
	for url, says := range map[string]string{
		"s3://acme-sluice":         "",
		"s3://acme-sluice/a/b.c/?": "",
		"s3://acme-sluice/x?region=eu-central-1&profile=releases&allow_unversioned=true": "",
		"s3://acme-sluice/x?endpoint=https://minio.example:9000&path_style=1":            "",
		"s3://Acme":                                      "not a bucket's name",
		"s3://AKIA:s3cret@acme-sluice/x":                 "credentials stand in it",
		"s3://acme-sluice/../other":                      `"..`,
		"s3://acme-sluice/a//b":                          "a part that is empty",
		"s3://acme-sluice/a/%2E%2E/b":                    `"..`,
		"s3://acme-sluice/a%00b":                         "other characters",
		"s3://acme-sluice/ü":                             "other characters",
		"s3://acme-sluice/" + strings.Repeat("x", 401):   "may have 400",
		"s3://acme-sluice/x?endpoint=minio:9000":         "endpoint is not http",
		"s3://acme-sluice/x?endpoint=http://a:s3cret@m":  "endpoint is not http",
		"s3://acme-sluice/x?path_style=perhaps":          "neither true nor false",
		"s3://acme-sluice/x?secret_access_key=s3cret":    `"secret_access_key" is unknown`,
		"s3://acme-sluice/x?region=" + "Europe%2FBerlin": "no region's name",
		"s3:acme-sluice":                                 "it is not s3://BUCKET/PREFIX",
		"s3://acme-sluice/x#y":                           "it is not s3://BUCKET/PREFIX",
	} {
		err := s3.Check(url)
		if says == "" && err != nil || says != "" && (err == nil || !strings.Contains(err.Error(), says)) {
			t.Errorf("%s: %v, want %q", url, err, says)
		}
		if err != nil && strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v holds the secret", url, err)
		}
	}
}

// Of several processes that create a ledger at once, one does and the others use it;
// what a creation cut short left is taken up.
func TestCreatedOnce(t *testing.T) {
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	s.Before(s3test.Of("PUT", "ledger.json", s3test.Refuse(403, "AccessDenied", "It died.")))
	if _, err := s3.Open(t.Context(), url, s3.Options{}); err == nil {
		t.Fatal("created in spite of it")
	}
	if _, err := s3.Open(t.Context(), url, s3.Options{MustExist: true}); !errors.Is(err, ledger.ErrMissing) {
		t.Errorf("half of a ledger: %v", err)
	}
	s.Before(nil)
	ids := make([]string, 8)
	var all sync.WaitGroup
	for i := range ids {
		all.Go(func() {
			l, err := s3.Open(t.Context(), url, s3.Options{})
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = l.Close() }()
			ids[i], _ = l.ID(t.Context())
		})
	}
	all.Wait()
	for _, id := range ids {
		if id == "" || id != ids[0] {
			t.Fatalf("ids %v", ids)
		}
	}
	if report, err := ledger.Verify(t.Context(), open(t, url, s3.Options{}), ledger.VerifyOptions{}); err != nil || report.Records != 1 {
		t.Errorf("%+v, %v", report, err)
	}
}

// Two organisations in one bucket have nothing of each other, and what is copied from
// one to the other does not pass for its own.
func TestTwoOrganisations(t *testing.T) {
	s := s3test.Fake(t)
	bucket := s.Bucket(t)
	a, b := open(t, s.URL(bucket, "a"), s3.Options{}), open(t, s.URL(bucket, "ab"), s3.Options{})
	for _, name := range []string{"../ab/heads/n-s", "s", "/etc/passwd", ".."} {
		if _, err := a.Append(t.Context(), name, 0, entry(1)); err != nil {
			t.Fatal(err)
		}
	}
	for _, key := range keys(t, s, bucket) {
		if !strings.HasPrefix(key, "a/") && !strings.HasPrefix(key, "ab/") || strings.Contains(key, "/../") {
			t.Errorf("a name climbed out: %s", key)
		}
	}
	if got, err := b.Heads(t.Context(), ""); err != nil || len(got) != 1 {
		t.Errorf("the other has %d streams, %v", len(got), err)
	}
	idA, _ := a.ID(t.Context())
	if idB, _ := b.ID(t.Context()); idA == idB {
		t.Error("two ledgers with one id")
	}
	_, err := s.Client().CopyObject(t.Context(), &awss3.CopyObjectInput{Bucket: &bucket, Key: aws.String("ab/" + s3.HeadKey("s")), CopySource: aws.String(bucket + "/a/" + s3.HeadKey("s"))})
	if err != nil {
		t.Fatal(err)
	}
	var corrupt *ledger.CorruptError
	if _, err := b.Read(t.Context(), "s", 1); !errors.As(err, &corrupt) || corrupt.Stream != "s" {
		t.Errorf("a copied head: %v", err)
	}
}

// A handle that may only read reads, and one whose rights do not suffice says so.
func TestReadOnly(t *testing.T) {
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	if _, err := open(t, url, s3.Options{}).Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	s.Before(s3test.Of("PUT", "", s3test.Refuse(403, "AccessDenied", "Access Denied")))
	for name, opts := range map[string]s3.Options{"by its rights": {MustExist: true}, "as asked": {ReadOnly: true}} {
		l := open(t, url, opts)
		wantLength(t, l, 1)
		if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
		if err := l.SwapLease(t.Context(), ledger.Lease{Name: "x"}, ledger.Lease{Name: "x", Holder: "a", Fence: 1, TTL: 1}); !errors.Is(err, ledger.ErrReadOnly) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A record that is too large is refused before a request; the largest is kept.
func TestLargeRecords(t *testing.T) {
	s, l := begin(t)
	large := func(n, size int) ledger.Entry {
		e := entry(n)
		e.Body = json.RawMessage(fmt.Sprintf(`{"x":"%s"}`, strings.Repeat("x", size)))
		return e
	}
	s.Take()
	if _, err := l.Append(t.Context(), "s", 1, large(2, 5<<20)); !errors.Is(err, ledger.ErrInvalid) || s.Take().Requests() != 0 {
		t.Errorf("5 MiB: %v", err)
	}
	for n := range 3 {
		if _, err := l.Append(t.Context(), "s", uint64(n+1), large(n+2, ledger.MaxBody-8)); err != nil {
			t.Fatal(err)
		}
	}
	wantLength(t, l, 4)
}

// A head or a lease of a newer layout stops this version, and what is no object of
// ours is damage that is named.
func TestObjectsOfOthers(t *testing.T) {
	_, l := begin(t)
	s3.Store(t, l, s3.HeadKey("s"), map[string]any{"format": 2})
	s3.Store(t, l, s3.LeaseKey("x"), map[string]any{"format": 2})
	if _, err := l.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrNewer) {
		t.Errorf("append: %v", err)
	}
	if _, err := l.Lease(t.Context(), "x"); !errors.Is(err, ledger.ErrNewer) {
		t.Errorf("lease: %v", err)
	}
	s3.Overwrite(t, l, s3.HeadKey("s"), []byte("garbage"))
	s3.Overwrite(t, l, s3.LeaseKey("x"), []byte("garbage"))
	report, err := ledger.Verify(t.Context(), l, ledger.VerifyOptions{})
	if err == nil || len(report.Problems) != 2 {
		t.Errorf("%v, %v", report.Problems, err)
	}
}

// A head that says more than it holds is noticed by whoever reads or appends, without
// a checkpoint.
func TestCutTail(t *testing.T) {
	_, l := begin(t)
	for n := 1; n < 4; n++ {
		if _, err := l.Append(t.Context(), "s", uint64(n), entry(n+1)); err != nil {
			t.Fatal(err)
		}
	}
	s3.Edit(t, l, "s", func(records []ledger.Record) []ledger.Record { return s3.Without(records, 4) })
	_, readErr := l.Read(t.Context(), "s", 1)
	_, endErr := l.Read(t.Context(), "s", 5)
	_, appendErr := l.Append(t.Context(), "s", 4, entry(5))
	_, headsErr := l.Heads(t.Context(), "s")
	for what, err := range map[string]error{"read": readErr, "read the end": endErr, "append": appendErr, "heads": headsErr} {
		var corrupt *ledger.CorruptError
		if !errors.As(err, &corrupt) || corrupt.Stream != "s" || corrupt.Seq != 4 {
			t.Errorf("%s: %v", what, err)
		}
	}
	salvaged, err := l.Salvage(t.Context(), "s")
	if err != nil || len(salvaged) != 3 {
		t.Errorf("salvaged %d records, %v", len(salvaged), err)
	}
}
