package ecs

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// scene is a sight in the words of a rollout.
type scene struct {
	sight
	baseline, canary *revision
	// weight is the canary's share of the production traffic, 0 to 100: what the rule
	// says, where there is one.
	weight float64
	// strayed says how the rule differs from what ECS asked for, empty where it does
	// not.
	strayed string
	// returning is true for a deployment that takes the canary back after its own
	// deployment had ended.
	returning bool
	// hook waits for a word; nil where none does.
	hook *types.DeploymentLifecycleHookDetail
	now  time.Time
}

// tolerance is by how much a rule's share may differ from what ECS asked for, in
// percent: rules have whole weights.
const tolerance = 0.15

// words puts a sight into a rollout's words.
func (t *Target) words(s sight) scene {
	sc := scene{sight: s, now: t.clock.Now()}
	sc.returning = s.newest != nil && s.source != nil && s.source.going() && s.source.tags[tagBefore] == aws.ToString(s.target.detail.TaskDefinition)
	switch {
	case sc.returning:
		sc.baseline, sc.canary = s.target, s.source
	case s.newest == nil, s.status() == types.ServiceDeploymentStatusSuccessful && !s.open():
		sc.baseline = s.target
	case s.failed() && !s.open():
		sc.baseline = s.source
	default:
		sc.baseline, sc.canary = s.source, s.target
	}
	for i := range hooksOf(s.newest) {
		h := &s.newest.LifecycleHookDetails[i]
		if h.Status == types.DeploymentLifecycleHookStatusAwaitingAction && h.TargetType == types.DeploymentLifecycleHookTargetTypePause {
			sc.hook = h
		}
	}
	if sc.returning {
		sc.weight = s.left()
	} else if sc.canary != nil {
		sc.weight, sc.strayed = s.share()
	} else if live, ok := sc.alone(); ok && live < 100-tolerance {
		sc.strayed = fmt.Sprintf("the rule %s sends %.4g %% to the target group of what serves, and not all", sc.baseline.rule, live)
	}
	return sc
}

// alone is what the rule sends to what serves alone, in percent; false where there is
// no rule.
func (s scene) alone() (float64, bool) {
	if s.canary != nil || s.baseline == nil || s.shares == nil || s.baseline.group == "" {
		return 100, false
	}
	return s.shares[s.baseline.group], true
}

func hooksOf(d *types.ServiceDeployment) []types.DeploymentLifecycleHookDetail {
	if d == nil {
		return nil
	}
	return d.LifecycleHookDetails
}

func (s sight) status() types.ServiceDeploymentStatus {
	if s.newest == nil {
		return ""
	}
	return s.newest.Status
}

// open is true for a deployment of a rollout that has not been told to have ended.
func (s sight) open() bool { return s.target.going() }

// failed is true for a deployment that has ended without success.
func (s sight) failed() bool {
	return slices.Contains([]types.ServiceDeploymentStatus{types.ServiceDeploymentStatusStopped, types.ServiceDeploymentStatusRollbackSuccessful, types.ServiceDeploymentStatusRollbackFailed}, s.status())
}

// forward is true while a deployment goes on towards its target.
func (s sight) forward() bool {
	return s.status() == types.ServiceDeploymentStatusPending || s.status() == types.ServiceDeploymentStatusInProgress
}

// back is true while, or after, ECS takes a deployment back.
func (s sight) back() bool {
	return s.newest != nil && !s.forward() && s.status() != types.ServiceDeploymentStatusSuccessful
}

// rolling is true for a deployment without a second target group, where ECS replaces
// tasks and no traffic is split.
func (s sight) rolling() bool {
	c := s.newest.DeploymentConfiguration
	return c == nil || c.Strategy == types.DeploymentStrategyRolling || c.Strategy == ""
}

