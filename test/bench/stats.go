package main

import (
	"math"
	"path/filepath"
	"slices"
	"time"
)

const megabyte = 1e6

// quantile is the value that the share q (0 to 1) of all values does not exceed,
// by the nearest rank. It is NaN of none.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}

func median(values []float64) float64 { return quantile(values, 0.5) }

func greatest(values []float64) float64 { return quantile(values, 1) }

// ratios divides pairs that were measured one right after the other, so that
// whatever else the machine does meanwhile cancels out.
func ratios(over, under []float64) []float64 {
	out := make([]float64, min(len(over), len(under)))
	for i := range out {
		out[i] = over[i] / under[i]
	}
	return out
}

// timed is how long do takes.
func timed(do func() error) (time.Duration, error) {
	began := time.Now()
	err := do()
	return time.Since(began), err
}

func absolute(path string) (string, error) { return filepath.Abs(path) }
