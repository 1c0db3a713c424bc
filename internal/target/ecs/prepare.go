package ecs

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// What ECS is at is looked at again after these: a hook is reached within seconds,
// tasks start and stop within minutes.
const (
	lookAgain     = 2 * time.Second
	lookAgainSlow = 10 * time.Second
)

// Prepare implements target.Target. One call makes one change: it takes back what an
// earlier rollout left at weight 0, registers a task definition, or begins the
// deployment. It is done when ECS waits at a hook, with the new tasks up and no
// request sent to them.
func (t *Target) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	if req.Payload.Digest() == "" {
		return target.Progress{}, invalid(fmt.Sprintf("the reference %q has no digest", req.Payload.Reference))
	}
	if !fetchable(req.Payload.Artifact) {
		return target.Progress{}, &target.Error{Code: target.CodeNotFound, Message: cannotFetch(req.Payload.Artifact), Remedy: exampleImage}
	}
	sc, err := t.admit(ctx, req.WriteRequest)
	switch {
	case err != nil:
		return target.Progress{}, err
	case ofAnother(sc.canary, releaseOf(req.Rollout)):
		message, remedy := t.owned(sc.canary, releaseOf(req.Rollout))
		return target.Progress{}, t.conflict(sc, message, remedy)
	case sc.canary == nil:
		return t.begin(ctx, sc, req)
	case sc.canary.rollout() == mark(req):
		return t.up(sc)
	case sc.weight > 0:
		return target.Progress{}, t.conflict(sc, fmt.Sprintf("%s takes %g %% of the traffic", t.payload(sc.canary).Label(), sc.weight), "revert first; a canary is replaced only without traffic")
	case sc.canary.rollout() == "":
		return target.Progress{}, t.foreign(sc)
	case sc.returning && !sc.forward(), sc.failed():
		return t.begin(ctx, sc, req)
	case sc.forward() && !sc.returning:
		return t.stop(ctx, sc)
	}
	return t.wait(sc, lookAgainSlow), nil
}

// up waits until the new tasks are up and ECS waits for our word.
func (t *Target) up(sc scene) (target.Progress, error) {
	switch {
	case sc.back() || sc.returning:
		return target.Progress{}, t.conflict(sc, "ECS took the deployment back before anybody was sent to it ("+sc.why()+")", "look at the service's events and its stopped tasks (aws ecs describe-services), put right what they name, and release again")
	case sc.hook != nil:
		return target.Progress{Done: true, Observation: t.observation(sc)}, nil
	case !sc.forward():
		return target.Progress{}, t.conflict(sc, "somebody else let the deployment go on to its end", "observe it and decide again")
	}
	return t.wait(sc, lookAgain), nil
}

