package release

import (
	"fmt"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// beyondWeight gives a traffic state to a record only where it says more than the
// weight, so that records of weights stay as they are.
func beyondWeight(t target.TrafficState) *target.TrafficState {
	if t.Plain() {
		return nil
	}
	return &t
}

// whole puts a weight and what goes beyond it together.
func whole(weight float64, more *target.TrafficState) target.TrafficState {
	if more == nil {
		return target.TrafficState{Weight: weight}
	}
	t := *more
	t.Weight = weight
	return t
}

// traffic is the whole state that an effect asks for.
func (e Effect) traffic() target.TrafficState { return whole(e.Weight, e.Traffic) }

// Sends is the whole traffic state that the rollout last applied.
func (r *Rollout) Sends() target.TrafficState { return whole(r.Weight, r.Traffic) }

// alike reports whether two states are the same beside the weight.
func alike(a, b *target.TrafficState) bool {
	if a == nil || b == nil {
		return a == b
	}
	batches := (a.Batch == nil) == (b.Batch == nil) && (a.Batch == nil || a.Batch.Share == b.Batch.Share)
	return batches && a.Mirror == b.Mirror && a.Cohort.Same(b.Cohort)
}

// told is what a target says is set besides the weight.
func told(obs target.Observation) *target.TrafficState {
	if obs.Traffic == nil {
		return nil
	}
	return beyondWeight(*obs.Traffic)
}

// applied reports whether the observation says that the traffic is as an effect
// asked for. A batch cannot be told done from how far it is, which only the target
// knows: it is asked for again, which changes nothing where it is done.
func applied(eff Effect, obs target.Observation) bool {
	return obs.Canary != nil && eff.traffic().Batch == nil && obs.Canary.Weight == eff.Weight && alike(told(obs), eff.Traffic) && !obs.Reverted
}

// judgedShare is the share of requests that the judge may expect. Nobody knows how
// many requests a cohort matches, copies come on top of the canary's own requests,
// and a share of instances is not one of requests.
func judgedShare(weight float64, more *target.TrafficState) float64 {
	if more != nil && weight < 100 {
		return judge.UnknownWeight
	}
	return weight
}

// quiet is the share that the judge is told: none in a pause or a check before the
// first weight, where it is no fault that nobody asks, though somebody of a cohort
// may.
func quiet(r *Rollout, share float64) float64 {
	if r.Weight == 0 && !r.CurrentStep().Moves() {
		return 0
	}
	return share
}

// TrafficText writes for people who gets the new artifact: "5 %, and requests with
// X-Canary: internal".
func TrafficText(t target.TrafficState) string {
	var parts []string
	switch {
	case t.Batch != nil:
		parts = append(parts, fmt.Sprintf("%g %% of the instances", t.Batch.Share))
	case t.Weight > 0 || t.Cohort == nil && t.Mirror == 0:
		parts = append(parts, fmt.Sprintf("%g %%", t.Weight))
	}
	if t.Cohort != nil {
		parts = append(parts, "requests with "+t.Cohort.String())
	}
	if t.Mirror > 0 {
		parts = append(parts, fmt.Sprintf("a copy of %g %% of the requests", t.Mirror))
	}
	return strings.Join(parts, ", and ")
}
