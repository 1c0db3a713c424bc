package ecs

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The tags of a task definition that a rollout registered.
const (
	// tagRollout is the rollout's id.
	tagRollout = "sluice:rollout"
	// tagVersion and tagConfiguration are the payload's.
	tagVersion       = "sluice:version"
	tagConfiguration = "sluice:configuration"
	// tagBefore is the task definition that served before, to which a deployment leads
	// that takes this one back after its end.
	tagBefore = "sluice:before"
	// tagEnded says that the rollout is over, and how.
	tagEnded = "sluice:ended"
)

// revision is a service revision with what runs in it.
type revision struct {
	types.ServiceRevisionSummary
	detail types.ServiceRevision
	task   *types.TaskDefinition
	tags   map[string]string
	// group and rule are the target group that serves it, and the rule that sends
	// production traffic there; empty where no load balancer is.
	group, rule string
}

// going is true for a revision of a rollout that has not been told to have ended.
func (r *revision) going() bool { return r.rollout() != "" && r.tags[tagEnded] == "" }

// rollout is the id of the rollout that made it, empty where none did.
func (r *revision) rollout() string {
	if r == nil {
		return ""
	}
	return r.tags[tagRollout]
}

// sight is the service as ECS tells it.
type sight struct {
	// service is nil where only its deployments were asked for.
	service *types.Service
	// newest is the latest service deployment, nil where there has been none.
	newest         *types.ServiceDeployment
	target, source *revision
	// also are further revisions from which the newest deployment leads, as when it
	// superseded another.
	also []*revision
	// shares are the live weights of the production rule, by target group, as
	// percentages of their sum; nil where there is no rule or nobody asked.
	shares map[string]float64
}

// look reads everything.
func (t *Target) look(ctx context.Context) (sight, error) {
	service, err := t.service(ctx)
	if err != nil {
		return sight{}, err
	}
	if err := t.mine(service); err != nil {
		return sight{}, err
	}
	s, err := t.deployment(ctx)
	if err != nil {
		return sight{}, err
	}
	s.service = service
	if s.target == nil {
		// No deployment is on record, as with a service from before there were such.
		s.target, err = t.undeployed(ctx, service)
		return s, err
	}
	s.shares, err = t.shares(ctx, s.target)
	return s, err
}

// service reads the service.
func (t *Target) service(ctx context.Context) (*types.Service, error) {
	c, err := t.ecs(ctx)
	if err != nil {
		return nil, err
	}
	out, err := c.DescribeServices(ctx, &awsecs.DescribeServicesInput{Cluster: t.cluster(), Services: []string{t.config.Service}})
	switch {
	case err != nil:
		return nil, t.failed(err, false)
	case len(out.Services) == 0, aws.ToString(out.Services[0].Status) == "INACTIVE":
		return nil, t.noService()
	}
	return &out.Services[0], nil
}

// mine refuses a service whose deployments somebody else than ECS drives.
func (t *Target) mine(s *types.Service) error {
	by := types.DeploymentControllerTypeEcs
	if s.DeploymentController != nil {
		by = s.DeploymentController.Type
	}
	switch by {
	case types.DeploymentControllerTypeEcs, "":
		return nil
	case types.DeploymentControllerTypeCodeDeploy:
		return &target.Error{Code: target.CodeUnsupported, Message: "the deployments of the service " + t.config.Service + " belong to CodeDeploy (deployment controller CODE_DEPLOY), so Sluice does not touch it",
			Remedy: "move the service to the deployment controller ECS, which AWS itself recommends instead of CodeDeploy, and let CodeDeploy go; until then release it as before"}
	}
	return &target.Error{Code: target.CodeUnsupported, Message: fmt.Sprintf("the deployments of the service %s belong to somebody else (deployment controller %s), so Sluice does not touch it", t.config.Service, by),
		Remedy: "move the service to the deployment controller ECS, or let whoever owns its task sets release it"}
}

// deployment reads the newest service deployment, and what it leads from and to.
func (t *Target) deployment(ctx context.Context) (sight, error) {
	c, err := t.ecs(ctx)
	if err != nil {
		return sight{}, err
	}
	brief, err := t.newest(ctx, c)
	if err != nil || brief == nil {
		return sight{}, err
	}
	out, err := c.DescribeServiceDeployments(ctx, &awsecs.DescribeServiceDeploymentsInput{ServiceDeploymentArns: []string{aws.ToString(brief.ServiceDeploymentArn)}})
	if err != nil {
		return sight{}, t.failed(err, false)
	}
	if len(out.ServiceDeployments) != 1 || out.ServiceDeployments[0].TargetServiceRevision == nil {
		return sight{}, &target.Error{Code: target.CodeProtocol, Message: "ECS lists the deployment " + aws.ToString(brief.ServiceDeploymentArn) + " and does not describe it"}
	}
	s := sight{newest: &out.ServiceDeployments[0]}
	return s, t.revisions(ctx, &s)
}

