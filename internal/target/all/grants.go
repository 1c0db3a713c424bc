package all

import (
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
)

// Grants lists, by the driver's name, what a rollout of a target in AWS needs to be
// allowed. A driver of AWS that is not here has no credentials made for it.
func Grants() map[string]awscloud.Granter {
	return map[string]awscloud.Granter{
		alb.Name:    alb.Grant,
		ecs.Name:    ecs.Grant,
		lambda.Name: lambda.Grant,
	}
}
