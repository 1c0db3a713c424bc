// Package ecs is the target driver for services of Amazon ECS whose deployments ECS
// drives by its own strategies: blue/green, linear, canary and rolling.
//
// ECS walks the plan that Prepare told it, and stops at PAUSE hooks: before the first
// request, before each shift of traffic, and before the old tasks are let go. Each
// step of a rollout is the word to go on at one hook. Nobody's word within a hook's
// time is a rollback by ECS, which is the dead-man switch.
//
// The driver remembers nothing: a rollout's id, and whether it has ended, are tags of
// the task definition that it registered.
package ecs

import (
	"encoding/json"
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Config is what an author writes: target = { ecs = {...} }. It holds no secret.
type Config struct {
	awscloud.Settings
	// Cluster and Service are names. Both must exist.
	Cluster string `json:"cluster"`
	Service string `json:"service"`
	// Container is whose image a release replaces; empty where the task definition
	// has one container only.
	Container string `json:"container,omitempty"`
	// TaskDefinition is what new revisions are made of, "family:revision" or an ARN;
	// empty takes what serves.
	TaskDefinition string `json:"task_definition,omitempty"`
	// Alarms are CloudWatch alarms at which ECS goes back by itself.
	Alarms []string `json:"alarms,omitempty"`
	// Shifting says how ECS moves traffic, for services that do not say so themselves.
	Shifting *Shifting `json:"shifting,omitempty"`
}

// Shifting is what ECS needs to move traffic between two target groups. All are ARNs.
type Shifting struct {
	AlternateTargetGroup string `json:"alternate_target_group"`
	// ProductionRule is a rule of an Application Load Balancer, or a listener of a
	// Network Load Balancer; TestRule may be empty.
	ProductionRule string `json:"production_rule"`
	TestRule       string `json:"test_rule,omitempty"`
	// Role is what ECS assumes to change rules.
	Role string `json:"role_arn"`
}

const (
	maxAlarms = 20

	exampleName     = "; for example \"checkout\""
	exampleRevision = "; for example \"checkout:42\""
)

var (
	namePattern     = pattern.New(`^[a-zA-Z0-9_-]{1,255}$`)
	revisionPattern = pattern.New(`^(arn:aws[a-z-]*:ecs:[a-z0-9-]+:[0-9]{12}:task-definition/)?[a-zA-Z0-9_-]{1,255}:[0-9]+$`)
	groupPattern    = pattern.New(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:targetgroup/.+$`)
	rulePattern     = pattern.New(`^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener(-rule)?/.+$`)
	rolePattern     = pattern.New(`^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$`)
)

// Validate checks a configuration without touching anything.
func Validate(raw json.RawMessage) field.Errors { return wire.Validate(raw, parse, Config.validate) }

func parse(raw json.RawMessage) (Config, error) {
	return wire.Parse[Config](raw, Name, "cluster, service, container, task_definition, alarms, shifting, region, profile, assume_role, assume_role_with_web_identity, use_fips_endpoint, use_dualstack_endpoint and endpoint")
}

func (c Config) validate() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	for _, n := range []struct{ path, what, value string }{{"cluster", "the cluster's name", c.Cluster}, {"service", "the service's name", c.Service}, {"container", "a container's name", c.Container}} {
		switch {
		case n.value == "" && n.path != "container":
			add(n.path, "%s is missing%s", n.what, exampleName)
		case n.value != "" && !namePattern.MatchString(n.value):
			add(n.path, "%.80q is not %s: 1 to 255 letters, digits, - and _, without account and region, which the credentials and region say%s", n.value, n.what, exampleName)
		}
	}
	if c.TaskDefinition != "" && !revisionPattern.MatchString(c.TaskDefinition) {
		add("task_definition", "%.80q is not a revision of a task definition; it must be one that never changes, so a family alone is none%s", c.TaskDefinition, exampleRevision)
	}
	if len(c.Alarms) > maxAlarms {
		add("alarms", "there are %d alarms; allowed are %d", len(c.Alarms), maxAlarms)
	}
	for i, name := range c.Alarms {
		if name == "" || len(name) > 255 {
			add(fmt.Sprintf("alarms[%d]", i), "%.80q is not the name of an alarm: 1 to 255 characters; for example \"checkout-errors\"", name)
		}
	}
	if c.Shifting != nil {
		errs = append(errs, c.Shifting.validate().Under("shifting")...)
	}
	return append(errs, c.Settings.Validate()...)
}

func (s Shifting) validate() field.Errors {
	var errs field.Errors
	for _, a := range []struct {
		path, value, what, example string
		pattern                    pattern.Pattern
		optional                   bool
	}{
		{"alternate_target_group", s.AlternateTargetGroup, "a target group", "targetgroup/green/0123456789abcdef", groupPattern, false},
		{"production_rule", s.ProductionRule, "a listener rule", "listener-rule/app/web/0123456789abcdef/0123456789abcdef/0123456789abcdef", rulePattern, false},
		{"test_rule", s.TestRule, "a listener rule", "listener-rule/app/web/0123456789abcdef/0123456789abcdef/0123456789abcdef", rulePattern, true},
	} {
		if a.pattern.MatchString(a.value) || a.optional && a.value == "" {
			continue
		}
		errs = append(errs, field.Error{Path: a.path, Msg: fmt.Sprintf("%.120q is not the ARN of %s; for example \"arn:aws:elasticloadbalancing:eu-central-1:123456789012:%s\"", a.value, a.what, a.example)})
	}
	if !rolePattern.MatchString(s.Role) {
		errs = append(errs, field.Error{Path: "role_arn", Msg: fmt.Sprintf("%.120q is not the ARN of a role that ECS assumes to change rules; for example \"arn:aws:iam::123456789012:role/ecs-infrastructure\"", s.Role)})
	}
	return errs
}
