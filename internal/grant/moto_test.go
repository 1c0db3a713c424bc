package grant_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice/terraform-provider-sluice/internal/grant"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// A server that is not ours takes what we send, and knows the session again by the
// credentials that were handed out. It heeds no session's policy; ststest does.
func TestMotoKnowsTheSession(t *testing.T) {
	w := newWorld(t)
	w.declare()
	s3test.Env(t.Setenv)
	moto := s3test.Moto(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", moto.Endpoint)
	out := w.open(w.request())
	if out.Scope != grant.Full || !out.Recorded || time.Until(out.Expiration) > 16*time.Minute {
		t.Errorf("%s, recorded %t, until %s", out.Scope, out.Recorded, out.Expiration)
	}
	cfg, err := config.LoadDefaultConfig(t.Context(), config.WithRegion("eu-central-1"),
		config.WithCredentialsProvider(credentials.NewStaticCredentialsProvider(out.AccessKeyID, out.SecretAccessKey, out.SessionToken)))
	if err != nil {
		t.Fatal(err)
	}
	who, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(who.Arn) != out.ARN || out.ARN != "arn:aws:sts::123456789012:assumed-role/releases/sluice-checkout-production-1-ci@acme" {
		t.Errorf("%q, want %q (%v)", aws.ToString(who.Arn), out.ARN, err)
	}
}
