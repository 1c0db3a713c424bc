package lambda_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
)

// emulator is moto with a function, its alias and packages. It is somebody else's idea
// of Lambda, beside ours: it checks no revision and provides no concurrency.
type emulator struct {
	*s3test.MotoServer
	config lambda.Config
	bucket string
}

// noConcurrency answers in moto's place for what it does not know.
var noConcurrency = s3test.Of(http.MethodGet, "/provisioned-concurrency", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write([]byte(`{"ProvisionedConcurrencyConfigs":[]}`)) // Whoever asked may be gone.
})

func emulate(t *testing.T) *emulator {
	t.Helper()
	m := s3test.Moto(t)
	m.Before(noConcurrency)
	s3test.Env(t.Setenv)
	e := &emulator{MotoServer: m, bucket: m.Bucket(t),
		config: lambda.Config{Function: "checkout", Alias: "live", Settings: awscloud.Settings{Region: "us-east-1", Endpoint: m.Endpoint}}}
	api := awslambda.New(awslambda.Options{Region: "us-east-1", BaseEndpoint: aws.String(m.Endpoint), Retryer: aws.NopRetryer{},
		Credentials: credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")})
	first := e.upload(t, "0.9.0")
	_, key, _ := strings.Cut(strings.TrimSuffix(first.Reference, "@"+first.Digest()), e.bucket+"/")
	_, err := api.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{FunctionName: aws.String("checkout"), Role: aws.String(m.Role(t, "checkout")), Publish: true,
		Runtime: types.RuntimePython313, Handler: aws.String("main.handle"), Code: &types.FunctionCode{S3Bucket: &e.bucket, S3Key: &key}})
	if err == nil {
		_, err = api.CreateAlias(t.Context(), &awslambda.CreateAliasInput{FunctionName: aws.String("checkout"), Name: aws.String("live"), FunctionVersion: aws.String("1"), Description: aws.String("What users invoke.")})
	}
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// upload puts a package into the bucket.
func (e *emulator) upload(t *testing.T, version string) artifact.Payload {
	t.Helper()
	var file bytes.Buffer
	z := zip.NewWriter(&file)
	f, err := z.Create("main.py")
	if err == nil {
		_, err = f.Write([]byte("version = '" + version + "'\n"))
	}
	if err == nil {
		err = z.Close()
	}
	key := "checkout/" + version + ".zip"
	if err == nil {
		_, err = e.Client().PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &e.bucket, Key: &key, Body: bytes.NewReader(file.Bytes())})
	}
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(file.Bytes())
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "s3://" + e.bucket + "/" + key + "@sha256:" + hex.EncodeToString(sum[:])}}
}

// as makes a target for somebody with a policy. Users are made before IAM is enforced.
func (e *emulator) as(t *testing.T, name, policy string) *lambda.Target {
	t.Helper()
	id, secret := e.User(t, name, policy)
	t.Setenv("AWS_ACCESS_KEY_ID", id)
	t.Setenv("AWS_SECRET_ACCESS_KEY", secret)
	clk := clock.NewAuto(start)
	d := open(t, e.config, clk)
	// Whose credentials these are is looked up now, while they are in the environment.
	if _, err := d.Observe(t.Context()); err != nil {
		t.Fatal(err)
	}
	clk.Advance(time.Hour) // What was read is forgotten.
	return d
}

// What moto and AWS agree on, on one moto, which takes seconds to start.
func TestOnMoto(t *testing.T) {
	e := emulate(t)
	t.Run("a version and back", func(t *testing.T) { walk(t, e, e.upload(t, "1.1.0")) })
	t.Run("roles of other accounts", func(t *testing.T) { otherAccounts(t, e) })
	t.Run("IAM enforced", func(t *testing.T) { policyEnforced(t, e, e.upload(t, "1.2.0")) })
}

