package ecs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// Revert implements target.Target. It looks at nothing that it need not know before
// the one call that makes ECS go back. The traffic is back with the first thing that
// ECS does then; it is done when ECS says that its way back has ended, since that may
// fail, and only a person can help then. Once a deployment has ended the old tasks are gone, and the way back
// is a deployment of its own, which takes minutes.
func (t *Target) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	ctx = awscloud.Urgent(ctx)
	if err := keyed(req); err != nil {
		return target.Progress{}, err
	}
	s, err := t.deployment(ctx)
	if err != nil {
		return target.Progress{}, err
	}
	wrote, err := t.takeBack(ctx, t.words(s), req)
	if err != nil {
		return target.Progress{}, err
	}
	if s, err = t.look(ctx); err != nil {
		if wrote {
			err = awsport.Unread(err, "ECS was told to go back, and what that led to cannot be read")
		}
		return target.Progress{}, err
	}
	switch now := t.words(s); {
	case now.canary.rollout() == "" || ofAnother(now.canary, releaseOf(req.Rollout)) || now.weight == 0 && now.settled():
		return target.Progress{Done: true, Observation: t.observation(now)}, nil
	case now.strayed != "" && now.settled():
		return target.Progress{}, t.conflict(now, now.strayed, "ECS has ended its way back and does nothing more: a person must put the rule's weights right, for example by aws elbv2 modify-rule")
	default:
		return t.wait(now, time.Second), nil
	}
}

// takeBack makes the one call that makes ECS go back, where one is needed, and says whether
// it did.
func (t *Target) takeBack(ctx context.Context, sc scene, req target.WriteRequest) (bool, error) {
	switch {
	case sc.newest != nil && sc.canary.rollout() == "" && sc.superseded():
		return false, unseen(t.foreign(sc))
	case sc.canary.rollout() == "", ofAnother(sc.canary, releaseOf(req.Rollout)), sc.returning && !sc.back():
		return false, nil // Nothing of ours is there, or it is on its way back.
	case sc.status() == types.ServiceDeploymentStatusRollbackFailed, sc.returning:
		return false, t.stuck(sc)
	case sc.status() == types.ServiceDeploymentStatusSuccessful:
		return true, t.deployBack(ctx, sc)
	case sc.forward() && sc.hook != nil:
		return true, t.say(ctx, sc, types.DeploymentLifecycleHookActionRollback)
	case sc.forward():
		return true, t.halt(ctx, sc)
	}
	return false, nil
}

// superseded is true while somebody else's deployment has taken the place of one of
// ours that still has traffic: it cannot be taken back without taking theirs back.
func (s scene) superseded() bool {
	return slices.ContainsFunc(append([]*revision{s.source}, s.also...), func(r *revision) bool {
		return r != nil && r.going() && !s.failed() && aws.ToFloat64(r.RequestedProductionTrafficWeight) > 0
	})
}

// settled is true when ECS has ended what takes the canary back, and it did not fail.
func (s scene) settled() bool {
	if s.returning {
		return s.status() == types.ServiceDeploymentStatusSuccessful
	}
	return s.failed() && s.status() != types.ServiceDeploymentStatusRollbackFailed
}

// deployBack deploys what served before, without any stop on the way.
func (t *Target) deployBack(ctx context.Context, sc scene) error {
	if sc.source == nil || aws.ToString(sc.source.detail.TaskDefinition) != sc.target.tags[tagBefore] {
		return t.stuck(sc)
	}
	service, err := t.service(ctx)
	if err != nil {
		return err
	}
	d := &types.DeploymentConfiguration{Strategy: types.DeploymentStrategyRolling, LifecycleHooks: []types.DeploymentLifecycleHook{},
		DeploymentCircuitBreaker: &types.DeploymentCircuitBreaker{Enable: true}, Alarms: &types.DeploymentAlarms{AlarmNames: []string{}}}
	if shifting(service) {
		d.Strategy, d.BakeTimeInMinutes = types.DeploymentStrategyBlueGreen, aws.Int32(0)
	}
	c, err := t.ecs(ctx)
	if err != nil {
		return err
	}
	_, err = c.UpdateService(ctx, &awsecs.UpdateServiceInput{Cluster: t.cluster(), Service: aws.String(t.config.Service), TaskDefinition: sc.source.detail.TaskDefinition, DeploymentConfiguration: d}, notTwice)
	return t.failed(err, true)
}

// stuck says that ECS could not go back, which only a person can put right.
func (t *Target) stuck(sc scene) error {
	serves := "FAMILY:REVISION"
	if r := sc.canary; r != nil && r.tags[tagBefore] != "" {
		serves = r.tags[tagBefore]
	}
	return unseen(t.conflict(sc, "ECS could not take the deployment back, and does not try again by itself ("+sc.why()+"): a person is needed",
		fmt.Sprintf("look at the rule's weights and at the tasks of both target groups, and send all traffic to what served before: aws ecs update-service --cluster %s --service %s --task-definition %s", t.config.Cluster, t.config.Service, serves)))
}

// unseen leaves the observation out of a conflict: that the canary has no traffic now
// must not be taken for a way back that has ended.
func unseen(err error) error {
	var te *target.Error
	if errors.As(err, &te) {
		te.Observation = nil
	}
	return err
}
