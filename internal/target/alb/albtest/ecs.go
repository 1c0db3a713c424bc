package albtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ECS is the cluster "production".
type ECS struct {
	Services map[string]*Service
	// Definitions are task definitions, in the order of their registration.
	Definitions []*Definition
	// Scalable are the services that are scaled automatically.
	Scalable map[string]*Scalable
	// Broken lists images whose tasks do not start.
	Broken map[string]bool
}

// Service is a service.
type Service struct {
	Name, Group, Definition string
	Desired, Running        int
	// Held is how many run whatever is desired, nil for as many as that.
	Held *int
	// Controller and Strategy are "ECS" and "ROLLING" where they are empty.
	Controller, Strategy string
	// Looks are left until a deployment is done. Failed counts tasks.
	Looks, Failed int
}

// Definition is a revision of the family "checkout".
type Definition struct {
	Revision int
	// In is what was registered.
	In   map[string]any
	Tags map[string]string
}

// Scalable is what scales a service.
type Scalable struct {
	Min, Max  int
	Suspended bool
}

const taskDefinitions = "arn:aws:ecs:eu-central-1:123456789012:task-definition/checkout:"

// ARN is the definition's.
func (d *Definition) ARN() string { return fmt.Sprint(taskDefinitions, d.Revision) }

// Image is that of the container "checkout".
func (d *Definition) Image() string {
	for _, c := range d.In["containerDefinitions"].([]any) { //nolint:forcetypeassert // The model requires it.
		if c := c.(map[string]any); c["name"] == "checkout" { //nolint:forcetypeassert // The model says so.
			return fmt.Sprint(c["image"])
		}
	}
	return ""
}

// Cluster puts a pair of services behind the groups, of which blue's runs so many
// tasks of an image.
func (w *World) Cluster(image string, tasks int) {
	w.ECS = &ECS{Services: map[string]*Service{}, Scalable: map[string]*Scalable{}, Broken: map[string]bool{}}
	w.define(map[string]any{
		"family": "checkout", "networkMode": "awsvpc", "cpu": "256", "memory": "512", "executionRoleArn": "arn:aws:iam::123456789012:role/execution",
		"requiresCompatibilities": []any{"FARGATE"},
		"containerDefinitions": []any{
			map[string]any{"name": "log-router", "image": "registry.example/log-router:3", "essential": false},
			map[string]any{"name": "checkout", "image": image, "essential": true, "portMappings": []any{map[string]any{"containerPort": 8080.0}}},
		},
		"tags": []any{map[string]any{"key": "team", "value": "shop"}},
	})
	for name, group := range map[string]string{"checkout-blue": Blue, "checkout-green": Green} {
		w.ECS.Services[name] = &Service{Name: name, Group: group, Definition: w.ECS.Definitions[0].ARN()}
	}
	blue := w.ECS.Services["checkout-blue"]
	blue.Desired, blue.Running = tasks, tasks
	slow := w.Slow
	w.Slow = 0
	w.Register(Blue, tasks, image)
	w.Slow = slow
}

func (w *World) define(in map[string]any) *Definition {
	d := &Definition{Revision: len(w.ECS.Definitions) + 1, In: in, Tags: map[string]string{}}
	tags, _ := in["tags"].([]any)
	for _, tag := range tags {
		tag := tag.(map[string]any) //nolint:forcetypeassert // The model says so.
		d.Tags[fmt.Sprint(tag["key"])] = fmt.Sprint(tag["value"])
	}
	w.ECS.Definitions = append(w.ECS.Definitions, d)
	return d
}

func (w *World) definition(name string) *Definition {
	for _, d := range w.ECS.Definitions {
		if d.ARN() == name || strings.HasSuffix(d.ARN(), "/"+name) {
			return d
		}
	}
	return nil
}

func (w *World) ecs(operation string, in map[string]any) (any, *problem) {
	if w.ECS == nil || in["cluster"] != nil && in["cluster"] != "production" {
		return nil, bad("ClusterNotFoundException", "Cluster not found.")
	}
	switch operation {
	case "DescribeServices":
		list := []any{}
		for _, name := range texts(in["services"]) {
			if s := w.ECS.Services[name]; s != nil {
				list = append(list, w.service(s))
			}
		}
		return map[string]any{"services": list}, nil
	case "UpdateService":
		return w.updateService(in)
	case "RegisterTaskDefinition":
		w.serial++
		return map[string]any{"taskDefinition": w.define(in).told()}, nil
	case "DescribeTaskDefinition":
		d := w.definition(fmt.Sprint(in["taskDefinition"]))
		if d == nil {
			return nil, bad("ClientException", "Unable to describe task definition.")
		}
		tags := []any{}
		for _, key := range slices.Sorted(maps.Keys(d.Tags)) {
			tags = append(tags, map[string]any{"key": key, "value": d.Tags[key]})
		}
		return map[string]any{"taskDefinition": d.told(), "tags": tags}, nil
	case "ListTaskDefinitions":
		most, _ := in["maxResults"].(float64)
		list := []any{}
		for _, d := range slices.Backward(w.ECS.Definitions) {
			if len(list) < int(most) {
				list = append(list, d.ARN())
			}
		}
		return map[string]any{"taskDefinitionArns": list}, nil
	}
	return w.scalable(operation, in)
}

