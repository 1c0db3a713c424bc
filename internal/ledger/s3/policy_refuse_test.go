package s3_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/sluice/terraform-provider-sluice/internal/ledger"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// somebody has a role's policy for some ledgers.
type somebody struct {
	id, secret string
}

// with makes a user with the role's policies for ledgers.
func with(t *testing.T, m *s3test.MotoServer, name string, role s3.Role, url string) somebody {
	t.Helper()
	policy, err := s3.Policy(url, role)
	if err != nil {
		t.Fatal(err)
	}
	id, secret := m.User(t, name, policy)
	return somebody{id, secret}
}

// open opens a ledger as them.
func (p somebody) open(t *testing.T, url string, opts s3.Options) (*s3.Ledger, error) {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", p.id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", p.secret)
	opts.BusyTimeout = 5 * time.Second
	l, err := s3.Open(t.Context(), url, opts)
	if err == nil {
		t.Cleanup(func() { _ = l.Close() })
	}
	return l, err
}

// client asks the store past the driver, as them.
func (p somebody) client(m *s3test.MotoServer) *awss3.Client {
	return awss3.New(awss3.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(m.Endpoint), UsePathStyle: true, Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(p.id, p.secret, ""),
	})
}

// refuseRequests asks past the driver: what a role's policy does not name is refused by
// the store, and not by the driver's good manners. No role deletes, or writes outside its
// ledger.
func refuseRequests(t *testing.T, m *s3test.MotoServer) {
	bucket := m.Bucket(t)
	url := m.URL(bucket, "payments")
	for _, prefix := range []string{"payments", "orders"} {
		if _, err := open(t, m.URL(bucket, prefix), s3.Options{}).Append(t.Context(), "s", 0, entry(1)); err != nil {
			t.Fatal(err)
		}
	}
	roles := map[s3.Role]somebody{}
	for _, role := range []s3.Role{s3.Reader, s3.Releaser, s3.Administrator} {
		roles[role] = with(t, m, "past-"+string(role), role, url)
	}
	before := everything(t, m.Server, bucket)
	m.Enforce(t)
	head, about := "payments/"+s3.HeadKey("s"), "payments/ledger.json"
	etag := before[head]
	for _, c := range []struct {
		what string
		by   []s3.Role
		do   func(c *awss3.Client) error
	}{
		{"delete a head", []s3.Role{s3.Reader, s3.Releaser, s3.Administrator}, func(c *awss3.Client) error {
			_, err := c.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: &head})
			return err
		}},
		{"delete ledger.json", []s3.Role{s3.Reader, s3.Releaser, s3.Administrator}, func(c *awss3.Client) error {
			_, err := c.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: &about})
			return err
		}},
		{"replace ledger.json", []s3.Role{s3.Reader, s3.Releaser}, func(c *awss3.Client) error {
			return write(t, c, bucket, about, aws.String(before[about]), nil)
		}},
		{"write copy.json", []s3.Role{s3.Reader, s3.Releaser}, func(c *awss3.Client) error {
			return write(t, c, bucket, "payments/copy.json", nil, aws.String("*"))
		}},
		{"write a head of another ledger", []s3.Role{s3.Reader, s3.Releaser, s3.Administrator}, func(c *awss3.Client) error {
			return write(t, c, bucket, "orders/"+s3.HeadKey("new"), nil, aws.String("*"))
		}},
		{"read another ledger", []s3.Role{s3.Reader, s3.Releaser, s3.Administrator}, func(c *awss3.Client) error {
			_, err := c.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("orders/ledger.json")})
			return err
		}},
		{"write something else in its own prefix", []s3.Role{s3.Reader, s3.Releaser, s3.Administrator}, func(c *awss3.Client) error {
			return write(t, c, bucket, "payments/invoices.csv", nil, aws.String("*"))
		}},
		{"replace a head that it has seen", []s3.Role{s3.Reader}, func(c *awss3.Client) error {
			return write(t, c, bucket, head, &etag, nil)
		}},
	} {
		for _, role := range c.by {
			err := c.do(roles[role].client(m))
			var refused smithy.APIError
			if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDenied" {
				t.Errorf("%s as %s: %v", c.what, role, err)
			}
		}
	}
	// That it was the policy which refused, and not the request: a releaser does this.
	if err := write(t, roles[s3.Releaser].client(m), bucket, "payments/"+s3.HeadKey("new"), nil, aws.String("*")); err != nil {
		t.Errorf("a releaser writes a head that is not there: %v", err)
	}
}

