package ecs

import (
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
	return awscloud.Policy(statements(awscloud.Place{Region: region, Account: account}, GrantConfig{Cluster: cluster, Service: service, Family: family, Roles: roles}))
}

// rehearsal is the statement that lets the plan ask IAM.
const rehearsal = "Rehearsal"

// statements allow each call that the clients have.
func statements(at awscloud.Place, c GrantConfig) []awscloud.Statement {
	partition := awscloud.Partition(at.Region)
	ecs := fmt.Sprintf("arn:%s:ecs:%s:%s:", partition, at.Region, at.Account)
	iam := fmt.Sprintf("arn:%s:iam::%s:", partition, at.Account)
	by := map[string][]string{}
	for m := range reflect.TypeFor[client]().Fields() {
		by[places[m.Name]] = append(by[places[m.Name]], "ecs:"+m.Name)
	}
	for m := range reflect.TypeFor[balancer]().Fields() {
		by[""] = append(by[""], "elasticloadbalancing:"+m.Name)
	}
	name := c.Cluster + "/" + c.Service
	allow := func(sid string, actions []string, resources ...string) awscloud.Statement {
		return awscloud.Statement{Sid: sid, Effect: "Allow", Action: actions, Resource: resources}
	}
	out := []awscloud.Statement{
		allow("Service", by["service"], ecs+"service/"+name, ecs+"service-deployment/"+name+"/*", ecs+"service-revision/"+name+"/*"),
		allow("TaskDefinitions", by["task"], ecs+"task-definition/"+c.Family+":*"),
		allow("Anywhere", by[""], "*"),
		// IAM takes no policy that names all of an account's principals with one star.
		allow(rehearsal, []string{"iam:SimulatePrincipalPolicy"}, iam+"role/*", iam+"user/*"),
	}
	if len(c.Roles) > 0 {
		pass := allow("Roles", []string{"iam:PassRole"}, c.Roles...)
		pass.Condition = map[string]map[string]any{"StringEquals": {"iam:PassedToService": []string{"ecs-tasks.amazonaws.com", "ecs.amazonaws.com"}}}
		out = append(out, pass)
	}
	return out
}

// places says to what IAM ties an action; what is not here, to nothing.
var places = map[string]string{
	"DescribeServices": "service", "ListServiceDeployments": "service", "DescribeServiceDeployments": "service", "DescribeServiceRevisions": "service",
	"UpdateService": "service", "ContinueServiceDeployment": "service", "StopServiceDeployment": "service",
	"RegisterTaskDefinition": "task", "TagResource": "task",
}
