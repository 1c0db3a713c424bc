package s3_test

import (
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/credential"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// A ledger's credentials end where the environment says so, and nowhere else.
func TestUntilWhenTheCredentialsLast(t *testing.T) {
	s := s3test.Fake(t)
	url := s.URL(s.Bucket(t), "acme")
	if end := credential.EndOf(open(t, url, s3.Options{})); !end.IsZero() {
		t.Errorf("of keys without an end: %s", end)
	}
	t.Setenv("AWS_CREDENTIAL_EXPIRATION", "2199-03-02T09:00:00Z")
	if end := credential.EndOf(open(t, url, s3.Options{})); end.String() != "the credentials of AWS last until 2199-03-02T09:00:00Z" {
		t.Errorf("of keys with an end: %s", end)
	}
}
