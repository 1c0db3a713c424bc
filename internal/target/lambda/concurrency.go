package lambda

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// provisioned asks for the concurrency of a version, and is true when it is there.
// It is on the version and never on the alias: an alias with both refuses weights.
func (t *Target) provisioned(ctx context.Context, sc scene, number string) (target.Progress, bool, error) {
	want := t.config.ProvisionedConcurrency
	if want == 0 {
		return target.Progress{}, true, nil
	}
	c, err := t.lambda(ctx)
	if err != nil {
		return target.Progress{}, false, err
	}
	have, err := c.GetProvisionedConcurrencyConfig(ctx, &awslambda.GetProvisionedConcurrencyConfigInput{FunctionName: t.name(), Qualifier: aws.String(number)})
	switch {
	case t.kind(err) == awscloud.NotFound:
	case err != nil:
		return target.Progress{}, false, t.failed(err, false)
	case aws.ToInt32(have.RequestedProvisionedConcurrentExecutions) != want:
	case have.Status == types.ProvisionedConcurrencyStatusEnumReady:
		return target.Progress{}, true, nil
	case have.Status == types.ProvisionedConcurrencyStatusEnumFailed:
		return target.Progress{}, false, sc.conflict(fmt.Sprintf("Lambda could not provide the concurrency %d for version %s: %s", want, number, aws.ToString(have.StatusReason)),
			"raise the account's limit of concurrent executions, or lower provisioned_concurrency")
	default:
		return sc.wait(lookAgainSlow), false, nil
	}
	_, err = c.PutProvisionedConcurrencyConfig(ctx, &awslambda.PutProvisionedConcurrencyConfigInput{
		FunctionName: t.name(), Qualifier: aws.String(number), ProvisionedConcurrentExecutions: aws.Int32(want)})
	if err != nil {
		return target.Progress{}, false, t.failed(err, true)
	}
	return sc.wait(lookAgainSlow), false, nil
}

// unprovision gives the concurrency of a version back, and is true when there was
// none to give back.
func (t *Target) unprovision(ctx context.Context, number string) (bool, error) {
	if t.config.ProvisionedConcurrency == 0 || number == "" {
		return true, nil
	}
	c, err := t.lambda(ctx)
	if err != nil {
		return false, err
	}
	_, err = c.GetProvisionedConcurrencyConfig(ctx, &awslambda.GetProvisionedConcurrencyConfigInput{FunctionName: t.name(), Qualifier: aws.String(number)})
	switch {
	case t.kind(err) == awscloud.NotFound:
		return true, nil
	case err != nil:
		return false, t.failed(err, false)
	}
	_, err = c.DeleteProvisionedConcurrencyConfig(ctx, &awslambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: t.name(), Qualifier: aws.String(number)})
	if err != nil {
		return false, t.failed(err, true)
	}
	return false, nil
}
