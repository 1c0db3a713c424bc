package alb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/pattern"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// groupPair is two Auto Scaling groups. What they run is a version of a launch
// template, which never changes, so its digest is that of its name.
type groupPair struct {
	session *awscloud.Session
	config  Config

	mu   sync.Mutex
	made *scalingGroups
}

var templatePattern = pattern.New(`^(lt-[0-9a-f]{8,17}):([0-9]+)@(sha256:[0-9a-f]{64})$`)

const exampleTemplate = "name a version of a launch template, by its id, with the digest of that name: locals { version = \"${aws_launch_template.checkout.id}:${aws_launch_template.checkout.latest_version}\" }, reference = \"${local.version}@sha256:${sha256(local.version)}\""

// versionOf is the reference of a version of a launch template.
func versionOf(id, number string) string {
	sum := sha256.Sum256([]byte(id + ":" + number))
	return id + ":" + number + "@sha256:" + hex.EncodeToString(sum[:])
}

func (*groupPair) admit(p artifact.Payload) error {
	m := templatePattern.FindStringSubmatch(p.Reference)
	switch {
	case m == nil:
		return &target.Error{Code: target.CodeNotFound, Message: fmt.Sprintf("%q names no version of a launch template", p.Reference), Remedy: exampleTemplate}
	case versionOf(m[1], m[2]) != p.Reference:
		return &target.Error{Code: target.CodeInvalid, Message: fmt.Sprintf("the digest of %q is not that of %q", p.Reference, m[1]+":"+m[2]), Remedy: exampleTemplate}
	}
	return nil
}

func (p *groupPair) check(_ context.Context, _ scene, _ int, payload artifact.Payload) error {
	return p.admit(payload)
}

func (p *groupPair) client(ctx context.Context) (*scalingGroups, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.made == nil {
		cfg, err := p.session.Config(ctx)
		if err != nil {
			return nil, err
		}
		p.made = newScalingGroups(cfg)
	}
	return p.made, nil
}

func (p *groupPair) look(ctx context.Context, _ sight) ([2]unit, error) {
	var out [2]unit
	c, err := p.client(ctx)
	if err != nil {
		return out, err
	}
	got, err := c.DescribeAutoScalingGroups(ctx, &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: p.config.AutoScaling.Groups})
	if err != nil {
		return out, err
	}
	for i, name := range p.config.AutoScaling.Groups {
		at := slices.IndexFunc(got.AutoScalingGroups, func(g types.AutoScalingGroup) bool { return aws.ToString(g.AutoScalingGroupName) == name })
		if at < 0 {
			return out, &target.Error{Code: target.CodeNotFound, Message: "there is no Auto Scaling group " + name + " in " + p.config.Region, Remedy: "look at its name, the region and the account of the credentials; Sluice creates none"}
		}
		out[i] = unitOf(got.AutoScalingGroups[at])
	}
	return out, nil
}

// launched is the version of the launch template that a group starts.
func launched(g types.AutoScalingGroup) *types.LaunchTemplateSpecification {
	if m := g.MixedInstancesPolicy; m != nil && m.LaunchTemplate != nil {
		return m.LaunchTemplate.LaunchTemplateSpecification
	}
	return g.LaunchTemplate
}

// unitOf says what a group runs. A version that is named $Latest moves, so nobody can
// tell what it is.
func unitOf(g types.AutoScalingGroup) unit {
	u := unit{wanted: int(aws.ToInt32(g.DesiredCapacity)), raw: g}
	strays := 0
	lt := launched(g)
	for _, i := range g.Instances {
		switch {
		case lt != nil && i.LaunchTemplate != nil && aws.ToString(i.LaunchTemplate.Version) != aws.ToString(lt.Version):
			strays++
		case i.LifecycleState == types.LifecycleStateInService && aws.ToString(i.HealthStatus) == "Healthy":
			u.running++
		}
	}
	u.settled = strays == 0 && u.running >= u.wanted && len(g.Instances) <= max(u.wanted, 0)
	if lt != nil && (u.wanted > 0 || len(g.Instances) > 0) {
		id, number := aws.ToString(lt.LaunchTemplateId), aws.ToString(lt.Version)
		u.payload.Version, u.payload.Reference = number, id+":"+number
		if !strings.HasPrefix(number, "$") {
			u.payload.Reference = versionOf(id, number)
		}
	}
	u.running = max(u.running, len(g.Instances)-strays)
	u.fields = map[string]any{"auto_scaling.max_size": float64(aws.ToInt32(g.MaxSize))}
	return u
}

// update makes one write.
func (p *groupPair) update(ctx context.Context, g types.AutoScalingGroup, change func(*autoscaling.UpdateAutoScalingGroupInput)) error {
	c, err := p.client(ctx)
	if err != nil {
		return err
	}
	in := &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: g.AutoScalingGroupName}
	change(in)
	_, err = c.UpdateAutoScalingGroup(ctx, in)
	return err
}

// floor is the smallest size of the group that serves, before hold raises it.
func (*groupPair) floor(_ context.Context, sc scene) (int, error) {
	if sc.memory.floor != noFloor {
		return sc.memory.floor, nil
	}
	return int(aws.ToInt32(sc.units[sc.base].raw.(types.AutoScalingGroup).MinSize)), nil //nolint:forcetypeassert // look made it.
}

func (*groupPair) left(scene) int { return noFloor }

