package haproxy

import (
	"fmt"
	"math"
)

// MaxWeight is the greatest weight of a server. Weights are relative to those of
// the backend's other servers.
const MaxWeight = 256

// How far the share that weights give may be from what was asked, in percentage
// points and relative to the smaller of the two arms' shares. What is nearer than
// this no user notices; the judge would notice much more.
const (
	maxError         = 0.05
	maxRelativeError = 0.05
)

// Pair is the weight of each server of the two arms in one backend.
type Pair struct{ Baseline, Canary int }

// Count is how many servers take part in the two arms of one backend.
type Count struct{ Baseline, Canary int }

// Share is the canary's exact share of the traffic in percent, 0 to 100: its
// servers' part of the sum of all weights.
func (p Pair) Share(n Count) float64 {
	b, c := p.Baseline*n.Baseline, p.Canary*n.Canary
	if b+c == 0 {
		return 0
	}
	return float64(100*c) / float64(b+c)
}

// nearest gives the weights from 1 to MaxWeight whose share is nearest to the
// one asked for, the greater ones where several are equally near. 0 and 100 are
// exact.
func nearest(share float64, n Count) Pair {
	switch {
	case share <= 0 || n.Canary == 0:
		return Pair{Baseline: MaxWeight}
	case share >= 100 || n.Baseline == 0:
		return Pair{Canary: MaxWeight}
	}
	best, off := Pair{}, math.Inf(1)
	ratio := share * float64(n.Baseline) / ((100 - share) * float64(n.Canary))
	for b := MaxWeight; b >= 1; b-- {
		c := min(max(int(math.Round(float64(b)*ratio)), 1), MaxWeight)
		p := Pair{b, c}
		if d := math.Abs(p.Share(n) - share); d < off-1e-12 {
			best, off = p, d
		}
	}
	return best
}

// Weights gives the weights for the canary's share of traffic in percent.
//
// A share strictly between 0 and 100 is rounded to the nearest that whole weights
// up to 256 can give, by at most 0.05 percentage points and a twentieth of the
// smaller arm's share. With as many servers in both arms every whole percent from
// 1 to 99 is exact. What cannot be given so near, or cannot be told from another
// share afterwards, is an error that names what can.
func Weights(share float64, n Count) (Pair, error) {
	p := nearest(share, n)
	got := p.Share(n)
	smaller := min(share, 100-share)
	if share <= 0 || share >= 100 {
		return p, nil
	}
	if off := math.Abs(got - share); off > maxError || off > maxRelativeError*smaller || ShareOf(p, n) != share {
		return Pair{}, fmt.Errorf("weights from 1 to %d cannot give %g %% to %d of %d servers; the nearest is %.2f %%", MaxWeight, share, n.Canary, n.Canary+n.Baseline, got)
	}
	return p, nil
}

// ShareOf says which share of traffic weights mean: the roundest one, with at
// most two decimals, for which Weights would give these, and otherwise what they
// amount to, in hundredths of a percent.
func ShareOf(p Pair, n Count) float64 {
	share := p.Share(n)
	if share == 0 || share == 100 {
		return share
	}
	for _, scale := range []float64{1, 10, 100} {
		round := math.Round(share*scale) / scale
		if round > 0 && round < 100 && math.Abs(round-share) <= maxError && nearest(round, n) == p {
			return round
		}
	}
	// Never all or nothing: both arms do get some.
	return min(max(math.Round(share*100)/100, 0.01), 99.99)
}
