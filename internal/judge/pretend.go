package judge

import (
	"fmt"
	"math"
	"slices"
)

// backtest runs the pretended rollouts of one Backtest.
type backtest struct {
	options BacktestOptions
	ticks   []Tick
	fresh   State
	report  *BacktestReport
	safe    []float64
}

func (b *backtest) run() {
	first, last := b.ticks[0].At, b.ticks[len(b.ticks)-1].At
	room := last - first - b.options.Window
	if room < 0 {
		b.report.Warnings = append(b.report.Warnings, fmt.Sprintf(
			"the traffic lasts %g s, less than a window of %g s, so every rollout uses all of it", last-first, b.options.Window))
		room = 0
	}
	// Each rollout draws from a stream of its own. Its seed is an output, not a
	// neighbouring state, since streams from neighbouring states overlap.
	seeds := &random{b.options.Seed}
	for range b.options.Rollouts {
		r := &random{seeds.next()}
		b.rollout(r, first+room*r.uniform())
	}
	b.report.FalseAlarmShare = shown(float64(b.report.FalseAlarms) / float64(b.options.Rollouts))
	b.report.ProvedSafe = len(b.safe)
	if len(b.safe) > 0 {
		slices.Sort(b.safe)
		middle := b.safe[len(b.safe)/2]
		b.report.MedianSecondsToSafe = &middle
	}
}

// rollout pretends one rollout from the first tick at or after start.
func (b *backtest) rollout(r *random, start float64) {
	from, _ := slices.BinarySearchFunc(b.ticks, start, func(t Tick, at float64) int {
		if t.At < at {
			return -1
		}
		return 1
	})
	s := b.fresh.clone()
	paused, safe := false, false
	for _, whole := range b.ticks[from:] {
		if whole.At > start+b.options.Window {
			break
		}
		tick := b.deal(r, whole)
		found := s.advance(tick)
		d := s.decide(tick, found)
		switch {
		case d.kind == Harm:
			b.report.FalseAlarms++
			if len(b.report.Alarms) < maxAlarms {
				v := s.verdict(tick, found)
				b.report.Alarms = append(b.report.Alarms, BacktestAlarm{b.ticks[from].At, tick.At, v.Reasons[0]})
			}
			return
		case d.action == Pause && !paused:
			paused = true
			b.report.Pauses++
		case d.kind == Safe && !safe:
			safe = true
			b.safe = append(b.safe, tick.At-b.ticks[from].At)
		}
	}
}

// deal cuts a tick into arms: good events one by one, bad ones in clumps. Metrics
// that share their total are dealt apart, which loses no validity, since each
// metric is judged given its own exposure.
func (b *backtest) deal(r *random, whole Tick) Tick {
	p := b.options.Weight / 100
	tick := Tick{At: whole.At, Weight: b.options.Weight, Counts: make([]Counts, len(whole.Counts))}
	for i, c := range whole.Counts {
		bad := b.dealBad(r, c.BadBaseline, p)
		if b.isExposure(c.Metric) {
			tick.Counts[i] = Counts{
				Metric: c.Metric, BadCanary: bad, TotalCanary: c.TotalBaseline * p,
				BadBaseline: c.BadBaseline - bad, TotalBaseline: c.TotalBaseline * (1 - p),
			}
			continue
		}
		good := r.binomial(math.Max(0, c.TotalBaseline-c.BadBaseline), p)
		tick.Counts[i] = Counts{
			Metric: c.Metric, BadCanary: bad, TotalCanary: bad + good,
			BadBaseline:   c.BadBaseline - bad,
			TotalBaseline: math.Max(c.BadBaseline-bad, c.TotalBaseline-bad-good),
		}
	}
	return tick
}

// isExposure says whether the metric's totals are time, which is cut and not dealt.
func (b *backtest) isExposure(name string) bool {
	return slices.ContainsFunc(b.fresh.Metrics, func(m Metric) bool {
		return m.Name == name && m.Kind == KindExposure
	})
}

// dealBad deals bad events in clumps, the last of which may be smaller. Only
// whole events can be dealt; a fraction stays with the baseline.
func (b *backtest) dealBad(r *random, bad, p float64) float64 {
	bad, clump := math.Floor(bad), math.Round(b.options.Clump)
	whole := math.Floor(bad / clump)
	canary := clump * r.binomial(whole, p)
	if rest := bad - whole*clump; rest > 0 && r.uniform() < p {
		canary += rest
	}
	return canary
}
