package lambda_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

func deny(operations ...string) func(string) awstest.Fault {
	return func(op string) awstest.Fault {
		for _, o := range operations {
			if o == op {
				return awstest.Fault{Status: 403, Code: "AccessDeniedException"}
			}
		}
		return awstest.Fault{}
	}
}

// Each right that a rollout needs is missed before it begins, alone and all together,
// and nothing is changed by asking: for packages, images and provisioned concurrency.
func TestMissingPermissionsAreToldAtOnce(t *testing.T) {
	always := []string{"GetAlias", "GetFunctionConfiguration", "ListEventSourceMappings", "ListProvisionedConcurrencyConfigs", "ListVersionsByFunction", "PublishVersion", "UpdateAlias", "UpdateFunctionCode"}
	for name, c := range map[string]struct {
		images, provisioned bool
		needs               []string
	}{
		"a package":               {needs: always},
		"an image":                {images: true, needs: append([]string{"GetFunction"}, always...)},
		"provisioned concurrency": {provisioned: true, needs: append([]string{"DeleteProvisionedConcurrencyConfig", "GetProvisionedConcurrencyConfig", "PutProvisionedConcurrencyConfig"}, always...)},
	} {
		t.Run(name, func(t *testing.T) {
			s, p := serve(t), b
			if c.images {
				s, p = serveImages(t)
			}
			set := config(s)
			if c.provisioned {
				set.ProvisionedConcurrency = 2
			}
			d := open(t, set, clock.System{})
			for _, need := range c.needs {
				s.Faults(deny(need))
				// What was read a moment ago is not read again, so each has its own.
				obstacles, err := open(t, set, clock.System{}).Preflight(t.Context(), p)
				if err != nil || len(obstacles) != 1 || !strings.HasSuffix(obstacles[0].What, "may not do lambda:"+need) {
					t.Errorf("without %s: %+v, %v", need, obstacles, err)
				}
			}
			s.Faults(deny("PublishVersion", "UpdateAlias", "UpdateFunctionCode"))
			obstacles, err := d.Preflight(t.Context(), p)
			if err != nil || len(obstacles) != 1 || obstacles[0].What != "the credentials may not do lambda:PublishVersion, lambda:UpdateAlias, lambda:UpdateFunctionCode" || !strings.Contains(obstacles[0].Remedy, "s3:GetObject") {
				t.Errorf("%+v, %v", obstacles, err)
			}
			s.Faults(deny("GetAlias", "GetFunctionConfiguration", "PublishVersion"))
			obstacles, err = d.Preflight(t.Context(), p)
			if err != nil || len(obstacles) != 1 || obstacles[0].What != "the credentials may not do lambda:GetAlias, lambda:GetFunctionConfiguration, lambda:PublishVersion" {
				t.Errorf("%+v, %v", obstacles, err)
			}
			s.Faults(nil)
			if obstacles, err := d.Preflight(t.Context(), p); err != nil || len(obstacles) > 0 {
				t.Errorf("with all rights: %+v, %v", obstacles, err)
			}
			if made := s.Made(); len(made) > 0 {
				t.Errorf("asking changed something: %q", made)
			}
		})
	}
}

// What is missing is told beside what else is in the way. Whoever cannot be asked
// leaves the matter open, which is never a pass.
func TestMissingPermissionsBesideOtherObstacles(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.System{})
	s.Change(func(f *lambdatest.Function) { f.Alias.Concurrency = 1 })
	s.Faults(deny("PublishVersion"))
	obstacles, err := d.Preflight(t.Context(), b)
	if text := fmt.Sprintf("%+v", obstacles); err != nil || len(obstacles) != 2 || !strings.Contains(text, "lambda:PublishVersion") || !strings.Contains(text, "cannot have that and weights") {
		t.Errorf("%+v, %v", obstacles, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s.After(func(op string) {
		if op == "UpdateAlias" {
			cancel()
		}
	})
	if obstacles, err := d.Preflight(ctx, b); err == nil {
		t.Errorf("nobody knows, and the answer is %+v", obstacles)
	}
}

// A right that is taken away in mid-rollout is named by the call that needs it, and
// nothing is in doubt.
func TestDeniedInTheMiddle(t *testing.T) {
	s := serve(t)
	d := open(t, config(s), clock.System{})
	prepare(t, d)
	s.Faults(deny("UpdateAlias"))
	var te *target.Error
	if err := apply(t, d, "5", 5); !errors.As(err, &te) || te.Code != target.CodeUnauthorized || te.MaybeDone || !strings.HasSuffix(te.Message, "may not do lambda:UpdateAlias") {
		t.Errorf("%v", err)
	}
	if _, err := d.Revert(t.Context(), write("revert")); err != nil {
		t.Errorf("there is nothing to revert, and %v", err)
	}
	s.Faults(nil)
	if err := apply(t, d, "5", 5); err != nil {
		t.Error(err)
	}
}

// A role that cannot be assumed is the one thing that is told then.
func TestARoleThatCannotBeAssumed(t *testing.T) {
	s := serve(t)
	t.Setenv("AWS_ENDPOINT_URL_STS", lambdatest.Refusal(t))
	set := config(s)
	set.AssumeRole = []awscloud.Role{{ARN: "arn:aws:iam::123456789012:role/releases"}}
	obstacles, err := open(t, set, clock.System{}).Preflight(t.Context(), b)
	if err != nil || len(obstacles) != 1 || !strings.Contains(obstacles[0].What, "may not do sts:AssumeRole") || !strings.Contains(obstacles[0].Remedy, "trust policy") {
		t.Errorf("%+v, %v", obstacles, err)
	}
}
