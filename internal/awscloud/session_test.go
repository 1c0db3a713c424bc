package awscloud_test

import (
	"context"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/credential"
)

// environment is that of somebody with nothing of AWS's but what is given.
func environment(t *testing.T, more map[string]string) {
	t.Helper()
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); strings.HasPrefix(name, "AWS_") {
			t.Setenv(name, "")
		}
	}
	for name, value := range map[string]string{"AWS_CONFIG_FILE": "/nonexistent", "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent", "AWS_EC2_METADATA_DISABLED": "true"} {
		t.Setenv(name, value)
	}
	for name, value := range more {
		t.Setenv(name, value)
	}
}

var keys = map[string]string{"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "example"}

// securityTokens is an STS that writes down what it is asked, by whose key.
type securityTokens struct {
	asked []string
	code  string
}

func (s *securityTokens) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_ = r.ParseForm() // What is missing shows.
	_, key, _ := strings.Cut(r.Header.Get("Authorization"), "Credential=")
	key, _, _ = strings.Cut(key, "/")
	action := r.Form.Get("Action")
	words := []string{key, action}
	for _, name := range []string{"RoleArn", "RoleSessionName", "ExternalId", "SourceIdentity", "WebIdentityToken", "DurationSeconds"} {
		if v := r.Form.Get(name); v != "" {
			words = append(words, name+"="+v)
		}
	}
	s.asked = append(s.asked, strings.Join(words, " "))
	w.Header().Set("Content-Type", "text/xml")
	if s.code != "" {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintf(w, "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>no</Message></Error></ErrorResponse>", s.code)
		return
	}
	_, _ = fmt.Fprintf(w, `<%[1]sResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><%[1]sResult><Arn>arn</Arn><Credentials><AccessKeyId>ASIA%[2]d</AccessKeyId><SecretAccessKey>s</SecretAccessKey><SessionToken>t</SessionToken><Expiration>2126-01-01T00:00:00Z</Expiration></Credentials></%[1]sResult></%[1]sResponse>`, action, len(s.asked))
}

func call(t *testing.T, s *awscloud.Session) error {
	t.Helper()
	cfg, err := s.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	return err
}

// A chain begins with the token of CI, each role is assumed by the one before, and
// the sessions say who and for what.
func TestAChainOfRoles(t *testing.T) {
	server := &securityTokens{}
	s := httptest.NewServer(server)
	t.Cleanup(s.Close)
	environment(t, map[string]string{"AWS_ENDPOINT_URL_STS": s.URL, "OIDC": "the-token"})
	session := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1",
		WebIdentity: &awscloud.WebIdentity{ARN: "arn:aws:iam::111111111111:role/ci", Token: &credential.Reference{Env: "OIDC"}},
		AssumeRole:  []awscloud.Role{{ARN: "arn:aws:iam::222222222222:role/hop"}, {ARN: roleARN, ExternalID: "acme", Duration: "1h", SourceIdentity: true}},
	}, awscloud.Who{Actor: "ci@acme", Subject: "checkout/production/3", UserAgent: "sluice/1.0"})
	if err := call(t, session); err != nil {
		t.Fatal(err)
	}
	name := "RoleSessionName=sluice-checkout-production-3-ci@acme"
	if diff := cmp.Diff([]string{
		" AssumeRoleWithWebIdentity RoleArn=arn:aws:iam::111111111111:role/ci " + name + " WebIdentityToken=the-token",
		"ASIA1 AssumeRole RoleArn=arn:aws:iam::222222222222:role/hop " + name + " DurationSeconds=900",
		"ASIA2 AssumeRole RoleArn=" + roleARN + " " + name + " ExternalId=acme SourceIdentity=ci@acme DurationSeconds=3600",
		"ASIA3 GetCallerIdentity",
	}, server.asked); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	server.code = "AccessDenied"
	denied := awscloud.NewSession(session.Settings(), awscloud.Who{Actor: strings.Repeat("x", 100)})
	e := denied.Explain(call(t, denied))
	if e.Kind != awscloud.Denied || e.Permission != "sts:AssumeRoleWithWebIdentity" || !strings.Contains(e.Remedy, "trust policy") {
		t.Errorf("%+v", e)
	}
}

