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
	var actions []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		actions = append(actions, "ecr:"+m.Name)
	}
	slices.Sort(actions)
	return awscloud.Policy([]awscloud.Statement{{Sid: "Repository", Effect: "Allow", Action: actions,
		Resource: []string{fmt.Sprintf("arn:%s:ecr:%s:%s:repository/%s", awscloud.Partition(region), region, account, repository)}}})
}
