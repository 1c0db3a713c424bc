package albtest

import (
	"fmt"
	"slices"
)

// Scaling is Auto Scaling groups by their names.
type Scaling struct {
	Groups map[string]*ScalingGroup
	// NoStart is true where who asks may not start instances, so that no launch template
	// can be named.
	NoStart bool
	last    int
}

// ScalingGroup is an Auto Scaling group.
type ScalingGroup struct {
	Name, Group       string
	Template, Version string
	Min, Max, Desired int
	Instances         []Instance
	// Mixed is true for a group with a policy of several types of instances.
	Mixed bool
	// Looks are left until instances have come and gone.
	Looks int
}

// Instance is an instance.
type Instance struct{ ID, Version string }

// Template is the launch template of the groups.
const Template = "lt-0123456789abcdef0"

// Pair puts two Auto Scaling groups behind the target groups, of which blue's has so
// many instances of a version.
func (w *World) Pair(version string, instances int) {
	w.Scaling = &Scaling{Groups: map[string]*ScalingGroup{}}
	for name, group := range map[string]string{"checkout-blue": Blue, "checkout-green": Green} {
		w.Scaling.Groups[name] = &ScalingGroup{Name: name, Group: group, Template: Template, Version: version, Max: 2}
	}
	blue := w.Scaling.Groups["checkout-blue"]
	blue.Min, blue.Max, blue.Desired = 1, 6, instances
	slow := w.Slow
	w.Slow = 0
	w.launch(blue)
	w.Slow = slow
}

func (w *World) autoScaling(operation string, in map[string]any) (any, *problem) {
	if w.Scaling == nil {
		return nil, bad("ValidationError", "there are no groups")
	}
	if operation == "UpdateAutoScalingGroup" {
		return w.updateGroup(in)
	}
	list := []any{}
	for _, name := range texts(in["AutoScalingGroupNames"]) {
		if g := w.Scaling.Groups[name]; g != nil {
			list = append(list, w.scalingGroup(g))
		}
	}
	return map[string]any{"AutoScalingGroups": list}, nil
}

func (w *World) updateGroup(in map[string]any) (any, *problem) {
	g := w.Scaling.Groups[fmt.Sprint(in["AutoScalingGroupName"])]
	if g == nil {
		return nil, bad("ValidationError", "AutoScalingGroup name not found")
	}
	next := *g
	spec, _ := in["LaunchTemplate"].(map[string]any)
	if mixed, ok := in["MixedInstancesPolicy"].(map[string]any); ok {
		template, _ := mixed["LaunchTemplate"].(map[string]any)
		spec, _ = template["LaunchTemplateSpecification"].(map[string]any)
		if overrides, _ := template["Overrides"].([]any); len(overrides) != 2 {
			return nil, bad("ValidationError", "the overrides are gone")
		}
	}
	if spec != nil && w.Scaling.NoStart {
		return nil, &problem{403, "AccessDenied", "You are not authorized to use launch template: " + fmt.Sprint(spec["LaunchTemplateId"])}
	}
	if spec != nil {
		next.Template, next.Version = fmt.Sprint(spec["LaunchTemplateId"]), fmt.Sprint(spec["Version"])
	}
	for name, field := range map[string]*int{"MinSize": &next.Min, "MaxSize": &next.Max, "DesiredCapacity": &next.Desired} {
		if n, ok := in[name].(float64); ok {
			*field = int(n)
		}
	}
	if next.Desired < next.Min || next.Desired > next.Max {
		return nil, bad("ValidationError", "Desired capacity:%d must be between the specified min size:%d and max size:%d", next.Desired, next.Min, next.Max)
	}
	*g = next
	g.Looks = w.Slow
	w.serial++
	return nil, nil //nolint:nilnil // It is answered with nothing.
}

// launch makes what runs what is wanted. A new version replaces no instance.
func (w *World) launch(g *ScalingGroup) {
	for len(g.Instances) < g.Desired {
		w.Scaling.last++
		g.Instances = append(g.Instances, Instance{fmt.Sprintf("i-%017x", w.Scaling.last), g.Version})
		w.Register(g.Group, 1, g.Version)
	}
	for len(g.Instances) > g.Desired {
		last := len(g.Instances) - 1
		w.Deregister(g.Group, 1, g.Instances[last].Version)
		g.Instances = slices.Delete(g.Instances, last, last+1)
	}
}

func (w *World) scalingGroup(g *ScalingGroup) map[string]any {
	if g.Looks--; g.Looks <= 0 {
		g.Looks = 0
		w.launch(g)
	}
	instances := []any{}
	for _, i := range g.Instances {
		instances = append(instances, map[string]any{"InstanceId": i.ID, "AvailabilityZone": "eu-central-1a", "LifecycleState": "InService", "HealthStatus": "Healthy",
			"ProtectedFromScaleIn": false, "LaunchTemplate": map[string]any{"LaunchTemplateId": g.Template, "Version": i.Version}})
	}
	out := map[string]any{
		"AutoScalingGroupName": g.Name, "AutoScalingGroupARN": "arn:aws:autoscaling:eu-central-1:123456789012:autoScalingGroup:0b8a7a4e:autoScalingGroupName/" + g.Name, "MinSize": g.Min, "MaxSize": g.Max, "DesiredCapacity": g.Desired, "DefaultCooldown": 300, "AvailabilityZones": []any{"eu-central-1a"},
		"HealthCheckType": "ELB", "CreatedTime": "2026-01-01T00:00:00Z", "Instances": instances, "TargetGroupARNs": []any{g.Group},
	}
	spec := map[string]any{"LaunchTemplateId": g.Template, "Version": g.Version}
	if g.Mixed {
		out["MixedInstancesPolicy"] = map[string]any{
			"LaunchTemplate":        map[string]any{"LaunchTemplateSpecification": spec, "Overrides": []any{map[string]any{"InstanceType": "m7g.large"}, map[string]any{"InstanceType": "m6g.large"}}},
			"InstancesDistribution": map[string]any{"OnDemandPercentageAboveBaseCapacity": 25},
		}
	} else {
		out["LaunchTemplate"] = spec
	}
	return out
}
