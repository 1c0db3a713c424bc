package ecstest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

type problem struct {
	status     int
	code, text string
}

func refused(code, format string, args ...any) *problem {
	return &problem{400, code, fmt.Sprintf(format, args...)}
}

func (s *Service) do(operation string, in object) (any, *problem) {
	if c, ok := in["cluster"].(string); ok && (s.NoCluster || c != Cluster) {
		return nil, refused("ClusterNotFoundException", "Cluster not found.")
	}
	if !s.Slow {
		s.Newest().run()
	}
	switch operation {
	case "DescribeServices":
		return s.describe(in), nil
	case "ListServiceDeployments":
		return s.list(in)
	case "DescribeServiceDeployments":
		s.Newest().step()
		return s.deployments(in), nil
	case "DescribeServiceRevisions":
		return s.describeRevisions(in), nil
	case "DescribeTaskDefinition":
		return s.describeTask(in)
	case "ListTaskDefinitions":
		return s.listTasks(in), nil
	case "RegisterTaskDefinition":
		return object{"taskDefinition": s.taskOut(s.Register(in))}, nil
	case "TagResource":
		return s.tag(in)
	}
	out, p := s.change(operation, in)
	if p == nil && !s.Slow {
		s.Newest().run()
	}
	return out, p
}

func (s *Service) change(operation string, in object) (any, *problem) {
	switch operation {
	case "UpdateService":
		return s.update(in)
	case "StopServiceDeployment":
		d, p := s.find(in)
		switch {
		case p != nil:
			return nil, p
		case d.Status != "PENDING" && d.Status != "IN_PROGRESS":
			return nil, refused("ConflictException", "the service deployment is %s", d.Status)
		case d.Stage == "CLEAN_UP":
			// What it would go back to is being removed.
			return nil, refused("ConflictException", "the service deployment is in the stage CLEAN_UP")
		}
		d.Status, d.Reason, d.Hook = "STOP_REQUESTED", "stopped by a user", nil
		s.next()
		return object{"serviceDeploymentArn": d.ARN}, nil
	case "ContinueServiceDeployment":
		d, p := s.find(in)
		switch {
		case p != nil:
			return nil, p
		case d.Hook == nil || d.Hook.ID != in["hookId"] || d.Status != "IN_PROGRESS":
			return nil, refused("InvalidParameterException", "no hook %v awaits an action", in["hookId"])
		}
		d.Say(fmt.Sprint(in["action"]))
		s.next()
		return object{"serviceDeploymentArn": d.ARN}, nil
	}
	return nil, refused("ClientException", "%s is not known", operation)
}

func (s *Service) find(in object) (*Deployment, *problem) {
	for _, d := range s.Deployments {
		if d.ARN == in["serviceDeploymentArn"] {
			d.expire()
			return d, nil
		}
	}
	return nil, refused("ServiceDeploymentNotFoundException", "no such deployment")
}

func (s *Service) describe(in object) any {
	names := in["services"].([]any) //nolint:forcetypeassert // The model requires it.
	if s.Gone || names[0] != any(Name) {
		return object{"services": []any{}, "failures": []any{object{"arn": account + "service/" + Cluster + "/" + fmt.Sprint(names[0]), "reason": "MISSING"}}}
	}
	return object{"services": []any{s.out()}, "failures": []any{}}
}

func (s *Service) out() object {
	return s.Standing()
}

// Standing is what DescribeServices says of it.
func (s *Service) Standing() map[string]any {
	return object{"serviceArn": account + "service/" + Cluster + "/" + Name, "serviceName": Name, "clusterArn": account + "cluster/" + Cluster, "status": "ACTIVE", "desiredCount": s.Desired,
		"runningCount": s.Serving.Running, "taskDefinition": s.Newest().Target.Task, "deploymentController": object{"type": s.Controller}, "deploymentConfiguration": s.Config, "loadBalancers": s.Balancers}
}

func (s *Service) update(in object) (any, *problem) {
	if s.Gone || in["service"] != any(Name) {
		return nil, refused("ServiceNotFoundException", "Service not found.")
	}
	if c, ok := in["deploymentConfiguration"].(object); ok {
		next := maps.Clone(s.Config)
		maps.Copy(next, c)
		for name, strategy := range map[string]string{"canaryConfiguration": "CANARY", "linearConfiguration": "LINEAR"} {
			if next["strategy"] != any(strategy) {
				delete(next, name)
			}
			if c["strategy"] != any(strategy) && c[name] != nil {
				return nil, refused("InvalidParameterException", "%s is only valid with the strategy %s", name, strategy)
			}
		}
		s.Config = next
	}
	if l, ok := in["loadBalancers"].([]any); ok {
		s.Balancers = l
	}
	if s.strategy() != "ROLLING" && s.Advanced() == nil {
		return nil, refused("InvalidParameterException", "the strategy %s needs an advanced configuration", s.strategy())
	}
	task, _ := in["taskDefinition"].(string)
	if task == "" {
		return object{"service": s.out()}, nil
	}
	if s.Tasks[task] == nil {
		return nil, refused("ClientException", "TaskDefinition not found.")
	}
	s.Deploy(task)
	return object{"service": s.out()}, nil
}

