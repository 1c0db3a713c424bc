package ecs

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// GrantConfig is what credentials for a rollout are asked for: target = { ecs = {...} }.
type GrantConfig struct {
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	// Family is that of the service's task definitions.
	Family string `json:"family"`
	// Roles are what ECS is handed: the task's, the one that starts it, and the one
	// that moves rules.
	Roles []string `json:"roles,omitempty"`
}

// bringsUp is the one action that no way back needs: without a task definition of its
// own no new image can be named. IAM cannot tell an UpdateService that goes back from
// one that goes on.
const bringsUp = "ecs:RegisterTaskDefinition"

// Grant implements awscloud.Granter: one action for each call that the clients have, as
// in Policy.
func Grant(place awscloud.Place, raw json.RawMessage) (awscloud.Grant, field.Errors) {
	var c GrantConfig
	if err := wire.Decode(raw, &c); err != nil {
		return awscloud.Grant{}, field.Errors{{Msg: fmt.Sprintf("the ecs target cannot be read: %v; allowed are cluster, service, family and roles", err)}}
	}
	if errs := c.validate(); len(errs) > 0 {
		return awscloud.Grant{}, errs
	}
	// A simulation is of the role's own policies, and says nothing of a session's.
	g := awscloud.Grant{Full: slices.DeleteFunc(statements(place, c), func(s awscloud.Statement) bool { return s.Sid == rehearsal })}
	for _, s := range g.Full {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool { return action == bringsUp })
		g.ReadAndRevert = append(g.ReadAndRevert, s)
	}
	return g, nil
}

func (c GrantConfig) validate() field.Errors {
	var errs field.Errors
	for _, n := range []struct{ path, what, value string }{
		{"cluster", "the cluster's name", c.Cluster}, {"service", "the service's name", c.Service}, {"family", "the family of the service's task definitions", c.Family},
	} {
		if !namePattern.MatchString(n.value) {
			errs = append(errs, field.Error{Path: n.path, Msg: fmt.Sprintf("%.80q is not %s: 1 to 255 letters, digits, - and _, without account and region%s", n.value, n.what, exampleName)})
		}
	}
	for i, role := range c.Roles {
		if !rolePattern.MatchString(role) {
			errs = append(errs, field.Error{Path: fmt.Sprintf("roles[%d]", i), Msg: fmt.Sprintf("%.120q is not the ARN of a role that ECS is handed; for example \"arn:aws:iam::123456789012:role/checkout-task\"", role)})
		}
	}
	return errs
}
