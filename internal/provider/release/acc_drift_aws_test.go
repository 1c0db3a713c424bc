package release_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/sluice/terraform-provider-sluice/internal/lab"
	"github.com/sluice/terraform-provider-sluice/internal/lab/labtest"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/s3/s3test"
	"github.com/sluice/terraform-provider-sluice/internal/provider/acctest"
)

// web is a security group in moto, with https from a network and the rule for what
// goes out that each new group has.
type web struct {
	*stage
	api *ec2.Client
	id  string
}

func newWeb(t *testing.T) (*web, *s3test.MotoServer) {
	t.Helper()
	t.Parallel()
	m := s3test.Moto(t)
	w := &web{stage: newStageOn(t, labtest.StartOnDemand(t, lab.Config{Traffic: 200})), api: ec2.New(ec2.Options{Region: "eu-central-1", BaseEndpoint: aws.String(m.Endpoint),
		Credentials: credentials.NewStaticCredentialsProvider(s3test.AccessKey, s3test.SecretKey, "")})}
	vpc, err := w.api.CreateVpc(t.Context(), &ec2.CreateVpcInput{CidrBlock: aws.String("10.0.0.0/16")})
	if err != nil {
		t.Fatal(err)
	}
	group, err := w.api.CreateSecurityGroup(t.Context(), &ec2.CreateSecurityGroupInput{GroupName: aws.String("web"), Description: aws.String("web"), VpcId: vpc.Vpc.VpcId})
	if err != nil {
		t.Fatal(err)
	}
	w.id = aws.ToString(group.GroupId)
	w.allow(443, "10.0.0.0/8")
	return w, m
}

// allow adds a rule by hand.
func (w *web) allow(port int32, block string) {
	w.t.Helper()
	if _, err := w.api.AuthorizeSecurityGroupIngress(w.t.Context(), &ec2.AuthorizeSecurityGroupIngressInput{GroupId: &w.id, IpPermissions: []types.IpPermission{
		{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port), IpRanges: []types.IpRange{{CidrIp: aws.String(block), Description: aws.String("by hand")}}}}}); err != nil {
		w.t.Fatal(err)
	}
}

// forbid takes a rule away by hand.
func (w *web) forbid(port int32, block string) {
	w.t.Helper()
	if _, err := w.api.RevokeSecurityGroupIngress(w.t.Context(), &ec2.RevokeSecurityGroupIngressInput{GroupId: &w.id, IpPermissions: []types.IpPermission{
		{IpProtocol: aws.String("tcp"), FromPort: aws.Int32(port), ToPort: aws.Int32(port), IpRanges: []types.IpRange{{CidrIp: aws.String(block)}}}}}); err != nil {
		w.t.Fatal(err)
	}
}

// declare checks the group, in a region and with some rules for what comes in.
func (w *web) declare(endpoint, region, id, more string) {
	w.Write("main.tf", watched(w.config(w.v1), "report", fmt.Sprintf(`
  security_groups = {
    web = {
      aws      = { region = %q, endpoint = %q }
      group_id = %q
      ingress  = [{ ip_protocol = "6", from_port = 443, to_port = 443, cidr_ipv4 = "10.0.0.0/8" }]
      egress   = [{ ip_protocol = "-1", cidr_ipv4 = "0.0.0.0/0" }]
    }
  }
  %s
`, region, endpoint, id, more)))
}

// A rule that somebody adds by hand, which no plan of the AWS provider shows, is told at
// plan on its attribute; one that lets the world in fails the plan, until the author
// says how much it matters. Nothing is ever changed.
func TestAccDriftOfSecurityGroups(t *testing.T) {
	w, m := newWeb(t)
	w.declare(m.Endpoint, "eu-central-1", w.id, "")
	first := w.Plan()
	for _, d := range first.Of("warning") {
		if strings.HasPrefix(d.Summary, "The drift check of") {
			acctest.Golden(t, "a new drift check", d.Summary+"\n"+d.Detail)
		}
	}
	w.Wants(first, "warning", "The drift check of checkout/production is new", "look at what serves, and at the security group web.", "was read now, and is as declared")
	w.allow(8080, "0.0.0.0/0")
	w.Wants(w.Plan(), "warning", "is new, and finds something already", "web.ingress.tcp.8080.0-0-0-0_0: expected none", "From then on each plan fails for it.")
	w.forbid(8080, "0.0.0.0/0")
	w.MustApply()
	if got := w.State(checkAddress)["status"]; got != "clean" {
		t.Fatalf("status is %v: %v", got, w.State(checkAddress)["differences"])
	}
	w.MustBeSettled()

	w.allow(22, "0.0.0.0/0")
	w.Seen()
	plan := w.Plan()
	if plan.Exit != 1 {
		t.Fatalf("a group that is open to the world does not fail the plan: %s", plan.Output)
	}
	w.Wants(plan, "error", "Unable to call checkout/production clean: checkout/production has drifted in 1 place",
		"web.ingress.tcp.22.0-0-0-0_0: expected none, observed tcp 22 from 0.0.0.0/0")
	for _, seen := range w.Seen() {
		if seen.Error && seen.Path != `security_groups["web"].ingress` {
			t.Errorf("it is said on %q", seen.Path)
		}
	}

	w.declare(m.Endpoint, "eu-central-1", w.id, `severity = { "web.ingress.tcp.22" = "medium" }`)
	w.forbid(443, "10.0.0.0/8")
	w.allow(443, "10.0.0.0/9")
	plan = w.Plan()
	if plan.Exit == 1 {
		t.Fatal(plan.Output)
	}
	w.Wants(plan, "warning", "has drifted in 3 places",
		"web.ingress.tcp.443.10-0-0-0_8: expected tcp 443 from 10.0.0.0/8, observed none",
		"web.ingress.tcp.443.10-0-0-0_9: expected none, observed tcp 443 from 10.0.0.0/9", "Nothing is changed.")
	if r := w.Apply(); r.Exit != 0 {
		t.Fatal(r.Output)
	}
	rules, err := w.api.DescribeSecurityGroupRules(t.Context(), &ec2.DescribeSecurityGroupRulesInput{Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{w.id}}}})
	if err != nil || len(rules.SecurityGroupRules) != 3 {
		t.Errorf("%d rules after an apply, %v", len(rules.SecurityGroupRules), err)
	}

	// A group that is not there is a difference, and one that nobody can read is unknown.
	w.declare(m.Endpoint, "eu-central-1", "sg-0a1b2c3d4e5f60718", "")
	w.Golden("a security group that is not there", w.Plan(), "warning")
	w.declare(m.Endpoint, "eu-west-1", w.id, "")
	w.Wants(w.Plan(), "warning", "has drifted in 1 place", "web: expected "+w.id+", observed none", "it is not there, in eu-west-1")
	w.declare("http://127.0.0.1:1", "eu-central-1", w.id, "")
	plan = w.Plan()
	w.Golden("a security group that nobody can read", plan, "warning")
	w.Wants(plan, "warning", "nobody can tell whether checkout/production has drifted: unable to read web", "AWS cannot be reached in eu-central-1", "Mend what keeps it from being read")
}
