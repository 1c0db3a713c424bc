package ecr

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what reading needs to be allowed, as a policy document of IAM: one action for
// each call that the client has, on the one repository.
func Policy(region, account, repository string) (string, error) {
	return awscloud.Policy([]awscloud.Statement{{Sid: "Repository", Effect: "Allow", Action: actionsOf[client](),
		Resource: []string{fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", awscloud.Partition(region), region, account, repository)}}})
}

// ReadActions are the actions of IAM that TagNames and Platforms take.
func ReadActions() []string { return actionsOf[reader]() }

func actionsOf[C any]() []string {
	var out []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[C]()) {
		if !m.Anonymous {
			out = append(out, "ecr:"+m.Name)
		}
	}
	slices.Sort(out)
	return out
}
