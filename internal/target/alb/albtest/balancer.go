package albtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

func bad(code, format string, args ...any) *problem {
	return &problem{400, code, fmt.Sprintf(format, args...)}
}

func (w *World) do(operation string, in map[string]any) (any, *problem) {
	switch operation {
	case "DescribeListeners":
		return w.describe(in, "ListenerArns", "Listeners", "ListenerNotFound")
	case "DescribeRules":
		return w.describe(in, "RuleArns", "Rules", "RuleNotFound")
	case "ModifyListener":
		return w.modify(in, "ListenerArn", "DefaultActions", "Listeners", "ListenerNotFound")
	case "ModifyRule":
		return w.modify(in, "RuleArn", "Actions", "Rules", "RuleNotFound")
	case "DescribeTags":
		return w.tags(in)
	case "AddTags":
		return w.addTags(in)
	case "DescribeTargetGroups":
		return w.groups(in)
	case "DescribeTargetHealth":
		return w.targets(in)
	}
	if strings.Contains(operation, "AutoScaling") {
		return w.autoScaling(operation, in)
	}
	return w.ecs(operation, in)
}

// texts reads a list of strings.
func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, item := range list {
		out = append(out, fmt.Sprint(item))
	}
	return out
}

func (w *World) describe(in map[string]any, arns, field, missing string) (any, *problem) {
	list := []any{}
	for _, arn := range texts(in[arns]) {
		r := w.Routes[arn]
		if r == nil {
			return nil, bad(missing, "One or more of them are not found")
		}
		list = append(list, r.told())
	}
	return map[string]any{field: list}, nil
}

// told is how AWS tells a route: with a group that stands alone in both forms, and
// without secrets.
func (r *Route) told() map[string]any {
	actions := []any{}
	for _, a := range r.Actions {
		a := maps.Clone(a.(map[string]any)) //nolint:forcetypeassert // Nothing else is stored.
		if oidc, ok := a["AuthenticateOidcConfig"].(map[string]any); ok {
			oidc = maps.Clone(oidc)
			delete(oidc, "ClientSecret")
			delete(oidc, "UseExistingClientSecret")
			a["AuthenticateOidcConfig"] = oidc
		}
		if f, ok := a["ForwardConfig"].(map[string]any); ok {
			if groups, _ := f["TargetGroups"].([]any); len(groups) == 1 {
				a["TargetGroupArn"] = groups[0].(map[string]any)["TargetGroupArn"] //nolint:forcetypeassert // Nothing else is stored.
			}
		}
		actions = append(actions, a)
	}
	if r.Priority != "" {
		return map[string]any{"RuleArn": r.ARN, "Priority": r.Priority, "Actions": actions, "IsDefault": false}
	}
	return map[string]any{"ListenerArn": r.ARN, "LoadBalancerArn": Balancer, "Protocol": r.Protocol, "Port": 443, "DefaultActions": actions}
}

func (w *World) modify(in map[string]any, id, actions, field, missing string) (any, *problem) {
	r := w.Routes[fmt.Sprint(in[id])]
	if r == nil {
		return nil, bad(missing, "One or more of them are not found")
	}
	next, ok := in[actions].([]any)
	if !ok {
		return map[string]any{field: []any{r.told()}}, nil
	}
	for i, a := range next {
		if p := w.action(a.(map[string]any), r, i == len(next)-1); p != nil { //nolint:forcetypeassert // The model says so.
			return nil, p
		}
	}
	r.Actions = next
	w.serial++
	return map[string]any{field: []any{r.told()}}, nil
}

