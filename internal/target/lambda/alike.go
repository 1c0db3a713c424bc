package lambda

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/awsport"
)

// PreflightPlan implements target.PlanPreflighter: an alias sends a share of its requests
// only to a version that has the role and the dead-letter queue of the other one. The new
// version gets those of the function as it is now. Lambda itself says so at the first
// weight, when the version is there already.
func (t *Target) PreflightPlan(ctx context.Context, plan target.Plan) ([]target.Obstacle, error) {
	if !slices.ContainsFunc(plan.Steps, func(s target.PlanStep) bool { return s.Traffic.Weight > 0 && s.Traffic.Weight < 100 }) {
		return nil, nil
	}
	leave, err := awsport.Turn(ctx, t.session)
	if err != nil {
		return nil, err
	}
	defer leave()
	serves, next, err := t.pair(ctx)
	switch {
	case target.IsPermanent(err):
		return nil, nil // Preflight has said so.
	case err != nil:
		return nil, err
	case serves == nil || next == nil:
		return nil, nil
	}
	var out []target.Obstacle
	for _, c := range []struct{ what, serves, next string }{
		{"role", aws.ToString(serves.config.Role), aws.ToString(next.config.Role)},
		{"dead-letter queue", queueOf(serves.config), queueOf(next.config)},
	} {
		if c.serves != c.next {
			out = append(out, target.Obstacle{What: fmt.Sprintf("version %s, which serves, has the %s %s, and the function, of which the new version is made, has %s; an alias splits its requests only between versions that have the same", serves.number, c.what, named(c.serves), named(c.next)),
				Remedy: "give the function the one that serves again; or release with all_at_once = {} this once, which splits nothing"})
		}
	}
	return out, nil
}

// pair reads the version that serves and what the next one will be made of.
func (t *Target) pair(ctx context.Context) (serves, next *version, err error) {
	s, err := t.look(ctx)
	if err != nil || s.base == latest {
		return nil, nil, err
	}
	if serves, err = t.known(ctx, s.base); err != nil || serves == nil {
		return nil, nil, err
	}
	next, err = t.version(ctx, latest)
	return serves, next, err
}

func queueOf(c *types.FunctionConfiguration) string {
	if c.DeadLetterConfig == nil {
		return ""
	}
	return aws.ToString(c.DeadLetterConfig.TargetArn)
}

func named(arn string) string {
	if arn == "" {
		return "none"
	}
	return arn
}
