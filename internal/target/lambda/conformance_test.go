package lambda_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

// build is a package as a build would leave it in S3.
func build(version string) (artifact.Payload, lambdatest.Code) {
	sum := sha256.Sum256([]byte(version))
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "s3://acme-builds/checkout/" + version + ".zip@sha256:" + hex.EncodeToString(sum[:])}},
		lambdatest.Code{Sha256: base64.StdEncoding.EncodeToString(sum[:])}
}

var (
	old, oldCode = build("0.9.0")
	a, aCode     = build("1.0.0")
	b, bCode     = build("1.1.0")
)

// serve starts a Lambda where the old version serves, and a and b can be had.
func serve(t *testing.T) *lambdatest.Server {
	t.Helper()
	awstest.Credentials(t)
	s := lambdatest.New(t, "live", oldCode)
	s.Objects["acme-builds/checkout/1.0.0.zip"], s.Objects["acme-builds/checkout/1.1.0.zip"] = aCode, bCode
	s.Objects["acme-builds/checkout/0.9.0.zip"] = oldCode
	return s
}

func config(s *lambdatest.Server) lambda.Config {
	return lambda.Config{Function: "checkout", Alias: "live", Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}}
}

func open(t *testing.T, c lambda.Config, clk clock.Clock) *lambda.Target {
	t.Helper()
	d, err := lambda.New(c, target.Deps{Clock: clk, UserAgent: "sluice/test", Actor: "ci@acme", Subject: "checkout/production/2", Release: "checkout/production"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// counts is what the driver may ask a Lambda for in one call.
func counts(s *lambdatest.Server) targettest.Counts {
	// A revert that somebody was quicker than starts again at once, since users are hurt
	// meanwhile. Where neither code nor configuration has changed, Lambda publishes nothing
	// and names the version that has them, with which Prepare goes on.
	return targettest.Counts{Asked: s.Asks, Made: s.Carried, Most: map[string]int{"Revert": 6, "Prepare": 2}}
}

// A Lambda that is as strict as AWS's keeps the contract of the port.
func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*lambdatest.Function, *lambda.Config){
		"at once":     func(*lambdatest.Function, *lambda.Config) {},
		"slow":        func(f *lambdatest.Function, _ *lambda.Config) { f.Slow = 3 },
		"provisioned": func(f *lambdatest.Function, c *lambda.Config) { f.Slow, c.ProvisionedConcurrency = 2, 5 },
	} {
		t.Run(name, func(t *testing.T) {
			targettest.Run(t, func(t *testing.T) *targettest.Fixture {
				s := serve(t)
				c := config(s)
				change(s.Function, &c)
				clk := clock.NewAuto(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
				return &targettest.Fixture{Target: targettest.Count(t, open(t, c, clk), counts(s)), A: a, B: b, Clock: clk}
			})
		})
	}
}
