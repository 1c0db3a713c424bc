package albtest

import (
	"fmt"
	"slices"
)

const (
	account = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:"
	// Blue and Green are the target groups, HTTPS and HTTP listeners, and Rule a rule.
	Blue     = account + "targetgroup/checkout-blue/73e2d6bc24d8a067"
	Green    = account + "targetgroup/checkout-green/9f0c4e1d7b6a5823"
	Other    = account + "targetgroup/search/0123456789abcdef"
	HTTPS    = account + "listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
	HTTP     = account + "listener/app/web/50dc6c495c0c9188/0467ef3c8400ae65"
	Rule     = account + "listener-rule/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2/9683b2d02a6cabee"
	Balancer = account + "loadbalancer/app/web/50dc6c495c0c9188"
)

// World is what the load balancer knows, and what stands behind it.
type World struct {
	Groups map[string]*Group
	Routes map[string]*Route
	// Slow is how many looks a target takes to become healthy, and to drain.
	Slow int
	// Sick lists what never becomes healthy: task definitions and launch templates.
	Sick map[string]bool

	ECS     *ECS
	Scaling *Scaling

	serial int
	last   int
}

// Group is a target group.
type Group struct {
	ARN string
	// Unused is true for one that is on no load balancer.
	Unused  bool
	Tags    map[string]string
	Targets []*Target
}

// Target is one target.
type Target struct {
	// ID is "10.0.0.1"; Runs is what runs there.
	ID, Runs string
	// State is "initial", "healthy", "unhealthy" or "draining". Looks are left until a
	// target that is starting is healthy, and one that drains is gone.
	State string
	Looks int
}

// Route is a listener, or a rule.
type Route struct {
	ARN string
	// Actions are the complete list, as AWS tells it.
	Actions []any
	// Protocol is a listener's, Priority a rule's.
	Protocol, Priority string
}

func newWorld() *World {
	w := &World{Groups: map[string]*Group{}, Routes: map[string]*Route{}, Sick: map[string]bool{}}
	for _, arn := range []string{Blue, Green, Other} {
		w.Groups[arn] = &Group{ARN: arn, Tags: map[string]string{}}
	}
	w.Routes[HTTPS] = &Route{ARN: HTTPS, Protocol: "HTTPS", Actions: Forward(100, 0)}
	w.Routes[HTTP] = &Route{ARN: HTTP, Protocol: "HTTP", Actions: Forward(100, 0)}
	w.Routes[Rule] = &Route{ARN: Rule, Priority: "10", Actions: Forward(100, 0)}
	return w
}

// Forward is a list of actions with the weights of blue and green.
func Forward(blue, green int) []any {
	return []any{map[string]any{"Type": "forward", "Order": 1, "ForwardConfig": map[string]any{
		"TargetGroups": []any{
			map[string]any{"TargetGroupArn": Blue, "Weight": blue},
			map[string]any{"TargetGroupArn": Green, "Weight": green},
		},
		"TargetGroupStickinessConfig": map[string]any{"Enabled": false},
	}}}
}

// Weights are those of blue and green, as "95/5"; a group that is not named is "-".
func (r *Route) Weights() string {
	found := map[string]string{Blue: "-", Green: "-"}
	for _, a := range r.Actions {
		config, _ := a.(map[string]any)["ForwardConfig"].(map[string]any) //nolint:forcetypeassert // Nothing else is stored.
		groups, _ := config["TargetGroups"].([]any)
		for _, g := range groups {
			g := g.(map[string]any) //nolint:forcetypeassert // Nothing else is stored.
			found[fmt.Sprint(g["TargetGroupArn"])] = fmt.Sprint(g["Weight"])
		}
	}
	return found[Blue] + "/" + found[Green]
}

// Register adds so many targets to a group.
func (w *World) Register(group string, n int, runs string) {
	for range n {
		w.last++
		state := "initial"
		if w.Slow == 0 && !w.Sick[runs] {
			state = "healthy"
		}
		w.Groups[group].Targets = append(w.Groups[group].Targets, &Target{ID: fmt.Sprintf("10.0.%d.%d", w.last/250, w.last%250+1), Runs: runs, State: state, Looks: w.Slow})
	}
}

// Deregister lets targets drain: n of those that run something, the last first.
func (w *World) Deregister(group string, n int, runs string) {
	g := w.Groups[group]
	for i := len(g.Targets) - 1; i >= 0 && n > 0; i-- {
		t := g.Targets[i]
		if t.State == "draining" || runs != "" && t.Runs != runs {
			continue
		}
		n--
		if w.Slow == 0 {
			g.Targets = slices.Delete(g.Targets, i, i+1)
			continue
		}
		t.State, t.Looks = "draining", w.Slow
	}
}

// Live counts a group's targets that are not draining.
func (g *Group) Live() int {
	n := 0
	for _, t := range g.Targets {
		if t.State != "draining" {
			n++
		}
	}
	return n
}
