package release_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// store is an S3 with buckets whose names a message may repeat.
type store struct {
	*s3test.Server
	t       *testing.T
	buckets []string
}

// bucket makes a bucket, with versions or without.
func (s *store) bucket(name string, versions bool) {
	s.t.Helper()
	if _, err := s.Client().CreateBucket(s.t.Context(), &awss3.CreateBucketInput{Bucket: &name}); err != nil {
		s.t.Fatal(err)
	}
	s.buckets = append(s.buckets, name)
	if versions {
		s.versions(name, types.BucketVersioningStatusEnabled)
	}
}

func (s *store) versions(bucket string, status types.BucketVersioningStatus) {
	s.t.Helper()
	_, err := s.Client().PutBucketVersioning(s.t.Context(), &awss3.PutBucketVersioningInput{Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *store) put(bucket, key, text string) {
	s.t.Helper()
	if _, err := s.Client().PutObject(s.t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(text)}); err != nil {
		s.t.Fatal(err)
	}
}

// holds are the keys in all buckets, with the ETag of each.
func (s *store) holds() string {
	s.t.Helper()
	var all []string
	for _, bucket := range s.buckets {
		page, err := s.Client().ListObjectsV2(s.t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket})
		if err != nil {
			s.t.Fatal(err)
		}
		for _, o := range page.Contents {
			all = append(all, bucket+"/"+*o.Key+" "+aws.ToString(o.ETag))
		}
	}
	slices.Sort(all)
	return strings.Join(all, "\n")
}

// answers has the store say something of a bucket that it knows nothing of itself.
func answers(query, text string) s3test.Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if !r.URL.Query().Has(query) {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		_, _ = w.Write([]byte(text))
	}
}

const isPublic = `<PolicyStatus><IsPublic>true</IsPublic></PolicyStatus>`

// elsewhere is a bucket of another region.
func elsewhere(w http.ResponseWriter, r *http.Request, next http.Handler) {
	w.Header().Set("X-Amz-Bucket-Region", "eu-west-3")
	s3test.Refuse(301, "PermanentRedirect", "must be addressed using the specified endpoint")(w, r, next)
}

