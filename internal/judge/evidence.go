package judge

import "math"

// addRelative adds one tick's log likelihood ratios of the rate ratios alt(i)
// against null, given xc + xb bad events over the exposures nc and nb, both
// above 0. With p(R) = R*nc / (R*nc + nb) the ratio p(alt)/p(null) is
// alt/null * (null*nc + nb)/(alt*nc + nb), and (1-p(alt))/(1-p(null)) is its
// second factor.
func addRelative(logs []float64, xc, xb, nc, nb, null float64, alt func(int) float64) {
	if xc+xb == 0 {
		return
	}
	atNull := math.Log(null*nc + nb)
	for i := range logs {
		a := alt(i)
		logs[i] += float64((xc + xb) * (atNull - math.Log(a*nc+nb)))
		if xc > 0 {
			logs[i] += float64(xc * math.Log(a/null))
		}
	}
}

// addOneArm adds one tick's log likelihood ratios of the rates alt*rate against
// rate, for x bad events over the exposure n. The Poisson ratio
// alt^x * exp(-n*rate*(alt-1)) has an expectation of at most 1 for Poisson and
// for binomial counts alike, under rates at most rate when alt > 1 and at least
// rate when alt < 1.
func addOneArm(logs []float64, x, n, rate float64, alts []float64) {
	for i := range logs {
		logs[i] -= float64(n * rate * (alts[i] - 1))
		if x > 0 {
			logs[i] += float64(x * math.Log(alts[i]))
		}
	}
}

// add counts one tick of one metric. The counts are valid.
func (u *Sums) add(p *Params, m *Metric, c *Counts, safeRatio float64) {
	phi := m.dispersion(*p)
	xc, xb := c.BadCanary/phi, c.BadBaseline/phi
	if c.TotalCanary > 0 {
		if c.TotalBaseline > 0 {
			null := 1 + p.Margin
			addRelative(u.Harm, xc, xb, c.TotalCanary, c.TotalBaseline, null,
				func(i int) float64 { return null * p.HarmGrid[i] })
			addRelative(u.Safe, xc, xb, c.TotalCanary, c.TotalBaseline, safeRatio,
				func(i int) float64 { return p.SafeGrid[i] })
			u.Events.add(xc, xb, c.TotalCanary/c.TotalBaseline)
		} else {
			addOneArm(u.OneArm, xc, c.TotalCanary/phi, u.tolerated(p, m), p.HarmGrid)
		}
		addOneArm(u.Ceiling, xc, c.TotalCanary/phi, m.Ceiling, p.CeilingGrid)
	}
	u.BadCanary += c.BadCanary
	u.TotalCanary += c.TotalCanary
	u.BadBaseline += c.BadBaseline
	u.TotalBaseline += c.TotalBaseline
}

// tolerated is the rate that a canary without a baseline arm may have: the
// ceiling, or what the baseline had before it went, plus two standard
// deviations, whichever is more; times 1 + margin. A service that broke its
// objective before the rollout is not the canary's fault.
func (u *Sums) tolerated(p *Params, m *Metric) float64 {
	rate := m.Ceiling
	if u.TotalBaseline > 0 && u.BadBaseline > 0 {
		upper := u.BadBaseline + 2*math.Sqrt(u.BadBaseline*m.dispersion(*p))
		rate = math.Max(rate, upper/u.TotalBaseline)
	}
	return rate * (1 + p.Margin)
}

// restart forgets the step's evidence of safety.
func (u *Sums) restart() {
	clear(u.Safe)
	clear(u.Ceiling)
}

// logHarm is the logarithm of the metric's evidence for harm over the rollout:
// a stake on the ticks with both arms, and one on those without a baseline.
func (u *Sums) logHarm(p *Params) float64 {
	return logMix(p.OneArmStake, logMeanExp(u.OneArm), logMeanExp(u.Harm))
}

// logSafe gives the logarithms of the step's evidence of safety: that the rate
// ratio is below D, and that the canary's rate is below the ceiling.
func (u *Sums) logSafe() (relative, ceiling float64) {
	return logMeanExp(u.Safe), logMeanExp(u.Ceiling)
}

// harm is the logarithm of the importance-weighted mean of the metrics' evidence
// for harm, and the logarithms it was made from. A metric whose difference is
// below min_abs counts as no evidence at most.
func (s *State) harm() float64 {
	top := math.Inf(-1)
	logs := make([]float64, len(s.Sums))
	weight := 0.0
	for i := range s.Sums {
		logs[i] = s.Sums[i].logHarm(&s.Params)
		if logs[i] > 0 && s.Params.MinAbs > 0 && !s.matters(i) {
			logs[i] = 0
		}
		top = math.Max(top, logs[i])
		weight += s.Metrics[i].Importance
	}
	sum := 0.0
	for i, log := range logs {
		sum += float64(s.Metrics[i].Importance * math.Exp(log-top))
	}
	return top + math.Log(sum/weight)
}

// matters says whether the metric's difference of rates is at least min_abs.
// With both arms, of the canary's bad events at least the share 1 - 1/low is
// beyond what the baseline would have had, where low is the interval's lower end.
// Without a baseline the difference is the one to the tolerated rate.
func (s *State) matters(i int) bool {
	u, m := &s.Sums[i], &s.Metrics[i]
	if u.TotalCanary == 0 {
		return false
	}
	rate := u.BadCanary / u.TotalCanary
	difference := 0.0
	if low := u.Events.low(&s.Params); low > 1 {
		difference = rate * (1 - 1/low)
	}
	if logMeanExp(u.OneArm) > 0 {
		difference = math.Max(difference, rate-u.tolerated(&s.Params, m))
	}
	return difference >= s.Params.MinAbs
}
