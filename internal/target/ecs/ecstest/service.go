package ecstest

import (
	"fmt"
	"maps"
	"strings"
	"time"
)

// The names of what the service is made of.
const (
	Cluster = "production"
	Name    = "checkout"

	account = "arn:aws:ecs:eu-central-1:123456789012:"
	elb     = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:"

	// Blue and Green are the target groups; Rule sends production traffic to them, and
	// TestRule test traffic.
	Blue     = elb + "targetgroup/blue/0123456789abcdef"
	Green    = elb + "targetgroup/green/fedcba9876543210"
	Rule     = elb + "listener-rule/app/web/0123456789abcdef/0123456789abcdef/0123456789abcdef"
	TestRule = elb + "listener-rule/app/web/0123456789abcdef/0123456789abcdef/fedcba9876543210"
	Role     = "arn:aws:iam::123456789012:role/ecs-infrastructure"
)

// object is JSON.
type object = map[string]any

// Service is a service of ECS with its deployments, task definitions and the rule
// before it.
type Service struct {
	// Gone and NoCluster are what was deleted.
	Gone, NoCluster bool
	// Controller owns the deployments.
	Controller string
	Desired    int
	// Slow lets each look at a deployment bring it one stage further. Otherwise each
	// change runs until something stops it.
	Slow bool
	// Lasts keeps deployments in the stage that they are in.
	Lasts bool
	// Broken lists images whose tasks never become healthy.
	Broken []string
	// RollbackFails lets no way back succeed.
	RollbackFails bool

	Config    object
	Balancers []any
	Serving   *Revision
	// Deployments are all, the oldest first.
	Deployments []*Deployment
	Tasks       map[string]*Task
	// Weights are the rule's, by target group.
	Weights map[string]int

	// Routed is called with the rule's weights when ECS has moved them.
	Routed func(weights map[string]int)

	now       func() time.Time
	revisions []*Revision
	serial    int
}

// Task is a task definition.
type Task struct {
	ARN      string
	Revision int
	Made     object
	Tags     map[string]string
}

// Revision is a service revision.
type Revision struct {
	ARN, Task, Group string
	Requested        int
	Running          int
	Weight, Test     float64
}

// Image is that of the task definition's first container.
func (t *Task) Image() string {
	first, _ := t.Made["containerDefinitions"].([]any)[0].(object)
	image, _ := first["image"].(string)
	return image
}

func newService(image string, now func() time.Time) *Service {
	s := &Service{Controller: "ECS", Desired: 2, Tasks: map[string]*Task{}, Weights: map[string]int{Blue: 100, Green: 0}, now: now}
	s.Balancers = []any{object{"targetGroupArn": Blue, "containerName": "app", "containerPort": 8080, "advancedConfiguration": object{
		"alternateTargetGroupArn": Green, "productionListenerRule": Rule, "testListenerRule": TestRule, "roleArn": Role}}}
	s.Config = object{"maximumPercent": 200, "minimumHealthyPercent": 100, "strategy": "BLUE_GREEN", "bakeTimeInMinutes": 5}
	task := s.Register(object{"family": Name, "containerDefinitions": []any{object{"name": "app", "image": image, "essential": true}},
		"cpu": "256", "memory": "512", "networkMode": "awsvpc", "requiresCompatibilities": []any{"FARGATE"}, "taskRoleArn": "arn:aws:iam::123456789012:role/checkout"})
	s.Serving = s.revision(task.ARN, Blue)
	s.Serving.Requested, s.Serving.Running, s.Serving.Weight = s.Desired, s.Desired, 100
	s.Deployments = append(s.Deployments, &Deployment{ARN: s.deploymentARN(), Status: "SUCCESSFUL", Stage: "CLEAN_UP", Target: s.Serving, Config: s.Config, Created: now()})
	return s
}

func (s *Service) next() int { s.serial++; return s.serial }

// Register makes a task definition as somebody else would.
func (s *Service) Register(made object) *Task {
	n := len(s.Tasks) + 1
	t := &Task{ARN: fmt.Sprintf("%stask-definition/%s:%d", account, made["family"], n), Revision: n, Made: maps.Clone(made), Tags: map[string]string{}}
	tags, _ := made["tags"].([]any)
	for _, tag := range tags {
		tag := tag.(object)                                    //nolint:forcetypeassert // The model says so.
		t.Tags[tag["key"].(string)] = fmt.Sprint(tag["value"]) //nolint:forcetypeassert // The model says so.
	}
	delete(t.Made, "tags")
	s.Tasks[t.ARN] = t
	s.next()
	return t
}

