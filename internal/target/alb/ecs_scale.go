package alb

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/applicationautoscaling"
	scaling "github.com/aws/aws-sdk-go-v2/service/applicationautoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// scalable reads what scales the services by itself; nil where nothing does.
func (p *servicePair) scalable(ctx context.Context) ([2]*scaling.ScalableTarget, error) {
	var out [2]*scaling.ScalableTarget
	_, c, err := p.clients(ctx)
	if err != nil {
		return out, err
	}
	ids := []string{p.id(0), p.id(1)}
	got, err := c.DescribeScalableTargets(ctx, &applicationautoscaling.DescribeScalableTargetsInput{
		ServiceNamespace: scaling.ServiceNamespaceEcs, ScalableDimension: scaling.ScalableDimensionECSServiceDesiredCount, ResourceIds: ids})
	if err != nil {
		return out, err
	}
	for _, t := range got.ScalableTargets {
		for i, id := range ids {
			if aws.ToString(t.ResourceId) == id {
				out[i] = &t
			}
		}
	}
	return out, nil
}

// id is what Application Auto Scaling calls a service.
func (p *servicePair) id(side int) string {
	return "service/" + p.config.ECS.Cluster + "/" + p.config.ECS.Services[side]
}

func held(t *scaling.ScalableTarget) bool {
	return t == nil || t.SuspendedState != nil && aws.ToBool(t.SuspendedState.DynamicScalingInSuspended)
}

// hold suspends scale-in on both sides: as traffic leaves the one that serves it would
// lose the room that a rollback needs. The other gets its bounds, too.
func (p *servicePair) hold(ctx context.Context, _ scene, idle int) (bool, error) {
	both, err := p.scalable(ctx)
	if err != nil {
		return false, err
	}
	serves, other := both[1-idle], both[idle]
	if !held(serves) {
		return true, p.suspend(ctx, serves, true, nil)
	}
	same := serves == nil || other == nil || aws.ToInt32(serves.MinCapacity) == aws.ToInt32(other.MinCapacity) && aws.ToInt32(serves.MaxCapacity) == aws.ToInt32(other.MaxCapacity)
	if !held(other) || !same {
		return true, p.suspend(ctx, other, true, serves)
	}
	return false, nil
}

// What the memory says of suspended scale-in: of the side that serves, as it was before a
// rollout; and between rollouts, that the other was left suspended by us.
const (
	scaledIn   = 0
	neverScale = 1
	leftHeld   = 2
)

// floor is whether the author had suspended scale-in of the side that serves, which is then
// no matter of ours. What the last rollout left suspended is: somebody has moved the weights
// back to it since.
func (p *servicePair) floor(ctx context.Context, sc scene) (int, error) {
	if was := sc.memory.floor; was == scaledIn || was == neverScale {
		return was, nil
	}
	both, err := p.scalable(ctx)
	ours := sc.memory.floor == leftHeld && sc.memory.baseline != shortID(sc.groups[sc.base])
	if err == nil && both[sc.base] != nil && held(both[sc.base]) && !ours {
		return neverScale, nil
	}
	return scaledIn, err
}

// left remembers that the idle side stays suspended, and not by its author.
func (*servicePair) left(sc scene) int {
	if sc.memory.floor == scaledIn {
		return leftHeld
	}
	return noFloor
}

// resume lets the side that serves be scaled in again, unless its author had suspended that.
// The idle one stays as it is, lest it be scaled up to its lower bound.
func (p *servicePair) resume(ctx context.Context, sc scene) (bool, error) {
	both, err := p.scalable(ctx)
	if err != nil || both[sc.base] == nil || !held(both[sc.base]) || sc.memory.floor == neverScale {
		return false, err
	}
	return true, p.suspend(ctx, both[sc.base], false, nil)
}

// suspend switches scale-in off or on, with the bounds of another target where that
// is given.
func (p *servicePair) suspend(ctx context.Context, t *scaling.ScalableTarget, off bool, like *scaling.ScalableTarget) error {
	_, c, err := p.clients(ctx)
	if err != nil {
		return err
	}
	state := scaling.SuspendedState{}
	if t.SuspendedState != nil {
		state = *t.SuspendedState
	}
	state.DynamicScalingInSuspended = aws.Bool(off)
	in := &applicationautoscaling.RegisterScalableTargetInput{ServiceNamespace: t.ServiceNamespace, ScalableDimension: t.ScalableDimension, ResourceId: t.ResourceId, SuspendedState: &state}
	if like != nil {
		in.MinCapacity, in.MaxCapacity = like.MinCapacity, like.MaxCapacity
	}
	_, err = c.RegisterScalableTarget(ctx, in)
	return err
}

func (p *servicePair) examine(ctx context.Context, sc scene, payload artifact.Payload) ([]target.Obstacle, []awscloud.Use, error) {
	var out []target.Obstacle
	add := func(remedy, format string, args ...any) {
		out = append(out, target.Obstacle{What: fmt.Sprintf(format, args...), Remedy: remedy})
	}
	for i, u := range sc.units {
		s := u.raw.(standing) //nolint:forcetypeassert // look made it.
		obstacle, _ := named(s.mine())
		if out = append(out, obstacle...); obstacle == nil && !sends(s.Service, p.config.TargetGroups[i]) {
			add("name the services in the order of target_groups; each registers its tasks with its own", "the service %s does not register its tasks with the target group %s", aws.ToString(s.ServiceName), groupName(p.config.TargetGroups[i]))
		}
	}
	serves := sc.units[sc.base].raw.(standing) //nolint:forcetypeassert // look made it.
	var template *taskDefinition
	d, at, err := p.template(ctx, serves, sc.base)
	if err == nil {
		template = &d
	}
	if err == nil && len(out) == 0 {
		err = fits(d, at, payload)
	}
	obstacle, err := named(err)
	if out = append(out, obstacle...); err != nil {
		return out, nil, err
	}
	both, err := p.scalable(ctx)
	if err != nil {
		return out, nil, err
	}
	if (both[0] == nil) != (both[1] == nil) {
		add("register both services with Application Auto Scaling, with policies, or neither", "only one of the two services is scaled automatically, so after a release nothing would scale the one that serves")
	}
	return out, p.changes(sc, both, template), nil
}

// sends reports whether a service registers its tasks with a target group.
func sends(s types.Service, group string) bool {
	for _, lb := range s.LoadBalancers {
		if aws.ToString(lb.TargetGroupArn) == group {
			return true
		}
	}
	return false
}
