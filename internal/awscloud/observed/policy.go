package observed

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/artifact/ecr"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// GroupsPolicy is what reading rules of security groups needs to be allowed, as a policy
// document of IAM: one action for each call that the client has. IAM ties neither of
// them to a group.
func GroupsPolicy() (string, error) {
	return awscloud.Policy([]awscloud.Statement{{Sid: "SecurityGroups", Effect: "Allow", Action: actionsOf[network]("ec2"), Resource: []string{"*"}}})
}

// ImagesPolicy is what comparing the digests of what runs needs to be allowed. The
// tasks, the functions and the repositories may be cut down to those of the checks.
func ImagesPolicy() (string, error) {
	all := []string{"*"}
	return awscloud.Policy([]awscloud.Statement{
		{Sid: "Tasks", Effect: "Allow", Action: actionsOf[tasks]("ecs"), Resource: all},
		{Sid: "Functions", Effect: "Allow", Action: actionsOf[functions]("lambda"), Resource: all},
		{Sid: "Repositories", Effect: "Allow", Action: ecr.ReadActions(), Resource: all},
	})
}

// ResourcesPolicy is what reading resources of these types needs to be allowed. Cloud
// Control reads by the right of whoever asks, so the actions of the types' own services
// are in it. A type that is not in Reads is an error that says where AWS tells them.
func ResourcesPolicy(types ...string) (string, error) {
	statements := []awscloud.Statement{{Sid: "CloudControl", Effect: "Allow", Action: actionsOf[control]("cloudformation"), Resource: []string{"*"}}}
	var reads []string
	for _, name := range types {
		actions, ok := Reads[name]
		if !ok {
			return "", fmt.Errorf("nobody has written down what reading %s needs; %s", name, needs(name))
		}
		reads = append(reads, actions...)
	}
	slices.Sort(reads)
	if reads = slices.Compact(reads); len(reads) > 0 {
		statements = append(statements, awscloud.Statement{Sid: "Types", Effect: "Allow", Action: reads, Resource: []string{"*"}})
	}
	return awscloud.Policy(statements)
}

// Reads is what Cloud Control calls when it reads some types, by the types' own schemas
// (handlers.read.permissions, as of 2026).
var Reads = map[string][]string{
	"AWS::Logs::LogGroup": {"logs:DescribeLogGroups", "logs:GetDataProtectionPolicy", "logs:ListTagsForResource"},
	"AWS::SQS::Queue":     {"sqs:GetQueueAttributes", "sqs:ListQueueTags"},
}

func actionsOf[C any](prefix string) []string {
	var out []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[C]()) {
		out = append(out, prefix+":"+m.Name)
	}
	slices.Sort(out)
	return out
}
