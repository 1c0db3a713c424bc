package s3_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

func states(t *testing.T, l ledger.Surveyor, opts ledger.SurveyOptions) (ledger.Survey, map[string]ledger.FindingState) {
	t.Helper()
	s, err := l.Survey(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]ledger.FindingState{}
	for _, f := range s.Findings {
		out[f.Check] = f.State
		if f.State == ledger.Wrong && f.Remedy == "" {
			t.Errorf("%s is wrong, and nothing says what to do", f.Check)
		}
	}
	return s, out
}

// What is asked of a bucket, and what each answer means.
func TestSurvey(t *testing.T) {
	const lock = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>30</Days></DefaultRetention></Rule></ObjectLockConfiguration>`
	const key = `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`
	denied := func(query string) s3test.Around {
		return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if r.URL.Query().Has(query) {
				s3test.Refuse(403, "AccessDenied", "Access Denied")(w, r, next)
				return
			}
			next.ServeHTTP(w, r)
		}
	}
	for _, c := range []struct {
		name   string
		before s3test.Around
		check  string
		want   ledger.FindingState
	}{
		{"as it should be", nil, "versioning", ledger.Fine},
		{"conditions", nil, "conditional writes", ledger.Fine},
		{"versions off since", bucketSays("versioning", `<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>`), "versioning", ledger.Wrong},
		{"versions unknown", denied("versioning"), "versioning", ledger.Unknown},
		{"open by policy since", bucketSays("policyStatus", publicPolicy), "public access", ledger.Wrong},
		{"open by list since", bucketSays("acl", publicACL), "public access", ledger.Wrong},
		{"openness unknown", denied("acl"), "public access", ledger.Unknown},
		{"locked", bucketSays("object-lock", lock), "object lock", ledger.Fine},
		{"encrypted", bucketSays("encryption", key), "encryption", ledger.Fine},
		{"a reader", s3test.Of("PUT", "", s3test.Refuse(403, "AccessDenied", "Access Denied")), "conditional writes", ledger.Warned},
		{"no conditions since", s3test.Careless, "conditional writes", ledger.Wrong},
	} {
		s := s3test.Fake(t)
		url := s.URL(s.Bucket(t), "acme")
		if _, err := open(t, url, s3.Options{}).Append(t.Context(), "s", 0, entry(1)); err != nil {
			t.Fatal(err)
		}
		s.Before(c.before)
		survey, got := states(t, open(t, url, s3.Options{MustExist: true}), ledger.SurveyOptions{})
		if got[c.check] != c.want {
			t.Errorf("%s: %s is %q, want %q", c.name, c.check, got[c.check], c.want)
		}
		if survey.Objects < 3 || survey.Bytes == 0 {
			t.Errorf("%s: %d objects, %d bytes", c.name, survey.Objects, survey.Bytes)
		}
	}
}

// The store's clock is in its answers; a write that is tried is no record.
func TestSurveyClockAndWrite(t *testing.T) {
	s, l := begin(t)
	before, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	const behind = 4 * time.Minute
	s.Before(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("Date", clock.System{}.Now().Add(behind).UTC().Format(http.TimeFormat))
		next.ServeHTTP(w, r)
	})
	survey, got := states(t, l, ledger.SurveyOptions{Write: true})
	ahead, uncertain, ok := survey.Skew()
	if !ok || (ahead-behind).Abs() > uncertain+time.Second {
		t.Errorf("the store is %s ahead, uncertain by %s, %t", ahead, uncertain, ok)
	}
	if survey.WriteTrip <= 0 || survey.RoundTrip <= 0 || got["write"] == ledger.Wrong {
		t.Errorf("%+v", survey)
	}
	after, err := l.Heads(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("a survey left something (-before +after):\n%s", diff)
	}
	if _, got := states(t, open(t, strings.Replace(s.URL("ledger-1", "acme"), "path_style", "allow_unversioned=true&path_style", 1), s3.Options{ReadOnly: true}), ledger.SurveyOptions{}); got["conditional writes"] != ledger.Warned {
		t.Errorf("a handle to read: %v", got)
	}
}

// The store's clock comes with each answer, also with one that refuses, and costs no
// request.
func TestStoreClock(t *testing.T) {
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	ours := clock.NewFake(clock.System{}.Now().Add(4 * time.Minute))
	l := open(t, url, s3.Options{Clock: ours})
	ahead := func() time.Duration {
		s.Take()
		ahead, _, ok := ledger.StoreClock(l).Skew()
		if n := s.Take().Requests(); n > 0 || !ok {
			t.Errorf("it took %d requests; known: %t", n, ok)
		}
		return ahead
	}
	if got := ahead(); got > -3*time.Minute || got < -5*time.Minute {
		t.Errorf("after opening it is %s ahead", got)
	}
	ours.Advance(time.Hour)
	if _, err := l.Lease(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if got := ahead(); got > -63*time.Minute || got < -65*time.Minute {
		t.Errorf("after a read it is %s ahead", got)
	}
	ours.Advance(-2 * time.Hour)
	s.Before(s3test.Of("GET", "", s3test.Refuse(403, "AccessDenied", "Access Denied")))
	if _, err := l.Read(t.Context(), "other", 1); err == nil {
		t.Fatal("it was not refused")
	}
	if got := ahead(); got < 55*time.Minute || got > 57*time.Minute {
		t.Errorf("after a refusal it is %s ahead", got)
	}
}
