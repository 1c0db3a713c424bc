package judge

import (
	"errors"
	"fmt"
	"math"
)

// UnknownWeight stands in Tick.Weight for a share of traffic that nobody knows.
// The traffic share is then not tested, and the stricter safe ratio holds.
const UnknownWeight = -1.0

// Counts are the bad events and the exposure of one metric in one tick: what
// was added since the last tick, never running totals.
type Counts struct {
	Metric        string  `json:"metric"`
	BadCanary     float64 `json:"bad_canary"`
	TotalCanary   float64 `json:"total_canary"`
	BadBaseline   float64 `json:"bad_baseline"`
	TotalBaseline float64 `json:"total_baseline"`
}

// Tick is one observation of both arms.
type Tick struct {
	// At is when the tick ended, in seconds since any fixed origin. It must grow;
	// a tick that is not later than the one before is not counted.
	At float64 `json:"t"`
	// Weight is the configured canary share in percent, 0 to 100, or UnknownWeight.
	Weight float64 `json:"weight"`
	// Step numbers the steps of the rollout. Evidence of safety starts afresh
	// whenever it or the weight changes; evidence of harm never does.
	Step int `json:"step"`
	// Unhealthy, when not empty, says why the canary is known to be down (a crash
	// loop, a failed health check). It means rollback at once.
	Unhealthy string `json:"unhealthy,omitempty"`
	// Counts has at most one entry a metric. A metric without an entry had no data.
	Counts []Counts `json:"counts"`
}

// ErrCounts says that counts cannot be right: a measurement that failed, or a
// counter that was reset. Such counts are never added, and never pass.
var ErrCounts = errors.New("counts cannot be right")

// Validate says why the counts cannot be right, wrapping ErrCounts, or returns
// nil. The kind is that of the metric.
func (c Counts) Validate(kind string) error {
	for _, f := range []struct {
		name  string
		value float64
	}{
		{"bad_canary", c.BadCanary}, {"total_canary", c.TotalCanary},
		{"bad_baseline", c.BadBaseline}, {"total_baseline", c.TotalBaseline},
	} {
		if math.IsNaN(f.value) || f.value < 0 || f.value > maxCount {
			return fmt.Errorf("%w: %s of metric %q is %v; allowed is a number from 0 to %g, for example 41",
				ErrCounts, f.name, c.Metric, f.value, float64(maxCount))
		}
	}
	if err := c.validateArm("canary", kind, c.BadCanary, c.TotalCanary); err != nil {
		return err
	}
	return c.validateArm("baseline", kind, c.BadBaseline, c.TotalBaseline)
}

// maxCount keeps sums exact enough: beyond 2^53 a float64 skips whole numbers.
const maxCount = 1 << 53

func (c Counts) validateArm(arm, kind string, bad, total float64) error {
	if bad > total && (kind != KindExposure || total == 0) {
		return fmt.Errorf("%w: bad_%s of metric %q is %v, more than total_%s, %v; "+
			"allowed is at most the total, for example 41 of 203", ErrCounts, arm, c.Metric, bad, arm, total)
	}
	return nil
}

// CountSlow counts the latencies above a threshold. Both are in the same unit,
// whichever it is: the counts, and so the verdict, are the same in every unit.
// It returns an error wrapping ErrCounts for a latency or threshold that is
// negative, infinite or not a number.
func CountSlow(latencies []float64, threshold float64) (bad, total float64, err error) {
	if math.IsNaN(threshold) || math.IsInf(threshold, 0) || threshold < 0 {
		return 0, 0, fmt.Errorf("%w: the threshold is %v; allowed is a number of at least 0, for example 0.25",
			ErrCounts, threshold)
	}
	for i, latency := range latencies {
		if math.IsNaN(latency) || math.IsInf(latency, 0) || latency < 0 {
			return 0, 0, fmt.Errorf("%w: latency %d is %v; allowed is a number of at least 0, for example 0.25",
				ErrCounts, i, latency)
		}
		if latency > threshold {
			bad++
		}
	}
	return bad, float64(len(latencies)), nil
}
