package judge

import (
	"fmt"
	"math"
	"slices"
)

// BlockSeconds is the length of the blocks that EstimateDispersion is meant for.
const BlockSeconds = 600

// MinBlocks is the least history, two hours, from which a dispersion is estimated.
const MinBlocks = 12

// Block holds the baseline's counts of one metric in one block of time.
type Block struct {
	Bad   float64 `json:"bad"`
	Total float64 `json:"total"`
}

// EstimateDispersion returns the variance-to-mean ratio of the baseline's bad
// events in blocks of ten minutes, best over the day before the rollout, and at
// least 1. It is for Metric.Dispersion.
//
// Blocks differ in traffic, which both arms share and which is no dispersion, so
// this is Pearson's statistic: the mean over blocks of (bad - expected)^2 /
// expected with expected = total * overall rate, which is the variance-to-mean
// ratio when all totals are equal. Blocks without exposure are left out. A
// history without any bad event shows no bursts and gives 1.
//
// known is false, and the dispersion 0, when fewer than MinBlocks blocks have
// exposure. Blocks that cannot be right give an error wrapping ErrCounts.
func EstimateDispersion(blocks []Block) (dispersion float64, known bool, err error) {
	bad, total, n := 0.0, 0.0, 0
	for i, b := range blocks {
		if !(b.Bad >= 0 && b.Total >= 0) || math.IsInf(b.Bad, 0) || math.IsInf(b.Total, 0) || (b.Bad > 0 && b.Total == 0) {
			return 0, false, fmt.Errorf("%w: block %d has %v bad of %v; allowed are finite numbers of at least 0, "+
				"and bad events only with exposure, for example 41 of 6000", ErrCounts, i, b.Bad, b.Total)
		}
		if b.Total > 0 {
			bad, total, n = bad+b.Bad, total+b.Total, n+1
		}
	}
	if n < MinBlocks {
		return 0, false, nil
	}
	if bad == 0 {
		return 1, true, nil
	}
	sum := 0.0
	for _, b := range blocks {
		if b.Total > 0 {
			expected := b.Total * bad / total
			sum += (b.Bad - expected) * (b.Bad - expected) / expected
		}
	}
	return math.Max(1, sum/float64(n-1)), true, nil
}

// Sample is one count of a single arm, at a time in seconds.
type Sample struct {
	At    float64
	Bad   float64
	Total float64
}

// Blocks adds samples up into blocks of BlockSeconds since the first one's time.
// Blocks without any sample are left out, since nothing was measured then.
func Blocks(samples []Sample) []Block {
	if len(samples) == 0 {
		return nil
	}
	start := samples[0].At
	for _, sample := range samples {
		start = math.Min(start, sample.At)
	}
	sums := map[int64]Block{}
	var order []int64
	for _, sample := range samples {
		at := int64((sample.At - start) / BlockSeconds)
		b, ok := sums[at]
		if !ok {
			order = append(order, at)
		}
		sums[at] = Block{Bad: b.Bad + sample.Bad, Total: b.Total + sample.Total}
	}
	slices.Sort(order)
	blocks := make([]Block, len(order))
	for i, at := range order {
		blocks[i] = sums[at]
	}
	return blocks
}
