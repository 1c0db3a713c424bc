package sim_test

import (
	"testing"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/clock"
	"github.com/sluice/terraform-provider-sluice/internal/target/sim"
	"github.com/sluice/terraform-provider-sluice/internal/target/targettest"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func payload(version string, digit byte) artifact.Payload {
	digest := make([]byte, 64)
	for i := range digest {
		digest[i] = digit
	}
	return artifact.Payload{Artifact: artifact.Artifact{Version: version, Reference: "sim/checkout@sha256:" + string(digest)}}
}

func TestTheContract(t *testing.T) {
	a, b := payload("1.0.0", 'a'), payload("1.1.0", 'b')
	targettest.Run(t, func(*testing.T) *targettest.Fixture {
		clk := clock.NewAuto(start)
		return &targettest.Fixture{A: a, B: b, Clock: clk, Target: sim.New(sim.Options{Clock: clk, Startup: 3 * time.Second,
			Exists: func(p artifact.Payload) bool {
				return p.Digest() == a.Digest() || p.Digest() == b.Digest() || p.Digest() == ""
			}})}
	})
}
