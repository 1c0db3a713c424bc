package awstest

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// Policy is a policy document of IAM that a fake heeds: what it does not allow is denied,
// on the very resources that a request is about. Moto asks only about actions, on
// anything.
type Policy struct {
	Statement []struct {
		Effect           string
		Action, Resource []string
		Condition        map[string]map[string]any
	}
}

// Use is one right that a request needs: an action on a resource, "*" where IAM ties the
// action to none, with the keys of conditions that AWS knows of it.
type Use struct {
	Action, Resource string
	Keys             map[string]string
}

// ParsePolicy reads a document.
func ParsePolicy(t testing.TB, document string) *Policy {
	t.Helper()
	p := &Policy{}
	if err := json.Unmarshal([]byte(document), p); err != nil || len(p.Statement) == 0 {
		t.Fatalf("no policy: %v: %s", err, document)
	}
	return p
}

// Actions lists what it allows, each once.
func (p *Policy) Actions() []string {
	var out []string
	for _, s := range p.Statement {
		out = append(out, s.Action...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Without is a policy that does not allow an action.
func (p *Policy) Without(action string) *Policy {
	out := &Policy{Statement: slices.Clone(p.Statement)}
	for i := range out.Statement {
		out.Statement[i].Action = slices.DeleteFunc(slices.Clone(out.Statement[i].Action), func(a string) bool { return a == action })
	}
	return out
}

// Allows is IAM's answer. A statement that denies, and an operator that is not known here,
// panic: no policy of ours has one.
func (p *Policy) Allows(u Use) bool {
	for _, s := range p.Statement {
		if s.Effect != "Allow" {
			panic("a statement that denies is not known here")
		}
		if slices.ContainsFunc(s.Action, func(a string) bool { return like(a, u.Action) }) &&
			slices.ContainsFunc(s.Resource, func(r string) bool { return like(r, u.Resource) }) && holds(s.Condition, u.Keys) {
			return true
		}
	}
	return false
}

// like is IAM's matching of names with stars.
func like(pattern, name string) bool {
	// path.Match lets no star pass a slash, which in an ARN is a letter like others.
	flat := strings.NewReplacer("/", "\x00").Replace
	ok, err := path.Match(flat(pattern), flat(name))
	return err == nil && ok
}

// holds is whether all conditions do. A key that is not there fails one.
func holds(conditions map[string]map[string]any, keys map[string]string) bool {
	for operator, wants := range conditions {
		for key, want := range wants {
			var values []string
			switch v := want.(type) {
			case string:
				values = []string{v}
			case []any:
				for _, one := range v {
					values = append(values, fmt.Sprint(one))
				}
			}
			matches := map[string]func(want, have string) bool{
				"StringEquals": func(want, have string) bool { return want == have }, "StringLike": like, "ArnLike": like, "ArnEquals": like,
			}[operator]
			if matches == nil {
				panic("the operator " + operator + " is not known here")
			}
			have, there := keys[key]
			if !there || !slices.ContainsFunc(values, func(v string) bool { return matches(v, have) }) {
				return false
			}
		}
	}
	return true
}

// Enforce makes a fake heed a policy from now on, nil for none: uses says what a request
// needs. Whoever may not gets AWS's code for that.
func (w *Watch) Enforce(p *Policy, uses func(operation string, given map[string]any) []Use) {
	w.Lock()
	defer w.Unlock()
	w.policy, w.uses, w.used = p, uses, map[string]bool{}
}

// Used lists the actions that were needed since Enforce.
func (w *Watch) Used() map[string]bool {
	w.Lock()
	defer w.Unlock()
	return w.used
}

// May is whether the policy allows a request. The fake holds the lock.
func (w *Watch) May(operation string, given map[string]any) bool {
	if w.policy == nil {
		return true
	}
	for _, u := range w.uses(operation, given) {
		w.used[u.Action] = true
		if !w.policy.Allows(u) {
			return false
		}
	}
	return true
}

// PassesTaskRoles lists the roles that a task definition hands to ECS's tasks.
func PassesTaskRoles(given map[string]any) []Use {
	var out []Use
	for _, field := range []string{"taskRoleArn", "executionRoleArn"} {
		if role, ok := given[field].(string); ok {
			out = append(out, Use{Action: "iam:PassRole", Resource: role, Keys: map[string]string{"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
		}
	}
	return out
}