// hold makes the present size of the group that serves its smallest, so that it is
// not scaled in, and may still be scaled out.
func (p *groupPair) hold(ctx context.Context, sc scene, idle int) (bool, error) {
	g := sc.units[1-idle].raw.(types.AutoScalingGroup) //nolint:forcetypeassert // look made it.
	if aws.ToInt32(g.MinSize) >= aws.ToInt32(g.DesiredCapacity) {
		return false, nil
	}
	return true, p.update(ctx, g, func(in *autoscaling.UpdateAutoScalingGroupInput) { in.MinSize = g.DesiredCapacity })
}

// resume gives the group that serves the smallest size that the author wrote.
func (p *groupPair) resume(ctx context.Context, sc scene) (bool, error) {
	g := sc.units[sc.base].raw.(types.AutoScalingGroup) //nolint:forcetypeassert // look made it.
	if sc.memory.floor < 0 || int(aws.ToInt32(g.MinSize)) == sc.memory.floor {
		return false, nil
	}
	return true, p.update(ctx, g, func(in *autoscaling.UpdateAutoScalingGroupInput) { in.MinSize = aws.Int32(int32(sc.memory.floor)) }) //nolint:gosec // It has 31 bits.
}

func (p *groupPair) rest(ctx context.Context, sc scene, idle int) (bool, error) {
	g := sc.units[idle].raw.(types.AutoScalingGroup) //nolint:forcetypeassert // look made it.
	keep := p.config.IdleCapacity
	if aws.ToInt32(g.DesiredCapacity) <= keep {
		return false, nil
	}
	return true, p.update(ctx, g, func(in *autoscaling.UpdateAutoScalingGroupInput) {
		in.DesiredCapacity, in.MinSize = aws.Int32(keep), aws.Int32(min(keep, aws.ToInt32(g.MinSize)))
	})
}

// bring empties the idle group of what ran there before, and fills it with as many
// instances of the new version as serve.
func (p *groupPair) bring(ctx context.Context, sc scene, idle int, req target.PrepareRequest) (bool, error) {
	g, serves := sc.units[idle].raw.(types.AutoScalingGroup), sc.units[1-idle].raw.(types.AutoScalingGroup) //nolint:forcetypeassert // look made them.
	m := templatePattern.FindStringSubmatch(req.Payload.Reference)
	if m == nil {
		return false, p.admit(req.Payload)
	}
	id, number := m[1], m[2]
	strays := slices.ContainsFunc(g.Instances, func(i types.Instance) bool {
		return i.LaunchTemplate == nil || aws.ToString(i.LaunchTemplate.LaunchTemplateId) != id || aws.ToString(i.LaunchTemplate.Version) != number
	})
	lt := launched(g)
	same := lt != nil && aws.ToString(lt.LaunchTemplateId) == id && aws.ToString(lt.Version) == number
	want := max(1, aws.ToInt32(serves.DesiredCapacity))
	switch {
	case strays && aws.ToInt32(g.DesiredCapacity) == 0:
		return false, nil // They are on their way out; the unit is not settled.
	case strays:
		want = 0
	case same && aws.ToInt32(g.DesiredCapacity) >= want:
		return false, nil
	}
	return true, p.update(ctx, g, func(in *autoscaling.UpdateAutoScalingGroupInput) {
		in.DesiredCapacity, in.MinSize = aws.Int32(want), aws.Int32(want)
		if most := max(want, aws.ToInt32(serves.MaxSize)); most > aws.ToInt32(g.MaxSize) {
			in.MaxSize = aws.Int32(most)
		}
		spec := &types.LaunchTemplateSpecification{LaunchTemplateId: aws.String(id), Version: aws.String(number)}
		if mixed := g.MixedInstancesPolicy; mixed != nil && mixed.LaunchTemplate != nil {
			// The whole policy, with nothing else changed.
			policy, template := *mixed, *mixed.LaunchTemplate
			template.LaunchTemplateSpecification, policy.LaunchTemplate = spec, &template
			in.MixedInstancesPolicy = &policy
		} else {
			in.LaunchTemplate = spec
		}
	})
}

func (p *groupPair) examine(_ context.Context, sc scene, payload artifact.Payload) ([]target.Obstacle, []awscloud.Use, error) {
	var out []target.Obstacle
	for i, u := range sc.units {
		g := u.raw.(types.AutoScalingGroup) //nolint:forcetypeassert // look made it.
		name := aws.ToString(g.AutoScalingGroupName)
		if lt := launched(g); lt == nil {
			out = append(out, target.Obstacle{What: "the Auto Scaling group " + name + " starts instances of no launch template", Remedy: "give it one, by a numbered version"})
		} else if strings.HasPrefix(aws.ToString(lt.Version), "$") {
			out = append(out, target.Obstacle{What: "the Auto Scaling group " + name + " starts the version " + aws.ToString(lt.Version) + " of its launch template, which moves, so nobody can tell what runs", Remedy: "name a numbered version: version = aws_launch_template.checkout.latest_version"})
		}
		if !slices.Contains(g.TargetGroupARNs, p.config.TargetGroups[i]) {
			out = append(out, target.Obstacle{What: "the Auto Scaling group " + name + " does not register its instances with the target group " + groupName(p.config.TargetGroups[i]), Remedy: "name the groups in the order of target_groups; each registers its instances with its own"})
		}
	}
	return out, p.changes(sc, payload), nil
}
