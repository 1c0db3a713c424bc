package ecs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// mover is by which role ECS moves traffic, on what: the service's own word, or what the
// target will tell it.
type mover struct {
	role, rule string
	groups     []string
}

// mover is nil where no traffic is shifted.
func (t *Target) mover(sc scene) *mover {
	for _, b := range sc.service.LoadBalancers {
		if a := b.AdvancedConfiguration; a != nil && aws.ToString(a.AlternateTargetGroupArn) != "" {
			return &mover{aws.ToString(a.RoleArn), aws.ToString(a.ProductionListenerRule), present(b.TargetGroupArn, a.AlternateTargetGroupArn)}
		}
	}
	c := t.config.Shifting
	if c == nil || len(sc.service.LoadBalancers) == 0 {
		return nil
	}
	return &mover{c.Role, c.ProductionRule, present(sc.service.LoadBalancers[0].TargetGroupArn, aws.String(c.AlternateTargetGroup))}
}

// uses are what the role does with the load balancer.
func (m *mover) uses() []awscloud.Use {
	if m == nil || m.role == "" {
		return nil
	}
	modify := "elasticloadbalancing:ModifyListener"
	if strings.Contains(m.rule, ":listener-rule/") {
		modify = "elasticloadbalancing:ModifyRule"
	}
	return []awscloud.Use{
		{Role: m.role, Actions: []string{modify}, Resources: present(aws.String(m.rule))},
		{Role: m.role, Actions: []string{"elasticloadbalancing:RegisterTargets", "elasticloadbalancing:DeregisterTargets"}, Resources: m.groups},
	}
}

// offBalancer doubts whether both target groups are on the load balancer: a rule names
// those it sends to, with the weight 0 those it does not send to yet. What else may have
// put a group there nobody asks.
func (t *Target) offBalancer(ctx context.Context, sc scene) ([]target.Obstacle, error) {
	m, shares := t.mover(sc), sc.shares
	if m == nil || m.rule == "" {
		return nil, nil
	}
	if shares == nil {
		var err error
		if shares, err = t.shares(ctx, &revision{rule: m.rule}); err != nil {
			var te *target.Error
			if errors.As(err, &te) && target.IsPermanent(te) {
				return []target.Obstacle{{What: fmt.Sprintf("the rule %s cannot be read: %s", m.rule, te.Message), Remedy: te.Remedy}}, nil
			}
			return nil, err
		}
	}
	var out []target.Obstacle
	for _, group := range m.groups {
		if _, named := shares[group]; !named {
			out = append(out, target.Obstacle{Doubt: true, What: fmt.Sprintf("the rule %s forwards to %s and not to the target group %s, which may be on no load balancer; ECS starts no tasks behind one that is not", m.rule, strings.Join(slices.Sorted(maps.Keys(shares)), " and "), group),
				Remedy: "name both target groups in the rule's forward action, the one that does not serve with the weight 0"})
		}
	}
	return out, nil
}
