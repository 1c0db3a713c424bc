package ecs

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// shares reads the live weights of the rule that sends production traffic to a
// revision, as percentages by target group; nil where there is no rule. ECS does not
// look at them before it shifts, so we do.
func (t *Target) shares(ctx context.Context, r *revision) (map[string]float64, error) {
	if r.rule == "" {
		return nil, nil //nolint:nilnil // No rule is an answer.
	}
	_, b, err := t.clients(ctx)
	if err != nil {
		return nil, err
	}
	var actions []types.Action
	if strings.Contains(r.rule, ":listener-rule/") {
		out, err := b.DescribeRules(ctx, &elb.DescribeRulesInput{RuleArns: []string{r.rule}})
		if err != nil {
			return nil, t.failed(err, false)
		}
		for _, rule := range out.Rules {
			actions = append(actions, rule.Actions...)
		}
	} else {
		out, err := b.DescribeListeners(ctx, &elb.DescribeListenersInput{ListenerArns: []string{r.rule}})
		if err != nil {
			return nil, t.failed(err, false)
		}
		for _, l := range out.Listeners {
			actions = append(actions, l.DefaultActions...)
		}
	}
	return percentages(actions), nil
}

// percentages gives the groups' shares of what the forwarding action sends on.
func percentages(actions []types.Action) map[string]float64 {
	weights, sum := map[string]float64{}, 0.0
	for _, a := range actions {
		if a.Type != types.ActionTypeEnumForward {
			continue
		}
		if a.ForwardConfig == nil || len(a.ForwardConfig.TargetGroups) == 0 {
			weights[aws.ToString(a.TargetGroupArn)], sum = 1, 1
			continue
		}
		for _, g := range a.ForwardConfig.TargetGroups {
			// A group alone needs no weight.
			w := 1.0
			if g.Weight != nil {
				w = float64(*g.Weight)
			}
			weights[aws.ToString(g.TargetGroupArn)], sum = w, sum+w
		}
	}
	for g := range weights {
		if sum > 0 {
			weights[g] *= 100 / sum
		}
	}
	return weights
}