func write(t *testing.T, c *awss3.Client, bucket, key string, match, none *string) error {
	t.Helper()
	_, err := c.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("{}"), IfMatch: match, IfNoneMatch: none})
	return err
}

// refuseAMove: an administrator seals, begins a copy and makes it a ledger, and opens a
// ledger again; a releaser does none of it.
func refuseAMove(t *testing.T, m *s3test.MotoServer) {
	bucket := m.Bucket(t)
	from, to := m.URL(bucket, "payments"), m.URL(bucket, "moved")
	l := open(t, from, s3.Options{})
	if _, err := l.Append(t.Context(), "s", 0, entry(1)); err != nil {
		t.Fatal(err)
	}
	id, _ := l.ID(t.Context())
	var owners, releasers [2]somebody
	for i, url := range []string{from, to} {
		owners[i] = with(t, m, "owner-"+string(rune('a'+i)), s3.Administrator, url)
		releasers[i] = with(t, m, "releaser-"+string(rune('a'+i)), s3.Releaser, url)
	}
	m.Enforce(t)

	// The source.
	source := must(t)(releasers[0].open(t, from, s3.Options{MustExist: true}))
	if err := source.MaySeal(t.Context()); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "s3-administrator.json") {
		t.Errorf("a releaser may seal: %v", err)
	}
	if err := source.SealOff(t.Context(), sealing); !errors.Is(err, ledger.ErrReadOnly) || !strings.Contains(err.Error(), "s3-administrator.json") {
		t.Errorf("a releaser seals: %v", err)
	}
	if _, err := source.Append(t.Context(), "s", 1, entry(2)); err != nil {
		t.Errorf("and it is sealed: %v", err)
	}
	owned := must(t)(owners[0].open(t, from, s3.Options{MustExist: true}))
	if err := owned.MaySeal(t.Context()); err != nil {
		t.Errorf("an administrator may not seal: %v", err)
	}
	if err := owned.SealOff(t.Context(), sealing); err != nil {
		t.Fatalf("an administrator seals: %v", err)
	}
	if err := source.Unseal(t.Context(), sealing); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("a releaser unseals: %v", err)
	}
	records, err := owned.Read(t.Context(), "s", 1)
	if err != nil || len(records) != 2 {
		t.Fatalf("%d records, %v", len(records), err)
	}

	// The destination.
	if _, err := releasers[1].open(t, to, s3.Options{CopyOf: id}); err == nil {
		t.Error("a releaser begins a copy")
	}
	copied := must(t)(owners[1].open(t, to, s3.Options{CopyOf: id}))
	if err := copied.Import(t.Context(), records); err != nil {
		t.Fatalf("an administrator imports: %v", err)
	}
	if err := must(t)(releasers[1].open(t, to, s3.Options{CopyOf: id})).Finish(t.Context()); !errors.Is(err, ledger.ErrReadOnly) {
		t.Errorf("a releaser finishes a copy: %v", err)
	}
	if err := copied.Finish(t.Context()); err != nil {
		t.Errorf("an administrator finishes: %v", err)
	}
	wantLength(t, must(t)(releasers[1].open(t, to, s3.Options{MustExist: true})), 2)
	if err := owned.Unseal(t.Context(), sealing); err != nil {
		t.Errorf("an administrator unseals: %v", err)
	}
}

func must(t *testing.T) func(l *s3.Ledger, err error) *s3.Ledger {
	return func(l *s3.Ledger, err error) *s3.Ledger {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
}
