package alb

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2/types"
)

// route is a listener's default action or a rule, as far as a rollout is concerned.
type route struct {
	arn     string
	actions []types.Action
	// forward is the place of the forward action among the actions, -1 without one.
	forward int
	// weights are those of the two groups, in the order of the configuration.
	weights [2]int32
	// foreign are other groups that get a share.
	foreign []string
	// sticky is how long a user stays with a group, 0 where it is off.
	sticky time.Duration
	// protocol is a listener's, priority a rule's.
	protocol, priority string
	// gone is true for a route that is not there any more.
	gone bool
}

// readRoute takes a complete list of actions apart.
func (c Config) readRoute(arn string, actions []types.Action) route {
	r := route{arn: arn, actions: actions, forward: -1}
	for i, a := range actions {
		if a.Type != types.ActionTypeEnumForward {
			continue
		}
		r.forward = i
		groups := []types.TargetGroupTuple{{TargetGroupArn: a.TargetGroupArn, Weight: aws.Int32(1)}}
		if f := a.ForwardConfig; f != nil && len(f.TargetGroups) > 0 {
			groups = f.TargetGroups
			if s := f.TargetGroupStickinessConfig; s != nil && aws.ToBool(s.Enabled) {
				r.sticky = time.Duration(aws.ToInt32(s.DurationSeconds)) * time.Second
			}
		}
		for _, g := range groups {
			weight := int32(1)
			if g.Weight != nil {
				weight = *g.Weight
			}
			if i := slices.Index(c.TargetGroups, aws.ToString(g.TargetGroupArn)); i >= 0 {
				r.weights[i] = weight
			} else if weight > 0 {
				r.foreign = append(r.foreign, aws.ToString(g.TargetGroupArn))
			}
		}
	}
	return r
}

// names reports whether the route forwards to one of the two groups at all, be it
// with the weight 0.
func (r route) names(groups []string) bool {
	if r.forward < 0 {
		return false
	}
	a := r.actions[r.forward]
	if a.ForwardConfig == nil {
		return slices.Contains(groups, aws.ToString(a.TargetGroupArn))
	}
	return slices.ContainsFunc(a.ForwardConfig.TargetGroups, func(g types.TargetGroupTuple) bool {
		return slices.Contains(groups, aws.ToString(g.TargetGroupArn))
	})
}

// dead is true where both weights are 0, which users see as 503.
func (r route) dead() bool { return r.weights == [2]int32{} }

// share is that of the group with the number, in percent. Where nobody gets
// anything it is 0 for both.
func (r route) share(group int) float64 {
	if r.dead() {
		return 0
	}
	if s := 100 * share(r.weights[1-group], r.weights[group]); s > 0 && s < 100 {
		// What is there never reads as nothing, nor as everything.
		return min(max(hundredths(s), 0.01), 99.99)
	} else {
		return s
	}
}

// is reports whether the group's share is that percentage.
func (r route) is(group int, percent float64) bool {
	return r.gone || !r.dead() && math.Abs(r.share(group)-percent) < 0.001
}

// with gives the complete list of actions in which the two groups have these
// weights: everything else, other groups and stickiness included, stays as it is.
func (r route) with(groups []string, weights [2]int32) []types.Action {
	out := slices.Clone(r.actions)
	for i := range out {
		if oidc := out[i].AuthenticateOidcConfig; oidc != nil {
			// AWS does not tell the secret, and takes none for "as it is".
			kept := *oidc
			kept.UseExistingClientSecret = aws.Bool(true)
			out[i].AuthenticateOidcConfig = &kept
		}
	}
	a := &out[r.forward]
	next := types.ForwardActionConfig{}
	if a.ForwardConfig != nil {
		next = *a.ForwardConfig
	}
	next.TargetGroups = slices.DeleteFunc(slices.Clone(next.TargetGroups), func(g types.TargetGroupTuple) bool {
		return slices.Contains(groups, aws.ToString(g.TargetGroupArn))
	})
	for i, arn := range groups {
		next.TargetGroups = append(next.TargetGroups, types.TargetGroupTuple{TargetGroupArn: aws.String(arn), Weight: aws.Int32(weights[i])})
	}
	// The short form names one group only, and must not stand beside two.
	a.TargetGroupArn, a.ForwardConfig = nil, &next
	return out
}

// wish gives the weights in which the group gets the share of what both have. The
// sum of both is kept where other groups have a share too, which only a revert meets.
func (r route) wish(group int, percent float64) ([2]int32, error) {
	first, second, ok := split(percent)
	if !ok {
		return [2]int32{}, unsupported(percent)
	}
	out := [2]int32{first, second}
	if group == 0 {
		out = [2]int32{second, first}
	}
	if sum := r.weights[0] + r.weights[1]; len(r.foreign) > 0 && sum > 0 {
		for i := range out {
			out[i] = int32(math.Round(float64(sum) * float64(out[i]) / 100))
		}
	}
	return out, nil
}

// print is what a fingerprint is made of.
func (r route) print() string {
	text, err := json.Marshal(r.actions)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%s %t %s %s", r.arn, r.gone, r.priority, text)
}
