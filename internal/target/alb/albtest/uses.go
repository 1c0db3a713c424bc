package albtest

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Uses is what IAM asks of each request, by AWS's service authorization reference: what
// the request names, nothing for what is tied to nothing, and the roles that are handed on.
func (w *World) Uses(operation string, given map[string]any) []awstest.Use {
	const here = "eu-central-1:123456789012:"
	on := func(service string, resources ...any) (out []awstest.Use) {
		for _, r := range resources {
			out = append(out, awstest.Use{Action: service + ":" + operation, Resource: fmt.Sprint(r)})
		}
		return out
	}
	switch operation {
	case "ModifyListener":
		return on("elasticloadbalancing", given["ListenerArn"])
	case "ModifyRule":
		return on("elasticloadbalancing", given["RuleArn"])
	case "AddTags":
		return on("elasticloadbalancing", anys(given["ResourceArns"])...)
	case "DescribeServices":
		var out []awstest.Use
		for _, name := range texts(given["services"]) {
			out = append(out, on("ecs", "arn:aws:ecs:"+here+"service/production/"+name)...)
		}
		return out
	case "UpdateService":
		return on("ecs", "arn:aws:ecs:"+here+"service/production/"+fmt.Sprint(given["service"]))
	case "RegisterTaskDefinition":
		out := on("ecs", taskDefinitions+"*")
		if given["tags"] != nil {
			out = append(out, awstest.Use{Action: "ecs:TagResource", Resource: taskDefinitions + "*"})
		}
		return append(out, awstest.PassesTaskRoles(given)...)
	case "DescribeTaskDefinition", "ListTaskDefinitions":
		return on("ecs", "*")
	case "DescribeScalableTargets":
		return on("application-autoscaling", "*")
	case "RegisterScalableTarget":
		return on("application-autoscaling", "arn:aws:application-autoscaling:"+here+"scalable-target/0123abcd")
	case "DescribeAutoScalingGroups":
		return on("autoscaling", "*")
	case "UpdateAutoScalingGroup":
		out := on("autoscaling", "arn:aws:autoscaling:"+here+"autoScalingGroup:0b8a7a4e:autoScalingGroupName/"+fmt.Sprint(given["AutoScalingGroupName"]))
		if text := fmt.Sprint(given["LaunchTemplate"], given["MixedInstancesPolicy"]); strings.Contains(text, Template) {
			// Whoever names a launch template must be allowed to start what it describes.
			out = append(out, awstest.Use{Action: "ec2:RunInstances", Resource: "arn:aws:ec2:" + here + "instance/*", Keys: map[string]string{"ec2:LaunchTemplate": "arn:aws:ec2:" + here + "launch-template/" + Template}})
		}
		return out
	}
	return on("elasticloadbalancing", "*")
}

func anys(v any) []any {
	all, _ := v.([]any)
	return all
}
