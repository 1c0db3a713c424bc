package main

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// tagKey marks everything that a run makes, and roleName begins the names of its
// roles, which AWS finds by no tag.
const (
	tagKey   = "sluice-live"
	roleName = "sluice-live-"
)

// kind is one kind of thing that a run makes: how its ARN looks, and how it is taken
// away. They stand in the order in which they go.
type kind struct {
	name string
	// part is in each ARN of the kind.
	part   string
	remove func(ctx context.Context, a *api, arn string, all []string) error
}

// tail is what follows the last slash or colon of an ARN.
func tail(arn string) string { return arn[strings.LastIndexAny(arn, "/:")+1:] }

func byForm(service, action, param string) func(context.Context, *api, string, []string) error {
	return func(ctx context.Context, a *api, arn string, _ []string) error {
		value := arn
		if service != "elasticloadbalancing" {
			value = tail(arn)
		}
		_, err := a.form(ctx, service, action, param, value)
		return err
	}
}

const ecsTarget = "AmazonEC2ContainerServiceV20141113."

var kinds = []kind{
	{"service", ":service/", func(ctx context.Context, a *api, arn string, _ []string) error {
		parts := strings.Split(arn, "/")
		return a.json(ctx, "ecs", ecsTarget+"DeleteService", map[string]any{"cluster": parts[len(parts)-2], "service": tail(arn), "force": true}, nil)
	}},
	{"load balancer", ":loadbalancer/", byForm("elasticloadbalancing", "DeleteLoadBalancer", "LoadBalancerArn")},
	{"target group", ":targetgroup/", byForm("elasticloadbalancing", "DeleteTargetGroup", "TargetGroupArn")},
	{"cluster", ":cluster/", func(ctx context.Context, a *api, arn string, _ []string) error {
		return a.json(ctx, "ecs", ecsTarget+"DeleteCluster", map[string]any{"cluster": arn}, nil)
	}},
	{"task definition", ":task-definition/", func(ctx context.Context, a *api, arn string, _ []string) error {
		return a.json(ctx, "ecs", ecsTarget+"DeregisterTaskDefinition", map[string]any{"taskDefinition": arn}, nil)
	}},
	{"function", ":function:", func(ctx context.Context, a *api, arn string, _ []string) error {
		_, err := a.send(ctx, "lambda", "DELETE", "/2015-03-31/functions/"+tail(arn), "", nil)
		return err
	}},
	{"bucket", ":s3:::", removeBucket},
	{"alarm", ":alarm:", byForm("monitoring", "DeleteAlarms", "AlarmNames.member.1")},
	{"log group", ":log-group:", func(ctx context.Context, a *api, arn string, _ []string) error {
		_, name, _ := strings.Cut(strings.TrimSuffix(arn, ":*"), ":log-group:")
		return a.json(ctx, "logs", "Logs_20140328.DeleteLogGroup", map[string]any{"logGroupName": name}, nil)
	}},
	{"security group rule", ":security-group-rule/", nil}, // They go with their groups.
	{"security group", ":security-group/", removeGroup},
	{"subnet", ":subnet/", byForm("ec2", "DeleteSubnet", "SubnetId")},
	{"route table", ":route-table/", byForm("ec2", "DeleteRouteTable", "RouteTableId")},
	{"internet gateway", ":internet-gateway/", func(ctx context.Context, a *api, arn string, all []string) error {
		for _, other := range all {
			if strings.Contains(other, ":vpc/") {
				_, _ = a.form(ctx, "ec2", "DetachInternetGateway", "InternetGatewayId", tail(arn), "VpcId", tail(other)) // Deleting it tells.
			}
		}
		return byForm("ec2", "DeleteInternetGateway", "InternetGatewayId")(ctx, a, arn, all)
	}},
	{"network", ":vpc/", byForm("ec2", "DeleteVpc", "VpcId")},
	{"role", ":role/", removeRole},
}

// removeGroup takes its rules first: two groups that name each other cannot go.
func removeGroup(ctx context.Context, a *api, arn string, all []string) error {
	rules, err := a.form(ctx, "ec2", "DescribeSecurityGroupRules", "Filter.1.Name", "group-id", "Filter.1.Value.1", tail(arn))
	if err != nil {
		return err
	}
	for _, rule := range elements(rules, "securityGroupRuleId") {
		// One of the two is right, and the other is refused.
		_, _ = a.form(ctx, "ec2", "RevokeSecurityGroupIngress", "GroupId", tail(arn), "SecurityGroupRuleId.1", rule)
		_, _ = a.form(ctx, "ec2", "RevokeSecurityGroupEgress", "GroupId", tail(arn), "SecurityGroupRuleId.1", rule)
	}
	return byForm("ec2", "DeleteSecurityGroup", "GroupId")(ctx, a, arn, all)
}

func removeBucket(ctx context.Context, a *api, arn string, _ []string) error {
	bucket := "/" + tail(arn)
	listed, err := a.send(ctx, "s3", "GET", bucket+"?list-type=2", "", nil)
	if err != nil {
		return err
	}
	for _, key := range elements(listed, "Key") {
		if _, err := a.send(ctx, "s3", "DELETE", bucket+"/"+(&url.URL{Path: key}).EscapedPath(), "", nil); err != nil {
			return err
		}
	}
	_, err = a.send(ctx, "s3", "DELETE", bucket, "", nil)
	return err
}

func removeRole(ctx context.Context, a *api, arn string, _ []string) error {
	policies, err := a.form(ctx, "iam", "ListRolePolicies", "RoleName", tail(arn))
	if err != nil {
		return err
	}
	for _, name := range elements(policies, "member") {
		if _, err := a.form(ctx, "iam", "DeleteRolePolicy", "RoleName", tail(arn), "PolicyName", name); err != nil {
			return err
		}
	}
	_, err = a.form(ctx, "iam", "DeleteRole", "RoleName", tail(arn))
	return err
}

// kindOf finds the kind of an ARN.
func kindOf(arn string) int {
	return slices.IndexFunc(kinds, func(k kind) bool { return strings.Contains(arn, k.part) })
}

// leftovers lists all that has the tag, in the order in which it goes.
func leftovers(ctx context.Context, a *api) ([]string, error) {
	var out []string
	for token := ""; ; {
		var page struct {
			PaginationToken        string
			ResourceTagMappingList []struct{ ResourceARN string }
		}
		in := map[string]any{"TagFilters": []any{map[string]any{"Key": tagKey}}}
		if token != "" {
			in["PaginationToken"] = token
		}
		if err := a.json(ctx, "tagging", "ResourceGroupsTaggingAPI_20170126.GetResources", in, &page); err != nil {
			return nil, fmt.Errorf("looking for what has the tag %s: %w", tagKey, err)
		}
		for _, r := range page.ResourceTagMappingList {
			out = append(out, r.ResourceARN)
		}
		if token = page.PaginationToken; token == "" {
			break
		}
	}
	for marker := ""; ; {
		params := []string{"MaxItems", "1000"}
		if marker != "" {
			params = append(params, "Marker", marker)
		}
		roles, err := a.form(ctx, "iam", "ListRoles", params...)
		if err != nil {
			return nil, fmt.Errorf("looking for roles whose names begin with %s: %w", roleName, err)
		}
		for _, arn := range elements(roles, "Arn") {
			if strings.HasPrefix(tail(arn), roleName) {
				out = append(out, arn)
			}
		}
		next := elements(roles, "Marker")
		if len(next) == 0 {
			break
		}
		marker = next[0]
	}
	slices.SortStableFunc(out, func(x, y string) int { return kindOf(x) - kindOf(y) })
	return slices.Compact(out), nil
}
