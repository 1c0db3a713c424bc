package ecs

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
)

// Policy is what the driver needs to be allowed, as a policy document of IAM: one
// action for each call that the clients have, on the one service and the task
// definitions of its family, and the roles that ECS is handed: the task's, the one that
// starts it, and the one that moves the rule. With the right to simulate, the plan names
// what is missing. The account is the service's.
func Policy(region, account, cluster, service, family string, roles ...string) (string, error) {
	type statement struct {
		Sid, Effect      string
		Action, Resource []string
		Condition        any `json:",omitempty"`
	}
	partition := awscloud.Partition(region)
	ecs := fmt.Sprintf("arn:%s:ecs:%s:%s:", partition, region, account)
	by := map[string][]string{}
	for m := range reflect.TypeFor[client]().Fields() {
		by[places[m.Name]] = append(by[places[m.Name]], "ecs:"+m.Name)
	}
	for m := range reflect.TypeFor[balancer]().Fields() {
		by[""] = append(by[""], "elasticloadbalancing:"+m.Name)
	}
	name := cluster + "/" + service
	text, err := json.MarshalIndent(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", []statement{
		{"Service", "Allow", by["service"], []string{ecs + "service/" + name, ecs + "service-deployment/" + name + "/*", ecs + "service-revision/" + name + "/*"}, nil},
		{"TaskDefinitions", "Allow", by["task"], []string{ecs + "task-definition/" + family + ":*"}, nil},
		{"Anywhere", "Allow", by[""], []string{"*"}, nil},
		{"Rehearsal", "Allow", []string{"iam:SimulatePrincipalPolicy"}, []string{fmt.Sprintf("arn:%s:iam::%s:*", partition, account)}, nil},
		{"Roles", "Allow", []string{"iam:PassRole"}, roles, map[string]any{"StringEquals": map[string]any{"iam:PassedToService": []string{"ecs-tasks.amazonaws.com", "ecs.amazonaws.com"}}}},
	}}, "", "  ")
	return string(text) + "\n", err
}

// places says to what IAM ties an action; what is not here, to nothing.
var places = map[string]string{
	"DescribeServices": "service", "ListServiceDeployments": "service", "DescribeServiceDeployments": "service", "DescribeServiceRevisions": "service",
	"UpdateService": "service", "ContinueServiceDeployment": "service", "StopServiceDeployment": "service",
	"RegisterTaskDefinition": "task", "TagResource": "task",
}
