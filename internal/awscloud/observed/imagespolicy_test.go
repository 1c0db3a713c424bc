package observed_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	ecstypes "github.com/aws/aws-sdk-go-v2/service/ecs/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr/ecrtest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

const images = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout"

// onMoto is moto with a repository, a function of its first image behind an alias, and a
// running task. It returns the digests of that
// image and of an index of another.
func onMoto(t *testing.T) (m *s3test.MotoServer, first, second string) {
	t.Helper()
	// A function has the digest that its tag names, and no invented one.
	t.Setenv("MOTO_LAMBDA_STUB_ECR", "false")
	m = s3test.Moto(t)
	s3test.Env(t.Setenv)
	registry := ecrtest.Client(m.Endpoint, "eu-central-1")
	ecrtest.Create(t, registry, "checkout", types.ImageTagMutabilityMutable)
	first = ecrtest.Push(t, registry, "checkout", "1.1.0", ecrtest.Image("first"))
	arm := ecrtest.Push(t, registry, "checkout", "arm64", ecrtest.Image("second"))
	second = ecrtest.Push(t, registry, "checkout", "1.2.0", ecrtest.Manifest{SchemaVersion: 2, MediaType: ecrtest.IndexType, Manifests: []ecrtest.Descriptor{
		{MediaType: ecrtest.ImageType, Digest: arm, Platform: map[string]string{"os": "linux", "architecture": "arm64"}}}})

	keys := credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")
	functions := awslambda.New(awslambda.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.Endpoint), Retryer: aws.NopRetryer{}, Credentials: keys})
	_, err := functions.CreateFunction(t.Context(), &awslambda.CreateFunctionInput{FunctionName: aws.String("checkout"), Role: aws.String(m.Role(t, "checkout")), Publish: true,
		PackageType: lambdatypes.PackageTypeImage, Code: &lambdatypes.FunctionCode{ImageUri: aws.String(images + ":1.1.0")}})
	if err == nil {
		_, err = functions.CreateAlias(t.Context(), &awslambda.CreateAliasInput{FunctionName: aws.String("checkout"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
	}
	services := awsecs.New(awsecs.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.Endpoint), Retryer: aws.NopRetryer{}, Credentials: keys})
	if err == nil {
		_, err = services.CreateCluster(t.Context(), &awsecs.CreateClusterInput{ClusterName: aws.String("production")})
	}
	if err == nil {
		_, err = services.RegisterTaskDefinition(t.Context(), &awsecs.RegisterTaskDefinitionInput{Family: aws.String("checkout"),
			ContainerDefinitions: []ecstypes.ContainerDefinition{{Name: aws.String("app"), Image: aws.String(images + "@" + first), MemoryReservation: aws.Int32(128)}}})
	}
	if err != nil {
		t.Fatal(err)
	}
	// Moto's answers with tasks have numbers where AWS's have texts, and the SDK takes
	// none of them, this one included.
	_, _ = services.RunTask(t.Context(), &awsecs.RunTaskInput{Cluster: aws.String("production"), TaskDefinition: aws.String("checkout"), LaunchType: ecstypes.LaunchTypeFargate})
	return m, first, second
}

// Each policy suffices where IAM is enforced, and each action that is taken away from it
// is named. What moto and AWS agree on is read on the way.
func TestPoliciesOnMoto(t *testing.T) {
	m, first, second := onMoto(t)
	groups, images := policyOfGroups(t, m), policyOfImages(t, m, first, second)
	m.Enforce(t)
	t.Run("groups", groups)
	t.Run("images", images)
}

// policyOfImages makes the users, and tells what each may do. Moto's tasks tell no digests,
// in answers that AWS's own client does not read.
func policyOfImages(t *testing.T, m *s3test.MotoServer, first, second string) func(*testing.T) {
	t.Helper()
	whole, err := observed.ImagesPolicy()
	if err != nil {
		t.Fatal(err)
	}
	service := drift.Image{AWS: at(m.Endpoint), ECS: &drift.ECSTasks{Cluster: "production", Service: "checkout"}, Artifact: &artifact.Artifact{Version: "1.1.0", Reference: images + "@" + second}}
	alias := service
	alias.ECS, alias.Lambda, alias.Tag = nil, &drift.LambdaAlias{Function: "checkout", Alias: "live"}, "1.2.0"
	type user struct{ id, secret string }
	users := map[string]user{}
	for _, action := range []string{"", "ecs:ListTasks", "ecs:DescribeTasks", "lambda:GetAlias", "lambda:GetFunction", "ecr:DescribeImages", "ecr:BatchGetImage"} {
		var u user
		u.id, u.secret = m.User(t, "without"+strings.ReplaceAll(action, ":", "-"), strings.ReplaceAll(whole, `"`+action+`"`, `"iam:Nothing"`))
		users[action] = u
		if action != "" && !strings.Contains(whole, `"`+action+`"`) {
			t.Errorf("the policy has no %s", action)
		}
	}
	if n := strings.Count(whole, `:`) - strings.Count(whole, `":`); n != len(users)-1 {
		t.Errorf("%d actions are allowed, and %d were taken away:\n%s", n, len(users)-1, whole)
	}
	return func(t *testing.T) {
		as := func(action string, i drift.Image) drift.SeenImage {
			t.Setenv("AWS_ACCESS_KEY_ID", users[action].id)
			t.Setenv("AWS_SECRET_ACCESS_KEY", users[action].secret)
			return readImage(t, i)
		}
		if got := as("", alias); got.Err != nil || len(got.Platforms) != 1 || !cmp.Equal(got.Running, []drift.Running{{Digest: first, Where: "version 1"}}) || got.TagErr != nil || got.Tagged != second {
			t.Errorf("an alias, with the whole policy: %+v", got)
		}
		if got := as("", service); got.Err == nil || !strings.Contains(got.Err.Error(), "DescribeTasks was not answered as it should be") {
			t.Errorf("tasks, with the whole policy: %+v", got)
		}
		for action, image := range map[string]drift.Image{"ecs:ListTasks": service, "ecs:DescribeTasks": service, "lambda:GetAlias": alias, "lambda:GetFunction": alias, "ecr:DescribeImages": alias, "ecr:BatchGetImage": alias} {
			if got := as(action, image); got.Err == nil || !strings.Contains(got.Err.Error(), "may not do "+action+"; allow "+action+" ") {
				t.Errorf("without %s: %v", action, got.Err)
			}
		}
	}
}
