// Package alb is the target driver for whatever stands behind two target groups of
// an Application Load Balancer: pairs of services on ECS, pairs of Auto Scaling
// groups, or targets that somebody else deploys to. It brings the new version up
// behind the group without traffic, and moves the weights of listeners and rules
// from one group to the other.
//
// Elastic Load Balancing has no conditional write: the last writer wins. So every
// write is read again, and what must be remembered between calls (the fence, the
// arms at weight 0 and 100) stands in a tag of both groups.
package alb

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract/wire"
)

// Config is what an author writes: target = { alb = {...} }. It holds no secret.
type Config struct {
	awscloud.Settings
	// TargetGroups are the ARNs of the two groups. Either may be the one that serves.
	TargetGroups []string `json:"target_groups"`
	// Routes are the ARNs of the listeners and rules whose weights are moved, in the
	// order in which they are moved: one write each.
	Routes []string `json:"routes"`
	// ECS, AutoScaling: what stands behind the groups; with neither, somebody else
	// deploys to them.
	ECS         *ECS         `json:"ecs,omitempty"`
	AutoScaling *AutoScaling `json:"auto_scaling,omitempty"`
	// IdleCapacity is how many tasks or instances the arm without traffic keeps after
	// a rollout.
	IdleCapacity int32 `json:"idle_capacity,omitempty"`
	// MinHealthy is the share, above 0 to 100, of the serving arm's healthy targets
	// that the other must have for the whole traffic; 0 means 100.
	MinHealthy float64 `json:"min_healthy,omitempty"`

	// wholeBalancers is set for what credentials are asked for, where a route may end in
	// "/*".
	wholeBalancers bool
}

// ECS is a pair of services, in the order of the target groups.
type ECS struct {
	// Cluster is its name: "production".
	Cluster  string   `json:"cluster"`
	Services []string `json:"services"`
	// Container is the one whose image is released; empty means the one that the load
	// balancer sends to.
	Container string `json:"container,omitempty"`
	// TaskDefinition is what new ones are copied from, "checkout:42" or an ARN; empty
	// means that of the service that serves.
	TaskDefinition string `json:"task_definition,omitempty"`
}

// AutoScaling is a pair of Auto Scaling groups, in the order of the target groups.
type AutoScaling struct {
	Groups []string `json:"groups"`
}

const (
	maxRoutes = 20
	maxIdle   = 5000

	exampleGroups = "; for example [aws_lb_target_group.blue.arn, aws_lb_target_group.green.arn]"
	exampleRoutes = "; for example [aws_lb_listener.https.arn]"
)

// Validate checks a configuration without touching anything.
func Validate(raw json.RawMessage) field.Errors { return wire.Validate(raw, parse, Config.validate) }

func parse(raw json.RawMessage) (Config, error) {
	return wire.Parse[Config](raw, Name, "target_groups, routes, ecs, auto_scaling, idle_capacity, min_healthy, region, profile, assume_role, assume_role_with_web_identity, use_fips_endpoint, use_dualstack_endpoint and endpoint")
}

func (c Config) validate() field.Errors { return append(c.driven(), c.Settings.Validate()...) }

// driven checks what the driver moves, and not how AWS is reached.
func (c Config) driven() field.Errors {
	var errs field.Errors
	add := func(path, format string, args ...any) {
		errs = append(errs, field.Error{Path: path, Msg: fmt.Sprintf(format, args...)})
	}
	if n := len(c.TargetGroups); n != 2 {
		add("target_groups", "there are %d target groups, and there must be two: one serves, and the other gets the new version%s", n, exampleGroups)
	} else if c.TargetGroups[0] == c.TargetGroups[1] {
		add("target_groups", "both target groups are the same%s", exampleGroups)
	}
	for i, arn := range c.TargetGroups {
		errs = append(errs, c.checkARN(arn, kindGroup).Under(fmt.Sprintf("target_groups[%d]", i))...)
	}
	if n := len(c.Routes); n < 1 || n > maxRoutes {
		add("routes", "there are %d listeners and rules, and there must be 1 to %d%s", n, maxRoutes, exampleRoutes)
	}
	for i, arn := range c.Routes {
		if slices.Contains(c.Routes[:i], arn) {
			add(fmt.Sprintf("routes[%d]", i), "%s is named twice; name each once%s", arn, exampleRoutes)
		}
		errs = append(errs, c.checkARN(arn, kindListener, kindRule).Under(fmt.Sprintf("routes[%d]", i))...)
	}
	if c.ECS != nil && c.AutoScaling != nil {
		add("auto_scaling", "ecs and auto_scaling are both given, and each says what stands behind the target groups; leave one out; for example ecs = { cluster = \"production\", services = [\"checkout-blue\", \"checkout-green\"] }")
	}
	if c.ECS != nil {
		errs = append(errs, c.ECS.validate().Under("ecs")...)
	}
	if c.AutoScaling != nil {
		errs = append(errs, pair(c.AutoScaling.Groups, "Auto Scaling groups", `["checkout-blue", "checkout-green"]`).Under("auto_scaling.groups")...)
	}
	if c.IdleCapacity < 0 || c.IdleCapacity > maxIdle {
		add("idle_capacity", "%d is not from 0 to %d; for example 2", c.IdleCapacity, maxIdle)
	}
	if c.MinHealthy < 0 || c.MinHealthy > 100 {
		add("min_healthy", "%g is not a share above 0 and up to 100; for example 80", c.MinHealthy)
	}
	return errs
}

func (e ECS) validate() field.Errors {
	var errs field.Errors
	if !namePattern.MatchString(e.Cluster) {
		errs = append(errs, field.Error{Path: "cluster", Msg: fmt.Sprintf("%.80q is not the name of a cluster: 1 to 255 letters, digits, - and _; for example \"production\"", e.Cluster)})
	}
	errs = append(errs, pair(e.Services, "services", `["checkout-blue", "checkout-green"]`).Under("services")...)
	for i, s := range e.Services {
		if !namePattern.MatchString(s) {
			errs = append(errs, field.Error{Path: fmt.Sprintf("services[%d]", i), Msg: fmt.Sprintf("%.80q is not the name of a service: 1 to 255 letters, digits, - and _, without cluster and account; for example \"checkout-blue\"", s)})
		}
	}
	return errs
}

// pair checks two names.
func pair(names []string, what, example string) field.Errors {
	if len(names) != 2 || names[0] == names[1] || names[0] == "" || names[1] == "" {
		return field.Errors{{Msg: fmt.Sprintf("there must be two different %s, in the order of target_groups; for example %s", what, example)}}
	}
	return nil
}

// minHealthy is the share as a fraction.
func (c Config) minHealthy() float64 {
	if c.MinHealthy == 0 {
		return 1
	}
	return c.MinHealthy / 100
}