// action refuses what AWS refuses.
func (w *World) action(a map[string]any, r *Route, last bool) *problem {
	kind := fmt.Sprint(a["Type"])
	if final := slices.Contains([]string{"forward", "redirect", "fixed-response"}, kind); final != last {
		return bad("InvalidLoadBalancerAction", "The action %s must be last, and nothing else may be", kind)
	}
	if oidc, ok := a["AuthenticateOidcConfig"].(map[string]any); ok && oidc["ClientSecret"] == nil && oidc["UseExistingClientSecret"] != true {
		return bad("InvalidLoadBalancerAction", "You must specify a client secret")
	}
	if kind != "forward" {
		return nil
	}
	config, _ := a["ForwardConfig"].(map[string]any)
	groups, _ := config["TargetGroups"].([]any)
	switch {
	case a["TargetGroupArn"] != nil && len(groups) > 0:
		return bad("InvalidLoadBalancerAction", "You cannot specify both a target group and several")
	case len(groups) == 0 || len(groups) > 5:
		return bad("InvalidLoadBalancerAction", "A forward action takes 1 to 5 target groups")
	}
	sum := 0.0
	for _, g := range groups {
		g := g.(map[string]any) //nolint:forcetypeassert // The model says so.
		weight, _ := g["Weight"].(float64)
		if weight < 0 || weight > 999 {
			return bad("InvalidLoadBalancerAction", "Weights must be from 0 to 999")
		}
		if w.Groups[fmt.Sprint(g["TargetGroupArn"])] == nil {
			return bad("TargetGroupNotFound", "One or more target groups not found")
		}
		sum += weight
	}
	if sum == 0 {
		// AWS takes it, and answers users with 503.
		w.Sick["503 of "+r.ARN] = true
	}
	return nil
}

func (w *World) tags(in map[string]any) (any, *problem) {
	list := []any{}
	for _, arn := range texts(in["ResourceArns"]) {
		g := w.Groups[arn]
		if g == nil {
			return nil, bad("TargetGroupNotFound", "One or more target groups not found")
		}
		tags := []any{}
		for _, key := range slices.Sorted(maps.Keys(g.Tags)) {
			tags = append(tags, map[string]any{"Key": key, "Value": g.Tags[key]})
		}
		told := map[string]any{"ResourceArn": arn}
		if len(tags) > 0 {
			told["Tags"] = tags
		}
		list = append(list, told)
	}
	return map[string]any{"TagDescriptions": list}, nil
}

func (w *World) addTags(in map[string]any) (any, *problem) {
	tags, _ := in["Tags"].([]any)
	for _, arn := range texts(in["ResourceArns"]) {
		g := w.Groups[arn]
		if g == nil {
			return nil, bad("TargetGroupNotFound", "One or more target groups not found")
		}
		for _, tag := range tags {
			tag := tag.(map[string]any) //nolint:forcetypeassert // The model says so.
			g.Tags[fmt.Sprint(tag["Key"])] = fmt.Sprint(tag["Value"])
		}
	}
	w.serial++
	return map[string]any{}, nil
}

func (w *World) groups(in map[string]any) (any, *problem) {
	list := []any{}
	for _, arn := range texts(in["TargetGroupArns"]) {
		g := w.Groups[arn]
		if g == nil {
			return nil, bad("TargetGroupNotFound", "One or more target groups not found")
		}
		on := []any{Balancer}
		if g.Unused {
			on = []any{}
		}
		list = append(list, map[string]any{"TargetGroupArn": arn, "LoadBalancerArns": on, "TargetType": "ip", "Protocol": "HTTP"})
	}
	return map[string]any{"TargetGroups": list}, nil
}

// targets tells the health. Each look brings a target nearer to its end.
func (w *World) targets(in map[string]any) (any, *problem) {
	g := w.Groups[fmt.Sprint(in["TargetGroupArn"])]
	if g == nil {
		return nil, bad("TargetGroupNotFound", "One or more target groups not found")
	}
	list := []any{}
	for _, t := range slices.Clone(g.Targets) {
		told := map[string]any{"State": t.State}
		switch {
		case g.Unused:
			told = map[string]any{"State": "unused", "Reason": "Target.NotInUse"}
		case t.State == "draining":
			told["Reason"] = "Target.DeregistrationInProgress"
			if t.Looks--; t.Looks <= 0 {
				g.Targets = slices.DeleteFunc(g.Targets, func(other *Target) bool { return other == t })
			}
		case t.State == "unhealthy":
			told["Reason"], told["Description"] = "Target.ResponseCodeMismatch", "Health checks failed with these codes: [500]"
		case t.State == "initial":
			told["Reason"] = "Elb.InitialHealthChecking"
			if t.Looks--; t.Looks <= 0 {
				if t.State = "healthy"; w.Sick[t.Runs] {
					t.State = "unhealthy"
				}
			}
		}
		list = append(list, map[string]any{"Target": map[string]any{"Id": t.ID, "Port": 8080}, "TargetHealth": told})
	}
	return map[string]any{"TargetHealthDescriptions": list}, nil
}
