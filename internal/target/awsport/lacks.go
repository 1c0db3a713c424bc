package awsport

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Lacks makes an obstacle of each right that IAM's simulation says is missing, and one
// doubt of all those of which it cannot tell. policy is the file that has all that is
// needed: "docs/policies/ecs.json".
func Lacks(s awscloud.Simulation, policy string) []target.Obstacle {
	var out []target.Obstacle
	for _, l := range s.Lacks {
		if l.Role != "" {
			out = append(out, target.Obstacle{What: fmt.Sprintf("IAM says that the role %s may not do %s on %s", l.Role, l.Action, l.Resource), Remedy: "allow it in the policy of that role, which does this for the driver"})
			continue
		}
		out = append(out, target.Obstacle{What: fmt.Sprintf("IAM says that the credentials may not do %s on %s", l.Action, l.Resource),
			Remedy: "allow it in the policy of the role or user that drives the rollout; " + policy + " has all that is needed"})
	}
	if len(s.Unsure) > 0 {
		out = append(out, target.Obstacle{Doubt: true, What: fmt.Sprintf("could not ask IAM whether the credentials may do what the rollout needs, since %s; it needs %s", s.Why, Needs(s.Unsure)),
			Remedy: "see that the policy of the role or user that drives the rollout allows them, as " + policy + " does; with iam:SimulatePrincipalPolicy on itself a plan can tell"})
	}
	return out
}

// Needs names rights, each action once: "iam:PassRole on ROLE and ROLE".
func Needs(rights []awscloud.Lack) string {
	var actions []string
	on := map[string][]string{}
	for _, l := range rights {
		what := l.Action
		if l.Role != "" {
			what = "for the role " + l.Role + " " + l.Action
		}
		if !slices.Contains(actions, what) {
			actions = append(actions, what)
		}
		if !slices.Contains(on[what], l.Resource) {
			on[what] = append(on[what], l.Resource)
		}
	}
	for i, action := range actions {
		actions[i] = action + " on " + strings.Join(on[action], " and ")
	}
	return strings.Join(actions, ", ")
}
