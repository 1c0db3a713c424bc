package openmetrics

import (
	"maps"
	"slices"
)

// Presets lists the ready sets by name. Each is a configuration without an
// endpoint, which may be printed and copied.
func Presets() map[string]Config {
	return map[string]Config{
		// What the reference server of the deployment contract serves.
		"lab": {
			Arms: &Arms{Label: "arm", Baseline: "baseline", Canary: "canary"},
			Metrics: map[string]Metric{
				"errors": {
					Total: &Selector{Name: "lab_requests_total"},
					Bad:   &Selector{Match: map[string]string{"code": "5.."}},
				},
				"slow": {Histogram: "lab_request_duration_seconds"},
			},
		},
	}
}

func presetNames() []string { return slices.Sorted(maps.Keys(Presets())) }
