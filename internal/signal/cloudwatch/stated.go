package cloudwatch

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/sluice/terraform-provider-sluice/internal/driver"
)

// armDimensions are those whose values some targets choose anew for each rollout.
var armDimensions = map[string]string{"TargetGroup": driver.ArmTargetGroup, "ExecutedVersion": driver.ArmVersion}

// stated lists what arms that the author has stated are told apart by, where a target
// may know better: by the dimension in which ArmMark stands.
func stated(config json.RawMessage) []string {
	p, errs := parse(config)
	if len(errs) > 0 || p.arms == nil {
		return nil
	}
	var out []string
	for dimension, what := range armDimensions {
		if slices.ContainsFunc(p.metrics, func(m metric) bool { return m.marks(dimension) }) {
			out = append(out, what)
		}
	}
	slices.Sort(out)
	return out
}

// marks is whether the metric tells the arms apart by a dimension.
func (m metric) marks(dimension string) bool {
	all := slices.Clone(m.bad)
	for _, s := range []*Selector{m.total, m.latency} {
		if s != nil {
			all = append(all, *s)
		}
	}
	return slices.ContainsFunc(all, func(s Selector) bool {
		return strings.Contains(s.Dimensions[dimension], ArmMark) || strings.Contains(s.Expression, ArmMark) && strings.Contains(s.Expression, dimension)
	})
}
