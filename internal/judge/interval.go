package judge

import (
	"math"
	"slices"
)

// events summarises the bad events of the ticks with both arms, so that the
// test can be inverted for any ratio without keeping the ticks. All it needs is
// the sum over ticks of m*log(1 + R*s), with m bad events and s the ratio of the
// exposures. Ticks whose log(s) is alike share a bin, which holds the first
// moments of m about the bin's centre; the third-order rest is below 1e-5 per
// bad event.
type events struct {
	Canary   float64 `json:"canary"`
	Baseline float64 `json:"baseline"`
	Bins     []bin   `json:"bins,omitempty"`
}

// bin holds ticks with log(s) within half a binWidth of At*binWidth.
type bin struct {
	At int     `json:"at"`
	M0 float64 `json:"m0"`
	M1 float64 `json:"m1"`
	M2 float64 `json:"m2"`
}

const (
	binWidth = 0.125
	// searchLow and searchHigh are the logarithms of the ratios among which the
	// interval's ends are looked for: about 1e-4 to 1e6.
	searchLow  = -9.2
	searchHigh = 13.8
	// searchHalvings leaves a relative error of 2e-5.
	searchHalvings = 20
)

func (e *events) add(xc, xb, s float64) {
	if xc+xb == 0 {
		return
	}
	e.Canary += xc
	e.Baseline += xb
	v := math.Log(s)
	at := int(math.Round(v / binWidth))
	d := v - float64(float64(at)*binWidth)
	m := xc + xb
	i, ok := slices.BinarySearchFunc(e.Bins, at, func(b bin, at int) int { return b.At - at })
	if !ok {
		e.Bins = slices.Insert(e.Bins, i, bin{At: at})
	}
	b := &e.Bins[i]
	b.M0 += m
	b.M1 += float64(m * d)
	b.M2 += float64(m * d * d)
}

// curve is events ready to be evaluated at many ratios: each bin's centre is
// exponentiated once.
type curve struct {
	canary  float64
	bins    []bin
	centres []float64
	grid    []float64
	logs    []float64
}

func (e *events) curve(grid []float64) *curve {
	c := &curve{canary: e.Canary, bins: e.Bins, grid: grid, centres: zeros(len(e.Bins)), logs: zeros(len(grid))}
	for i, b := range e.Bins {
		c.centres[i] = math.Exp(float64(b.At) * binWidth)
	}
	return c
}

// sum is the sum over ticks of m*log(1 + ratio*s), by the Taylor series of
// log(1 + exp(.)) about each bin's centre.
func (c *curve) sum(ratio float64) float64 {
	total := 0.0
	for i, b := range c.bins {
		x := ratio * c.centres[i]
		share := x / (1 + x)
		total += float64(b.M0*math.Log1p(x)) + float64(b.M1*share) + float64(b.M2*share*(1-share)/2)
	}
	return total
}

// above is the logarithm of the evidence that the true ratio is more than this
// one, by the same mixture as the test for harm; it falls as the ratio grows.
func (c *curve) above(ratio float64) float64 {
	base := c.sum(ratio)
	for i, g := range c.grid {
		c.logs[i] = float64(c.canary*math.Log(g)) + base - c.sum(ratio*g)
	}
	return logMeanExp(c.logs)
}

// below is the logarithm of the evidence that the true ratio is less than this
// one, by the mirrored mixture; it grows with the ratio.
func (c *curve) below(ratio float64) float64 {
	base := c.sum(ratio)
	for i, g := range c.grid {
		c.logs[i] = base - c.sum(ratio/g) - float64(c.canary*math.Log(g))
	}
	return logMeanExp(c.logs)
}

// low is the lower end of a confidence sequence for the rate ratio: with
// probability 1 - alpha_harm it is never above the true ratio, at any number of
// looks. It is 0 while nothing can be ruled out.
func (e *events) low(p *Params) float64 {
	if e.Canary == 0 {
		return 0
	}
	need := -math.Log(p.AlphaHarm)
	c := e.curve(p.HarmGrid)
	if c.above(math.Exp(searchLow)) < need {
		return 0
	}
	return search(func(ratio float64) bool { return c.above(ratio) >= need })
}

// high is the upper end of the same sequence, with the same probability; nil
// while no ratio, however large, can be ruled out.
func (e *events) high(p *Params) *float64 {
	if e.Baseline == 0 {
		return nil
	}
	need := -math.Log(p.AlphaHarm)
	c := e.curve(p.HarmGrid)
	if c.below(math.Exp(searchHigh)) < need {
		return nil
	}
	high := shown(search(func(ratio float64) bool { return c.below(ratio) < need }))
	return &high
}

// search halves the range of ratios, by their logarithms, until it knows where
// inside ends. The predicate holds up to there and not beyond.
func search(inside func(ratio float64) bool) float64 {
	low, high := searchLow, searchHigh
	for range searchHalvings {
		middle := (low + high) / 2
		if inside(math.Exp(middle)) {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp((low + high) / 2)
}

// ratio is the plain ratio of the rates over the rollout, nil when either rate
// is unknown or the baseline's is 0. It is for the eye; the interval, which
// follows the weights tick by tick, is what counts.
func (u *Sums) ratio() *float64 {
	if u.TotalCanary == 0 || u.TotalBaseline == 0 || u.BadBaseline == 0 {
		return nil
	}
	r := shown(u.BadCanary / u.TotalCanary * u.TotalBaseline / u.BadBaseline)
	return &r
}
