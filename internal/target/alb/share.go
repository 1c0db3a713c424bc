package alb

import "math"

// maxWeight is the greatest weight of a group in a forward action. Weights are whole
// numbers, so the smallest share above 0 is 1 in 1000.
const maxWeight = 999

// split gives the whole weights of two groups for the second's share, in percent. It
// prefers weights that add up to 100, then to 1000, since people read them, and else
// takes those that come nearest. It is false for a share that lies too near to 0 or
// 100, and for one that is not a whole number of hundredths of a percent, since the
// share that is read back must be the one that was asked for.
func split(percent float64) (first, second int32, ok bool) {
	switch {
	case percent == 0:
		return 100, 0, true
	case percent == 100:
		return 0, 100, true
	case math.IsNaN(percent) || percent < 0.1 || percent > 99.9 || hundredths(percent) != percent:
		return 0, 0, false
	}
	best, found := math.Inf(1), false
	try := func(sum int) {
		p := math.Round(percent / 100 * float64(sum))
		q := float64(sum) - p
		if p < 1 || q < 1 || p > maxWeight || q > maxWeight {
			return
		}
		if off := math.Abs(p/float64(sum) - percent/100); off < best-1e-12 {
			best, first, second, found = off, int32(q), int32(p), true
		}
	}
	try(100)
	try(1000)
	for sum := 2; sum <= 2*maxWeight && best > 1e-12; sum++ {
		try(sum)
	}
	return first, second, found && hundredths(100*share(first, second)) == percent
}

// share is the second's, from 0 to 1. The weights must not both be 0.
func share(first, second int32) float64 {
	return float64(second) / (float64(first) + float64(second))
}

// hundredths rounds a percentage to what is told: hundredths.
func hundredths(percent float64) float64 { return math.Round(percent*100) / 100 }