// Whoever has credentials of their own certificates and a proxy needs no more.
func TestOwnCertificates(t *testing.T) {
	s := httptest.NewTLSServer(&securityTokens{})
	t.Cleanup(s.Close)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw}), 0o600); err != nil {
		t.Fatal(err)
	}
	environment(t, keys)
	t.Setenv("AWS_ENDPOINT_URL", s.URL)
	settings := awscloud.Settings{Region: "eu-central-1"}
	without := awscloud.NewSession(settings, awscloud.Who{})
	if e := without.Explain(call(t, without)); e.Kind != awscloud.Unreachable || !strings.Contains(e.Remedy, "AWS_CA_BUNDLE") {
		t.Errorf("without the bundle: %+v", e)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	if err := call(t, awscloud.NewSession(settings, awscloud.Who{})); err != nil {
		t.Error(err)
	}
}

func TestNoCredentials(t *testing.T) {
	environment(t, nil)
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	if e := s.Explain(call(t, s)); e.Kind != awscloud.Credentials || !strings.Contains(e.Remedy, "AWS_PROFILE") ||
		!strings.Contains(e.Message, "no credentials of AWS were found: none are in the environment (AWS_ACCESS_KEY_ID") || !strings.Contains(e.Message, "the machine's metadata gives none") {
		t.Errorf("%+v", e)
	}
	t.Setenv("AWS_PROFILE", "")
	s = awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", Profile: "nobody"}, awscloud.Who{})
	if _, err := s.Config(t.Context()); s.Explain(err).Kind != awscloud.Credentials {
		t.Errorf("a profile that is not there: %v", err)
	}
}

// What AWS's codes mean is one of a closed set.
func TestWhatCodesMean(t *testing.T) {
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1"}, awscloud.Who{})
	for code, want := range map[string]awscloud.Kind{
		"ExpiredTokenException": awscloud.Credentials, "AccessDeniedException": awscloud.Denied, "TooManyRequestsException": awscloud.Throttled,
		"ThrottlingException": awscloud.Throttled, "PreconditionFailedException": awscloud.Stale, "ResourceConflictException": awscloud.Conflict,
		"ResourceNotFoundException": awscloud.NotFound, "InvalidParameterValueException": awscloud.Invalid, "OptInRequired": awscloud.Region,
	} {
		err := &smithy.OperationError{ServiceID: "Lambda", OperationName: "UpdateAlias", Err: &smithy.GenericAPIError{Code: code}}
		if e := s.Explain(err); e.Kind != want || e.Message == "" || !errors.Is(e, err) {
			t.Errorf("%s: %+v", code, e)
		}
	}
	denied := s.Explain(&smithy.OperationError{ServiceID: "Lambda", OperationName: "UpdateAlias", Err: &smithy.GenericAPIError{Code: "AccessDeniedException"}})
	if denied.Permission != "lambda:UpdateAlias" || !strings.Contains(denied.Message, "lambda:UpdateAlias") {
		t.Errorf("%+v", denied)
	}
}

// Two hundred rollouts of one account stay below its ceiling, and a revert waits for
// none of them.
func TestTheCeilingIsTheAccounts(t *testing.T) {
	environment(t, keys)
	wait := func(ctx context.Context, account string) error {
		cfg, err := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: "arn:aws:iam::" + account + ":role/r"}}}, awscloud.Who{}).Config(ctx)
		if err != nil {
			t.Fatal(err)
		}
		r, ok := cfg.Retryer().(interface {
			GetAttemptToken(context.Context) (func(error) error, error)
		})
		if !ok {
			t.Fatalf("%T is no retryer", cfg.Retryer())
		}
		_, err = r.GetAttemptToken(ctx)
		return err
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	passed := 0
	for range 200 {
		if wait(ctx, "999999999999") == nil {
			passed++
		}
	}
	if passed < 20 || passed > 22 {
		t.Errorf("%d calls passed at once", passed)
	}
	if err := wait(awscloud.Urgent(ctx), "999999999999"); err != nil {
		t.Errorf("a revert waited: %v", err)
	}
	if err := wait(t.Context(), "888888888888"); err != nil {
		t.Errorf("another account: %v", err)
	}
}

