package observed

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
	"github.com/sluice/terraform-provider-sluice/internal/release"
)

const (
	// pageOfRules is how many rules one answer may have, AWS's own bound, and maxPages
	// how many pages are read: a group cannot have so many.
	pageOfRules = 1000
	maxPages    = 8
)

// network is what of EC2 is called, and all that the policy allows. It has functions,
// and neither the SDK's client nor an interface over it: of a type that reflection can
// find the linker keeps every operation.
type network struct {
	DescribeSecurityGroupRules func(context.Context, *ec2.DescribeSecurityGroupRulesInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupRulesOutput, error)
	DescribeSecurityGroups     func(context.Context, *ec2.DescribeSecurityGroupsInput, ...func(*ec2.Options)) (*ec2.DescribeSecurityGroupsOutput, error)
}

// Groups implements drift.Cloud: one call for each group and thousand rules, and one
// more for a group that seems to have none.
func (r Reader) Groups(ctx context.Context, of release.Key, groups map[string]drift.SecurityGroup) map[string]drift.SeenGroup {
	at := r.places(of)
	return each(ctx, groups, func(ctx context.Context, g drift.SecurityGroup) drift.SeenGroup {
		s, err := at.session(g.AWS)
		if err != nil {
			return drift.SeenGroup{Err: err}
		}
		seen, err := rulesOf(ctx, s, g.ID)
		if err != nil {
			return drift.SeenGroup{Err: err}
		}
		return seen
	})
}

func rulesOf(ctx context.Context, s *awscloud.Session, id string) (drift.SeenGroup, error) {
	var out drift.SeenGroup
	cfg, err := s.Config(ctx)
	if err != nil {
		return out, failed(ctx, s, "EC2", err)
	}
	sdk := ec2.NewFromConfig(cfg)
	api := network{DescribeSecurityGroupRules: sdk.DescribeSecurityGroupRules, DescribeSecurityGroups: sdk.DescribeSecurityGroups}
	in := &ec2.DescribeSecurityGroupRulesInput{
		Filters: []types.Filter{{Name: aws.String("group-id"), Values: []string{id}}}, MaxResults: aws.Int32(pageOfRules),
	}
	for range maxPages {
		page, err := api.DescribeSecurityGroupRules(ctx, in)
		if err != nil {
			return out, failed(ctx, s, "EC2", err)
		}
		for _, rule := range page.SecurityGroupRules {
			if aws.ToString(rule.GroupId) != id {
				return out, fmt.Errorf("EC2 in %s gave a rule of %s when it was asked for those of %s", s.Settings().Region, aws.ToString(rule.GroupId), id)
			}
			out.Owner = aws.ToString(rule.GroupOwnerId)
			out.Rules = append(out.Rules, seen(rule))
		}
		if aws.ToString(page.NextToken) == "" {
			if len(out.Rules) == 0 {
				return out, there(ctx, s, api, id)
			}
			return out, nil
		}
		in.NextToken = page.NextToken
	}
	return out, fmt.Errorf("%s has more than %d rules, which is more than AWS allows", id, maxPages*pageOfRules)
}

// there tells a group without rules from one that does not exist, for which EC2 gives
// no rules either.
func there(ctx context.Context, s *awscloud.Session, api network, id string) error {
	_, err := api.DescribeSecurityGroups(ctx, &ec2.DescribeSecurityGroupsInput{GroupIds: []string{id}})
	switch {
	case err == nil:
		return nil
	case s.Explain(err).Kind == awscloud.NotFound:
		return gone(s, "id")
	}
	return failed(ctx, s, "EC2", err)
}

// seen gives a rule in the words of a declared one.
func seen(r types.SecurityGroupRule) drift.SeenRule {
	out := drift.SeenRule{Direction: drift.Ingress, Rule: drift.Rule{
		Protocol: aws.ToString(r.IpProtocol), From: port(r.FromPort), To: port(r.ToPort),
		IPv4: aws.ToString(r.CidrIpv4), IPv6: aws.ToString(r.CidrIpv6), PrefixList: aws.ToString(r.PrefixListId),
		Description: r.Description, ID: aws.ToString(r.SecurityGroupRuleId),
	}}
	if aws.ToBool(r.IsEgress) {
		out.Direction = drift.Egress
	}
	if g := r.ReferencedGroupInfo; g != nil {
		out.Group = strings.TrimPrefix(aws.ToString(g.UserId)+"/", "/") + aws.ToString(g.GroupId)
	}
	return out
}

func port(p *int32) *int {
	if p == nil {
		return nil
	}
	n := int(*p)
	return &n
}
