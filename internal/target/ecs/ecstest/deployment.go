package ecstest

import (
	"fmt"
	"slices"
	"time"
)

// Deployment is a service deployment.
type Deployment struct {
	ARN, Status, Stage, Reason string
	Target                     *Revision
	Sources                    []*Revision
	Config                     object
	Created                    time.Time
	// Hook waits for a word, nil where none does; Past are those that had one.
	Hook *Hook
	Past []*Hook
	// Breaker and Alarmed say what made it go back.
	Breaker bool
	Alarmed []string

	stages  []stage
	at      int
	asked   bool
	service *Service
}

// Hook is one stop of a deployment.
type Hook struct {
	ID, Stage, Status, Action string
	Expires                   time.Time
}

type stage struct {
	name   string
	weight float64
}

// plan lists the stages that a deployment will walk.
func (d *Deployment) plan(superseding bool) {
	add := func(names ...string) {
		for _, n := range names {
			d.stages = append(d.stages, stage{name: n})
		}
	}
	if superseding {
		add("RECONCILE_SERVICE")
	}
	add("PRE_SCALE_UP", "SCALE_UP", "POST_SCALE_UP")
	if d.service.strategy() != "ROLLING" {
		add("TEST_TRAFFIC_SHIFT", "POST_TEST_TRAFFIC_SHIFT")
		for _, w := range weights(d.Config) {
			add("PRE_PRODUCTION_TRAFFIC_SHIFT")
			d.stages = append(d.stages, stage{"PRODUCTION_TRAFFIC_SHIFT", w})
		}
		add("POST_PRODUCTION_TRAFFIC_SHIFT", "BAKE_TIME")
	}
	add("CLEAN_UP")
}

func weights(config object) []float64 {
	var out []float64
	switch canary, linear := config["canaryConfiguration"], config["linearConfiguration"]; config["strategy"] {
	case "CANARY":
		out = append(out, number(canary, "canaryPercent", 5))
	case "LINEAR":
		step := number(linear, "stepPercent", 10)
		for w := step; w < 100-1e-6; w += step {
			out = append(out, w)
		}
	}
	return append(out, 100)
}

func number(from any, name string, unless float64) float64 {
	o, _ := from.(object)
	if n, ok := o[name].(float64); ok {
		return n
	}
	return unless
}

func (d *Deployment) over() bool {
	return slices.Contains([]string{"SUCCESSFUL", "STOPPED", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED"}, d.Status)
}

// run goes on until something stops it.
func (d *Deployment) run() {
	for d.step() { //nolint:revive // All is in the condition.
	}
}

// step goes one stage on, and is false when it cannot.
func (d *Deployment) step() bool {
	d.expire()
	switch d.Status {
	case "PENDING":
		d.Status = "IN_PROGRESS"
		d.enter()
		return true
	case "IN_PROGRESS":
		return d.forward()
	case "STOP_REQUESTED", "ROLLBACK_REQUESTED":
		d.Status = "ROLLBACK_IN_PROGRESS"
		if !d.service.RollbackFails {
			d.service.route(d, 0)
			if d.service.strategy() == "ROLLING" {
				d.Target.Running, d.Target.Requested = 0, 0
			}
		}
		return true
	case "ROLLBACK_IN_PROGRESS":
		d.Status = "ROLLBACK_SUCCESSFUL"
		if d.service.RollbackFails {
			d.Status, d.Reason = "ROLLBACK_FAILED", "service checkout was unable to place a task"
			return true
		}
		d.Target.Running, d.Target.Requested = 0, 0
		return true
	}
	return false
}

// Until walks to a stage, and stays there until something else is asked of it.
func (d *Deployment) Until(stage string) {
	d.service.Lasts = false
	for d.Stage != stage && !d.over() {
		if d.Hook != nil {
			d.Say("CONTINUE")
		}
		d.step()
	}
	d.service.Lasts = true
}

func (d *Deployment) forward() bool {
	if d.Hook != nil || d.over() || d.service.Lasts {
		return false
	}
	if h := d.configured(d.Stage); h != nil && !d.asked {
		d.stop(h)
		return false
	}
	d.at++
	if d.at >= len(d.stages) {
		d.Status = "SUCCESSFUL"
		d.service.Serving = d.Target
		for _, r := range d.Sources {
			r.Running, r.Requested = 0, 0
		}
		return false
	}
	d.enter()
	return true
}

// enter begins a stage.
func (d *Deployment) enter() {
	s := d.stages[d.at]
	d.Stage, d.asked = s.name, false
	switch s.name {
	case "SCALE_UP":
		d.Target.Requested, d.Target.Running = d.service.Desired, d.service.Desired
		if slices.Contains(d.service.Broken, d.service.Tasks[d.Target.Task].Image()) {
			d.broken()
		} else if d.service.strategy() == "ROLLING" {
			d.service.route(d, 100)
		}
	case "POST_TEST_TRAFFIC_SHIFT":
		d.Target.Test = 100
	case "PRODUCTION_TRAFFIC_SHIFT":
		d.service.route(d, s.weight)
	}
}

// broken trips the circuit breaker, which takes back what it was told to, and only ends
// the rest.
func (d *Deployment) broken() {
	d.Target.Running = 0
	breaker, _ := d.Config["deploymentCircuitBreaker"].(object)
	if breaker["enable"] != true {
		return
	}
	d.Breaker = true
	if breaker["rollback"] == true {
		d.goBack("tasks failed to start")
		return
	}
	d.Status, d.Reason, d.Hook = "STOPPED", "tasks failed to start", nil
}

// configured is the PAUSE hook of a stage, nil where there is none.
func (d *Deployment) configured(name string) object {
	all, _ := d.Config["lifecycleHooks"].([]any)
	for _, h := range all {
		h := h.(object) //nolint:forcetypeassert // The model says so.
		stages, _ := h["lifecycleStages"].([]any)
		if h["targetType"] == "PAUSE" && slices.Contains(stages, any(name)) {
			return h
		}
	}
	return nil
}

func (d *Deployment) stop(h object) {
	limit, _ := h["timeoutConfiguration"].(object)
	action, _ := limit["action"].(string)
	if action == "" {
		action = "ROLLBACK"
	}
	d.Hook = &Hook{ID: fmt.Sprintf("ecs-pause-%d", d.service.next()), Stage: d.Stage, Status: "AWAITING_ACTION", Action: action,
		Expires: d.service.now().Add(time.Duration(number(limit, "timeoutInMinutes", 1440)) * time.Minute)}
}

// Say answers the hook as somebody would.
func (d *Deployment) Say(action string) {
	h := d.Hook
	h.Status, d.Hook, d.asked = "SUCCEEDED", nil, true
	d.Past = append(d.Past, h)
	if action == "ROLLBACK" {
		d.goBack("rolled back at a lifecycle hook")
	}
}

// expire lets a hook's time run out.
func (d *Deployment) expire() {
	if h := d.Hook; h != nil && !d.over() && !d.service.now().Before(h.Expires) {
		d.Say(h.Action)
		h.Status = "TIMED_OUT"
	}
}

func (d *Deployment) goBack(why string) {
	d.Status, d.Reason, d.Hook = "ROLLBACK_REQUESTED", why, nil
}

// Alarm fires an alarm, at which ECS goes back where it was told to.
func (d *Deployment) Alarm(name string) {
	d.Alarmed = append(d.Alarmed, name)
	if a, _ := d.Config["alarms"].(object); a != nil && a["rollback"] == true && !d.over() {
		d.goBack("alarm detected")
	}
}
