package release_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

// function is examples/aws-lambda with the AWS provider itself, in front of moto.
type function struct {
	*awsStack
	api *awslambda.Client
}

func newFunction(t *testing.T) *function {
	t.Helper()
	s := newAWS(t, "aws-lambda")
	s.moto.Before(s3test.Of(http.MethodGet, "/provisioned-concurrency", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		// Moto does not know it.
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"ProvisionedConcurrencyConfigs":[]}`))
	}))
	return &function{awsStack: s, api: awslambda.New(awslambda.Options{Region: "eu-central-1", BaseEndpoint: aws.String(s.moto.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")})}
}

// build builds a package as the example's README says.
func (f *function) build(version string) {
	f.t.Helper()
	cmd := exec.Command("./build.sh", version)
	cmd.Dir = f.Dir
	if out, err := cmd.CombinedOutput(); err != nil {
		f.t.Fatalf("%v: %s", err, out)
	}
}

func (f *function) version(version string) {
	f.Write("terraform.tfvars", "checkout_version = \""+version+"\"\nat_least = \"300ms\"\nbake = \"300ms\"\n")
}

// serves wants the alias to give all requests to the code of one package.
func (f *function) serves(version string) {
	f.t.Helper()
	alias, err := f.api.GetAlias(f.t.Context(), &awslambda.GetAliasInput{FunctionName: aws.String("checkout"), Name: aws.String("live")})
	if err != nil {
		f.t.Fatal(err)
	}
	code, err := f.api.GetFunctionConfiguration(f.t.Context(), &awslambda.GetFunctionConfigurationInput{FunctionName: aws.String("checkout"), Qualifier: alias.FunctionVersion})
	if err != nil {
		f.t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(f.Dir, "packages", version+".zip"))
	if err != nil {
		f.t.Fatal(err)
	}
	sum := sha256.Sum256(raw)
	if want := base64.StdEncoding.EncodeToString(sum[:]); aws.ToString(code.CodeSha256) != want || alias.RoutingConfig != nil && len(alias.RoutingConfig.AdditionalVersionWeights) > 0 {
		f.t.Fatalf("version %s serves, with the code %s and weights %+v; want %s (%s) alone", aws.ToString(alias.FunctionVersion), aws.ToString(code.CodeSha256), alias.RoutingConfig, version, want)
	}
}

// The whole of examples/aws-lambda with the AWS provider: what serves is adopted, a
// version is released step by step and by the role's right alone, taken back,
// and moved by hand. In between no plan wants to move anything back.
func TestAccLambdaExample(t *testing.T) {
	f := newFunction(t)
	f.build("1.0.0")
	f.build("1.1.0")
	f.version("1.0.0")
	if r := f.Apply(); r.Exit != 0 {
		t.Fatal(r.Output)
	}
	f.serves("1.0.0")
	if last := f.history().Last(); last != nil {
		t.Errorf("what served already was rolled out: %+v", last)
	}

	f.version("1.1.0")
	f.MustApply()
	f.serves("1.1.0")

	f.sluice("rollback", "checkout/production", "--reason", "a test")
	f.serves("1.0.0")

	f.version("1.0.0")
	if _, err := f.api.UpdateAlias(t.Context(), &awslambda.UpdateAliasInput{FunctionName: aws.String("checkout"), Name: aws.String("live"),
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.3}}}); err != nil {
		t.Fatal(err)
	}
	plan := f.Plan()
	f.Wants(plan, "warning", "checkout/production has drifted", "baseline.weight: expected 100 %, observed 70 %")
	// The output shows what serves. Nobody would move the alias, or the function's code.
	if !strings.Contains(plan.Output, "Plan: 0 to add, 0 to change, 0 to destroy.") {
		t.Errorf("somebody's plan would change something: %s", plan.Output)
	}
	if r := f.Run("destroy", "-json", "-input=false", "-auto-approve", "-refresh=false"); r.Exit != 0 {
		t.Fatal(r.Output)
	}
}
