package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb"
	"github.com/sluice/terraform-provider-sluice/internal/target/alb/albtest"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs"
	"github.com/sluice/terraform-provider-sluice/internal/target/ecs/ecstest"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
)

// region is where the fakes of AWS are.
const region = "eu-central-1"

// Setenv sets a variable until the stand is left.
func (s *stand) Setenv(name, value string) {
	before, there := os.LookupEnv(name)
	if err := os.Setenv(name, value); err != nil {
		panic(err)
	}
	s.Cleanup(func() {
		// It was set a moment ago, so it can be set again.
		if there {
			_ = os.Setenv(name, before)
			return
		}
		_ = os.Unsetenv(name)
	})
}

// cloud is a fake of AWS with a driver for what is in it.
type cloud struct {
	name   string
	target target.Target
	next   artifact.Payload
	watch  *awstest.Watch
}

// calls is how many requests the fake has had.
func (c cloud) calls() float64 {
	c.watch.Lock()
	defer c.watch.Unlock()
	n := 0
	for _, of := range c.watch.Calls {
		n += of
	}
	return float64(n)
}

// awsCalls counts, for each driver of AWS, the requests of a look, of a step and of a
// rollback, repeats until each is done included. Tests hold the same figures.
func awsCalls(ctx context.Context, b *bench) (err error) {
	s := &stand{ctx: ctx}
	defer s.leave(&err)
	awstest.Credentials(s)
	for _, open := range []func(*stand) (cloud, error){lambdaCloud, albCloud, ecsCloud} {
		c, err := open(s)
		if err != nil {
			return err
		}
		if err := c.count(ctx, b); err != nil {
			return fmt.Errorf("counting the calls of %s: %w", c.name, err)
		}
	}
	return nil
}

// count brings a new version to a tenth of the traffic, looks, makes a step, and goes
// back.
func (c cloud) count(ctx context.Context, b *bench) error {
	write := func(key string) target.WriteRequest {
		return target.WriteRequest{Key: key, Fence: 1, Rollout: "checkout/production/1"}
	}
	step := func(weight float64) target.PlanStep {
		return target.PlanStep{Traffic: target.TrafficState{Weight: weight}}
	}
	plan := target.Plan{Steps: []target.PlanStep{step(10), step(100)}, RevertAfter: 5 * time.Minute}
	apply := func(weight float64) func() (target.Progress, error) {
		return func() (target.Progress, error) {
			return c.target.Apply(ctx, target.ApplyRequest{WriteRequest: write(fmt.Sprint(weight)), Traffic: target.TrafficState{Weight: weight}})
		}
	}
	for _, do := range []struct {
		figure string
		verb   func() (target.Progress, error)
	}{
		{"", func() (target.Progress, error) {
			return c.target.Prepare(ctx, target.PrepareRequest{WriteRequest: write("prepare"), Payload: c.next, Plan: plan})
		}},
		{"", apply(10)},
		{"look", func() (target.Progress, error) {
			_, err := c.target.Observe(ctx)
			return target.Progress{Done: true}, err
		}},
		{"step", apply(100)},
		{"rollback", func() (target.Progress, error) { return c.target.Revert(ctx, write("back")) }},
	} {
		before := c.calls()
		if err := untilDone(do.verb); err != nil {
			return err
		}
		if do.figure != "" {
			b.add(c.name+"_calls_per_"+do.figure, c.calls()-before, "calls")
		}
	}
	return nil
}

// untilDone repeats a verb as the engine does, but at once.
func untilDone(verb func() (target.Progress, error)) error {
	for range 100 {
		if p, err := verb(); err != nil || p.Done {
			return err
		}
	}
	return fmt.Errorf("a verb was not done after 100 calls")
}

// zipped is a package of a version in S3, and its code as Lambda knows it.
func zipped(version string) (artifact.Payload, lambdatest.Code) {
	sum := sha256.Sum256([]byte(version))
	at := "s3://acme-builds/checkout/" + version + ".zip@sha256:" + hex.EncodeToString(sum[:])
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: at}}, lambdatest.Code{Sha256: base64.StdEncoding.EncodeToString(sum[:])}
}

// newLambda is a fake Lambda that serves one version, and to which another can be
// brought.
func newLambda(s *stand) (*lambdatest.Server, artifact.Payload) {
	_, old := zipped("1.0.0")
	next, code := zipped("1.1.0")
	server := lambdatest.New(s, "live", old)
	server.Objects["acme-builds/checkout/1.1.0.zip"] = code
	return server, next
}

func lambdaCloud(s *stand) (cloud, error) {
	server, next := newLambda(s)
	d, err := lambda.New(lambda.Config{Function: "checkout", Alias: "live", Settings: awscloud.Settings{Region: region, Endpoint: server.URL}}, cloudDeps())
	return cloud{lambda.Name, d, next, &server.Watch}, err
}

func albCloud(s *stand) (cloud, error) {
	server := albtest.New(s)
	server.Cluster(pretended("1.0.0", "0").Reference, 3)
	d, err := alb.New(albConfig(server.URL), cloudDeps())
	return cloud{alb.Name, d, pretended("1.1.0", "1"), &server.Watch}, err
}

// albConfig is that of a pair of services behind one listener.
func albConfig(url string) alb.Config {
	return alb.Config{
		TargetGroups: []string{albtest.Blue, albtest.Green}, Routes: []string{albtest.HTTPS},
		ECS:      &alb.ECS{Cluster: "production", Services: []string{"checkout-blue", "checkout-green"}},
		Settings: awscloud.Settings{Region: region, Endpoint: url},
	}
}

func ecsCloud(s *stand) (cloud, error) {
	server := ecstest.New(s, pretended("1.0.0", "0").Reference, time.Now)
	d, err := ecs.New(ecs.Config{Cluster: ecstest.Cluster, Service: ecstest.Name, Settings: awscloud.Settings{Region: region, Endpoint: server.URL}}, cloudDeps())
	return cloud{ecs.Name, d, pretended("1.1.0", "1"), &server.Watch}, err
}

func cloudDeps() target.Deps {
	return target.Deps{Clock: clock.System{}, UserAgent: "sluice/bench", Actor: "bench", Subject: "checkout/production"}
}
