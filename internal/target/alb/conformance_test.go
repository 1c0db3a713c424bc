package alb_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
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
	d, err := alb.New(c, target.Deps{Clock: clk, UserAgent: "sluice/test", Actor: "ci@acme", Subject: "checkout/production"})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// servePlain starts a load balancer where the old version serves behind blue.
func servePlain(t *testing.T) *albtest.Server {
	t.Helper()
	albtest.Credentials(t)
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

// A load balancer that is as strict as AWS's keeps the contract of the port.
func TestConformance(t *testing.T) {
	for name, change := range map[string]func(*albtest.Server, *alb.Config){
		"one listener": func(*albtest.Server, *alb.Config) {},
		"three routes": func(_ *albtest.Server, c *alb.Config) {
			c.Routes = []string{albtest.Rule, albtest.HTTPS, albtest.HTTP}
		},
	} {
		t.Run(name, func(t *testing.T) {
			targettest.Run(t, func(t *testing.T) *targettest.Fixture {
				s := servePlain(t)
				c := config(s)
				change(s, &c)
				clk := clock.NewAuto(some)
				var d target.Target = deployer(s, open(t, c, clk))
				if len(c.Routes) > 1 {
					d = &patient{d}
				}
				return &targettest.Fixture{Target: d, A: a, B: b, Clock: clk}
			})
		})
	}
}