// share is the canary's part of the production traffic. What ECS asked for counts
// where the rule agrees, since a rule's weights are whole numbers.
func (s sight) share() (weight float64, strayed string) {
	asked := s.asked()
	if s.shares == nil || s.target.group == "" || s.rolling() {
		return asked, ""
	}
	live := s.shares[s.target.group]
	foreign := 100 - live
	if s.source != nil {
		foreign -= s.shares[s.source.group]
	}
	switch {
	case s.source != nil && foreign > tolerance:
		strayed = fmt.Sprintf("the rule %s sends %.4g %% to target groups that are not of this deployment", s.target.rule, foreign)
	case math.Abs(live-asked) <= tolerance:
		return asked, ""
	default:
		strayed = fmt.Sprintf("the rule %s sends %.4g %% to the new artifact, and ECS asked for %g %%", s.target.rule, live, asked)
	}
	return math.Round(live*100) / 100, strayed
}

// left is what the canary still has of the traffic while a deployment takes it back.
func (s sight) left() float64 {
	switch {
	case s.status() == types.ServiceDeploymentStatusSuccessful:
		return 0
	case s.shares != nil && s.source.group != "" && s.source.group != s.target.group:
		return math.Round(s.shares[s.source.group]*100) / 100
	}
	return 100
}

// asked is the share that ECS has asked for. In a rolling deployment it is all or
// nothing: how many of the tasks are new so far says nothing about a step.
func (s sight) asked() float64 {
	switch {
	case s.failed():
		return 0
	case s.status() == types.ServiceDeploymentStatusSuccessful:
		return 100
	case s.rolling() && (s.newest.LifecycleStage == "" || slices.Contains(unscaled, s.newest.LifecycleStage)):
		return 0
	case s.rolling():
		return 100
	}
	return math.Round(aws.ToFloat64(s.target.RequestedProductionTrafficWeight)*10) / 10
}

// unscaled are the stages in which no new task runs.
var unscaled = []types.ServiceDeploymentLifecycleStage{types.ServiceDeploymentLifecycleStageReconcileService, types.ServiceDeploymentLifecycleStagePreScaleUp}

// health is ECS's word on the canary. Alarms and the circuit breaker speak of users
// who are hurt, and so does a way back that failed.
func (s sight) health(r *revision) target.Health {
	if r == s.target && s.newest != nil {
		alarms, breaker := s.newest.Alarms, s.newest.DeploymentCircuitBreaker
		const triggered = types.ServiceDeploymentRollbackMonitorsStatusTriggered
		if alarms != nil && (alarms.Status == triggered || len(alarms.TriggeredAlarmNames) > 0) || breaker != nil && breaker.Status == triggered || s.status() == types.ServiceDeploymentStatusRollbackFailed {
			return target.Unhealthy
		}
	}
	requested, running := r.RequestedTaskCount, r.RunningTaskCount
	if s.service != nil && !s.forward() && r == s.target {
		// A deployment that has ended tells how it was then.
		requested, running = s.service.DesiredCount, s.service.RunningCount
	}
	if requested > 0 && running >= requested {
		return target.Healthy
	}
	return target.HealthUnknown
}

// why says in ECS's words how a deployment is.
func (s sight) why() string {
	text := string(s.status())
	for _, more := range []*string{s.newest.StatusReason, rollbackReason(s.newest)} {
		if r := aws.ToString(more); r != "" && !strings.Contains(text, r) {
			text += ": " + r
		}
	}
	if a := s.newest.Alarms; a != nil && len(a.TriggeredAlarmNames) > 0 {
		text += "; alarms " + strings.Join(a.TriggeredAlarmNames, ", ")
	}
	return text
}

func rollbackReason(d *types.ServiceDeployment) *string {
	if d.Rollback == nil {
		return nil
	}
	return d.Rollback.Reason
}

