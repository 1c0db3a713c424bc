package awsport

import (
	"fmt"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// Lacks makes an obstacle of each right that IAM's simulation says is missing. policy
// is the file that has all that is needed: "docs/policies/ecs.json".
func Lacks(lacks []awscloud.Lack, policy string) []target.Obstacle {
	var out []target.Obstacle
	for _, l := range lacks {
		out = append(out, target.Obstacle{What: fmt.Sprintf("IAM says that the credentials may not do %s on %s", l.Action, l.Resource),
			Remedy: "allow it in the policy of the role or user that drives the rollout; " + policy + " has all that is needed"})
	}
	return out
}
