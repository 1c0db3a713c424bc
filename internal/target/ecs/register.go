package ecs

import (
	"context"
	"fmt"
	"reflect"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// register makes the rollout's task definition: what serves, or what the author
// names, with another image.
func (t *Target) register(ctx context.Context, sc scene, req target.PrepareRequest) (target.Progress, error) {
	from := sc.baseline.task
	if t.config.TaskDefinition != "" {
		var err error
		if from, _, err = t.task(ctx, t.config.TaskDefinition); err != nil {
			return target.Progress{}, err
		}
		if from == nil {
			return target.Progress{}, &target.Error{Code: target.CodeNotFound, Message: "there is no task definition " + t.config.TaskDefinition + " in " + t.config.Region, Remedy: "name one that is there: task_definition = aws_ecs_task_definition.checkout.arn"}
		}
	}
	in, err := t.copied(from, sc.baseline.task, req)
	if err != nil {
		return target.Progress{}, err
	}
	// It is found again by the family of what serves.
	in.Family = sc.baseline.task.Family
	c, err := t.ecs(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	if _, err := c.RegisterTaskDefinition(ctx, in, notTwice); err != nil {
		return target.Progress{}, t.failed(err, true)
	}
	return t.wait(sc, lookAgain), nil
}

// copied is a task definition to register, with the payload's image.
func (t *Target) copied(from, serves *types.TaskDefinition, req target.PrepareRequest) (*awsecs.RegisterTaskDefinitionInput, error) {
	in := &awsecs.RegisterTaskDefinitionInput{}
	same(in, from)
	in.ContainerDefinitions = slices.Clone(in.ContainerDefinitions)
	i, err := t.container(in.ContainerDefinitions)
	if err != nil {
		return nil, err
	}
	in.ContainerDefinitions[i].Image = aws.String(req.Payload.Reference)
	for _, tag := range []struct{ key, value string }{{tagRollout, mark(req)}, {tagVersion, tagValue(req.Payload.Version)}, {tagConfiguration, req.Payload.ConfigurationDigest}, {tagBefore, aws.ToString(serves.TaskDefinitionArn)}} {
		if tag.value != "" {
			in.Tags = append(in.Tags, types.Tag{Key: aws.String(tag.key), Value: aws.String(tag.value)})
		}
	}
	return in, nil
}

// container is whose image is released.
func (t *Target) container(all []types.ContainerDefinition) (int, error) {
	names := make([]string, len(all))
	for i, c := range all {
		names[i] = aws.ToString(c.Name)
	}
	switch i := slices.Index(names, t.config.Container); {
	case i >= 0:
		return i, nil
	case t.config.Container == "" && len(all) == 1:
		return 0, nil
	case t.config.Container == "":
		return 0, &target.Error{Code: target.CodeInvalid, Message: fmt.Sprintf("the task definition has the containers %q, and the target does not say which one is released", names), Remedy: fmt.Sprintf("give the target container = %q", names[0])}
	default:
		return 0, &target.Error{Code: target.CodeInvalid, Message: fmt.Sprintf("the task definition has no container %q, but %q", t.config.Container, names), Remedy: "name one of those"}
	}
}

// same copies each field that both structures have, by name and type, so that what a
// later version of ECS adds to task definitions is not lost in a copy.
func same(into *awsecs.RegisterTaskDefinitionInput, from *types.TaskDefinition) {
	to, of := reflect.ValueOf(into).Elem(), reflect.ValueOf(from).Elem()
	for i := range to.NumField() {
		f := of.FieldByName(to.Type().Field(i).Name)
		if f.IsValid() && to.Field(i).CanSet() && f.Type() == to.Field(i).Type() {
			to.Field(i).Set(f)
		}
	}
}