// fingerprint tells states apart in which another change would be right: not how far
// ECS has come on its way, nor which hook waits.
func (s scene) fingerprint() string {
	var deployment, canary, baseline string
	if s.newest != nil {
		deployment = aws.ToString(s.newest.ServiceDeploymentArn)
	}
	if s.canary != nil {
		canary = aws.ToString(s.canary.detail.TaskDefinition)
	}
	if s.baseline != nil {
		baseline = aws.ToString(s.baseline.detail.TaskDefinition)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s|%s|%s|%g|%t|%s", deployment, baseline, canary, s.weight, s.back(), s.strayed))
	return hex.EncodeToString(sum[:8])
}

// Observe implements target.Target.
func (t *Target) Observe(ctx context.Context) (target.Observation, error) {
	s, err := t.look(ctx)
	if err != nil {
		return target.Observation{}, err
	}
	return t.observation(t.words(s)), nil
}

func (t *Target) observation(s scene) target.Observation {
	o := target.Observation{Known: true, Fingerprint: s.fingerprint(), Fields: map[string]any{}}
	if r := s.baseline; r != nil {
		live, alone := s.alone()
		o.Baseline = &target.ArmState{Payload: t.payload(r), Name: r.group, Weight: 100 - s.weight, Health: s.health(r), Replicas: int(r.RunningTaskCount)}
		if alone {
			// Somebody else may have moved it.
			o.Baseline.Weight = math.Round(live*100) / 100
		}
	}
	if r := s.canary; r != nil {
		o.Canary = &target.ArmState{Payload: t.payload(r), Name: r.group, Weight: s.weight, Health: s.health(r), Replicas: int(r.RunningTaskCount)}
		// What alarms took back is harm, which the health says.
		o.Reverted = s.open() && s.back() && !s.returning && o.Canary.Health != target.Unhealthy
	}
	if h := s.hook; h != nil && s.weight > 0 && s.forward() && h.TimeoutAction == types.DeploymentLifecycleHookActionRollback && h.ExpiresAt != nil {
		o.RevertAfter = max(h.ExpiresAt.Sub(s.now), time.Millisecond)
	}
	if s.service != nil {
		o.Fields = t.fields(s)
	}
	return o
}

// payload is what runs in a revision: the image that ECS resolved to a digest, and
// what a rollout wrote down.
func (t *Target) payload(r *revision) artifact.Payload {
	p := artifact.Payload{Artifact: artifact.Artifact{Version: r.tags[tagVersion]}, ConfigurationDigest: r.tags[tagConfiguration]}
	name := t.config.Container
	if r.task != nil && name == "" && len(r.task.ContainerDefinitions) == 1 {
		name = aws.ToString(r.task.ContainerDefinitions[0].Name)
	}
	if r.task != nil {
		for _, c := range r.task.ContainerDefinitions {
			if aws.ToString(c.Name) == name {
				p.Reference = aws.ToString(c.Image)
			}
		}
	}
	for _, c := range r.detail.ContainerImages {
		if aws.ToString(c.ContainerName) == name && p.Digest() == "" && aws.ToString(c.ImageDigest) != "" {
			p.Reference = aws.ToString(c.Image) + "@" + aws.ToString(c.ImageDigest)
		}
	}
	return p
}

// fields are what drift compares: how the baseline runs.
func (t *Target) fields(s scene) map[string]any {
	f := map[string]any{"desired_count": float64(s.service.DesiredCount), "deployment_controller": string(types.DeploymentControllerTypeEcs)}
	// Strategy and hooks are written anew by each rollout. The rest stays as it was set.
	if c := s.service.DeploymentConfiguration; c != nil {
		for name, value := range map[string]*int32{"deployment_maximum_percent": c.MaximumPercent, "deployment_minimum_healthy_percent": c.MinimumHealthyPercent} {
			if value != nil {
				f[name] = float64(*value)
			}
		}
		if b := c.DeploymentCircuitBreaker; b != nil {
			f["deployment_circuit_breaker"] = b.Enable
		}
		if a := c.Alarms; a != nil && a.Enable {
			f["deployment_alarms"] = strings.Join(slices.Sorted(slices.Values(a.AlarmNames)), " ")
		}
	}
	if s.baseline == nil {
		return f
	}
	if task := s.baseline.task; task != nil {
		for name, value := range map[string]*string{"family": task.Family, "cpu": task.Cpu, "memory": task.Memory, "task_role": task.TaskRoleArn, "execution_role": task.ExecutionRoleArn} {
			if aws.ToString(value) != "" {
				f[name] = *value
			}
		}
	}
	if s.baseline.group != "" {
		f["live_target_group"] = s.baseline.group
	}
	return f
}
