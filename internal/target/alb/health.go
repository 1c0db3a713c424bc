package alb

import (
	"context"
	"math"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// health counts a group's targets by what the load balancer says of them.
type health struct {
	healthy, initial, unhealthy, draining, unused int
	// why is the load balancer's reason for the first that is not healthy.
	why string
}

// health asks for a group's targets.
func (t *Target) health(ctx context.Context, group int) (health, error) {
	c, err := t.balancer(ctx)
	if err != nil {
		return health{}, err
	}
	out, err := c.DescribeTargetHealth(ctx, &elb.DescribeTargetHealthInput{TargetGroupArn: aws.String(t.config.TargetGroups[group])})
	if t.kind(err) == awscloud.NotFound {
		return health{}, t.noGroup(err)
	}
	if err != nil {
		return health{}, t.failed(err, false)
	}
	var h health
	for _, d := range out.TargetHealthDescriptions {
		if d.TargetHealth == nil {
			h.initial++
			continue
		}
		switch d.TargetHealth.State {
		case types.TargetHealthStateEnumHealthy:
			h.healthy++
			continue
		case types.TargetHealthStateEnumInitial:
			h.initial++
		case types.TargetHealthStateEnumDraining, types.TargetHealthStateEnumUnhealthyDraining:
			h.draining++
		case types.TargetHealthStateEnumUnused:
			h.unused++
		default:
			h.unhealthy++
		}
		if h.why == "" {
			h.why = string(d.TargetHealth.Reason) + " " + aws.ToString(d.TargetHealth.Description)
		}
	}
	return h, nil
}

// serving is the health of an arm that nobody waits for.
func (h health) serving() target.Health {
	switch {
	case h.healthy > 0:
		return target.Healthy
	case h.initial > 0 || h.unused > 0:
		return target.HealthUnknown
	}
	return target.Unhealthy
}

// needed is how many healthy targets the canary must have for a share of the traffic:
// that share of what the baseline has, by min_healthy, and at least one. At weight 0
// it is what the whole traffic needs, since a rollback, too, wants room.
func (s scene) needed(weight float64) int {
	if weight <= 0 {
		weight = 100
	}
	n := float64(s.health[s.base].healthy) * weight / 100 * s.minHealthy
	return max(1, int(math.Ceil(n-1e-9)))
}

// ready is the health of the canary for a share of the traffic.
func (s scene) ready(weight float64) target.Health {
	if s.cand == none {
		return target.HealthUnknown
	}
	h, u := s.health[s.cand], s.units[s.cand]
	switch {
	case u.broken != "":
		return target.Unhealthy
	case h.healthy >= s.needed(weight):
		return target.Healthy
	case h.initial > 0 || !u.settled:
		return target.HealthUnknown
	}
	return target.Unhealthy
}
