package cloudwatch

import (
	"reflect"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what the driver needs to be allowed, as a policy document of IAM.
func Policy() (string, error) { return awscloud.Policy([]awscloud.Statement{Statement()}) }

// Statement allows one action for each call that the client has. IAM ties none of them to
// anything: composite alarms are only told of to who may describe all alarms.
func Statement() awscloud.Statement {
	var actions []string
	for _, m := range reflect.VisibleFields(reflect.TypeFor[client]()) {
		actions = append(actions, "cloudwatch:"+m.Name)
	}
	slices.Sort(actions)
	return awscloud.Statement{Sid: "Metrics", Effect: "Allow", Action: actions, Resource: []string{"*"}}
}
