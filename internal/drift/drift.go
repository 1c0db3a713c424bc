// Package drift compares what should serve, by the ledger, with what a target
// says serves. What cannot be seen is unknown, and never clean.
package drift

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/release"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// The paths that every target has. What else a driver reports is compared under
// the paths of target.Observation.Fields.
const (
	PathBaseline      = "baseline"
	PathDigest        = "baseline.digest"
	PathConfiguration = "baseline.configuration_digest"
	PathWeight        = "baseline.weight"
	PathHealth        = "baseline.health"
	PathCanaryWeight  = "canary.weight"
	PathCanaryDigest  = "canary.digest"
)

// Words for what is not there, and for what nobody could tell.
const (
	None    = "none"
	Unknown = "unknown"
)

// tolerance is how far a weight may be from what is expected, in percentage
// points: runtimes that count in whole units round.
const tolerance = 0.01

// Expected is what should serve while no rollout is open: one payload, with all
// of the weight that Weight says, healthy, and no canary with traffic.
type Expected struct {
	Payload artifact.Payload `json:"payload"`
	// Weight is the baseline's share of traffic, 0 to 100.
	Weight float64 `json:"weight"`
	// Fields holds what else should be so, by the dotted paths of the driver. Only
	// what is listed is compared.
	Fields map[string]any `json:"fields,omitempty"`
}

// ExpectedOf says what should serve. It is false when nobody can be held to
// anything: nothing has succeeded yet, or a rollout is open and moves the weights.
func ExpectedOf(h *release.History) (Expected, bool) {
	if h == nil || h.Open() != nil || h.Serving() == nil {
		return Expected{}, false
	}
	return Expected{Payload: *h.Serving(), Weight: 100}, true
}

// Difference is one thing that is not as expected. The values are for people;
// digests are written out, weights have a percent sign.
type Difference struct {
	Path     string `json:"path"`
	Expected string `json:"expected"`
	Observed string `json:"observed"`
}

// String gives "baseline.weight: expected 100 %, observed 60 %".
func (d Difference) String() string {
	return fmt.Sprintf("%s: expected %s, observed %s", d.Path, d.Expected, d.Observed)
}

// Compare returns what differs, in the order of the paths above and then of the
// fields. A target that could not tell, and a health that is not known, are
// differences whose Observed is Unknown, so that no caller can take them for
// clean. A version is a label and is not compared.
func Compare(expected Expected, obs target.Observation) []Difference {
	if !obs.Known {
		return []Difference{{Path: PathBaseline, Expected: expected.Payload.Label(), Observed: Unknown}}
	}
	c := &comparison{}
	c.baseline(expected, obs.Baseline)
	c.canary(obs.Canary)
	c.fields(expected.Fields, obs.Fields)
	return c.differences
}

type comparison struct {
	differences []Difference
}

func (c *comparison) add(path, expected, observed string) {
	c.differences = append(c.differences, Difference{Path: path, Expected: expected, Observed: observed})
}

func (c *comparison) baseline(expected Expected, arm *target.ArmState) {
	if arm == nil {
		c.add(PathBaseline, expected.Payload.Label(), None)
		return
	}
	if want, got := expected.Payload.Digest(), arm.Payload.Digest(); want != got || want == "" {
		c.add(PathDigest, orNone(want), orNone(got))
	}
	if want, got := expected.Payload.ConfigurationDigest, arm.Payload.ConfigurationDigest; want != got {
		c.add(PathConfiguration, orNone(want), orNone(got))
	}
	if !near(arm.Weight, expected.Weight) {
		c.add(PathWeight, percent(expected.Weight), percent(arm.Weight))
	}
	switch arm.Health {
	case target.Healthy:
	case target.Unhealthy:
		c.add(PathHealth, string(target.Healthy), string(target.Unhealthy))
	default:
		// A word that the contract does not have is no better than none.
		c.add(PathHealth, string(target.Healthy), Unknown)
	}
}

// canary reports a canary that gets traffic. One without may stay warm after a
// rollout and hurts nobody.
func (c *comparison) canary(arm *target.ArmState) {
	if arm == nil || near(arm.Weight, 0) {
		return
	}
	c.add(PathCanaryWeight, percent(0), percent(arm.Weight))
	c.add(PathCanaryDigest, None, orNone(arm.Payload.Digest()))
}

func (c *comparison) fields(expected, observed map[string]any) {
	paths := make([]string, 0, len(expected))
	for path := range expected {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	for _, path := range paths {
		got, there := observed[path]
		switch want := scalar(expected[path]); {
		case !there:
			c.add(path, want, Unknown)
		case want != scalar(got):
			c.add(path, want, scalar(got))
		}
	}
}

// scalar writes a JSON scalar, so that 1 from HCL and 1.0 from a target are one.
func scalar(v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// near says whether two weights are the same for anybody's purposes. It is false
// when one of them is not a number.
func near(a, b float64) bool { return math.Abs(a-b) <= tolerance }

func percent(weight float64) string { return strconv.FormatFloat(weight, 'f', -1, 64) + " %" }

func orNone(text string) string {
	if text == "" {
		return None
	}
	return text
}
