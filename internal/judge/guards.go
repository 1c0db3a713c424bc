package judge

import (
	"math"
	"slices"
)

// findings are what one tick showed besides its counts.
type findings struct {
	// late is true when the tick is not later than the one before, or its time or
	// weight is no number that is allowed; then nothing of it was counted.
	late bool
	// badWeight is true when that was because of its time or weight.
	badWeight bool
	// invalid and missing hold, by metric, why counts were not added, and which
	// metrics had no exposure on the canary.
	invalid []error
	missing []bool
	// fast is the metric that took the fast lane, or -1.
	fast int
	// counts holds, by metric, the tick's valid counts, or nil.
	counts []*Counts
	// unknown lists metrics that nobody declared.
	unknown []string
}

// advance counts one tick into s, which the caller owns.
func (s *State) advance(tick Tick) findings {
	f := findings{
		fast: -1, invalid: make([]error, len(s.Metrics)),
		missing: make([]bool, len(s.Metrics)), counts: make([]*Counts, len(s.Metrics)),
	}
	f.badWeight = !validTick(tick)
	if f.badWeight || (s.Ticks > 0 && tick.At <= s.At) {
		f.late = true
		return f
	}
	// Another weight asks for another safe ratio and another split, so evidence
	// gathered before it must not count, even where steps are not numbered.
	if s.Ticks > 0 && (tick.Step != s.Step || tick.Weight != s.Weight) {
		s.startStep()
	}
	s.Ticks, s.StepTicks, s.At, s.Step, s.Weight = s.Ticks+1, s.StepTicks+1, tick.At, tick.Step, tick.Weight
	for i := range tick.Counts {
		name := tick.Counts[i].Metric
		if !slices.ContainsFunc(s.Metrics, func(m Metric) bool { return m.Name == name }) {
			f.unknown = append(f.unknown, name)
		}
	}
	safeRatio := s.Params.SafeRatioAt(tick.Weight)
	for i := range s.Metrics {
		counts := s.find(tick, i, &f)
		f.counts[i] = counts
		f.missing[i] = counts == nil || counts.TotalCanary == 0
		if counts != nil {
			s.Sums[i].add(&s.Params, &s.Metrics[i], counts, safeRatio)
			if f.fast < 0 && s.crashed(i, counts) {
				f.fast = i
			}
		}
		if f.missing[i] && tick.Weight != 0 {
			s.Sums[i].Missing++
		} else {
			s.Sums[i].Missing = 0
		}
	}
	s.addShare(tick, f.counts)
	return f
}

// validTick says whether the tick's time and weight are numbers that are allowed.
func validTick(tick Tick) bool {
	if math.IsNaN(tick.At) || math.IsInf(tick.At, 0) {
		return false
	}
	return tick.Weight == UnknownWeight || (tick.Weight >= 0 && tick.Weight <= 100)
}

// startStep forgets what holds for one step only.
func (s *State) startStep() {
	s.StepTicks = 0
	clear(s.ShareMore)
	clear(s.ShareLess)
	for i := range s.Sums {
		s.Sums[i].restart()
	}
}

// find returns the tick's valid counts of metric i, or nil, and notes why.
func (s *State) find(tick Tick, i int, f *findings) *Counts {
	var found *Counts
	for j := range tick.Counts {
		if tick.Counts[j].Metric != s.Metrics[i].Name {
			continue
		}
		if found != nil {
			f.invalid[i] = errTwice(s.Metrics[i].Name)
			return nil
		}
		found = &tick.Counts[j]
	}
	if found == nil {
		return nil
	}
	if err := found.Validate(s.Metrics[i].Kind); err != nil {
		f.invalid[i] = err
		return nil
	}
	return found
}

// crashed is the fast lane. It reads the plain counts of one tick.
func (s *State) crashed(i int, c *Counts) bool {
	lane := s.Params.FastLane
	if s.Metrics[i].Kind != KindRatio || c.TotalCanary < lane.MinRequests || c.BadCanary < lane.BadShare*c.TotalCanary {
		return false
	}
	shared := c.TotalBaseline > 0 && c.BadBaseline >= lane.BadShare/2*c.TotalBaseline
	return !shared
}

// addShare adds the tick to the test of the traffic share: are the odds of a
// request going to the canary within the tolerance of the configured ones? It
// looks at the metric with the most requests in the tick, which tells nothing of
// their split. The first tick of a step is left out, since the weight may have
// moved within it. At 100 % the baseline may still have 1 %, for connections that
// drain.
func (s *State) addShare(tick Tick, valid []*Counts) {
	if tick.Weight <= 0 || s.StepTicks < 2 {
		return
	}
	var most *Counts
	for i, counts := range valid {
		if counts == nil || s.Metrics[i].Kind != KindRatio {
			continue
		}
		if most == nil || counts.TotalCanary+counts.TotalBaseline > most.TotalCanary+most.TotalBaseline {
			most = counts
		}
	}
	if most == nil {
		return
	}
	t := s.Params.Traffic
	nc, nb := most.TotalCanary/t.Dispersion, most.TotalBaseline/t.Dispersion
	weight := math.Min(tick.Weight, 99)
	null := 1 + t.Tolerance
	alt := func(i int) float64 { return null * t.Grid[i] }
	if tick.Weight < 100 {
		addRelative(s.ShareMore, nc, nb, weight, 100-weight, null, alt)
	}
	addRelative(s.ShareLess, nb, nc, 100-weight, weight, null, alt)
}

// logShare is the logarithm of the evidence against the configured share.
func (s *State) logShare() float64 {
	return logMix(0.5, logMeanExp(s.ShareMore), logMeanExp(s.ShareLess))
}
