// Package drift compares what should serve, by the ledger, with what a target
// says serves. What cannot be seen is unknown, and never clean.
package drift

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/jsonvalue"
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
	// PathCohort, PathMirror and PathBatch are what a rollout may have left set.
	PathCohort = "traffic.cohort"
	PathMirror = "traffic.mirror"
	PathBatch  = "traffic.batch"
	// PathReverted is about a dead-man switch that fired, PathSwitch about one that
	// is armed though no rollout is open.
	PathReverted = "reverted"
	PathSwitch   = "revert_after"
	// PathReplicas is compared where the author declares it, as a field.
	PathReplicas = "baseline.replicas"
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
	// Fields holds what else should be so, by the dotted paths of the driver, or
	// PathReplicas. Only what is listed is compared.
	Fields map[string]Expectation `json:"fields,omitempty"`
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
	found := compareTarget(expected, obs)
	var out []Difference
	for _, f := range found {
		out = append(out, f.Difference)
	}
	return out
}

func compareTarget(expected Expected, obs target.Observation) []Finding {
	c := &comparison{}
	if !obs.Known {
		c.add(PathBaseline, expected.Payload.Label(), Unknown)
		return c.found
	}
	c.baseline(expected, obs.Baseline)
	c.canary(obs.Canary)
	c.traffic(obs.Traffic)
	c.deadMan(obs)
	c.fields(expected.Fields, obs)
	return c.found
}

type comparison struct {
	found []Finding
}

// add writes a difference down whose values are this package's own words.
func (c *comparison) add(path, expected, observed string) {
	f := Finding{Difference: Difference{Path: path, Expected: expected, Observed: observed}, Kind: KindChanged}
	switch {
	case observed == Unknown:
		f.Kind = KindUnknown
	case observed == None:
		f.Kind = KindMissing
	case expected == None:
		f.Kind = KindExtra
	}
	if f.Kind != KindUnknown {
		f.digest = hash(observed)
		f.Digest = f.digest
	}
	c.found = append(c.found, f)
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

// traffic reports what else than a weight sends requests to a canary though no
// rollout is open.
func (c *comparison) traffic(t *target.TrafficState) {
	if t == nil {
		return
	}
	if t.Cohort != nil {
		c.add(PathCohort, None, t.Cohort.String())
	}
	if t.Mirror > 0 {
		c.add(PathMirror, percent(0), percent(t.Mirror))
	}
	if t.Batch != nil {
		c.add(PathBatch, None, percent(t.Batch.Share))
	}
}

// deadMan reports what a switch did, or is about to do, though no rollout is open:
// an armed one will move traffic that nobody expects to move.
func (c *comparison) deadMan(obs target.Observation) {
	if obs.Reverted {
		c.add(PathReverted, "false", "true")
	}
	if obs.RevertAfter > 0 {
		// Not the time that is left, which is another one at each look.
		c.add(PathSwitch, None, "armed")
	}
}

func (c *comparison) fields(expected map[string]Expectation, obs target.Observation) {
	for _, path := range slices.Sorted(maps.Keys(expected)) {
		want := expected[path]
		got, there := fieldOf(obs, path)
		switch {
		case !there:
			c.add(path, want.shown(), Unknown)
		case !want.met(got):
			c.found = append(c.found, want.difference(path, got))
		}
	}
}

// fieldOf gives a field as decoded JSON, so that 1 from HCL and 1.0 from a target
// are one. One that the target did not tell is not there.
func fieldOf(obs target.Observation, path string) (any, bool) {
	v, there := obs.Fields[path]
	if !there && path == PathReplicas && obs.Baseline != nil && obs.Baseline.Replicas > 0 {
		v, there = obs.Baseline.Replicas, true
	}
	if !there {
		return nil, false
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, false
	}
	tree, err := jsonvalue.Decode(raw)
	return tree, err == nil
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
