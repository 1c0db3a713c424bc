package alb

import "math"

// finest is the step of shares that are taken, in percent: with sums of 1000 each of
// them can be written exactly, and reads as what was asked for.
const finest = 0.1

// split gives the whole weights of two groups for the second's share, in percent: of a
// sum of 100 where that is enough, since people read them, and else of 1000. It is
// false for a share that is no whole number of tenths.
func split(percent float64) (first, second int32, ok bool) {
	tenths := math.Round(percent * 10)
	if math.IsNaN(percent) || percent < 0 || percent > 100 || tenths/10 != percent {
		return 0, 0, false
	}
	if n := int32(tenths); n%10 != 0 {
		return 1000 - n, n, true
	}
	n := int32(tenths) / 10
	return 100 - n, n, true
}

// lower is the next share below one that cannot be written.
func lower(percent float64) float64 { return math.Floor(percent*10) / 10 }

// share is the second's, from 0 to 1. The weights must not both be 0.
func share(first, second int32) float64 {
	return float64(second) / (float64(first) + float64(second))
}

// hundredths rounds a percentage to what is told: hundredths.
func hundredths(percent float64) float64 { return math.Round(percent*100) / 100 }
