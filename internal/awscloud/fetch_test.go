package awscloud_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// within makes a call that has so much time.
func within(t *testing.T, s *awscloud.Session, limit time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cfg, err := s.Config(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = sts.NewFromConfig(cfg).GetCallerIdentity(awscloud.Urgent(ctx), &sts.GetCallerIdentityInput{})
	return err
}

// silent is a server that takes requests and does not answer before the test ends.
func silent(t *testing.T) string {
	t.Helper()
	over := make(chan struct{})
	s := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	t.Cleanup(s.Close)
	t.Cleanup(func() { close(over) })
	return s.URL
}

// TestCredentialsThatAreLateAreNotRefused: a timeout says nothing about them, so it is no
// reason to end a rollout.
func TestCredentialsThatAreLateAreNotRefused(t *testing.T) {
	environment(t, keys)
	t.Setenv("AWS_ENDPOINT_URL_STS", silent(t))
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", Endpoint: "http://127.0.0.1:1", AssumeRole: []awscloud.Role{{ARN: roleARN}}}, awscloud.Who{})
	e := s.Explain(within(t, s, 200*time.Millisecond))
	if e.Kind != awscloud.Unreachable || !strings.Contains(e.Message, "of the role "+roleARN+" could not be fetched in time") || !strings.Contains(e.Remedy, "STS") || !errors.Is(e, context.DeadlineExceeded) {
		t.Errorf("%+v", e)
	}
}

// TestMetadataThatIsLate is a machine without credentials whose metadata nobody answers.
func TestMetadataThatIsLate(t *testing.T) {
	environment(t, map[string]string{"AWS_EC2_METADATA_DISABLED": "false"})
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", silent(t))
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", Profile: ""}, awscloud.Who{})
	e := s.Explain(within(t, s, 200*time.Millisecond))
	if e.Kind != awscloud.Unreachable || !strings.Contains(e.Message, "no credentials of AWS were found") || !strings.Contains(e.Message, "metadata did not answer in time") {
		t.Errorf("%+v", e)
	}
}

// TestMetadataWithoutARole says that there are none, also for a role that is assumed with
// what there is.
func TestMetadataWithoutARole(t *testing.T) {
	environment(t, map[string]string{"AWS_EC2_METADATA_DISABLED": "false"})
	t.Setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", refusing(t))
	for _, roles := range [][]awscloud.Role{nil, {{ARN: roleARN}}} {
		s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", AssumeRole: roles}, awscloud.Who{})
		e := s.Explain(call(t, s))
		if e.Kind != awscloud.Credentials || !strings.Contains(e.Message, "no credentials of AWS were found") || !strings.Contains(e.Remedy, "assume_role_with_web_identity") {
			t.Errorf("%v: %+v", roles, e)
		}
	}
}

// TestCredentialsThatCannotBeHad are named by where they would come from.
func TestCredentialsThatCannotBeHad(t *testing.T) {
	environment(t, nil)
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", refusing(t))
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	e := s.Explain(call(t, s))
	if e.Kind != awscloud.Credentials || !strings.Contains(e.Message, "could not be had from what the environment or the profile names") {
		t.Errorf("%+v", e)
	}
}

// refusing is a container's server of credentials that gives none.
func refusing(t *testing.T) string {
	t.Helper()
	s := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(s.Close)
	return s.URL
}