// otherAccounts goes through a chain of roles, and is where the last one is.
func otherAccounts(t *testing.T, e *emulator) {
	t.Setenv("AWS_ENDPOINT_URL_STS", e.Endpoint)
	set := e.config
	for _, account := range []string{"222222222222", "333333333333"} {
		set.AssumeRole = append(set.AssumeRole, awscloud.Role{ARN: "arn:aws:iam::" + account + ":role/releases", ExternalID: "acme"})
	}
	session := awscloud.NewSession(set.Settings, awscloud.Who{Actor: "ci@acme", Subject: "checkout/production/1"})
	cfg, err := session.Config(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil || aws.ToString(me.Arn) != "arn:aws:sts::333333333333:assumed-role/releases/sluice-checkout-production-1-ci@acme" {
		t.Errorf("%+v, %v", me, err)
	}
	// The function is in none of them.
	if _, err := open(t, set, clock.NewAuto(start)).Observe(t.Context()); target.CodeOf(err) != target.CodeNotFound {
		t.Errorf("in another account: %v", err)
	}
}

// policyEnforced shows that the policy of the documentation suffices for a release and
// a rollback where IAM is enforced, and that each action taken away from it is named
// before anything is changed.
func policyEnforced(t *testing.T, e *emulator, next artifact.Payload) {
	policy, err := lambda.Policy("us-east-1", "123456789012", "checkout", e.bucket+"/*")
	if err != nil {
		t.Fatal(err)
	}
	// Moto asks IAM about Lambda's actions on anything, never on one function.
	for _, suffix := range []string{`:*"`, `"`} {
		policy = strings.ReplaceAll(policy, `"arn:aws:lambda:us-east-1:123456789012:function:checkout`+suffix, `"*"`)
	}
	all, without := e.as(t, "all", policy), map[string]*lambda.Target{}
	for _, action := range []string{"GetAlias", "GetFunctionConfiguration", "ListEventSourceMappings", "ListVersionsByFunction", "PublishVersion", "UpdateAlias", "UpdateFunctionCode"} {
		without[action] = e.as(t, "no-"+action, strings.ReplaceAll(policy, `"lambda:`+action+`"`, `"lambda:InvokeFunction"`))
	}
	e.Enforce(t)
	if obstacles, err := all.Preflight(t.Context(), next); err != nil || len(obstacles) > 0 {
		t.Fatalf("with the whole policy: %+v, %v", obstacles, err)
	}
	for action, d := range without {
		obstacles, err := d.Preflight(t.Context(), next)
		if err != nil || len(obstacles) != 1 || !strings.HasSuffix(obstacles[0].What, "may not do lambda:"+action) {
			t.Errorf("without %s: %+v, %v", action, obstacles, err)
		}
	}
	ship(t, all, next)
	if p, err := all.Revert(t.Context(), write("revert")); err != nil || !p.Done {
		t.Errorf("%+v, %v", p, err)
	}
}

// walk goes from the old version to the new one by steps, and back.
func walk(t *testing.T, e *emulator, next artifact.Payload) {
	d := open(t, e.config, clock.NewAuto(start))
	for range 10 {
		p, err := d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: next})
		if err != nil {
			t.Fatal(err)
		}
		if p.Done {
			break
		}
	}
	var seen []float64
	look := func() {
		t.Helper()
		o, err := d.Observe(t.Context())
		if err != nil || o.Canary == nil || !o.Canary.Payload.Same(next) || o.Canary.Health != target.Healthy {
			t.Fatalf("%+v, %v", o, err)
		}
		seen = append(seen, o.Canary.Weight)
	}
	look()
	for _, weight := range []float64{5, 33.3, 100} {
		if err := apply(t, d, fmt.Sprint("to ", weight), weight); err != nil {
			t.Fatal(err)
		}
		look()
	}
	if _, err := d.Revert(t.Context(), write("revert")); err != nil {
		t.Fatal(err)
	}
	look()
	if !slices.Equal(seen, []float64{0, 5, 33.3, 100, 0}) {
		t.Errorf("weights %v", seen)
	}
}
