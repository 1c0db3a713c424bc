package alb

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// rolloutKey is the tag of a task definition that names the rollout it was made for.
const rolloutKey = "sluice:rollout"

// servicePair is two services on ECS.
type servicePair struct {
	session *awscloud.Session
	config  Config

	mu   sync.Mutex
	made *services
	aas  *scaler
	// known holds task definitions, which never change, by their ARN.
	known sync.Map
}

// taskDefinition is one as ECS tells it.
type taskDefinition struct {
	*types.TaskDefinition
	tags map[string]string
}

// standing is a service as ECS tells it.
type standing struct {
	types.Service
	definition taskDefinition
	// container is the place of the one that is released, none without one.
	container int
}

// clients gives them, made on first use.
func (p *servicePair) clients(ctx context.Context) (*services, *scaler, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made == nil {
		cfg, err := p.session.Config(ctx)
		if err != nil {
			return nil, nil, err
		}
		p.made, p.aas = newServices(cfg), newScaler(cfg)
	}
	return p.made, p.aas, nil
}

func (p *servicePair) look(ctx context.Context, _ sight) ([2]unit, error) {
	var out [2]unit
	c, _, err := p.clients(ctx)
	if err != nil {
		return out, err
	}
	got, err := c.DescribeServices(ctx, &awsecs.DescribeServicesInput{Cluster: aws.String(p.config.ECS.Cluster), Services: p.config.ECS.Services})
	if awscloud.Code(err) == "ClusterNotFoundException" {
		return out, &target.Error{Code: target.CodeNotFound, Message: "there is no cluster " + p.config.ECS.Cluster + " in " + p.config.Region, Remedy: "look at its name, the region and the account of the credentials", Err: err}
	}
	if err != nil {
		return out, err
	}
	for i, name := range p.config.ECS.Services {
		s := standing{container: none}
		for _, other := range got.Services {
			if aws.ToString(other.ServiceName) == name && aws.ToString(other.Status) != "INACTIVE" {
				s.Service = other
			}
		}
		if s.ServiceName == nil {
			return out, &target.Error{Code: target.CodeNotFound, Message: "there is no service " + name + " in the cluster " + p.config.ECS.Cluster, Remedy: "look at its name, and whether it was deleted; Sluice creates no services"}
		}
		if s.definition, err = p.definition(ctx, aws.ToString(s.TaskDefinition)); err != nil {
			return out, err
		}
		s.container = p.container(s.Service, s.definition, i)
		out[i] = s.unit()
	}
	return out, nil
}

