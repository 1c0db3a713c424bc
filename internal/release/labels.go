package release

import (
	"fmt"
	"strconv"

	"github.com/sluice/terraform-provider-sluice/internal/artifact"
	"github.com/sluice/terraform-provider-sluice/internal/field"
	"github.com/sluice/terraform-provider-sluice/internal/strategy"
	"github.com/sluice/terraform-provider-sluice/internal/target"
)

// StepLabels writes a strategy's steps for people, each with the version, because
// a plan hides what does not change: "1.1.0 at 5 %, at least 1m". It is pure.
func StepLabels(def strategy.Definition, payload artifact.Payload) []string {
	steps := def.Steps()
	labels := make([]string, len(steps))
	for i, s := range steps {
		labels[i] = payload.Label() + " " + StepText(s)
		if i < len(steps)-1 {
			if s.AtLeast > 0 && s.Kind != strategy.StepPause {
				labels[i] += ", at least " + field.FormatDuration(s.AtLeast)
			}
			continue
		}
		if bake := max(def.BakeTime(), s.AtLeast); bake > 0 {
			labels[i] += ", bake " + field.FormatDuration(bake)
		}
	}
	return labels
}

// StepText says what a step does with the new artifact: "at 5 %", "waits 10m at
// 5 %".
func StepText(s strategy.Step) string {
	stands := "at " + share100(s.Traffic.Weight)
	if s.Traffic.Cohort != nil && !s.Moves() {
		stands += " and for requests with " + s.Traffic.Cohort.String()
	}
	switch s.Kind {
	case strategy.StepCohort:
		return "for requests with " + s.Traffic.Cohort.String() + besides(s.Traffic)
	case strategy.StepMirror:
		return fmt.Sprintf("gets a copy of %s of the requests", share100(s.Traffic.Mirror)) + besides(s.Traffic)
	case strategy.StepBatch:
		return fmt.Sprintf("on %s of the instances, %s healthy", share100(s.Traffic.Batch.Share), share100(s.Traffic.Batch.MinHealthy))
	case strategy.StepPause:
		if s.UntilResumed() {
			return "waits " + stands + " until somebody resumes it"
		}
		return fmt.Sprintf("waits %s %s", field.FormatDuration(s.AtLeast), stands)
	case strategy.StepCheck:
		return fmt.Sprintf("is checked %s: %s", stands, s.Check.Name)
	default:
		return stands
	}
}

// besides says at which weight a cohort or a mirror comes on top.
func besides(t target.TrafficState) string {
	if t.Weight == 0 {
		return ""
	}
	return ", beside " + share100(t.Weight)
}

func share100(weight float64) string { return strconv.FormatFloat(weight, 'f', -1, 64) + " %" }