// Each thing that can be wrong with a bucket is said at plan, on the attribute; what is
// wrong with one that holds a ledger already is a warning.
func TestAccWhatIsWrongWithABucketIsSaidAtPlan(t *testing.T) {
	t.Parallel()
	s := &store{Server: s3test.Fake(t), t: t}
	s.bucket("acme-sluice", true)
	s.bucket("acme-plain", false)
	payments := made(t, s.URL("acme-sluice", "payments"))
	s.put("acme-sluice", "newer/ledger.json", `{"kind":"sluice-ledger","format":7,"ledger":"x"}`)
	s.put("acme-sluice", "theirs/ledger.json", `{"accounts":[]}`)
	s.put("acme-sluice", "builds/1.0.0.zip", "PK")
	during := func(name, url string, fault s3test.Around) badLedger {
		return badLedger{name: name, url: url, before: func() { s.Before(fault) }, after: func() { s.Before(nil) }}
	}
	suspended := func(to types.BucketVersioningStatus) func() { return func() { s.versions("acme-sluice", to) } }
	opened := during("a bucket that was opened to everybody", payments, answers("policyStatus", isPublic))
	opened.caution = true
	refusedAtPlan(t, []badLedger{
		{name: "a bucket that is not there", url: s.URL("acme-nowhere", "payments")},
		{name: "a store where nobody answers", url: "s3://acme-sluice/payments?endpoint=http://127.0.0.1:1&path_style=true"},
		{name: "a bucket that keeps no versions", url: s.URL("acme-plain", "payments")},
		during("a bucket that is open to everybody", s.URL("acme-sluice", "fresh"), answers("policyStatus", isPublic)),
		during("a bucket in another region", payments, elsewhere),
		during("a key that may not be used", payments, s3test.Of("GET", "ledger.json", s3test.Refuse(403, "AccessDenied", "not authorized to perform: kms:Decrypt"))),
		during("a key that is off", payments, s3test.Of("GET", "ledger.json", s3test.Refuse(400, "KMS.DisabledException", "The key is disabled."))),
		during("permissions for nothing", payments, s3test.Refuse(403, "AccessDenied", "Access Denied")),
		during("credentials that are not taken", payments, s3test.Refuse(403, "InvalidAccessKeyId", "The key does not exist.")),
		{name: "a layout of a newer version", url: s.URL("acme-sluice", "newer")},
		{name: "a ledger.json of something else", url: s.URL("acme-sluice", "theirs")},
		{name: "a prefix of something else", url: s.URL("acme-sluice", "builds")},
		{name: "a prefix in another organisation's", url: s.URL("acme-sluice", "payments/eu")},
		{name: "a prefix that climbs out", url: "s3://acme-sluice/payments/../orders"},
		{name: "credentials in the URL", url: "s3://AKIA:s3cret@acme-sluice/payments"},
		opened,
		{name: "a bucket whose versions were suspended", url: payments, caution: true,
			before: suspended(types.BucketVersioningStatusSuspended), after: suspended(types.BucketVersioningStatusEnabled)},
	}, s.holds)

	tf := acctest.New(t, patient())
	was := s.holds()
	tf.Write("main.tf", declaring(s.URL("acme-plain", "payments"), "staging", ""))
	failsOnTheAttribute(t, tf)
	tf.Write("main.tf", declaring(payments, "large", "  labels = { note = join(\"\", [for i in range(1000) : format(\"%05242d\", i)]) }\n"))
	large := tf.Plan()
	tf.Golden("a record of 5 MB", large, "error")
	if seen := tf.Seen(); large.Exit != 1 || len(seen) != 1 || seen[0].Path != "labels" {
		t.Errorf("5 MB: exit %d, %+v", large.Exit, seen)
	}
	if is := s.holds(); is != was {
		t.Errorf("%s was left, and before there was %s", is, was)
	}
	careless(t, s, tf)
	goesThrough(t, s, tf, payments)
}

// careless: only a write shows that a store does not honour conditions, so an apply says it,
// and leaves the object that it tried it on.
func careless(t *testing.T, s *store, tf *acctest.Terraform) {
	was := s.holds()
	s.Before(s3test.Careless)
	tf.Write("main.tf", declaring(s.URL("acme-sluice", "careless"), "staging", ""))
	apply := tf.Apply()
	s.Before(nil)
	tf.Golden("an apply on a store that ignores conditions", apply, "error")
	for key := range strings.SplitSeq(s.holds(), "\n") {
		if !strings.Contains(was, key) && !strings.HasPrefix(key, "acme-sluice/careless/probe.json ") {
			t.Errorf("left behind: %s", key)
		}
	}
	if apply.Exit != 1 {
		t.Errorf("exit %d: %s", apply.Exit, apply.Output)
	}
}

// goesThrough: neither a bucket that was opened nor one without versions holds up an apply,
// and no name climbs out of the prefix.
func goesThrough(t *testing.T, s *store, tf *acctest.Terraform, url string) {
	s.versions("acme-sluice", types.BucketVersioningStatusSuspended)
	s.Before(answers("policyStatus", isPublic))
	tf.Write("main.tf", declaring(url, "..", ""))
	apply := tf.Apply()
	s.Before(nil)
	if text := apply.Text("warning"); apply.Exit != 0 || !strings.Contains(text, "open to everybody by its policy") || !strings.Contains(text, "keeps no former versions any more") {
		t.Errorf("exit %d, and the apply warns of:\n%s", apply.Exit, text)
	}
	for key := range strings.SplitSeq(s.holds(), "\n") {
		if !strings.HasPrefix(key, "acme-sluice/") || strings.Contains(key, "/../") {
			t.Errorf("a name climbed out: %s", key)
		}
	}
	if !strings.Contains(s.holds(), "acme-sluice/payments/heads/") {
		t.Errorf("nothing was written:\n%s", s.holds())
	}
}
