package awscloud_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/ststest"
)

// What goes into a session is what AWS takes, whatever the actor is called.
func TestASessionTakesEveryActor(t *testing.T) {
	now := func() time.Time { return time.Date(2026, 11, 27, 14, 3, 0, 0, time.UTC) }
	sts := ststest.New(t, now)
	sts.Credentials(t)
	sts.Roles[roleARN] = ststest.Open()
	for _, actor := range []string{"x", "ci@acme", "Jörg <j@acme>", strings.Repeat("long", 50), "a/b;c"} {
		s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{Actor: actor, Subject: "checkout/production/3"})
		got, err := s.AssumeFor(t.Context(), awscloud.Assumption{
			Role: awscloud.Role{ARN: roleARN, SourceIdentity: true, Duration: "30m"}, Policy: `{"Statement":[]}`, Tags: map[string]string{"sluice:actor": actor},
		})
		if err != nil {
			t.Errorf("%q: %v", actor, err)
			continue
		}
		if got.Expiration != now().Add(30*time.Minute) || !strings.HasSuffix(got.ARN, ":assumed-role/releases/"+got.Name) || got.AccessKeyID == "" {
			t.Errorf("%q: %q until %s", actor, got.ARN, got.Expiration)
		}
	}
	for _, s := range sts.Sessions() {
		if s.SourceIdentity == "" || s.Tags["sluice:actor"] == "" {
			t.Errorf("it does not say who: %+v", s)
		}
	}
}

func TestAPolicyThatIsTooLong(t *testing.T) {
	for n, fits := range map[int]bool{awscloud.MaxSessionPolicy: true, awscloud.MaxSessionPolicy + 1: false} {
		if msg := awscloud.Fits(strings.Repeat("x", n)); (msg == "") != fits {
			t.Errorf("%d characters: %q", n, msg)
		}
	}
}

func TestTheAccountOfARole(t *testing.T) {
	for arn, want := range map[string]string{roleARN: "123456789012", "arn:aws-cn:iam::222222222222:role/a/b": "222222222222", "releases": ""} {
		if got := awscloud.Account(arn); got != want {
			t.Errorf("%s is of %q", arn, got)
		}
	}
}
