package ecs_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/ledger/mem"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/signal"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
)

// image is a payload as a build would leave it in a registry.
func image(version string) artifact.Payload {
	sum := sha256.Sum256([]byte(version))
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout@sha256:" + hex.EncodeToString(sum[:])}}
}

var (
	old  = image("0.9.0")
	a, b = image("1.0.0"), image("1.1.0")

	start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	key   = release.Key{Service: "checkout", Environment: "production"}
)

// serve starts an ECS where the old version serves.
func serve(t *testing.T, clk clock.Clock) *ecstest.Server {
	t.Helper()
	awstest.Credentials(t)
	return ecstest.New(t, old.Reference, clk.Now)
}

func config(s *ecstest.Server) ecs.Config {
	return ecs.Config{Cluster: ecstest.Cluster, Service: ecstest.Name, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}}
}

func open(t *testing.T, c ecs.Config, clk clock.Clock) *ecs.Target {
	t.Helper()
	d, err := ecs.New(c, target.Deps{Clock: clk, UserAgent: "sluice/test", Actor: "ci@acme", Subject: "checkout/production"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// drive is an engine for an ECS, on a clock that never waits.
func drive(l *mem.Ledger, clk clock.Clock, name string) *release.Engine {
	return &release.Engine{Ledger: l.Handle(), Clock: clk, Targets: target.NewRegistry(ecs.Driver()), Signals: signal.NewRegistry(),
		Actor: name + "@acme", Holder: name, UserAgent: "sluice/test"}
}

func canary(weight float64) strategy.Definition {
	return strategy.Definition{Name: "careful", Bake: field.Duration(time.Minute), RevertAfter: field.Duration(5 * time.Minute),
		Canary: &strategy.Canary{Steps: []strategy.CanaryStep{{Weight: weight, AtLeast: field.Duration(2 * time.Minute)}, {Weight: 100}}}}
}

func want(t *testing.T, s *ecstest.Server, p artifact.Payload, d strategy.Definition) release.ShipRequest {
	t.Helper()
	return wantOf(t, config(s), p, d)
}

func wantOf(t *testing.T, c ecs.Config, p artifact.Payload, d strategy.Definition) release.ShipRequest {
	t.Helper()
	raw, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	return release.ShipRequest{Owner: release.Owner{ID: "0b8a7a4e-0000-4000-8000-000000000001", Label: "test"}, Spec: release.Spec{
		Service: key.Service, Environment: release.Environment{Name: key.Environment}, Payload: p,
		Target: target.Config{Driver: ecs.Name, Config: raw}, Strategy: d,
	}}
}
