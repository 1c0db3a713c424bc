package alb_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest/checks"
)

func build(version, digit string) artifact.Payload {
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "registry.example/checkout@sha256:" + strings.Repeat(digit, 64)}}
}

var (
	old  = build("0.9.0", "9")
	a    = build("1.0.0", "a")
	b    = build("1.1.0", "b")
	some = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
)

// config is a target of one listener, behind which somebody else deploys.
func config(s *albtest.Server) alb.Config {
	return alb.Config{TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS}, Settings: awscloud.Settings{Region: "eu-central-1", Endpoint: s.URL}}
}

func open(t *testing.T, c alb.Config, clk clock.Clock) *alb.Target {
	t.Helper()
	d, err := alb.New(c, target.Deps{Clock: clk, UserAgent: "sluice/test", Actor: "ci@acme", Subject: "checkout/production/2", Release: "checkout/production"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// servePlain starts a load balancer where the old version serves behind blue.
func servePlain(t *testing.T) *albtest.Server {
	t.Helper()
	awstest.Credentials(t)
	s := albtest.New(t)
	s.Register(albtest.Blue, 2, "")
	s.Register(albtest.Green, 2, "")
	s.Groups[albtest.Blue].Tags["sluice:artifact"], s.Groups[albtest.Blue].Tags["sluice:version"] = old.Digest(), old.Version
	return s
}

// deployed plays whoever deploys to the targets: what is about to be prepared is
// brought behind the group without traffic, and the group tagged.
type deployed struct {
	target.Target
	tag func(p artifact.Payload)
}

func (d *deployed) Prepare(ctx context.Context, req target.PrepareRequest) (target.Progress, error) {
	d.tag(req.Payload)
	return d.Target.Prepare(ctx, req)
}

func (d *deployed) Preflight(ctx context.Context, p artifact.Payload) ([]target.Obstacle, error) {
	d.tag(p)
	return d.Target.Preflight(ctx, p)
}

// deployer tags the group that no route gives anything to.
func deployer(s *albtest.Server, d target.Target) target.Target {
	return &deployed{d, func(p artifact.Payload) {
		s.Change(func(w *albtest.World) {
			group := map[string]string{"100/0": albtest.Green, "0/100": albtest.Blue}[w.Routes[albtest.HTTPS].Weights()]
			if tags := w.Groups[group]; tags != nil && (p.Digest() == a.Digest() || p.Digest() == b.Digest()) {
				tags.Tags["sluice:artifact"], tags.Tags["sluice:version"] = p.Digest(), p.Version
			}
		})
	}}
}

// counts is what the driver may ask for in one call.
func counts(s *albtest.Server) targettest.Counts {
	return targettest.Counts{Asked: s.Asks, Made: s.Carried}
}

// patient repeats a verb that is not done, as the engine does: with several routes
// each write is a call of its own.
type patient struct{ target.Target }

func again(verb func() (target.Progress, error)) (target.Progress, error) {
	p, err := verb()
	for range 20 {
		if err != nil || p.Done {
			return p, err
		}
		p, err = verb()
	}
	return p, err
}

func (p *patient) Apply(ctx context.Context, req target.ApplyRequest) (target.Progress, error) {
	return again(func() (target.Progress, error) {
		out, err := p.Target.Apply(ctx, req)
		req.ExpectedFingerprint = ""
		return out, err
	})
}

func (p *patient) Revert(ctx context.Context, req target.WriteRequest) (target.Progress, error) {
	return again(func() (target.Progress, error) { return p.Target.Revert(ctx, req) })
}

// A load balancer that is as strict as AWS's keeps the contract of the port, with a
// rule and two listeners.
func TestConformance(t *testing.T) {
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		s := servePlain(t)
		c := config(s)
		c.Routes = []string{albtest.Rule, albtest.HTTPS}
		clk := clock.NewAuto(some)
		return &targettest.Fixture{Target: &patient{deployer(s, targettest.Count(t, open(t, c, clk), counts(s)))}, A: a, B: b, Clock: clk}
	})
}

// serveECS starts a load balancer before a pair of services, of which blue runs the old
// version.
func serveECS(t *testing.T, tasks int) (*albtest.Server, alb.Config) {
	t.Helper()
	awstest.Credentials(t)
	s := albtest.New(t)
	s.Cluster(old.Reference, tasks)
	c := config(s)
	c.ECS = &alb.ECS{Cluster: "production", Services: []string{"checkout-blue", "checkout-green"}}
	return s, c
}

// template is a version of the launch template.
func template(number string) artifact.Payload {
	name := albtest.Template + ":" + number
	sum := sha256.Sum256([]byte(name))
	return artifact.Payload{Artifact: artifact.Artifact{Version: number, Reference: name + "@sha256:" + hex.EncodeToString(sum[:])}}
}

// serveGroups starts a load balancer before a pair of Auto Scaling groups, of which
// blue runs version 7.
func serveGroups(t *testing.T, instances int) (*albtest.Server, alb.Config) {
	t.Helper()
	awstest.Credentials(t)
	s := albtest.New(t)
	s.Pair("7", instances)
	c := config(s)
	c.AutoScaling = &alb.AutoScaling{Groups: []string{"checkout-blue", "checkout-green"}}
	return s, c
}

// Pairs of services keep the contract.
func TestConformanceOfServices(t *testing.T) {
	targettest.Run(t, func(t *testing.T) *targettest.Fixture { return services(t, 3, 2) })
}

// What the contract says of a target where nothing runs yet holds for two services
// without tasks.
func TestConformanceOfEmptyServices(t *testing.T) {
	for _, c := range checks.All() {
		if !c.Empty {
			continue
		}
		if r := checks.RunOne(t.Context(), c, services(t, 0, 0)); r.Status != checks.Pass {
			t.Errorf("%s: %s %s", r.Name, r.Status, r.Detail)
		}
	}
}

func services(t *testing.T, tasks, slow int) *targettest.Fixture {
	t.Helper()
	s, config := serveECS(t, tasks)
	s.Slow = slow
	clk := clock.NewAuto(some)
	return &targettest.Fixture{Target: targettest.Count(t, open(t, config, clk), counts(s)), A: a, B: b, Clock: clk, Patience: 10 * time.Minute}
}

// Pairs of Auto Scaling groups keep the contract.
func TestConformanceOfGroups(t *testing.T) {
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		s, config := serveGroups(t, 2)
		s.Slow = 1
		clk := clock.NewAuto(some)
		return &targettest.Fixture{Target: targettest.Count(t, open(t, config, clk), counts(s)), A: template("8"), B: template("9"), Clock: clk, Patience: 10 * time.Minute}
	})
}