func (d *Definition) told() map[string]any {
	out := maps.Clone(d.In)
	delete(out, "tags")
	out["taskDefinitionArn"], out["revision"], out["status"] = d.ARN(), d.Revision, "ACTIVE"
	return out
}

func (w *World) updateService(in map[string]any) (any, *problem) {
	s := w.ECS.Services[fmt.Sprint(in["service"])]
	if s == nil {
		return nil, bad("ServiceNotFoundException", "Service not found.")
	}
	if s.Controller == "CODE_DEPLOY" && in["taskDefinition"] != nil {
		return nil, bad("InvalidParameterException", "Unable to update task definition on services with a CODE_DEPLOY deployment controller.")
	}
	if name, ok := in["taskDefinition"].(string); ok {
		d := w.definition(name)
		if d == nil {
			return nil, bad("ClientException", "TaskDefinition not found.")
		}
		s.Definition = d.ARN()
	}
	if n, ok := in["desiredCount"].(float64); ok {
		s.Desired = int(n)
	}
	s.Looks, s.Failed = w.Slow, 0
	w.serial++
	return map[string]any{"service": w.service(s)}, nil
}

// service tells a service. Each look brings its deployment nearer to its end.
func (w *World) service(s *Service) map[string]any {
	image := w.definition(s.Definition).Image()
	state := "COMPLETED"
	switch s.Looks--; {
	case w.ECS.Broken[image] && s.Desired > 0:
		w.Deregister(s.Group, 1000, "")
		s.Running, s.Failed, state = 0, s.Failed+1, "IN_PROGRESS"
	case s.Looks > 0:
		state = "IN_PROGRESS"
	default:
		s.Looks = 0
		w.run(s, image)
	}
	out := map[string]any{
		"serviceName": s.Name, "serviceArn": "arn:aws:ecs:eu-central-1:123456789012:service/production/" + s.Name, "status": "ACTIVE", "taskDefinition": s.Definition, "desiredCount": s.Desired, "runningCount": s.Running,
		"loadBalancers": []any{map[string]any{"targetGroupArn": s.Group, "containerName": "checkout", "containerPort": 8080}},
		"deployments":   []any{map[string]any{"status": "PRIMARY", "taskDefinition": s.Definition, "rolloutState": state, "desiredCount": s.Desired, "runningCount": s.Running, "failedTasks": s.Failed}},
		"events":        []any{map[string]any{"message": "(service " + s.Name + ") has reached a steady state."}},
	}
	if s.Failed > 0 {
		out["events"] = []any{map[string]any{"message": "CannotPullContainerError: " + image + ": not found"}}
	}
	if s.Controller != "" {
		out["deploymentController"] = map[string]any{"type": s.Controller}
	}
	if s.Strategy != "" {
		out["deploymentConfiguration"] = map[string]any{"strategy": s.Strategy}
	}
	return out
}

// run makes what runs what is wanted: old tasks drain, and new ones are registered.
func (w *World) run(s *Service, image string) {
	desired := s.Desired
	if s.Held != nil {
		desired = *s.Held
	}
	right := 0
	for _, t := range slices.Clone(w.Groups[s.Group].Targets) {
		if t.Runs != image {
			w.Deregister(s.Group, 1, t.Runs)
		} else if t.State != "draining" {
			right++
		}
	}
	if right < desired {
		w.Register(s.Group, desired-right, image)
	} else {
		w.Deregister(s.Group, right-desired, image)
	}
	s.Running = desired
}

func (w *World) scalable(operation string, in map[string]any) (any, *problem) {
	told := func(id string, s *Scalable) map[string]any {
		return map[string]any{"ScalableTargetARN": "arn:aws:application-autoscaling:eu-central-1:123456789012:scalable-target/" + strings.TrimPrefix(id, "service/production/"), "ServiceNamespace": "ecs", "ResourceId": id, "ScalableDimension": "ecs:service:DesiredCount", "MinCapacity": s.Min, "MaxCapacity": s.Max,
			"RoleARN": "arn:aws:iam::123456789012:role/scaling", "CreationTime": 1767225600, "SuspendedState": map[string]any{"DynamicScalingInSuspended": s.Suspended}}
	}
	if operation == "DescribeScalableTargets" {
		list := []any{}
		for _, id := range texts(in["ResourceIds"]) {
			if s := w.ECS.Scalable[id]; s != nil {
				list = append(list, told(id, s))
			}
		}
		return map[string]any{"ScalableTargets": list}, nil
	}
	s := w.ECS.Scalable[fmt.Sprint(in["ResourceId"])]
	if s == nil {
		return nil, bad("ValidationException", "MinCapacity is required for a new target")
	}
	if state, ok := in["SuspendedState"].(map[string]any); ok {
		s.Suspended = state["DynamicScalingInSuspended"] == true
	}
	if n, ok := in["MinCapacity"].(float64); ok {
		s.Min = int(n)
	}
	if n, ok := in["MaxCapacity"].(float64); ok {
		s.Max = int(n)
	}
	w.serial++
	return map[string]any{}, nil
}