// list gives small pages, so that there are several, in no order.
func (s *Service) list(in object) (any, *problem) {
	if s.Gone {
		return nil, refused("ServiceNotFoundException", "Service not found.")
	}
	const page = 2
	from := 0
	if token, ok := in["nextToken"].(string); ok {
		_, _ = fmt.Sscan(token, &from) // It is one of ours.
	}
	list := []any{}
	for _, d := range s.Deployments[from:min(from+page, len(s.Deployments))] {
		list = append(list, object{"serviceDeploymentArn": d.ARN, "status": d.Status, "createdAt": seconds(d.Created), "targetServiceRevisionArn": d.Target.ARN})
	}
	out := object{"serviceDeployments": list}
	if from+page < len(s.Deployments) {
		out["nextToken"] = fmt.Sprint(from + page)
	}
	return out, nil
}

func seconds(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }

func (s *Service) deployments(in object) any {
	list := []any{}
	for _, d := range s.Deployments {
		if slices.Contains(in["serviceDeploymentArns"].([]any), any(d.ARN)) { //nolint:forcetypeassert // The model requires it.
			list = append(list, d.out())
		}
	}
	return object{"serviceDeployments": list, "failures": []any{}}
}

func (d *Deployment) out() object {
	out := object{"serviceDeploymentArn": d.ARN, "status": d.Status, "statusReason": d.Reason, "createdAt": seconds(d.Created), "deploymentConfiguration": d.Config, "targetServiceRevision": d.Target.summary()}
	if d.Stage != "" {
		out["lifecycleStage"] = told(d.Stage)
	}
	sources := []any{}
	for _, r := range d.Sources {
		sources = append(sources, r.summary())
	}
	out["sourceServiceRevisions"] = sources
	hooks := []any{}
	for _, h := range append(slices.Clone(d.Past), d.Hook) {
		if h != nil {
			hooks = append(hooks, object{"hookId": h.ID, "targetType": "PAUSE", "status": h.Status, "expiresAt": seconds(h.Expires), "timeoutAction": h.Action})
		}
	}
	out["lifecycleHookDetails"] = hooks
	breaker := "MONITORING"
	if d.Breaker {
		breaker = "TRIGGERED"
	}
	out["deploymentCircuitBreaker"] = object{"status": breaker, "failureCount": 0, "threshold": 3}
	if a, _ := d.Config["alarms"].(object); a != nil {
		status := "MONITORING"
		if len(d.Alarmed) > 0 {
			status = "TRIGGERED"
		}
		out["alarms"] = object{"status": status, "alarmNames": a["alarmNames"], "triggeredAlarmNames": append([]string{}, d.Alarmed...)}
	}
	if strings.HasPrefix(d.Status, "ROLLBACK") {
		out["rollback"] = object{"reason": d.Reason, "serviceRevisionArn": d.Sources[0].ARN}
	}
	return out
}

// told is how a deployment names a stage: the model has hooks before a shift of the
// production traffic, and no stage of that name. Nobody has seen what AWS says there.
func told(stage string) string { return strings.Replace(stage, "PRE_PRODUCTION", "PRODUCTION", 1) }

func (r *Revision) summary() object {
	return object{"arn": r.ARN, "requestedTaskCount": r.Requested, "runningTaskCount": r.Running, "requestedProductionTrafficWeight": r.Weight, "requestedTestTrafficWeight": r.Test}
}

func (s *Service) describeRevisions(in object) any {
	list := []any{}
	for _, r := range s.revisions {
		if !slices.Contains(in["serviceRevisionArns"].([]any), any(r.ARN)) { //nolint:forcetypeassert // The model requires it.
			continue
		}
		image, sum := digest(s.Tasks[r.Task].Image())
		out := object{"serviceRevisionArn": r.ARN, "taskDefinition": r.Task, "containerImages": []any{object{"containerName": "app", "image": image, "imageDigest": sum}}}
		if s.Advanced() != nil {
			out["resolvedConfiguration"] = object{"loadBalancers": []any{object{"targetGroupArn": r.Group, "productionListenerRule": s.Advanced()["productionListenerRule"]}}}
		}
		list = append(list, out)
	}
	return object{"serviceRevisions": list, "failures": []any{}}
}

func (s *Service) describeTask(in object) (any, *problem) {
	name := fmt.Sprint(in["taskDefinition"])
	for _, t := range s.Tasks {
		if t.ARN != name && !strings.HasSuffix(t.ARN, "/"+name) {
			continue
		}
		tags := []any{}
		for k, v := range t.Tags {
			tags = append(tags, object{"key": k, "value": v})
		}
		return object{"taskDefinition": s.taskOut(t), "tags": tags}, nil
	}
	return nil, refused("ClientException", "Unable to describe task definition.")
}

func (s *Service) taskOut(t *Task) object {
	out := maps.Clone(t.Made)
	out["taskDefinitionArn"], out["revision"], out["status"] = t.ARN, t.Revision, "ACTIVE"
	return out
}

func (s *Service) listTasks(in object) any {
	var all []*Task
	for _, t := range s.Tasks {
		if in["familyPrefix"] == nil || t.Made["family"] == in["familyPrefix"] {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *Task) int { return b.Revision - a.Revision })
	list := []any{}
	for _, t := range all {
		list = append(list, t.ARN)
	}
	return object{"taskDefinitionArns": list}
}

func (s *Service) tag(in object) (any, *problem) {
	t := s.Tasks[fmt.Sprint(in["resourceArn"])]
	if t == nil {
		return nil, refused("InvalidParameterException", "The specified ARN is not valid.")
	}
	for _, tag := range in["tags"].([]any) { //nolint:forcetypeassert // The model requires it.
		tag := tag.(object) //nolint:forcetypeassert // The model says so.
		t.Tags[fmt.Sprint(tag["key"])] = fmt.Sprint(tag["value"])
	}
	s.next()
	return object{}, nil
}
