// Package all lists the target drivers of this version. Each is named here and
// nowhere else; nothing registers itself.
package all

import (
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/contract"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/exec"
	"github.com/sluice/terraform-provider-sluice/internal/target/haproxy"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
)

// Drivers returns the registry of all target drivers.
func Drivers() target.Registry {
	return target.NewRegistry(
		alb.Driver(),
		contract.Driver(),
		ecs.Driver(),
		exec.Driver(),
		haproxy.Driver(),
		lambda.Driver(),
	)
}
