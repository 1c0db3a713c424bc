package release_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// awsStack is an example with the AWS provider itself, in front of moto.
type awsStack struct {
	*stage
	moto *s3test.MotoServer
	elb  *elb.Client
	ecs  *ecs.Client

	// rights answers for IAM's simulation, which moto does not have.
	rights awstest.Rights
	asked  awstest.Watch

	mu     sync.Mutex
	shares []string
}

// newAWS has a folder of examples before moto. Looks come more often than every ten seconds.
func newAWS(t *testing.T, example string) *awsStack {
	t.Helper()
	t.Parallel()
	m := s3test.Moto(t)
	s := &stage{t: t, ledger: filepath.Join(t.TempDir(), "ledger.db")}
	s.Terraform = acctest.NewApart(t, "AWS_ENDPOINT_URL="+m.Endpoint, "SLUICE_LEDGER=sqlite:"+s.ledger, "SLUICE_ACTOR=tester@acme")
	if err := os.CopyFS(s.Dir, os.DirFS("../../../examples/"+example)); err != nil && !strings.Contains(err.Error(), "versions.tf") {
		t.Fatal(err)
	}
	// Moto has no host for each bucket.
	s.Write("moto_override.tf", `provider "aws" {
  s3_use_path_style = true
}
resource "sluice_deployment_strategy" "careful" {
  analysis = { interval = "1s" }
}
`)
	s.Beside("hashicorp/aws")
	keys := credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")
	return &awsStack{stage: s, moto: m, rights: awstest.Rights{Principal: "checkout-releases", Others: []string{"arn:aws:iam::123456789012:role/checkout-mover"}},
		elb: elb.New(elb.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.Endpoint), Credentials: keys}),
		ecs: ecs.New(ecs.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.Endpoint), Credentials: keys}),
	}
}

func digestOf(version string) string {
	sum := sha256.Sum256([]byte(version))
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (s *awsStack) release(version string) {
	s.Write("terraform.tfvars", fmt.Sprintf(`checkout_version = %q
at_least         = "300ms"
bake             = "300ms"
builds           = { "1.0.0" = %q, "1.1.0" = %q }
`, version, digestOf("1.0.0"), digestOf("1.1.0")))
}

// thereIn makes what the AWS provider waits for by the clock, whatever answers: the
// load balancer for a minute, network and cluster for ten seconds. They are imported.
func (s *awsStack) thereIn(cluster string) {
	s.t.Helper()
	ec2 := func(element string, params ...string) string {
		form := url.Values{"Action": {params[0]}, "Version": {"2016-11-15"}}
		for i := 1; i < len(params); i += 2 {
			form.Set(params[i], params[i+1])
		}
		_, text, _ := strings.Cut(s.moto.Query(s.t, "ec2", "eu-central-1", form), "<"+element+">")
		text, _, _ = strings.Cut(text, "<")
		return text
	}
	named := func(id, name string) {
		ec2("", "CreateTags", "ResourceId.1", id, "Tag.1.Key", "Name", "Tag.1.Value", name)
	}
	vpc := ec2("vpcId", "CreateVpc", "CidrBlock", "10.20.0.0/16")
	ec2("", "ModifyVpcAttribute", "VpcId", vpc, "EnableDnsHostnames.Value", "true")
	named(vpc, "checkout")
	group := ec2("groupId", "CreateSecurityGroup", "GroupName", "checkout-balancer", "GroupDescription", "Managed by Terraform", "VpcId", vpc)
	imports := map[string]string{"aws_vpc.checkout": vpc, "aws_security_group.balancer": group, "aws_ecs_cluster." + cluster: cluster}
	var subnets []string
	for i, zone := range []string{"a", "b"} {
		subnets = append(subnets, ec2("subnetId", "CreateSubnet", "VpcId", vpc, "CidrBlock", fmt.Sprintf("10.20.%d.0/24", i), "AvailabilityZone", "eu-central-1"+zone))
		named(subnets[i], fmt.Sprintf("checkout-%d", i))
		imports[fmt.Sprintf("aws_subnet.public[%d]", i)] = subnets[i]
	}
	lb, err := s.elb.CreateLoadBalancer(s.t.Context(), &elb.CreateLoadBalancerInput{Name: aws.String("checkout"), Subnets: subnets, SecurityGroups: []string{group}})
	if err != nil {
		s.t.Fatal(err)
	}
	arn := lb.LoadBalancers[0].LoadBalancerArn
	imports["aws_lb.web"] = aws.ToString(arn)
	// As AWS has them at first.
	in := &elb.ModifyLoadBalancerAttributesInput{LoadBalancerArn: arn}
	for key, value := range map[string]string{
		"idle_timeout.timeout_seconds": "60", "client_keep_alive.seconds": "3600", "routing.http2.enabled": "true", "routing.http.desync_mitigation_mode": "defensive",
		"routing.http.xff_header_processing.mode": "append", "load_balancing.cross_zone.enabled": "true",
	} {
		in.Attributes = append(in.Attributes, types.LoadBalancerAttribute{Key: aws.String(key), Value: aws.String(value)})
	}
	if _, err := s.elb.ModifyLoadBalancerAttributes(s.t.Context(), in); err != nil {
		s.t.Fatal(err)
	}
	if _, err := s.ecs.CreateCluster(s.t.Context(), &ecs.CreateClusterInput{ClusterName: aws.String(cluster)}); err != nil {
		s.t.Fatal(err)
	}
	var text strings.Builder
	for to, id := range imports {
		fmt.Fprintf(&text, "import {\n  to = %s\n  id = %q\n}\n", to, id)
	}
	s.Write("there.tf", text.String())
}
