package alb

import (
	"context"
	"errors"
	"fmt"
	"strings"

	elb "github.com/aws/aws-sdk-go-v2/service/elasticloadbalancingv2"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// Preflight implements target.Target. It changes nothing. Rights that are missing are
// told together, before the first change.
func (t *Target) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	leave, err := awsport.Turn(ctx, t.session)
	if err != nil {
		return nil, err
	}
	defer leave()
	var out []target.Obstacle
	if obstacle, err := named(t.fleet.admit(p)); err != nil || obstacle != nil {
		return obstacle, err
	}
	s, err := t.look(ctx, false)
	if obstacle, err := named(err); err != nil || obstacle != nil {
		return obstacle, err
	}
	for _, r := range s.routes {
		if r.protocol != "" && !strings.HasPrefix(r.protocol, "HTTP") {
			out = append(out, target.Obstacle{What: fmt.Sprintf("the %s speaks %s, which no Application Load Balancer does", routeName(r.arn), r.protocol), Remedy: "name a listener that speaks HTTP or HTTPS"})
		}
	}
	more, err := t.balanced(ctx)
	if obstacle, err := named(err); err != nil || obstacle != nil {
		return append(out, obstacle...), err
	}
	out = append(out, more...)
	sc, err := t.stage(ctx, s)
	if obstacle, err := named(err); err != nil || obstacle != nil {
		return append(out, obstacle...), err
	}
	obstacle, _ := named(sc.clean())
	out = append(out, obstacle...)
	if t.ofAnother(s.memory) {
		out = append(out, target.Obstacle{What: anothers, Remedy: notOurs})
	}
	more, changes, err := t.fleet.examine(ctx, sc, p)
	obstacle, err = named(t.failed(err, false))
	if out = append(append(out, more...), obstacle...); err != nil || obstacle != nil {
		return out, err
	}
	return append(out, t.rights(ctx, changes)...), nil
}

// named makes an obstacle of an error that does not go away by trying again.
func named(err error) ([]target.Obstacle, error) {
	var te *target.Error
	if errors.As(err, &te) && te.Code != target.CodeUnavailable {
		return []target.Obstacle{{What: te.Error(), Remedy: te.Remedy}}, nil
	}
	return nil, err
}

// balanced finds target groups that are on no load balancer: nothing checks the
// health of their targets.
func (t *Target) balanced(ctx context.Context) ([]target.Obstacle, error) {
	c, err := t.balancer(ctx)
	if err != nil {
		return nil, err
	}
	got, err := c.DescribeTargetGroups(ctx, &elb.DescribeTargetGroupsInput{TargetGroupArns: t.config.TargetGroups})
	if err != nil {
		return nil, t.failed(err, false)
	}
	var out []target.Obstacle
	for _, g := range got.TargetGroups {
		if len(g.LoadBalancerArns) == 0 {
			out = append(out, target.Obstacle{What: "the target group " + groupName(*g.TargetGroupArn) + " is on no load balancer, so nothing checks the health of its targets", Remedy: onNoBalancer})
		}
	}
	return out, nil
}
