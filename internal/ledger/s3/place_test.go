package s3_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

const suspendedVersions = `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`

// forbidden forbids the questions about a bucket.
func forbidden(queries ...string) s3test.Around {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		for _, query := range queries {
			if r.URL.Query().Has(query) {
				s3test.Refuse(403, "AccessDenied", "Access Denied")(w, r, next)
				return
			}
		}
		next.ServeHTTP(w, r)
	}
}

// TestCautions: what somebody changed of the bucket since is told in four requests, and what
// may not be asked is no caution.
func TestCautions(t *testing.T) {
	s := s3test.Fake(t)
	bucket := s.Bucket(t)
	open(t, s.URL(bucket, "acme"), s3.Options{})
	for name, c := range map[string]struct {
		before s3test.Around
		more   string
		want   string
	}{
		"as it should be":           {},
		"versions off":              {before: bucketSays("versioning", suspendedVersions), want: "versioning"},
		"versions off, as is known": {before: bucketSays("versioning", suspendedVersions), more: "allow_unversioned=true"},
		"open by policy":            {before: bucketSays("policyStatus", publicPolicy), want: "public access"},
		"open by list":              {before: bucketSays("acl", publicACL), want: "public access"},
		"nothing may be asked":      {before: forbidden("versioning", "policyStatus", "publicAccessBlock", "acl")},
		"a store that is away":      {before: s3test.Cut},
	} {
		l := open(t, s.URL(bucket, "acme", c.more), s3.Options{MustExist: true, BusyTimeout: time.Millisecond})
		s.Before(c.before)
		s.Take()
		var got []string
		for _, f := range l.Cautions(t.Context()) {
			got = append(got, f.Check)
			if f.Value == "" || f.Remedy == "" {
				t.Errorf("%s: %+v", name, f)
			}
		}
		if n := s.Take().Requests(); n > 4 || n == 0 {
			t.Errorf("%s: %d requests", name, n)
		}
		s.Before(nil)
		if strings.Join(got, ",") != c.want {
			t.Errorf("%s: %v, want %q", name, got, c.want)
		}
	}
}

// TestMayBegin: what a plan may know of a creation is what the creation meets, and nothing
// is left behind; that somebody may not ask for versions holds up no plan.
func TestMayBegin(t *testing.T) {
	s := s3test.Fake(t)
	bucket := s.Bucket(t)
	open(t, s.URL(bucket, "acme"), s3.Options{})
	put(t, s, bucket, "builds/1.zip", "PK")
	before := strings.Join(keys(t, s, bucket), " ")
	for name, c := range map[string]struct {
		prefix string
		before s3test.Around
		says   string
	}{
		"nothing there":       {prefix: "fresh"},
		"may not be asked":    {prefix: "fresh", before: forbidden("versioning", "policyStatus", "publicAccessBlock", "acl")},
		"versions off":        {prefix: "fresh", before: bucketSays("versioning", suspendedVersions), says: "keeps no former versions"},
		"open by list":        {prefix: "fresh", before: bucketSays("acl", publicACL), says: "open to everybody"},
		"something else":      {prefix: "builds", says: "something else"},
		"in another's prefix": {prefix: "acme/eu", says: "something else"},
	} {
		s.Before(c.before)
		err := s3.MayBegin(t.Context(), s.URL(bucket, c.prefix), s3.Options{})
		s.Before(nil)
		var place *ledger.PlaceError
		if (err == nil) != (c.says == "") || err != nil && (!errors.As(err, &place) || !strings.Contains(place.Happened, c.says) || !strings.Contains(place.Remedy, "for example")) {
			t.Errorf("%s: %v, want %q", name, err, c.says)
		}
	}
	if after := strings.Join(keys(t, s, bucket), " "); after != before {
		t.Errorf("there is %s, and was %s", after, before)
	}
}

// TestWhoMayNotFoundALedgerBeginsNone: a role that may write all but the object that makes
// a prefix a ledger leaves nothing but the probe.
func TestWhoMayNotFoundALedgerBeginsNone(t *testing.T) {
	s := s3test.Fake(t)
	bucket := s.Bucket(t)
	s.Before(s3test.Of("PUT", "ledger.json", s3test.Refuse(403, "AccessDenied", "Access Denied")))
	_, err := s3.Open(t.Context(), s.URL(bucket, "acme"), s3.Options{})
	var place *ledger.PlaceError
	if !errors.Is(err, ledger.ErrReadOnly) || !errors.As(err, &place) || !strings.Contains(place.Remedy, "s3-administrator.json") {
		t.Errorf("%v", err)
	}
	if left := keys(t, s, bucket); len(left) != 1 || left[0] != "acme/probe.json" {
		t.Errorf("left behind: %v", left)
	}
}

// TestNoCredentials: where nobody gives any it is said, and not as a store that refused.
func TestNoCredentials(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	s := s3test.Fake(t)
	_, err := s3.Open(t.Context(), s.URL("acme-sluice", "payments"), s3.Options{BusyTimeout: time.Second})
	var place *ledger.PlaceError
	if !errors.As(err, &place) || !strings.Contains(place.Happened, "no credentials") || s.Take().Requests() != 0 {
		t.Errorf("%v", err)
	}
}
