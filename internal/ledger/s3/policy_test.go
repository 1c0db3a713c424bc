package s3_test

import (
	"errors"
	"flag"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

var update = flag.Bool("update", false, "write docs/policies")

// The policies in docs are those that Policy gives for the ledger of the examples.
func TestPoliciesInDocs(t *testing.T) {
	for _, role := range []s3.Role{s3.Reader, s3.Releaser, s3.Administrator} {
		want, err := s3.Policy("s3://acme-sluice/payments", role)
		if err != nil {
			t.Fatal(err)
		}
		awstest.PolicyInDocs(t, *update, "s3-"+string(role)+".json", want)
		if strings.Contains(want, "Delete") {
			t.Errorf("the %s may delete", role)
		}
	}
	if _, err := s3.Policy("s3://acme-sluice", "owner"); err == nil {
		t.Error("an unknown role")
	}
}

// Where policies are enforced, each role can do its part with its own, and no more. Moto
// looks at actions and resources; the conditions of a statement it does not.
func TestPoliciesEnforced(t *testing.T) {
	m := s3test.Moto(t)
	t.Run("each role", func(t *testing.T) { eachRole(t, m) })
	t.Run("a scope", func(t *testing.T) { ofAScope(t, m) })
	t.Run("requests", func(t *testing.T) { refuseRequests(t, m) })
	t.Run("a move", func(t *testing.T) { refuseAMove(t, m) })
}

// eachRole uses a ledger as its role does.
func eachRole(t *testing.T, m *s3test.MotoServer) {
	bucket := m.Bucket(t)
	url := m.URL(bucket, "payments")
	become := map[s3.Role]func(){}
	for _, role := range []s3.Role{s3.Reader, s3.Releaser, s3.Administrator} {
		policy, err := s3.Policy(url, role)
		if err != nil {
			t.Fatal(err)
		}
		id, secret := m.User(t, string(role), policy)
		become[role] = func() {
			t.Setenv("AWS_ACCESS_KEY_ID", id)
			t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
		}
	}
	m.Enforce(t)
	as := func(role s3.Role, at string, opts s3.Options) (*s3.Ledger, error) {
		become[role]()
		opts.BusyTimeout = 5 * time.Second
		l, err := s3.Open(t.Context(), at, opts)
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
		}
		return l, err
	}
	for _, role := range []s3.Role{s3.Reader, s3.Releaser} {
		if _, err := as(role, url, s3.Options{}); err == nil {
			t.Fatalf("the %s created a ledger", role)
		}
	}
	if _, err := as(s3.Administrator, url, s3.Options{}); err != nil {
		t.Fatalf("the administrator: %v", err)
	}
	if _, err := as(s3.Administrator, m.URL(bucket, "orders"), s3.Options{}); err == nil {
		t.Error("the administrator of one prefix created a ledger in another")
	}
	l, err := as(s3.Releaser, url, s3.Options{MustExist: true})
	if err != nil {
		t.Fatalf("the releaser: %v", err)
	}
	s3.SetLimits(l, 2, 1<<20, 2)
	held := ledger.Lease{Name: "s", Holder: "a", Fence: 1, Beat: 1, TTL: time.Second}
	if err := l.SwapLease(t.Context(), ledger.Lease{Name: "s"}, held); err != nil {
		t.Fatal(err)
	}
	for n := range 7 {
		if _, err := l.Append(t.Context(), "s", uint64(n), fencedBy("s", n+1, 1)); err != nil {
			t.Fatalf("the releaser: %v", err)
		}
	}
	r, err := as(s3.Reader, url, s3.Options{MustExist: true})
	if err != nil {
		t.Fatalf("the reader: %v", err)
	}
	wantLength(t, r, 7)
	if report, err := ledger.Verify(t.Context(), r, ledger.VerifyOptions{}); err != nil || report.Records != 8 {
		t.Errorf("the reader: %+v, %v", report, err)
	}
	if _, err := r.Append(t.Context(), "s", 7, entry(8)); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("the reader wrote: %v", err)
	}
}

// ofAScope: its releaser reads the ledger of the scope above, and cannot write there, nor
// read what is beside it.
func ofAScope(t *testing.T, m *s3test.MotoServer) {
	bucket := m.Bucket(t)
	at := func(prefix string) string { return m.URL(bucket, prefix) }
	for _, prefix := range []string{"acme", "acme-retail", "acme-toys"} {
		l, err := s3.Open(t.Context(), at(prefix), s3.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
			t.Fatal(err)
		}
		_ = l.Close()
	}
	policy, err := s3.ScopePolicy(at("acme-retail"), s3.Releaser, at("acme"))
	if err != nil {
		t.Fatal(err)
	}
	id, secret := m.User(t, "retail", policy)
	m.Enforce(t)
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	own, err := s3.Open(t.Context(), at("acme-retail"), s3.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = own.Close() })
	if _, err := own.Append(t.Context(), "s", 1, entry(2)); err != nil {
		t.Errorf("retail writes its own: %v", err)
	}
	above, err := s3.Open(t.Context(), at("acme"), s3.Options{ReadOnly: true})
	if err != nil {
		t.Fatalf("retail reads acme: %v", err)
	}
	t.Cleanup(func() { _ = above.Close() })
	wantLength(t, above, 1)
	if forward, err := s3.Open(t.Context(), at("acme"), s3.Options{MustExist: true, BusyTimeout: 5 * time.Second}); err == nil {
		if _, err := forward.Append(t.Context(), "s", 1, entry(2)); !errors.Is(err, ledger.ErrReadOnly) {
			t.Errorf("retail writes to acme: %v", err)
		}
		_ = forward.Close()
	}
	if l, err := s3.Open(t.Context(), at("acme-toys"), s3.Options{ReadOnly: true, BusyTimeout: 5 * time.Second}); err == nil {
		_ = l.Close()
		t.Error("retail reads toys")
	}
}
