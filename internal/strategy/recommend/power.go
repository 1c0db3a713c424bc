package recommend

import (
	"fmt"
	"math"
	"time"

	"github.com/sluice/terraform-provider-sluice/internal/judge"
)

const (
	// look is the judge's interval, which no length can be shorter than.
	look = 10 * time.Second
	// horizon is how far a length is searched. What takes longer is "never" for a
	// rollout.
	horizon = 7 * 24 * time.Hour
	// sigmas is the 90 % quantile of the normal distribution: a length is one within
	// which nine of ten rollouts have their verdict.
	sigmas = 1.2815515655446004
)

// power answers how long the judge takes. It asks the judge itself: the evidence of
// a step depends on the sums of its counts alone while the weight stands, so one
// tick with the counts of a whole time gives the evidence after that time. The
// counts are those of an unlucky rollout, one of ten.
//
// Both errors are on the safe side. A rollout looks every ten seconds and may have
// crossed the threshold before; and the fast lane, which needs no statistics, is
// left out.
type power struct {
	perMinute, rate, dispersion float64
	state                       judge.State
	step                        int
	at                          float64
}

func newPower(perMinute, rate, ceiling, dispersion float64) (*power, error) {
	state, err := judge.New(judge.Defaults(), []judge.Metric{{
		Name: "errors", Critical: true, Ceiling: ceiling, Dispersion: dispersion,
	}})
	if err != nil {
		return nil, fmt.Errorf("unable to ask the judge: %w", err)
	}
	if dispersion == 0 {
		dispersion = state.Params.UnknownDispersion
	}
	return &power{perMinute: perMinute, rate: rate, dispersion: dispersion, state: state}, nil
}

// means are the expected counts of a time at a weight, with a canary that is worse
// by a factor.
func (p *power) means(weight, factor float64, length time.Duration) judge.Counts {
	requests := p.perMinute * length.Minutes()
	canary, baseline := requests*weight/100, requests*(100-weight)/100
	return judge.Counts{
		Metric: "errors", TotalCanary: canary, TotalBaseline: baseline,
		BadCanary: canary * math.Min(1, p.rate*factor), BadBaseline: baseline * p.rate,
	}
}

// unlucky shifts both arms' bad events against what is to be proved: sign is +1 for
// more bad events on the canary, -1 for fewer. The shift of the logarithm of their
// ratio is that of its 90 % quantile, shared out between the arms as the delta
// method has it; alone shifts the canary by its own quantile, for the one-arm test.
func (p *power) unlucky(c judge.Counts, sign float64, alone bool) judge.Counts {
	xc, xb := c.BadCanary/p.dispersion, c.BadBaseline/p.dispersion
	shareC, shareB := 1.0, 0.0
	if xc > 0 && xb > 0 && !alone {
		sum := math.Sqrt(1/xc + 1/xb)
		shareC, shareB = 1/math.Sqrt(xc)/sum, 1/math.Sqrt(xb)/sum
	}
	c.BadCanary = math.Min(c.TotalCanary, p.dispersion*quantile(xc, sign*sigmas*shareC))
	c.BadBaseline = math.Min(c.TotalBaseline, p.dispersion*quantile(xb, -sign*sigmas*shareB))
	return c
}

// quantile is a Poisson number so many standard deviations off its mean, by
// Anscombe's root, which holds at small means too (Biometrika 35, 1948).
func quantile(mean, z float64) float64 {
	if z == 0 {
		return mean
	}
	root := math.Sqrt(mean+0.375) + z/2
	if root <= 0 {
		return 0
	}
	return math.Max(0, root*root-0.375)
}

// tick is what the judge says after one tick with these counts.
func (p *power) tick(weight float64, c judge.Counts) judge.Verdict {
	_, v := p.state.Observe(judge.Tick{At: p.at + 1, Weight: weight, Step: p.step, Counts: []judge.Counts{c}})
	return v
}

// safeAfter is within which time a canary that is as good as the baseline is proved
// safe, in nine of ten rollouts; ok is false when that takes longer than horizon.
func (p *power) safeAfter(weight float64) (length time.Duration, by string, ok bool) {
	for _, test := range []string{"relative", "ceiling"} {
		found, passes := search(func(t time.Duration) bool {
			c := p.unlucky(p.means(weight, 1, t), 1, test == "ceiling")
			v := p.tick(weight, c)
			e := v.Metrics[0].ESafeRelative
			if test == "ceiling" {
				e = v.Metrics[0].ESafeCeiling
			}
			return e >= v.SafeAt
		})
		if passes && (!ok || found < length) {
			length, by, ok = found, test, true
		}
	}
	return length, by, ok
}

// harmAfter is within which time a canary that is worse by the factor is judged
// harmful, in nine of ten rollouts, when it was as good as the baseline in the steps
// before.
func (p *power) harmAfter(weight, factor float64) (time.Duration, bool) {
	return search(func(t time.Duration) bool {
		v := p.tick(weight, p.unlucky(p.means(weight, factor, t), -1, false))
		return v.EHarm >= v.HarmAt
	})
}

// pass lets a good step of this length go by.
func (p *power) pass(weight float64, length time.Duration) {
	p.at++
	p.state, _ = p.state.Observe(judge.Tick{At: p.at, Weight: weight, Step: p.step, Counts: []judge.Counts{p.means(weight, 1, length)}})
	p.step++
}

// search finds the least time, a multiple of look, from which on the answer is yes;
// no when there is none within horizon. It climbs by eighths and then halves.
func search(yes func(time.Duration) bool) (time.Duration, bool) {
	low, high := time.Duration(0), look
	for !yes(high) || !yes(high+high/8) {
		low, high = high, high+max(look, (high/8).Truncate(look))
		if high > horizon {
			return 0, false
		}
	}
	for high-low > look {
		middle := (low + (high-low)/2).Truncate(look)
		if yes(middle) {
			high = middle
		} else {
			low = middle
		}
	}
	return high, true
}

// nice rounds a length up to one that a person would write.
func nice(d time.Duration) time.Duration {
	for _, unit := range []struct{ below, to time.Duration }{
		{2 * time.Minute, 30 * time.Second}, {10 * time.Minute, time.Minute},
		{2 * time.Hour, 5 * time.Minute}, {math.MaxInt64, 30 * time.Minute},
	} {
		if d < unit.below {
			return (d + unit.to - 1).Truncate(unit.to)
		}
	}
	return d
}
