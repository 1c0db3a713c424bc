package observed_test

import (
	"flag"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/observed"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
)

var update = flag.Bool("update", false, "write docs/policies")

// documented are the types that the policy in docs is for.
var documented = []string{"AWS::SQS::Queue", "AWS::Logs::LogGroup"}

// The policies in docs are the ones that are made here.
func TestPoliciesInDocs(t *testing.T) {
	groups, err := observed.GroupsPolicy()
	if err != nil {
		t.Fatal(err)
	}
	resources, err := observed.ResourcesPolicy(documented...)
	if err != nil {
		t.Fatal(err)
	}
	images, err := observed.ImagesPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"drift-security-groups.json": groups, "drift-resources.json": resources, "drift-images.json": images} {
		awstest.PolicyInDocs(t, *update, name, want)
	}
}

// The policy suffices for Cloud Control, and each action that is taken away from it is
// named. Moto has no Cloud Control, so the fake holds the policy to what the types need.
func TestThePolicyOfResourcesSuffices(t *testing.T) {
	whole, err := observed.ResourcesPolicy(documented...)
	if err != nil {
		t.Fatal(err)
	}
	c := control(t)
	c.Needs = observed.Reads
	c.Allowed = whole
	if got := readResource(t, c.URL, queue, queueURL); got.Err != nil {
		t.Errorf("with the whole policy: %v", got.Err)
	}
	for _, action := range append([]string{"cloudformation:GetResource"}, observed.Reads[queue]...) {
		c.Allowed = strings.ReplaceAll(whole, `"`+action+`"`, `"iam:Nothing"`)
		if got := readResource(t, c.URL, queue, queueURL); got.Err == nil || !strings.Contains(got.Err.Error(), "may not do "+action+"; allow "+action) {
			t.Errorf("without %s: %v", action, got.Err)
		} else if types := strings.Contains(got.Err.Error(), "handlers.read.permissions"); types != strings.HasPrefix(action, "sqs:") {
			t.Errorf("what the type needs is Cloud Control's own, or is not said where it is not: %v", got.Err)
		}
	}
	if _, err := observed.ResourcesPolicy("AWS::Nobody::Knows"); err == nil || !strings.Contains(err.Error(), "aws cloudformation describe-type --type RESOURCE --type-name AWS::Nobody::Knows") {
		t.Errorf("a type that nobody wrote down: %v", err)
	}
}

// policyOfGroups makes a group and the users, and tells what each may do.
func policyOfGroups(t *testing.T, m *s3test.MotoServer) func(*testing.T) {
	t.Helper()
	api := ec2.New(ec2.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.Endpoint), Credentials: credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")})
	vpc, err := api.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	made, err := api.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("web"), VpcId: vpc.Vpc.VpcId})
	if err != nil {
		t.Fatal(err)
	}
	id := aws.ToString(made.GroupId)
	whole, err := observed.GroupsPolicy()
	if err != nil {
		t.Fatal(err)
	}
	type user struct{ id, secret string }
	users := map[string]user{}
	for name, policy := range map[string]string{
		"all": whole, "no-rules": strings.ReplaceAll(whole, `"ec2:DescribeSecurityGroupRules"`, `"ec2:RunInstances"`), "no-groups": strings.ReplaceAll(whole, `"ec2:DescribeSecurityGroups"`, `"ec2:RunInstances"`),
	} {
		var u user
		u.id, u.secret = m.User(t, name, policy)
		users[name] = u
	}
	return func(t *testing.T) {
		read := func(name, id string) drift.SeenGroup {
			t.Setenv("AWS_ACCESS_KEY_ID", users[name].id)
			t.Setenv("AWS_SECRET_ACCESS_KEY", users[name].secret)
			return readGroup(t, at(m.Endpoint), id)
		}
		// A new group has one rule, for what goes out.
		if seen := read("all", id); seen.Err != nil || len(seen.Rules) != 1 || seen.Rules[0].Direction != drift.Egress || seen.Rules[0].IPv4 != "0.0.0.0/0" || seen.Rules[0].Protocol != "-1" {
			t.Errorf("with the whole policy: %+v", seen)
		}
		const another = "sg-00000000000000001"
		if seen := read("all", another); seen.Err == nil || !strings.Contains(seen.Err.Error(), "it is not there") {
			t.Errorf("a group that is not there: %+v", seen)
		}
		if seen := read("no-rules", id); seen.Err == nil || !strings.Contains(seen.Err.Error(), "may not do ec2:DescribeSecurityGroupRules") {
			t.Errorf("without the rules: %+v", seen)
		}
		if seen := read("no-groups", another); seen.Err == nil || !strings.Contains(seen.Err.Error(), "may not do ec2:DescribeSecurityGroups;") {
			t.Errorf("without the groups: %+v", seen)
		}
	}
}