// definition reads a task definition, by its ARN or as "checkout:42". It is read once under
// both names, since no revision ever changes; what names a family alone is read anew.
func (p *servicePair) definition(ctx context.Context, name string) (taskDefinition, error) {
	if d, ok := p.known.Load(name); ok {
		return d.(taskDefinition), nil //nolint:forcetypeassert // Nothing else is stored.
	}
	c, _, err := p.clients(ctx)
	if err != nil {
		return taskDefinition{}, err
	}
	out, err := c.DescribeTaskDefinition(ctx, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(name), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	if err != nil {
		return taskDefinition{}, err
	}
	d := taskDefinition{out.TaskDefinition, map[string]string{}}
	for _, tag := range out.Tags {
		d.tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	if arn := aws.ToString(out.TaskDefinition.TaskDefinitionArn); arn != "" {
		p.known.Store(arn, d)
		p.known.Store(arn[strings.LastIndex(arn, "/")+1:], d)
	}
	return d, nil
}

// container finds the one that is released: the one of the configuration, or else
// the one that the load balancer sends to.
func (p *servicePair) container(s types.Service, d taskDefinition, side int) int {
	name := p.config.ECS.Container
	for _, lb := range s.LoadBalancers {
		if name == "" && aws.ToString(lb.TargetGroupArn) == p.config.TargetGroups[side] {
			name = aws.ToString(lb.ContainerName)
		}
	}
	return d.container(name)
}

func (d taskDefinition) container(name string) int {
	for i, c := range d.ContainerDefinitions {
		if aws.ToString(c.Name) == name || name == "" && len(d.ContainerDefinitions) == 1 {
			return i
		}
	}
	return none
}

// maxFailed is how many tasks may fail, with none that runs, before nobody waits any
// longer.
const maxFailed = 3

// unit says what a service runs.
func (s standing) unit() unit {
	u := unit{wanted: int(s.DesiredCount), running: int(s.RunningCount), settled: s.RunningCount >= s.DesiredCount && len(s.Deployments) <= 1, raw: s}
	for _, d := range s.Deployments {
		if aws.ToString(d.Status) != "PRIMARY" {
			continue
		}
		switch {
		case d.RolloutState == types.DeploymentRolloutStateFailed:
			u.broken = "ECS gave the deployment up: " + aws.ToString(d.RolloutStateReason)
		case d.FailedTasks >= maxFailed && d.RunningCount == 0:
			u.broken = fmt.Sprintf("%d tasks failed and none runs%s", d.FailedTasks, s.event())
		case d.RolloutState == types.DeploymentRolloutStateInProgress:
			u.settled = false
		}
	}
	if s.container != none && (u.wanted > 0 || u.running > 0) {
		image := aws.ToString(s.definition.ContainerDefinitions[s.container].Image)
		u.payload = artifact.Payload{Artifact: artifact.Artifact{Version: s.definition.tags[versionKey], Reference: image}}
	}
	u.fields = map[string]any{"ecs.cpu": aws.ToString(s.definition.Cpu), "ecs.memory": aws.ToString(s.definition.Memory)}
	return u
}

// event is what ECS said last of a service.
func (s standing) event() string {
	if len(s.Events) == 0 {
		return ""
	}
	return ": " + aws.ToString(s.Events[0].Message)
}

// mine refuses a service that something else than ECS's own rolling update drives.
func (s standing) mine() error {
	name := aws.ToString(s.ServiceName)
	controller := types.DeploymentControllerTypeEcs
	if s.DeploymentController != nil {
		controller = s.DeploymentController.Type
	}
	strategy := types.DeploymentStrategyRolling
	if c := s.DeploymentConfiguration; c != nil && c.Strategy != "" {
		strategy = c.Strategy
	}
	switch {
	case controller == types.DeploymentControllerTypeCodeDeploy:
		return &target.Error{Code: target.CodeConflict, Message: "the service " + name + " is owned by CodeDeploy (deployment controller CODE_DEPLOY), and two must not move the same traffic",
			Remedy: "release it by CodeDeploy, or make a pair of services with the deployment controller ECS; Sluice leaves this one as it is"}
	case controller != types.DeploymentControllerTypeEcs:
		return &target.Error{Code: target.CodeConflict, Message: fmt.Sprintf("the service %s has the deployment controller %s", name, controller), Remedy: "make a pair of services with the deployment controller ECS"}
	case strategy != types.DeploymentStrategyRolling:
		return &target.Error{Code: target.CodeConflict, Message: fmt.Sprintf("the service %s has the deployment strategy %s, with which ECS itself moves the weights", name, strategy),
			Remedy: "set the strategy ROLLING for both services of a pair"}
	}
	return nil
}

func (*servicePair) admit(artifact.Payload) error { return nil }

func (p *servicePair) rest(ctx context.Context, sc scene, idle int) (bool, error) {
	s := sc.units[idle].raw.(standing) //nolint:forcetypeassert // look made it.
	if s.DesiredCount <= p.config.IdleCapacity {
		return false, nil
	}
	if err := s.mine(); err != nil {
		return false, err
	}
	c, _, err := p.clients(ctx)
	if err != nil {
		return false, err
	}
	_, err = c.UpdateService(ctx, &awsecs.UpdateServiceInput{Cluster: aws.String(p.config.ECS.Cluster), Service: s.ServiceName, DesiredCount: aws.Int32(p.config.IdleCapacity)})
	return true, err
}
