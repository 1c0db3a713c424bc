package ecstest

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
)

// Uses is what IAM asks of each request, by AWS's service authorization reference: what
// the request names, nothing for what is tied to nothing, and the roles that are handed on.
func Uses(operation string, given map[string]any) []awstest.Use {
	action := "ecs:" + operation
	on := func(resources ...any) (out []awstest.Use) {
		for _, r := range resources {
			out = append(out, awstest.Use{Action: action, Resource: fmt.Sprint(r)})
		}
		return out
	}
	service := account + "service/" + Cluster + "/" + Name
	switch operation {
	case "DescribeRules", "DescribeListeners":
		action = "elasticloadbalancing:" + operation
	case "DescribeServices", "ListServiceDeployments":
		return on(service)
	case "UpdateService":
		return append(on(service), passed(given)...)
	case "DescribeServiceDeployments":
		return on(list(given["serviceDeploymentArns"])...)
	case "DescribeServiceRevisions":
		return on(list(given["serviceRevisionArns"])...)
	case "ContinueServiceDeployment", "StopServiceDeployment":
		return on(given["serviceDeploymentArn"])
	case "RegisterTaskDefinition":
		family := account + "task-definition/" + fmt.Sprint(given["family"]) + ":*"
		out := append(on(family), passed(given)...)
		if given["tags"] != nil {
			out = append(out, awstest.Use{Action: "ecs:TagResource", Resource: family})
		}
		return out
	case "TagResource":
		return on(given["resourceArn"])
	}
	return on("*")
}

func list(v any) []any {
	all, _ := v.([]any)
	return all
}

// passed are the roles that a request hands to ECS.
func passed(given map[string]any) []awstest.Use {
	out := awstest.PassesTaskRoles(given)
	for _, b := range list(given["loadBalancers"]) {
		b, _ := b.(object)
		advanced, _ := b["advancedConfiguration"].(object)
		if role, ok := advanced["roleArn"].(string); ok && strings.HasPrefix(role, "arn:") {
			out = append(out, awstest.Use{Action: "iam:PassRole", Resource: role, Keys: map[string]string{"iam:PassedToService": "ecs.amazonaws.com"}})
		}
	}
	return out
}