// begin registers the task definition, where this rollout has not done so yet, and
// then updates the service.
func (t *Target) begin(ctx context.Context, sc scene, req target.PrepareRequest) (target.Progress, error) {
	if err := t.may(sc, req); err != nil {
		return target.Progress{}, err
	}
	arn, err := t.registered(ctx, sc, req)
	switch {
	case err != nil:
		return target.Progress{}, err
	case arn == "":
		return t.register(ctx, sc, req)
	}
	in, err := t.update(sc, req, arn)
	if err != nil {
		return target.Progress{}, err
	}
	c, err := t.ecs(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	if _, err := c.UpdateService(ctx, in, notTwice); err != nil {
		return target.Progress{}, t.failed(err, true)
	}
	return t.wait(sc, lookAgain), nil
}

// may says what stands in the way of a new deployment. ECS has no condition for
// UpdateService, and shifts from whatever the rule says, so we look first.
func (t *Target) may(sc scene, req target.PrepareRequest) error {
	switch r := sc.baseline; {
	case sc.strayed != "":
		return t.conflict(sc, sc.strayed, "put the rule's weights right; ECS shifts from what it believes, and does not look at them")
	case r == nil || r.task == nil:
		return t.conflict(sc, "nobody can tell which task definition serves", "deploy one that exists to the service, and apply again")
	case ofAnother(r, releaseOf(req.Rollout)):
		message, remedy := t.owned(r, releaseOf(req.Rollout))
		return t.conflict(sc, message, remedy)
	}
	return nil
}

// ofAnother is true for what another release than ours made. It is false where nobody
// says which release one of the two is of.
func ofAnother(r *revision, ours string) bool {
	its := releaseOf(r.rollout())
	return its != "" && ours != "" && its != ours
}

func (t *Target) owned(r *revision, ours string) (message, remedy string) {
	return fmt.Sprintf("the service %s is released by %s and not by %s", t.config.Service, releaseOf(r.rollout()), ours),
		"let one release have a service; if that one is gone or was renamed: aws ecs untag-resource --resource-arn " + aws.ToString(r.task.TaskDefinitionArn) + " --tag-keys " + tagRollout
}

// registered finds the task definition that this rollout registered already, as
// after a reply that was lost; empty where there is none. It is newer than what
// serves.
func (t *Target) registered(ctx context.Context, sc scene, req target.PrepareRequest) (string, error) {
	c, err := t.ecs(ctx)
	if err != nil {
		return "", err
	}
	family := aws.ToString(sc.baseline.task.Family)
	out, err := c.ListTaskDefinitions(ctx, &awsecs.ListTaskDefinitionsInput{FamilyPrefix: aws.String(family), Sort: types.SortOrderDesc, Status: types.TaskDefinitionStatusActive, MaxResults: aws.Int32(maxTried)})
	if err != nil {
		return "", t.failed(err, false)
	}
	for _, arn := range out.TaskDefinitionArns {
		if revisionOf(arn) <= int(sc.baseline.task.Revision) {
			break
		}
		_, tags, err := t.task(ctx, arn)
		if err != nil || tags[tagRollout] == mark(req) && tags[tagBefore] == aws.ToString(sc.baseline.task.TaskDefinitionArn) {
			return arn, err
		}
	}
	return "", nil
}

// revisionOf is the number at the end of a task definition's ARN, 0 where there is none.
func revisionOf(arn string) int {
	n, err := strconv.Atoi(arn[strings.LastIndex(arn, ":")+1:])
	if err != nil {
		return 0
	}
	return n
}

// maxTried is among how many of the newest revisions one of this rollout is looked
// for. Each rollout that failed left one since what serves.
const maxTried = 20

// update begins a deployment: the strategy, the hooks, alarms and the circuit breaker
// are ours, and all else of the service stays as it is.
func (t *Target) update(sc scene, req target.PrepareRequest, arn string) (*awsecs.UpdateServiceInput, error) {
	in := &awsecs.UpdateServiceInput{Cluster: t.cluster(), Service: aws.String(t.config.Service), TaskDefinition: aws.String(arn)}
	d, problem := shape(req.Plan)
	if problem != "" {
		return nil, &target.Error{Code: target.CodeUnsupported, Message: problem, Remedy: strings.TrimPrefix(plans, "; ")}
	}
	old := sc.service.DeploymentConfiguration
	if old != nil {
		d.MaximumPercent, d.MinimumHealthyPercent = old.MaximumPercent, old.MinimumHealthyPercent
	}
	shifts, tested := shifting(sc.service), t.config.Shifting != nil && t.config.Shifting.TestRule != ""
	if t.config.Shifting != nil && !shifts {
		in.LoadBalancers, shifts = t.balanced(sc.service), len(sc.service.LoadBalancers) > 0
	}
	for _, b := range sc.service.LoadBalancers {
		tested = tested || b.AdvancedConfiguration != nil && aws.ToString(b.AdvancedConfiguration.TestListenerRule) != ""
	}
	switch {
	case shifts:
		d.LifecycleHooks = hooks(req.Plan, tested)
	case d.Strategy == types.DeploymentStrategyBlueGreen:
		// One target group, or none: ECS replaces the tasks.
		d.Strategy, d.BakeTimeInMinutes = types.DeploymentStrategyRolling, nil
		d.LifecycleHooks = []types.DeploymentLifecycleHook{pause(held, types.DeploymentLifecycleHookActionRollback, types.DeploymentLifecycleHookStagePreScaleUp)}
	default:
		return nil, t.conflict(sc, t.undivided(), divide)
	}
	if old != nil {
		for _, h := range old.LifecycleHooks {
			if h.TargetType != types.DeploymentLifecycleHookTargetTypePause {
				d.LifecycleHooks = append(d.LifecycleHooks, h)
			}
		}
	}
	d.DeploymentCircuitBreaker = &types.DeploymentCircuitBreaker{Enable: true, Rollback: !req.Plan.Irreversible}
	names := t.config.Alarms
	if len(names) == 0 && old != nil && old.Alarms != nil && old.Alarms.Enable {
		names = old.Alarms.AlarmNames
	}
	if len(names) > 0 {
		d.Alarms = &types.DeploymentAlarms{AlarmNames: names, Enable: true, Rollback: !req.Plan.Irreversible}
	}
	in.DeploymentConfiguration = &d
	return in, nil
}

// divide is what to do where ECS cannot give a part of the traffic to new tasks.
const divide = "give the target shifting = { alternate_target_group = ..., production_rule = ..., role_arn = ... }, or release all_at_once"

func (t *Target) undivided() string {
	return fmt.Sprintf("the service %s has no second target group, so ECS cannot give a part of the traffic to new tasks", t.config.Service)
}

// shifting is true for a service that knows how to move traffic.
func shifting(s *types.Service) bool {
	for _, b := range s.LoadBalancers {
		if b.AdvancedConfiguration != nil && aws.ToString(b.AdvancedConfiguration.AlternateTargetGroupArn) != "" {
			return true
		}
	}
	return false
}

// balanced adds to the service's load balancer what it needs to move traffic.
func (t *Target) balanced(s *types.Service) []types.LoadBalancer {
	out := append([]types.LoadBalancer(nil), s.LoadBalancers...)
	if len(out) == 0 {
		return nil
	}
	c := t.config.Shifting
	out[0].AdvancedConfiguration = &types.AdvancedConfiguration{AlternateTargetGroupArn: aws.String(c.AlternateTargetGroup), ProductionListenerRule: aws.String(c.ProductionRule), RoleArn: aws.String(c.Role)}
	if c.TestRule != "" {
		out[0].AdvancedConfiguration.TestListenerRule = aws.String(c.TestRule)
	}
	return out
}

// mark is what task definitions of this rollout carry. Where there is no rollout, the
// payload stands for it.
func mark(req target.PrepareRequest) string {
	if req.Rollout != "" {
		return tagValue(req.Rollout)
	}
	return tagValue("payload " + req.Payload.Key())
}

// releaseOf is the release of a rollout's id, "checkout/production"; empty where the
// id tells none.
func releaseOf(rollout string) string {
	i := strings.LastIndex(rollout, "/")
	if i < 0 || strings.HasPrefix(rollout, "payload ") {
		return ""
	}
	return rollout[:i]
}

const maxTag = 256

var notTag = pattern.New(`[^\p{L}\p{Z}\p{N}_.:/=+\-@]`)

// tagValue leaves what AWS takes in tags.
func tagValue(text string) string {
	r := []rune(notTag.ReplaceAllString(text, "_"))
	return string(r[:min(len(r), maxTag)])
}

func (t *Target) wait(sc scene, again time.Duration) target.Progress {
	return target.Progress{LookAgain: again, Observation: t.observation(sc)}
}

// foreign says whose deployment is in the way.
func (t *Target) foreign(sc scene) error {
	return t.conflict(sc, fmt.Sprintf("somebody else's deployment of %s is in progress (%s)", aws.ToString(sc.target.detail.TaskDefinition), sc.why()),
		"wait until it has ended, and look who else updates the service "+t.config.Service)
}

// refused is true for an answer that says no without saying why: ECS has two codes
// for almost everything, and its words are not matched. Whoever gets it looks again.
func (t *Target) refused(err error) bool {
	k := t.kind(err)
	return k == awscloud.Invalid || k == awscloud.NotFound || k == awscloud.Conflict
}