// newest finds the latest deployment: others may have begun one since ours, which
// ECS lets supersede it without a word.
func (t *Target) newest(ctx context.Context, c *client) (*types.ServiceDeploymentBrief, error) {
	in := &awsecs.ListServiceDeploymentsInput{Cluster: t.cluster(), Service: aws.String(t.config.Service), MaxResults: aws.Int32(100)}
	var found *types.ServiceDeploymentBrief
	for range maxPages {
		out, err := c.ListServiceDeployments(ctx, in)
		if err != nil {
			return nil, t.failed(err, false)
		}
		for i := range out.ServiceDeployments {
			if d := &out.ServiceDeployments[i]; found == nil || aws.ToTime(d.CreatedAt).After(aws.ToTime(found.CreatedAt)) {
				found = d
			}
		}
		if aws.ToString(out.NextToken) == "" {
			return found, nil
		}
		in.NextToken = out.NextToken
	}
	return nil, &target.Error{Code: target.CodeProtocol, Message: fmt.Sprintf("ECS lists deployments of the service %s without end", t.config.Service)}
}

// maxPages bounds every list.
const maxPages = 50

// revisions reads what a deployment leads from and to.
func (t *Target) revisions(ctx context.Context, s *sight) error {
	s.target = &revision{ServiceRevisionSummary: *s.newest.TargetServiceRevision}
	arns := []string{aws.ToString(s.target.Arn)}
	if from := before(s.newest); from != nil && aws.ToString(from.Arn) != arns[0] {
		s.source = &revision{ServiceRevisionSummary: *from}
		arns = append(arns, aws.ToString(from.Arn))
	}
	for _, r := range s.newest.SourceServiceRevisions {
		if !slices.Contains(arns, aws.ToString(r.Arn)) {
			s.also = append(s.also, &revision{ServiceRevisionSummary: r})
			arns = append(arns, aws.ToString(r.Arn))
		}
	}
	details, err := t.described(ctx, arns)
	if err != nil {
		return err
	}
	for _, r := range append([]*revision{s.target, s.source}, s.also...) {
		if r == nil {
			continue
		}
		if err := t.fill(ctx, r, details[aws.ToString(r.Arn)]); err != nil {
			return err
		}
	}
	return nil
}

// before is the revision from which a deployment leads: the one with the most
// traffic where there are several, as after deployments that superseded each other.
func before(d *types.ServiceDeployment) *types.ServiceRevisionSummary {
	var most *types.ServiceRevisionSummary
	for i := range d.SourceServiceRevisions {
		r := &d.SourceServiceRevisions[i]
		if most == nil || aws.ToFloat64(r.RequestedProductionTrafficWeight) > aws.ToFloat64(most.RequestedProductionTrafficWeight) {
			most = r
		}
	}
	return most
}

func (t *Target) described(ctx context.Context, arns []string) (map[string]types.ServiceRevision, error) {
	c, err := t.ecs(ctx)
	if err != nil {
		return nil, err
	}
	out, err := c.DescribeServiceRevisions(ctx, &awsecs.DescribeServiceRevisionsInput{ServiceRevisionArns: arns})
	if err != nil {
		return nil, t.failed(err, false)
	}
	found := map[string]types.ServiceRevision{}
	for _, r := range out.ServiceRevisions {
		found[aws.ToString(r.ServiceRevisionArn)] = r
	}
	return found, nil
}

// fill reads the task definition of a revision, and which target group serves it:
// the one that ECS resolved, since the groups change places with each deployment.
func (t *Target) fill(ctx context.Context, r *revision, detail types.ServiceRevision) error {
	r.detail = detail
	if resolved := detail.ResolvedConfiguration; resolved != nil && len(resolved.LoadBalancers) > 0 {
		r.group, r.rule = aws.ToString(resolved.LoadBalancers[0].TargetGroupArn), aws.ToString(resolved.LoadBalancers[0].ProductionListenerRule)
	}
	var err error
	r.task, r.tags, err = t.task(ctx, aws.ToString(detail.TaskDefinition))
	return err
}

// task reads a task definition and its tags. One that was deleted is nil.
func (t *Target) task(ctx context.Context, arn string) (*types.TaskDefinition, map[string]string, error) {
	c, err := t.ecs(ctx)
	if err != nil || arn == "" {
		return nil, nil, err
	}
	out, err := c.DescribeTaskDefinition(ctx, &awsecs.DescribeTaskDefinitionInput{TaskDefinition: aws.String(arn), Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags}})
	switch {
	case t.kind(err) == awscloud.Invalid: // ECS has no code of its own for what it does not know.
		return nil, nil, nil
	case err != nil:
		return nil, nil, t.failed(err, false)
	}
	tags := map[string]string{}
	for _, tag := range out.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return out.TaskDefinition, tags, nil
}

// undeployed is what a service runs that has no deployment on record.
func (t *Target) undeployed(ctx context.Context, s *types.Service) (*revision, error) {
	r := &revision{}
	r.RunningTaskCount, r.RequestedTaskCount = s.RunningCount, s.DesiredCount
	detail := types.ServiceRevision{TaskDefinition: s.TaskDefinition}
	if len(s.CurrentServiceRevisions) == 1 {
		found, err := t.described(ctx, []string{aws.ToString(s.CurrentServiceRevisions[0].Arn)})
		if err != nil {
			return nil, err
		}
		if d, ok := found[aws.ToString(s.CurrentServiceRevisions[0].Arn)]; ok {
			detail = d
		}
	}
	return r, t.fill(ctx, r, detail)
}

func (t *Target) cluster() *string { return aws.String(t.config.Cluster) }