func (s *Service) revision(task, group string) *Revision {
	r := &Revision{ARN: fmt.Sprintf("%sservice-revision/%s/%s/%d", account, Cluster, Name, s.next()), Task: task, Group: group}
	s.revisions = append(s.revisions, r)
	return r
}

func (s *Service) deploymentARN() string {
	return fmt.Sprintf("%sservice-deployment/%s/%s/%d", account, Cluster, Name, s.next())
}

// Newest is the latest deployment.
func (s *Service) Newest() *Deployment { return s.Deployments[len(s.Deployments)-1] }

// Advanced is what the load balancer says of shifting, nil where it says nothing.
func (s *Service) Advanced() object {
	if len(s.Balancers) == 0 {
		return nil
	}
	a, _ := s.Balancers[0].(object)["advancedConfiguration"].(object)
	return a
}

// Deploy begins a deployment of a task definition, as UpdateService does: nothing
// asks whether another is in progress.
func (s *Service) Deploy(task string) *Deployment {
	from := []*Revision{s.Serving}
	group := s.Serving.Group
	if s.strategy() != "ROLLING" && s.Advanced() != nil {
		group = s.other(group)
	}
	last := s.Newest()
	superseding := !last.over()
	if superseding {
		last.Status, last.Reason, last.Hook = "STOPPED", "superseded by a newer service deployment", nil
		from = append(from, last.Target)
	}
	d := &Deployment{ARN: s.deploymentARN(), Status: "PENDING", Target: s.revision(task, group), Sources: from, Config: maps.Clone(s.Config), Created: s.now().Add(time.Duration(s.serial) * time.Millisecond), service: s}
	d.plan(superseding)
	s.Deployments = append(s.Deployments, d)
	return d
}

// other is the target group beside one of the service's two.
func (s *Service) other(group string) string {
	own, _ := s.Balancers[0].(object)["targetGroupArn"].(string)
	if group != own {
		return own
	}
	alternate, _ := s.Advanced()["alternateTargetGroupArn"].(string)
	return alternate
}

// Begin is the service as somebody has just made it, of a task definition that stands
// elsewhere, behind one target group.
func (s *Service) Begin(task *Task, balancers []any, desired int) {
	group, _ := balancers[0].(object)["targetGroupArn"].(string)
	s.Tasks, s.Balancers, s.Desired = map[string]*Task{task.ARN: task}, balancers, desired
	s.Config = object{"maximumPercent": 200, "minimumHealthyPercent": 100}
	s.Weights = map[string]int{group: 100}
	s.Serving = s.revision(task.ARN, group)
	s.Serving.Requested, s.Serving.Running, s.Serving.Weight = desired, desired, 100
	s.Deployments = []*Deployment{{ARN: s.deploymentARN(), Status: "SUCCESSFUL", Stage: "CLEAN_UP", Target: s.Serving, Config: s.Config, Created: s.now()}}
}

func (s *Service) strategy() string {
	name, _ := s.Config["strategy"].(string)
	if name == "" {
		return "ROLLING"
	}
	return name
}

// route moves the rule, whatever it said before.
func (s *Service) route(d *Deployment, weight float64) {
	d.Target.Weight = weight
	for _, r := range d.Sources {
		r.Weight = 0
	}
	d.Sources[0].Weight = 100 - weight
	if s.Advanced() == nil || d.Target.Group == d.Sources[0].Group {
		return
	}
	s.Weights[d.Target.Group], s.Weights[d.Sources[0].Group] = int(weight*10), 1000-int(weight*10)
	if s.Weights[d.Target.Group]%10 == 0 {
		s.Weights[d.Target.Group], s.Weights[d.Sources[0].Group] = int(weight), 100-int(weight)
	}
	if s.Routed != nil {
		s.Routed(s.Weights)
	}
}

// digest is what ECS resolves an image to.
func digest(image string) (name, sum string) {
	if i := strings.LastIndex(image, "@"); i >= 0 {
		return image, image[i+1:]
	}
	return image, "sha256:" + strings.Repeat("e", 64)
}
