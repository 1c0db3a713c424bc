package observed

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/drift"
)

const (
	// pageOfTasks is how many tasks one answer may have, AWS's own bound, and
	// maxPagesOfTasks how many pages are read within Timeout.
	pageOfTasks     = 100
	maxPagesOfTasks = 20

	taskRuns = "RUNNING"
)

// tasks is what of ECS is called.
type tasks struct {
	ListTasks     func(context.Context, *ecs.ListTasksInput, ...func(*ecs.Options)) (*ecs.ListTasksOutput, error)
	DescribeTasks func(context.Context, *ecs.DescribeTasksInput, ...func(*ecs.Options)) (*ecs.DescribeTasksOutput, error)
}

// runningTasks gives the digests of the images that the running tasks of a service have.
func runningTasks(ctx context.Context, s *awscloud.Session, d drift.Image) ([]drift.Running, error) {
	cfg, err := s.Config(ctx)
	if err != nil {
		return nil, failed(ctx, s, "ECS", err)
	}
	sdk := ecs.NewFromConfig(cfg)
	api := tasks{ListTasks: sdk.ListTasks, DescribeTasks: sdk.DescribeTasks}
	in := &ecs.ListTasksInput{Cluster: &d.ECS.Cluster, ServiceName: &d.ECS.Service, DesiredStatus: types.DesiredStatusRunning, MaxResults: aws.Int32(pageOfTasks)}
	digests := map[string]int{}
	for range maxPagesOfTasks {
		page, err := api.ListTasks(ctx, in)
		switch {
		case err == nil:
		case s.Explain(err).Kind == awscloud.NotFound:
			return nil, gone(s, "cluster, the service")
		default:
			return nil, failed(ctx, s, "ECS", err)
		}
		if len(page.TaskArns) > 0 {
			if err := describe(ctx, s, api, d.ECS, page.TaskArns, digests); err != nil {
				return nil, err
			}
		}
		if aws.ToString(page.NextToken) == "" {
			return count(digests, "tasks"), nil
		}
		in.NextToken = page.NextToken
	}
	return nil, fmt.Errorf("%s has more than %d tasks, and no more are looked at", d.ECS.Service, maxPagesOfTasks*pageOfTasks)
}

// describe adds the digests of some tasks. One that has stopped by now, or does not run
// yet, counts for nothing.
func describe(ctx context.Context, s *awscloud.Session, api tasks, of *drift.ECSTasks, arns []string, digests map[string]int) error {
	out, err := api.DescribeTasks(ctx, &ecs.DescribeTasksInput{Cluster: &of.Cluster, Tasks: arns})
	if err != nil {
		return failed(ctx, s, "ECS", err)
	}
	for _, f := range out.Failures {
		if reason := aws.ToString(f.Reason); reason != "MISSING" {
			return fmt.Errorf("ECS in %s did not describe %s: %s", s.Settings().Region, aws.ToString(f.Arn), reason)
		}
	}
	for _, task := range out.Tasks {
		if aws.ToString(task.LastStatus) != taskRuns {
			continue
		}
		digest, err := digestIn(task, of.Container)
		if err != nil {
			return err
		}
		digests[digest]++
	}
	return nil
}

// digestIn is the digest that a container of a task runs.
func digestIn(task types.Task, name string) (string, error) {
	var names []string
	for _, c := range task.Containers {
		names = append(names, aws.ToString(c.Name))
	}
	i := slices.Index(names, name)
	switch {
	case name == "" && len(names) == 1:
		i = 0
	case i < 0 && name == "":
		return "", fmt.Errorf("the tasks have several containers, %s; name one in ecs.container", strings.Join(names, ", "))
	case i < 0:
		return "", fmt.Errorf("the tasks have no container %s; name one of %s in ecs.container", name, strings.Join(names, ", "))
	}
	digest := aws.ToString(task.Containers[i].ImageDigest)
	if digest == "" {
		return "", fmt.Errorf("ECS does not tell the digest of the image that container %s of %s runs; its agent may be too old to say", names[i], aws.ToString(task.TaskArn))
	}
	return digest, nil
}
