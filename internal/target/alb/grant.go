package alb

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// GrantConfig is what credentials for a rollout are asked for: target = { alb = {...} }.
type GrantConfig struct {
	// TargetGroups are the ARNs of the two groups.
	TargetGroups []string `json:"target_groups"`
	// Routes are the ARNs of listeners and rules. One that ends in "/*" stands for all
	// of a load balancer.
	Routes []string `json:"routes"`
	// ECS, AutoScaling: what stands behind the groups, if Sluice deploys there.
	ECS         *GrantECS         `json:"ecs,omitempty"`
	AutoScaling *GrantAutoScaling `json:"auto_scaling,omitempty"`
}

// GrantECS is a pair of services.
type GrantECS struct {
	Cluster  string   `json:"cluster"`
	Services []string `json:"services"`
	// Family is that of the services' task definitions.
	Family string `json:"family"`
	// Roles are what tasks are handed: their own, and the one that starts them.
	Roles []string `json:"roles,omitempty"`
}

// GrantAutoScaling is a pair of Auto Scaling groups.
type GrantAutoScaling struct {
	Groups []string `json:"groups"`
	// LaunchTemplate is the id of the one whose versions are released.
	LaunchTemplate string `json:"launch_template"`
	// Roles are what instances are handed by their instance profile.
	Roles []string `json:"roles,omitempty"`
}

// bringsUp are the actions that no way back needs: without a task definition of its own
// no new image can be named, and without the right to start instances of it no other
// version of a launch template. IAM cannot tell weights that go down from those that go
// up, nor an UpdateService that takes tasks down from others.
var bringsUp = map[string]bool{"ecs:RegisterTaskDefinition": true, "ecs:TagResource": true, "iam:PassRole": true, "ec2:RunInstances": true, "ec2:CreateTags": true}

// Grant implements awscloud.Granter: one action for each call that the clients have, as
// in Policy. What Policy has for the rehearsal at plan is left out, since a session has
// little room for its policy.
func Grant(at awscloud.Place, raw json.RawMessage) (awscloud.Grant, field.Errors) {
	var c GrantConfig
	if err := wire.Decode(raw, &c); err != nil {
		return awscloud.Grant{}, field.Errors{{Msg: fmt.Sprintf("the alb target cannot be read: %v; allowed are target_groups, routes, ecs and auto_scaling", err)}}
	}
	if errs := c.validate(at); len(errs) > 0 {
		return awscloud.Grant{}, errs
	}
	g := awscloud.Grant{Full: statements(at, c)}
	for _, s := range g.Full {
		s.Action = slices.DeleteFunc(slices.Clone(s.Action), func(action string) bool { return bringsUp[action] })
		if len(s.Action) > 0 {
			g.ReadAndRevert = append(g.ReadAndRevert, s)
		}
	}
	return g, nil
}

var launchTemplate = pattern.New(`^lt-[0-9a-f]{8,17}$`)

// validate holds what is asked for to what the driver takes, and to where the role is.
// The region is not the target's own here: whoever asks has checked it.
func (c GrantConfig) validate(at awscloud.Place) field.Errors {
	driven := Config{Settings: awscloud.Settings{Region: at.Region}, TargetGroups: c.TargetGroups, Routes: c.Routes, wholeBalancers: true}
	if c.ECS != nil {
		driven.ECS = &ECS{Cluster: c.ECS.Cluster, Services: c.ECS.Services}
	}
	if c.AutoScaling != nil {
		driven.AutoScaling = &AutoScaling{Groups: c.AutoScaling.Groups}
	}
	errs := driven.driven()
	if m := arnPattern.FindStringSubmatch(driven.first()); m != nil && at.Account != "" && m[3] != at.Account {
		errs = append(errs, field.Error{Path: "target_groups", Msg: fmt.Sprintf("they are in the account %s, and the role is of %s, whose sessions reach nothing there; name a role of the same account, for example \"arn:%s:iam::%s:role/releases\"", m[3], at.Account, awscloud.Partition(at.Region), m[3])})
	}
	if c.ECS != nil {
		errs = append(errs, c.ECS.validate().Under("ecs")...)
	}
	if c.AutoScaling != nil {
		errs = append(errs, c.AutoScaling.validate().Under("auto_scaling")...)
	}
	return errs
}

// validate checks what the driver itself need not be told.
func (e GrantECS) validate() field.Errors {
	errs := roles(e.Roles)
	if !namePattern.MatchString(e.Family) {
		errs = append(errs, field.Error{Path: "family", Msg: fmt.Sprintf("%.80q is not the family of the services' task definitions: 1 to 255 letters, digits, - and _, without revision; for example \"checkout\"", e.Family)})
	}
	return errs
}

func (a GrantAutoScaling) validate() field.Errors {
	errs := roles(a.Roles)
	if !launchTemplate.MatchString(a.LaunchTemplate) {
		errs = append(errs, field.Error{Path: "launch_template", Msg: fmt.Sprintf("%.80q is not the id of a launch template, without version; for example \"lt-0123456789abcdef0\"", a.LaunchTemplate)})
	}
	return errs
}

func roles(arns []string) field.Errors {
	var errs field.Errors
	for i, arn := range arns {
		if awscloud.Account(arn) == "" {
			errs = append(errs, field.Error{Path: fmt.Sprintf("roles[%d]", i), Msg: fmt.Sprintf("%.120q is not the ARN of a role that is handed on; for example \"arn:aws:iam::123456789012:role/checkout-task\"", arn)})
		}
	}
	return errs
}
