package alb

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// check refuses services that are not ours to drive, and images from elsewhere.
func (p *servicePair) check(ctx context.Context, sc scene, idle int, payload artifact.Payload) error {
	for _, u := range sc.units {
		if err := u.raw.(standing).mine(); err != nil { //nolint:forcetypeassert // look made it.
			return err
		}
	}
	template, at, err := p.template(ctx, sc.units[1-idle].raw.(standing), 1-idle) //nolint:forcetypeassert // look made it.
	if err != nil {
		return err
	}
	return fits(template, at, payload)
}

func (p *servicePair) bring(ctx context.Context, sc scene, idle int, req target.PrepareRequest) (bool, error) {
	there := sc.units[idle].raw.(standing)    //nolint:forcetypeassert // look made it.
	serves := sc.units[1-idle].raw.(standing) //nolint:forcetypeassert // look made it.
	template, at, err := p.template(ctx, serves, 1-idle)
	if err != nil {
		return false, err
	}
	definition := there.definition
	if !p.is(definition, req) {
		if definition, err = p.find(ctx, aws.ToString(template.Family), req); err != nil {
			return false, err
		}
		if definition.TaskDefinition == nil {
			return true, p.register(ctx, template, at, req)
		}
	}
	// As many tasks as serve now, whatever the author once wrote: automatic scaling
	// may have made more of them.
	want := max(1, serves.RunningCount)
	if aws.ToString(there.TaskDefinition) == aws.ToString(definition.TaskDefinitionArn) && there.DesiredCount >= want {
		return false, nil
	}
	c, _, err := p.clients(ctx)
	if err != nil {
		return false, err
	}
	_, err = c.UpdateService(ctx, &awsecs.UpdateServiceInput{Cluster: aws.String(p.config.ECS.Cluster), Service: there.ServiceName,
		TaskDefinition: definition.TaskDefinitionArn, DesiredCount: aws.Int32(max(want, there.DesiredCount))})
	return true, err
}

// template is what new task definitions are copied from, and the place of the
// container in it.
func (p *servicePair) template(ctx context.Context, serves standing, side int) (taskDefinition, int, error) {
	d := serves.definition
	if name := p.config.ECS.TaskDefinition; name != "" {
		var err error
		if d, err = p.definition(ctx, name); err != nil {
			return d, none, &target.Error{Code: target.CodeNotFound, Message: "there is no task definition " + name + " in " + p.config.Region, Remedy: "look at its name and revision; for example aws_ecs_task_definition.checkout.arn", Err: err}
		}
	}
	at := p.container(serves.Service, d, side)
	if at == none {
		return d, none, &target.Error{Code: target.CodeConflict, Message: fmt.Sprintf("the task definition %s:%d has not the container that is to be released", aws.ToString(d.Family), d.Revision),
			Remedy: "name it: container = \"checkout\""}
	}
	return d, at, nil
}

var tagPattern = pattern.New(`:[\w][\w.-]{0,127}$`)

// repository is the place of an image: without tag and digest.
func repository(image string) string {
	place, _, _ := strings.Cut(image, "@")
	return tagPattern.ReplaceAllString(place, "")
}

// fits refuses an image from another repository than the one that the task definition
// names: a misspelt one would only show as tasks that do not start.
func fits(template taskDefinition, at int, p artifact.Payload) error {
	have := aws.ToString(template.ContainerDefinitions[at].Image)
	if repository(have) == repository(p.Reference) {
		return nil
	}
	return &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("the container %s runs images of %q, and the artifact's reference %q is of another repository", aws.ToString(template.ContainerDefinitions[at].Name), repository(have), p.Reference),
		Remedy: "release by " + repository(have) + "@sha256:<digest of the image>; or, to change the repository, name a task definition that has the new one: task_definition = aws_ecs_task_definition.checkout.arn"}
}

// is reports whether a task definition was made for the rollout.
func (p *servicePair) is(d taskDefinition, req target.PrepareRequest) bool {
	at := d.container(p.config.ECS.Container)
	if d.TaskDefinition == nil || d.tags[rolloutKey] != rolloutOf(req) {
		return false
	}
	if at != none {
		return strings.HasSuffix(aws.ToString(d.ContainerDefinitions[at].Image), "@"+req.Payload.Digest())
	}
	for _, c := range d.ContainerDefinitions {
		if strings.HasSuffix(aws.ToString(c.Image), "@"+req.Payload.Digest()) {
			return true
		}
	}
	return false
}

// newest bounds how many revisions are looked at for one that this rollout made before
// its reply was lost: only somebody else's, made since, can stand before it.
const newest = 5

// find looks for the task definition that this rollout registered already; it has
// none where there is none.
func (p *servicePair) find(ctx context.Context, family string, req target.PrepareRequest) (taskDefinition, error) {
	c, _, err := p.clients(ctx)
	if err != nil {
		return taskDefinition{}, err
	}
	out, err := c.ListTaskDefinitions(ctx, &awsecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String(family), Sort: types.SortOrderDesc, MaxResults: aws.Int32(newest), Status: types.TaskDefinitionStatusActive})
	if err != nil {
		return taskDefinition{}, err
	}
	for _, arn := range out.TaskDefinitionArns {
		d, err := p.definition(ctx, arn)
		if err != nil {
			return taskDefinition{}, err
		}
		if p.is(d, req) {
			return d, nil
		}
	}
	return taskDefinition{}, nil
}

// register copies the template with the image of the payload.
func (p *servicePair) register(ctx context.Context, t taskDefinition, at int, req target.PrepareRequest) error {
	c, _, err := p.clients(ctx)
	if err != nil {
		return err
	}
	containers := append([]types.ContainerDefinition(nil), t.ContainerDefinitions...)
	containers[at].Image = aws.String(req.Payload.Reference)
	tags := []types.Tag{{Key: aws.String(rolloutKey), Value: aws.String(rolloutOf(req))}, {Key: aws.String(versionKey), Value: aws.String(plainText(req.Payload.Version))}}
	for key, value := range t.tags {
		if key != rolloutKey && key != versionKey && !strings.HasPrefix(key, "aws:") {
			tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(value)})
		}
	}
	_, err = c.RegisterTaskDefinition(ctx, &awsecs.RegisterTaskDefinitionInput{
		Family: t.Family, ContainerDefinitions: containers, Tags: tags, Cpu: t.Cpu, Memory: t.Memory, NetworkMode: t.NetworkMode,
		ExecutionRoleArn: t.ExecutionRoleArn, TaskRoleArn: t.TaskRoleArn, RequiresCompatibilities: t.RequiresCompatibilities, Volumes: t.Volumes,
		PlacementConstraints: t.PlacementConstraints, ProxyConfiguration: t.ProxyConfiguration, PidMode: t.PidMode, IpcMode: t.IpcMode,
		EphemeralStorage: t.EphemeralStorage, RuntimePlatform: t.RuntimePlatform, EnableFaultInjection: t.EnableFaultInjection,
	}, func(o *awsecs.Options) {
		// A second try of the client after a lost reply would register a second one. The
		// next call looks for the first instead.
		o.RetryMaxAttempts = 1
	})
	return err
}

var notInTags = pattern.New(`[^\p{L}\p{Z}\p{N}_.:/=+\-@]+`)

// plainText leaves what AWS takes in the values of tags.
func plainText(text string) string {
	runes := []rune(notInTags.ReplaceAllString(text, "-"))
	return string(runes[:min(len(runes), maxTag)])
}