// A call that does not get its turn among our own is no fault of what was asked: it is
// told as such, and whether an earlier attempt reached AWS is not known.
func TestACallThatIsHeldUp(t *testing.T) {
	environment(t, keys)
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: "arn:aws:iam::777777777777:role/r"}}}, awscloud.Who{})
	cfg, err := s.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := cfg.Retryer().(aws.RetryerV2)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var held error
	for range 30 {
		if _, err := r.GetAttemptToken(ctx); err != nil {
			held = fmt.Errorf("operation error Lambda: GetAlias, %w", err)
		}
	}
	if e := s.Explain(held); !awscloud.HeldUp(held) || e.Kind != awscloud.Unknown || !strings.Contains(held.Error(), "too many calls wait in this account and region") {
		t.Errorf("%v is of the kind %q", held, e.Kind)
	}
	if awscloud.HeldUp(nil) || awscloud.HeldUp(context.DeadlineExceeded) {
		t.Error("any error is one of a call that was held up")
	}
}

// Few make many calls at once in one account; the next waits until one of them is done.
func TestTurns(t *testing.T) {
	environment(t, keys)
	s := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: "arn:aws:iam::666666666666:role/r"}}}, awscloud.Who{})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	var leave func()
	for range 4 {
		var err error
		if leave, err = s.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Turn(over); !awscloud.HeldUp(err) {
		t.Errorf("a fifth got its turn: %v", err)
	}
	leave()
	if _, err := s.Turn(t.Context()); err != nil {
		t.Error(err)
	}
	local := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", Endpoint: "http://127.0.0.1:1"}, awscloud.Who{})
	for range 10 {
		if _, err := local.Turn(t.Context()); err != nil {
			t.Errorf("an emulator has turns: %v", err)
		}
	}
}

// What AWS throttles, all rollouts of the account heed: after some refusals calls come more
// slowly than the ceiling, which the standard way of trying again would not do.
func TestThrottlesSlowTheAccountDown(t *testing.T) {
	environment(t, keys)
	token := func(account string, wait time.Duration) (func(error) error, error) {
		cfg, err := awscloud.NewSession(awscloud.Settings{Region: "eu-central-1", AssumeRole: []awscloud.Role{{ARN: "arn:aws:iam::" + account + ":role/r"}}}, awscloud.Who{}).Config(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// Two seconds of what is left are kept for the answer.
		ctx, cancel := context.WithTimeout(t.Context(), wait+2*time.Second)
		defer cancel()
		return cfg.Retryer().(aws.RetryerV2).GetAttemptToken(ctx) //nolint:forcetypeassert // It fails the test.
	}
	for _, account := range []string{"777777777777", "666666666666"} {
		for range 3 {
			release, err := token(account, time.Second)
			if err != nil {
				break // It is slow already.
			}
			if account == "777777777777" {
				_ = release(&smithy.GenericAPIError{Code: "ThrottlingException"}) // It gives back what it was given.
			} else {
				_ = release(nil) // Nothing to give back.
			}
		}
	}
	late := 0
	for range 3 {
		if _, err := token("777777777777", 20*time.Millisecond); err != nil {
			late++
		}
		if _, err := token("666666666666", 20*time.Millisecond); err != nil {
			t.Errorf("an account that was not throttled: %v", err)
		}
	}
	if late < 2 {
		t.Errorf("%d of 3 calls had to wait after throttles", late)
	}
}
