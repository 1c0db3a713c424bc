package lambda_test

import (
	"strings"
	"testing"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/awscloud/awstest"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda"
	"github.com/sluice/terraform-provider-sluice/internal/target/lambda/lambdatest"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

const repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/checkout"

func image(version, digit string) (artifact.Payload, lambdatest.Code) {
	digest := "@sha256:" + strings.Repeat(digit, 64)
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: repository + ":" + version + digest}},
		lambdatest.Code{Sha256: strings.Repeat(digit, 64), Image: repository + digest}
}

// serveImages starts a Lambda whose function is an image, and returns what can be
// released there.
func serveImages(t *testing.T) (*lambdatest.Server, artifact.Payload) {
	t.Helper()
	awstest.Credentials(t)
	_, first := image("0.9.0", "9")
	next, code := image("1.1.0", "b")
	s := lambdatest.New(t, "live", first)
	s.Objects[code.Image] = code
	return s, next
}

// ship makes the payload the only one, verb by verb.
func ship(t *testing.T, d *lambda.Target, p artifact.Payload) {
	t.Helper()
	again := func(verb func() (target.Progress, error)) {
		t.Helper()
		for range 30 {
			p, err := verb()
			if err != nil {
				t.Fatal(err)
			}
			if p.Done {
				return
			}
		}
		t.Fatal("it does not end")
	}
	again(func() (target.Progress, error) {
		return d.Prepare(t.Context(), target.PrepareRequest{WriteRequest: write("prepare"), Payload: p})
	})
	if err := apply(t, d, "apply", 100); err != nil {
		t.Fatal(err)
	}
	again(func() (target.Progress, error) { return d.Complete(t.Context(), write("complete")) })
	again(func() (target.Progress, error) { return d.Finalize(t.Context(), write("finalize")) })
	o, err := d.Observe(t.Context())
	if err != nil || o.Baseline == nil || !o.Baseline.Payload.Same(p) || o.Canary != nil {
		t.Fatalf("%+v, %v", o, err)
	}
}

// An image is told by the digest that Lambda resolved.
func TestConformanceOfImages(t *testing.T) {
	targettest.Run(t, func(t *testing.T) *targettest.Fixture {
		s, next := serveImages(t)
		first, code := image("1.0.0", "a")
		s.Objects[code.Image] = code
		clk := clock.NewAuto(start)
		return &targettest.Fixture{Target: open(t, config(s), clk), A: first, B: next, Clock: clk}
	})
}
