package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

const exampleImage = "name an image with its registry, \"123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@sha256:<digest of the image>\""

// imagePattern is an image with its registry's host. ECS would look for others on
// Docker Hub.
var imagePattern = pattern.New(`^[a-zA-Z0-9-]+([.:][a-zA-Z0-9-]+)+/[a-z0-9._/-]+(:[\w.-]+)?@sha256:[0-9a-f]{64}$`)

func fetchable(a artifact.Artifact) bool { return imagePattern.MatchString(a.Reference) }

func cannotFetch(a artifact.Artifact) string { return fmt.Sprintf("ECS cannot fetch %q", a.Reference) }

// Preflight implements target.Target. ECS has no rehearsal: whether an image is there,
// and whether there is room for it, only its tasks tell.
func (t *Target) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	leave, err := awsport.Turn(ctx, t.session)
	if err != nil {
		return nil, err
	}
	defer leave()
	s, err := t.look(ctx)
	var te *target.Error
	switch {
	case errors.As(err, &te) && target.IsPermanent(te):
		return []target.Obstacle{{What: te.Message, Remedy: te.Remedy}}, nil
	case err != nil:
		return nil, err
	}
	var out []target.Obstacle
	add := func(remedy, format string, args ...any) {
		out = append(out, target.Obstacle{What: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	sc := t.words(s)
	if !fetchable(p.Artifact) {
		add(exampleImage, "%s", cannotFetch(p.Artifact))
	}
	if sc.strayed != "" {
		add("put the rule's weights right; ECS shifts from what it believes, and does not look at them", "%s", sc.strayed)
	}
	if sc.canary != nil && sc.canary.rollout() == "" && (sc.forward() || sc.back() && !sc.failed()) && errors.As(t.foreign(sc), &te) {
		add(te.Remedy, "%s", te.Message)
	}
	for _, r := range []*revision{sc.canary, sc.baseline} {
		if ofAnother(r, t.release) {
			message, remedy := t.owned(r, t.release)
			add(remedy, "%s", message)
			break
		}
	}
	if n := len(s.service.LoadBalancers); n > 1 {
		add("let the service have one, or take the target alb, which moves several listeners in order", "the service %s is behind %d target groups at once, and Sluice watches the weights of one", t.config.Service, n)
	} else if n == 0 && t.config.Shifting != nil {
		add("give the service a target group, or leave shifting out", "the target has shifting, and the service %s has no load balancer", t.config.Service)
	}
	more, err := t.offBalancer(ctx, sc)
	if out = append(out, more...); err != nil {
		return nil, err
	}
	more, err = t.template(ctx, sc)
	return append(out, more...), err
}

// PreflightPlan implements target.PlanPreflighter: a part of the traffic needs a second
// target group. That the target's shifting gives it one where the service has a load
// balancer, Preflight has seen.
func (t *Target) PreflightPlan(ctx context.Context, plan target.Plan) ([]target.Obstacle, error) {
	if c, problem := shape(plan); problem != "" || c.Strategy == types.DeploymentStrategyBlueGreen || t.config.Shifting != nil {
		return nil, nil
	}
	leave, err := t.session.Turn(ctx)
	if err != nil {
		return nil, t.failed(err, false)
	}
	defer leave()
	s, err := t.service(ctx)
	if target.IsPermanent(err) || err == nil && shifting(s) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return []target.Obstacle{{What: t.undivided(), Remedy: divide}}, nil
}

// rights asks IAM whether what will be changed may be, before the first change. That
// what is read may be read, the look has shown.
func (t *Target) rights(ctx context.Context, sc scene, task *types.TaskDefinition) []target.Obstacle {
	service := aws.ToString(sc.service.ServiceArn)
	family := aws.ToString(task.TaskDefinitionArn)
	if sc.baseline != nil && sc.baseline.task != nil {
		family = aws.ToString(sc.baseline.task.TaskDefinitionArn)
	}
	family = family[:strings.LastIndex(family, ":")+1] + "1"
	tasks := present(task.TaskRoleArn, task.ExecutionRoleArn)
	var movers []string
	m := t.mover(sc)
	if m != nil {
		movers = present(aws.String(m.role))
	}
	pass := []string{"iam:PassRole"}
	told := t.session.Simulated(ctx, append([]awscloud.Use{
		{Actions: []string{"ecs:ListTaskDefinitions"}, Resources: []string{"*"}},
		{Actions: []string{"ecs:UpdateService"}, Resources: []string{service}},
		{Actions: []string{"ecs:ContinueServiceDeployment", "ecs:StopServiceDeployment"}, Resources: []string{strings.Replace(service, ":service/", ":service-deployment/", 1) + "/1"}},
		{Actions: []string{"ecs:RegisterTaskDefinition", "ecs:TagResource"}, Resources: []string{family}},
		{Actions: pass, Resources: tasks, PassedTo: "ecs-tasks.amazonaws.com"},
		{Actions: pass, Resources: movers, PassedTo: "ecs.amazonaws.com"},
	}, m.uses()...)...)
	return awsport.Lacks(told, "docs/policies/ecs.json")
}

// present leaves out what is not there.
func present(arns ...*string) []string {
	var out []string
	for _, a := range arns {
		if aws.ToString(a) != "" && !slices.Contains(out, *a) {
			out = append(out, *a)
		}
	}
	return out
}

// template looks at what the new task definition will be made of.
func (t *Target) template(ctx context.Context, sc scene) ([]target.Obstacle, error) {
	from := t.config.TaskDefinition
	if from == "" && sc.baseline != nil {
		from = aws.ToString(sc.baseline.detail.TaskDefinition)
	}
	task, _, err := t.task(ctx, from)
	var te *target.Error
	switch {
	case errors.As(err, &te) && target.IsPermanent(te):
		return []target.Obstacle{{What: te.Message, Remedy: te.Remedy}}, nil
	case err != nil:
		return nil, err
	case task == nil:
		return []target.Obstacle{{What: "there is no task definition " + from + " in " + t.config.Region, Remedy: "name one that is there: task_definition = aws_ecs_task_definition.checkout.arn"}}, nil
	}
	if _, err := t.container(task.ContainerDefinitions); errors.As(err, &te) {
		return []target.Obstacle{{What: te.Message, Remedy: te.Remedy}}, nil
	}
	return t.rights(ctx, sc, task), nil
}
